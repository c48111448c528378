import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Pod } from '#api';
import { type PodFigures, planAverage, planUtilization, type UsageQuestion } from './usage.plan.ts';

const nowMs = Date.parse('2026-01-01T12:00:00Z');
const ago = (seconds: number) => new Date(nowMs - seconds * 1000).toISOString();
const options = { tolerance: 0.1, cpuInitializationMs: 120_000, initialReadinessMs: 10_000 };

interface PodParts {
  readonly request?: string | null;
  readonly ready?: boolean;
  /** Seconds ago. */
  readonly started?: number;
  readonly changed?: number;
  readonly phase?: string;
  readonly going?: boolean;
  readonly sidecar?: string;
}

function pod(name: string, parts: PodParts = {}): Pod {
  const { request = '1', ready = true, started = 10_800, changed = started, phase = 'Running', going, sidecar } = parts;
  const resources = request === null ? {} : { requests: { cpu: request } };
  const side = { name: 'side', image: 'x', restartPolicy: 'Always', resources: { requests: { cpu: sidecar } } };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'd', ...(going === true ? { deletionTimestamp: ago(1) } : {}) },
    spec: {
      containers: [{ name: 'main', image: 'x', resources }],
      ...(sidecar === undefined ? {} : { initContainers: [side, { name: 'init', image: 'x' }] }),
    },
    status: {
      phase,
      startTime: ago(started),
      conditions: [{ type: 'Ready', status: ready ? 'True' : 'False', lastTransitionTime: ago(changed) }],
    },
  } as unknown as Pod;
}

const figure = (name: string, cpu: string, more: object = {}): PodFigures => ({
  metadata: { name, namespace: 'd' },
  timestamp: ago(1),
  window: '30s',
  containers: [{ name: 'main', usage: { cpu, memory: '1Gi' } }],
  ...more,
});

/** One pod each; those beyond the levels have no figures. */
const pods = (count: number, parts: readonly PodParts[] = []) =>
  Array.from({ length: count }, (_, at) => pod(`p${at}`, parts[at]));
const levels = (...millis: readonly number[]) => millis.map((each, at) => figure(`p${at}`, `${each}m`));

function question(
  replicas: number,
  of: readonly Pod[],
  figures: UsageQuestion['figures'],
  more: object = {},
): UsageQuestion {
  return { resource: 'cpu', pods: of, figures, replicas, nowMs, options, ...more };
}

const unready = { ready: false };
const hot = { started: 60, changed: 20 };
const missingRequest = 'missing request for cpu in container main of Pod p0';

describe('src/controllers/horizontal-pod-autoscaler/usage.plan.ts', () => {
  // The first of these and their answers: kubernetes pkg/controller/podautoscaler/replica_calculator_test.go (v1.32).
  it.each<[string, number, number, readonly Pod[], readonly number[], number, number]>([
    ['more load', 30, 3, pods(3), [300, 500, 700], 5, 50],
    ['more load, one unready', 30, 3, pods(3, [unready]), [300, 500, 700], 4, 60],
    ['more load, one that warms up', 30, 3, pods(3, [hot]), [300, 500, 700], 4, 60],
    ['more load on the only one that is ready', 30, 3, pods(3, [{}, unready, unready]), [400, 500, 700], 3, 40],
    ['less load', 50, 5, pods(5), [100, 300, 500, 250, 250], 3, 28],
    ['less load, two unready', 50, 5, pods(5, [{}, {}, {}, unready, unready]), [100, 300, 500, 250, 250], 2, 30],
    ['about the same', 100, 3, pods(3, [{ request: '900m' }, {}, { request: '1100m' }]), [1010, 1030, 1020], 3, 102],
    ['less load, two without figures', 100, 4, pods(4), [400, 95], 3, 24],
    ['the same, one without figures', 100, 2, pods(2), [1000], 2, 100],
    ['more, one without figures', 100, 2, pods(2), [1900], 2, 190],
    ['less, one without figures', 100, 2, pods(2), [600], 2, 60],
    ['less, one unready and one without figures', 50, 3, pods(3, [unready]), [100, 450], 3, 45],
    ['more, one unready and one without figures', 50, 3, pods(3, [unready]), [100, 2000], 4, 200],
    ['much less, one unready and one without figures', 50, 4, pods(4, [unready]), [100, 100, 100], 3, 10],
    // Those that are gone, or go, do not count.
    [
      'more load, one failed, one going',
      30,
      2,
      pods(4, [{}, {}, { phase: 'Failed' }, { going: true }]),
      [300, 500, 900, 900],
      3,
      40,
    ],
    ['more load, two pending', 30, 4, pods(4, [{}, {}, { phase: 'Pending' }, { phase: 'Pending' }]), [500, 700], 4, 60],
    ['a target over 100 percent', 200, 2, pods(2), [1500], 2, 150],
    ['an unready one that has been ready before', 50, 2, pods(2, [{ ready: false, changed: 60 }]), [800, 800], 4, 80],
    ['less load on more pods than asked for, one silent', 50, 2, pods(5), [300, 300, 300, 300], 2, 30],
    ['what sidecars ask for', 50, 2, pods(2, [{ sidecar: '1' }, { sidecar: '1' }]), [1000, 1000], 2, 50],
  ])('%s', (_name, percent, replicas, of, used, expected, utilization) => {
    expect(planUtilization(question(replicas, of, levels(...used)), percent)).toMatchObject({
      replicas: expected,
      utilization,
    });
  });

  it.each<[string, string, number, readonly number[], readonly Pod[], object]>([
    ['more load', '400m', 3, [300, 500, 700], pods(3), { replicas: 4, averageMillis: 500 }],
    ['less load', '500m', 4, [100, 200, 300, 200], pods(4), { replicas: 2, averageMillis: 200 }],
    ['about the same', '500m', 3, [460, 500, 540], pods(3), { replicas: 3, averageMillis: 500 }],
    ['less, one without figures', '500m', 3, [100, 100], pods(3), { replicas: 2, averageMillis: 100 }],
    ['more, one without figures', '500m', 3, [1000, 1000], pods(3), { replicas: 4, averageMillis: 1000 }],
    ['exactly as much, one without figures', '500m', 3, [500, 500], pods(3), { replicas: 3, averageMillis: 500 }],
    ['no request', '500m', 1, [1000], pods(1, [{ request: null }]), { replicas: 2, averageMillis: 1000 }],
  ])('on average: %s', (_name, target, replicas, used, of, expected) => {
    expect(planAverage(question(replicas, of, levels(...used)), Number.parseInt(target, 10))).toEqual(expected);
  });

  it('looks at one container where it is named, and at memory without a thought of warmth', () => {
    const of = [pod('p0', { sidecar: '500m' })];
    const containers = [
      { name: 'main', usage: { cpu: '1', memory: '1Gi' } },
      { name: 'side', usage: { cpu: '100m', memory: '3Gi' } },
    ];
    const figures = [figure('p0', '0', { containers })];
    expect(planUtilization(question(1, of, figures, { container: 'side' }), 20)).toMatchObject({ utilization: 20 });
    const memory = question(1, [pod('p0', hot)], figures, { resource: 'memory' });
    expect(planAverage(memory, 2 * 2 ** 30 * 1000)).toEqual({ replicas: 2, averageMillis: 4 * 2 ** 30 * 1000 });
  });

  it.each<[string, UsageQuestion, string]>([
    [
      'no figures',
      question(1, pods(1), []),
      'unable to get metrics for resource cpu: no metrics returned from resource metrics API',
    ],
    [
      'no answer',
      question(1, pods(1), { error: 'it is away' }),
      'unable to get metrics for resource cpu: unable to fetch metrics from resource metrics API: it is away',
    ],
    ['no pods', question(1, [], levels(100)), 'no pods returned by selector while calculating replica count'],
    [
      'unready pods only',
      question(1, pods(1, [unready]), levels(100)),
      'did not receive metrics for targeted pods (pods might be unready)',
    ],
    ['no request', question(1, pods(1, [{ request: null }]), levels(100)), missingRequest],
    [
      'a request of nothing',
      question(1, pods(1, [{ request: '0' }]), levels(100)),
      'no metrics returned matched known pods',
    ],
    [
      'no such container',
      question(1, pods(1), levels(100), { container: 'side' }),
      'unable to get metrics for resource cpu: container side not present in metrics for pod d/p0',
    ],
  ])('says why it cannot tell: %s', (_name, of, error) => {
    expect(planUtilization(of, 50)).toEqual({ error });
  });

  const histories = fc.record({
    percent: fc.integer({ min: 1, max: 200 }),
    used: fc.array(fc.integer({ min: 0, max: 4000 }), { minLength: 1, maxLength: 12 }),
    missing: fc.integer({ min: 0, max: 6 }),
    pending: fc.integer({ min: 0, max: 6 }),
  });

  it('follows the load: never fewer pods for more of it, and what is unknown only ever damps', () => {
    fc.assert(
      fc.property(histories, fc.integer({ min: 0, max: 2000 }), ({ percent, used, missing, pending }, extra) => {
        const total = used.length + missing + pending;
        const parts = Array.from({ length: total }, (_, at) =>
          at < used.length + missing ? {} : { phase: 'Pending' },
        );
        const of = (millis: readonly number[], known: boolean) => {
          const seen = known ? pods(used.length) : pods(total, parts);
          const plan = planUtilization(question(seen.length, seen, levels(...millis)), percent);
          if ('error' in plan) throw new Error(plan.error);
          return plan.replicas;
        };
        const damped = of(used, false);
        expect(
          of(
            used.map((each) => each + extra),
            false,
          ),
        ).toBeGreaterThanOrEqual(damped);
        const share = Math.trunc(used.reduce((sum, each) => sum + each, 0) / used.length / 10) / percent;
        if (share <= 0.9) expect(damped).toBeLessThanOrEqual(total);
        if (share >= 1.1) expect(damped).toBeGreaterThanOrEqual(total);
        if (Math.abs(1 - share) < 0.1) expect(damped).toBe(total);
      }),
    );
  });
});
