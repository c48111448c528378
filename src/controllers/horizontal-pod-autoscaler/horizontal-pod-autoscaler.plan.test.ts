import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { HorizontalPodAutoscaler, MetricSpec, Pod } from '#api';
import { equalJson } from '#base';
import type { Memory } from './behavior.plan.ts';
import { type AutoscalerPlan, type AutoscalerSnapshot, planAutoscaler } from './horizontal-pod-autoscaler.plan.ts';
import type { PodFigures } from './usage.plan.ts';

const nowMs = Date.parse('2026-01-01T12:00:00Z');
const monotonicMs = 5_000_000;
const options = {
  tolerance: 0.1,
  cpuInitializationMs: 300_000,
  initialReadinessMs: 30_000,
  downscaleStabilizationMs: 300_000,
};

const cpu = (averageUtilization: number): MetricSpec => ({
  type: 'Resource',
  resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization } },
});
const memory: MetricSpec = {
  type: 'Resource',
  resource: { name: 'memory', target: { type: 'AverageValue', averageValue: '1Gi' } },
};
const sidecar: MetricSpec = {
  type: 'ContainerResource',
  containerResource: { name: 'cpu', container: 'main', target: { type: 'Utilization', averageUtilization: 50 } },
};
const metric = { name: 'queue', target: { type: 'AverageValue', averageValue: '1' } };
const foreign = (fields: object): MetricSpec => fields as MetricSpec;

const autoscaler = (metrics: readonly MetricSpec[], spec: object = {}, status?: object): HorizontalPodAutoscaler =>
  ({
    metadata: { name: 'web', namespace: 'd', uid: 'u' },
    spec: { scaleTargetRef: { kind: 'Deployment', name: 'web' }, minReplicas: 2, maxReplicas: 10, metrics, ...spec },
    ...(status === undefined ? {} : { status }),
  }) as unknown as HorizontalPodAutoscaler;

const pods = (count: number): readonly Pod[] =>
  Array.from({ length: count }, (_, at) => ({
    metadata: { name: `p${at}`, namespace: 'd' },
    spec: { containers: [{ name: 'main', resources: { requests: { cpu: '100m' } } }] },
    status: {
      phase: 'Running',
      startTime: '2026-01-01T00:00:00Z',
      conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: '2026-01-01T00:00:00Z' }],
    },
  })) as unknown as readonly Pod[];
const figures = (count: number, millis: number): readonly PodFigures[] =>
  Array.from({ length: count }, (_, at) => ({
    metadata: { name: `p${at}`, namespace: 'd' },
    timestamp: '2026-01-01T11:59:55Z',
    window: '15s',
    containers: [{ name: 'main', usage: { cpu: `${millis}m`, memory: '2Gi' } }],
  }));

function snapshot(
  of: HorizontalPodAutoscaler,
  replicas: number,
  millis: number,
  more: object = {},
): AutoscalerSnapshot {
  const target = { replicas, selector: 'app=web', pods: pods(replicas), claimants: ['d/web'] };
  return {
    autoscaler: of,
    target,
    figures: figures(replicas, millis),
    memory: undefined,
    nowMs,
    monotonicMs,
    options,
    ...more,
  };
}

const conditionsOf = ({ status }: AutoscalerPlan) =>
  (status.conditions ?? []).map(({ type, status: is, reason }) => `${type}=${is} ${reason}`);
const SCALED = 'AbleToScale=True SucceededRescale';
const READY = 'AbleToScale=True ReadyForNewScale';
const VALID = 'ScalingActive=True ValidMetricFound';
const WITHIN = 'ScalingLimited=False DesiredWithinRange';
const GOT = 'AbleToScale=True SucceededGetScale';

const absent = (api: string) =>
  `unable to fetch metrics from ${api} metrics API: no ${api} metrics API (${api}.metrics.k8s.io) registered`;

describe('src/controllers/horizontal-pod-autoscaler/horizontal-pod-autoscaler.plan.ts', () => {
  it.each<[string, AutoscalerSnapshot, AutoscalerPlan['rescale'], readonly string[]]>([
    [
      'goes up with the load',
      snapshot(autoscaler([cpu(50)]), 3, 80),
      { replicas: 5, reason: 'cpu resource utilization (percentage of request) above target' },
      [SCALED, VALID, WITHIN],
    ],
    [
      'goes by the metric that asks for most',
      snapshot(autoscaler([cpu(50), memory]), 3, 60),
      { replicas: 6, reason: 'memory resource above target' },
      [SCALED, VALID, WITHIN],
    ],
    [
      'goes by one container',
      snapshot(autoscaler([sidecar]), 3, 80),
      { replicas: 5, reason: 'cpu container resource utilization (percentage of request) above target' },
      [SCALED, VALID, WITHIN],
    ],
    ['stays where the load is right', snapshot(autoscaler([cpu(50)]), 3, 50), undefined, [READY, VALID, WITHIN]],
    [
      'holds what it finds for a while',
      snapshot(autoscaler([cpu(50)]), 6, 20),
      undefined,
      ['AbleToScale=True ScaleDownStabilized', VALID, WITHIN],
    ],
    [
      'goes down when that is long enough',
      snapshot(autoscaler([cpu(50)]), 6, 20, { memory: { recommendations: [], changes: [] } }),
      { replicas: 3, reason: 'All metrics below target' },
      [SCALED, VALID, WITHIN],
    ],
    [
      'goes no further than it may',
      snapshot(autoscaler([cpu(50)]), 9, 100),
      { replicas: 10, reason: 'cpu resource utilization (percentage of request) above target' },
      [SCALED, VALID, 'ScalingLimited=True TooManyReplicas'],
    ],
    [
      'brings down what is over its range, whatever the load',
      snapshot(autoscaler([cpu(50)]), 12, 100),
      { replicas: 10, reason: 'Current number of replicas above Spec.MaxReplicas' },
      [SCALED],
    ],
    [
      'brings up what is under it',
      snapshot(autoscaler([cpu(50)]), 1, 0),
      { replicas: 2, reason: 'Current number of replicas below Spec.MinReplicas' },
      [SCALED],
    ],
    [
      'leaves alone what is at zero',
      snapshot(autoscaler([cpu(50)]), 0, 0),
      undefined,
      [GOT, 'ScalingActive=False ScalingDisabled'],
    ],
    [
      'changes nothing that it cannot judge',
      snapshot(autoscaler([cpu(50)]), 3, 80, { figures: [] }),
      undefined,
      [GOT, 'ScalingActive=False FailedGetResourceMetric'],
    ],
    [
      'goes up though one metric cannot be told',
      snapshot(autoscaler([foreign({ type: 'Pods', pods: { metric } }), cpu(50)]), 3, 80),
      { replicas: 5, reason: 'cpu resource utilization (percentage of request) above target' },
      [SCALED, VALID, WITHIN],
    ],
    [
      'does not go down when one metric cannot be told',
      snapshot(autoscaler([foreign({ type: 'Pods', pods: { metric } }), cpu(50)]), 6, 20, {
        memory: { recommendations: [], changes: [] },
      }),
      undefined,
      [GOT, 'ScalingActive=False FailedGetPodsMetric'],
    ],
  ])('%s', (_name, of, rescale, conditions) => {
    const plan = planAutoscaler(of);
    expect(plan.rescale).toEqual(rescale);
    expect(conditionsOf(plan)).toEqual(conditions);
  });

  it.each<[string, object, string, string, string]>([
    [
      'Pods',
      { type: 'Pods', pods: { metric } },
      'FailedGetPodsMetric',
      `unable to get metric queue: ${absent('custom')}`,
      'failed to get pods metric value',
    ],
    [
      'Object',
      { type: 'Object', object: { metric, describedObject: { kind: 'Ingress', name: 'front' } } },
      'FailedGetObjectMetric',
      `unable to get metric queue: Ingress on d front/${absent('custom')}`,
      'failed to get object metric value',
    ],
    [
      'External',
      { type: 'External', external: { metric } },
      'FailedGetExternalMetric',
      `unable to get external metric d/queue: ${absent('external')}`,
      'failed to get queue external metric value',
    ],
  ])('says that metrics of the type %s are not to be had here', (_type, fields, reason, error, what) => {
    const plan = planAutoscaler(snapshot(autoscaler([foreign(fields)]), 3, 50));
    expect(plan.rescale).toBeUndefined();
    expect(plan.status.conditions?.at(-1)).toMatchObject({
      reason,
      message: `the HPA was unable to compute the replica count: ${error}`,
    });
    expect(plan.events).toEqual([
      { type: 'Warning', reason, message: error },
      {
        type: 'Warning',
        reason: 'FailedComputeMetricsReplicas',
        message: `invalid metrics (1 invalid out of 1), first error is: ${what}: ${error}`,
      },
    ]);
  });

  it.each<[string, object, string, string]>([
    ['without a selector', { selector: '' }, 'InvalidSelector', "the HPA target's scale is missing a selector"],
    [
      'that another autoscaler is after',
      { claimants: ['d/other', 'd/web'] },
      'AmbiguousSelector',
      'pods by selector app=web are controlled by multiple HPAs: [d/other d/web]',
    ],
  ])('leaves a target alone %s', (_name, fields, reason, message) => {
    const { target, ...rest } = snapshot(autoscaler([cpu(50)], {}, { desiredReplicas: 4 }), 3, 100);
    const plan = planAutoscaler({ ...rest, target: { ...target, ...fields } as never });
    expect(plan.rescale).toBeUndefined();
    expect(plan.status.conditions?.at(-1)).toMatchObject({ type: 'ScalingActive', status: 'False', reason, message });
    expect(plan.status).toMatchObject({ currentReplicas: 3, desiredReplicas: 4 });
    const first = planAutoscaler({
      ...snapshot(autoscaler([cpu(50)]), 3, 100),
      target: { ...target, ...fields } as never,
    });
    expect(first.status).toMatchObject({ currentReplicas: 3, desiredReplicas: 3 });
  });

  it('says that there is no target', () => {
    const error = 'deployments.apps "web" not found';
    const plan = planAutoscaler(snapshot(autoscaler([cpu(50)]), 3, 100, { target: { error } }));
    expect(plan.status.conditions).toEqual([
      {
        type: 'AbleToScale',
        status: 'False',
        reason: 'FailedGetScale',
        message: `the HPA controller was unable to get the target's current scale: ${error}`,
        lastTransitionTime: '2026-01-01T12:00:00Z',
      },
    ]);
    expect(plan.events).toEqual([{ type: 'Warning', reason: 'FailedGetScale', message: error }]);
  });

  it('tells what it saw, each metric in the place that it has in the spec', () => {
    const metrics = [cpu(50), foreign({ type: 'External', external: { metric } }), memory, sidecar];
    const { status } = planAutoscaler(snapshot(autoscaler(metrics), 3, 81));
    expect(status).toMatchObject({ currentReplicas: 3, desiredReplicas: 6, lastScaleTime: '2026-01-01T12:00:00Z' });
    expect(status.currentMetrics).toEqual([
      { type: 'Resource', resource: { name: 'cpu', current: { averageUtilization: 81, averageValue: '81m' } } },
      { type: '' },
      { type: 'Resource', resource: { name: 'memory', current: { averageValue: '2147483648' } } },
      {
        type: 'ContainerResource',
        containerResource: { name: 'cpu', container: 'main', current: { averageUtilization: 81, averageValue: '81m' } },
      },
    ]);
  });

  it('is at rest once the target has its size and the load is right', () => {
    const of = autoscaler([cpu(50)]);
    const first = planAutoscaler(snapshot(of, 3, 80));
    const later: { status: object; memory: Memory | undefined } = first;
    const second = planAutoscaler(snapshot(autoscaler([cpu(50)], {}, later.status), 5, 48, { memory: later.memory }));
    expect(second.rescale).toBeUndefined();
    const third = planAutoscaler(snapshot(autoscaler([cpu(50)], {}, second.status), 5, 48, { memory: second.memory }));
    expect(equalJson(third.status as never, second.status as never)).toBe(true);
    expect(third.status.lastScaleTime).toBe('2026-01-01T12:00:00Z');
  });

  it('stays within its range and its pace, and never shrinks by half a picture, in any history', () => {
    const turn = fc.record({
      afterS: fc.constantFrom(1, 15, 60, 301),
      millis: fc.integer({ min: 0, max: 300 }),
      seen: fc.boolean(),
      forgets: fc.boolean(),
      max: fc.integer({ min: 3, max: 12 }),
    });
    const custom = foreign({ type: 'Pods', pods: { metric } });
    const behavior = {
      scaleUp: { stabilizationWindowSeconds: 0, policies: [{ type: 'Pods', value: 2, periodSeconds: 15 }] },
    };
    const spec = fc.record({
      hasCustom: fc.boolean(),
      isPaced: fc.boolean(),
      minReplicas: fc.integer({ min: 1, max: 3 }),
    });
    fc.assert(
      fc.property(
        spec,
        fc.nat(12),
        fc.array(turn, { maxLength: 15 }),
        ({ hasCustom, isPaced, ...bounds }, start, turns) => {
          let replicas = start;
          let atMs = 0;
          let known: Memory | undefined;
          let status: object = {};
          for (const { afterS, millis, seen, forgets, max } of turns) {
            atMs += afterS * 1_000;
            const metrics = hasCustom ? [cpu(50), custom] : [cpu(50)];
            const more = { ...bounds, maxReplicas: max, ...(isPaced ? { behavior } : {}) };
            const { minReplicas: min } = bounds;
            const of = (size: number, told: object, memory: Memory | undefined) =>
              planAutoscaler(
                snapshot(autoscaler(metrics, more, told), size, millis, {
                  memory,
                  nowMs: nowMs + atMs,
                  monotonicMs: monotonicMs + atMs,
                  ...(seen ? {} : { figures: [] }),
                }),
              );
            const before = forgets ? undefined : known;
            const plan = of(replicas, status, before);
            const next = plan.rescale?.replicas ?? replicas;
            const inRange = replicas >= min && replicas <= max;
            if (replicas === 0) expect(next).toBe(0);
            else expect([Math.max(min, Math.min(max, next)), next]).toEqual([next, next]);
            if (inRange && (hasCustom || !seen)) expect(next).toBeGreaterThanOrEqual(replicas);
            if (inRange && !seen) expect(next).toBe(replicas);
            if (inRange && replicas > 0)
              expect(next).toBeLessThanOrEqual(isPaced ? replicas + 2 : Math.max(2 * replicas, 4));
            expect(plan.rescale === undefined).toBe(next === replicas);
            const types = plan.status.conditions?.map(({ type }) => type) ?? [];
            expect(new Set(types).size).toBe(types.length);
            // The same question has the same answer, whatever was told before.
            expect(of(replicas, plan.status, before).rescale).toEqual(plan.rescale);
            [replicas, known, status] = [next, plan.memory, plan.status];
          }
        },
      ),
    );
  });
});
