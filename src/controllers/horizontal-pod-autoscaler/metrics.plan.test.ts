import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { MetricSpec, Pod } from '#api';
import { type MetricQuestion, type MetricVerdict, planMetric } from './metrics.plan.ts';

const nowMs = Date.parse('2026-01-01T12:00:00Z');
const options = { tolerance: 0.1, cpuInitializationMs: 300_000, initialReadinessMs: 30_000 };

const pod = (name: string, isReady = true): Pod =>
  ({
    metadata: { name, namespace: 'd' },
    spec: { containers: [{ name: 'main', resources: { requests: { cpu: '100m', memory: '1Gi' } } }] },
    status: {
      phase: 'Running',
      startTime: '2026-01-01T00:00:00Z',
      conditions: [{ type: 'Ready', status: isReady ? 'True' : 'False', lastTransitionTime: '2026-01-01T00:00:00Z' }],
    },
  }) as object as Pod;
const figure = (name: string, millis: number) => ({
  metadata: { name, namespace: 'd' },
  timestamp: '2026-01-01T11:59:55Z',
  window: '15s',
  containers: [{ name: 'main', usage: { cpu: `${millis}m`, memory: '2Gi' } }],
});
const asked = (...millis: readonly number[]): MetricQuestion => ({
  pods: millis.map((_, at) => pod(`p${at}`)),
  figures: millis.map((each, at) => figure(`p${at}`, each)),
  replicas: millis.length,
  nowMs,
  options,
});
const metric = (fields: object) => fields as MetricSpec;
const resource = (name: string, target: object) => metric({ type: 'Resource', resource: { name, target } });
const container = (name: string, target: object) =>
  metric({ type: 'ContainerResource', containerResource: { name: 'cpu', container: name, target } });
const half = { type: 'Utilization', averageUtilization: 50 };
const queue = { metric: { name: 'queue' } };
const judge = (of: MetricSpec, question = asked(80, 80, 80)) => planMetric(of, question, 'd');

describe('src/controllers/horizontal-pod-autoscaler/metrics.plan.ts', () => {
  it.each<[string, MetricVerdict, number, string, object]>([
    [
      'a share of what is requested',
      judge(resource('cpu', half)),
      5,
      'cpu resource utilization (percentage of request)',
      { averageUtilization: 80, averageValue: '80m' },
    ],
    [
      'a share of one container',
      judge(container('main', half)),
      5,
      'cpu container resource utilization (percentage of request)',
      { averageUtilization: 80, averageValue: '80m' },
    ],
    [
      'an average',
      judge(resource('cpu', { type: 'AverageValue', averageValue: '40m' })),
      6,
      'cpu resource',
      { averageValue: '80m' },
    ],
    [
      'an average of memory',
      judge(resource('memory', { type: 'AverageValue', averageValue: '1Gi' })),
      6,
      'memory resource',
      { averageValue: '2147483648' },
    ],
    [
      'a load within a tenth of its target',
      judge(resource('cpu', { averageUtilization: 75 })),
      3,
      'cpu resource utilization (percentage of request)',
      { averageUtilization: 80, averageValue: '80m' },
    ],
  ])('asks for pods by %s', (_what, verdict, replicas, name, current) => {
    expect(verdict).toMatchObject({ replicas, name });
    const { status } = verdict as Extract<MetricVerdict, { readonly status: unknown }>;
    expect(status.resource?.current ?? status.containerResource?.current).toEqual(current);
  });

  it.each<[string, MetricSpec, MetricQuestion, string, string]>([
    [
      'no figures at all',
      resource('cpu', half),
      { ...asked(80), figures: [] },
      'FailedGetResourceMetric',
      'failed to get cpu utilization: ',
    ],
    [
      'no figures of a container',
      container('none', half),
      asked(80),
      'FailedGetContainerResourceMetric',
      'failed to get cpu utilization: ',
    ],
    [
      'no figures of a resource',
      resource('disk', { averageValue: '1' }),
      asked(80),
      'FailedGetResourceMetric',
      'failed to get disk usage: ',
    ],
    [
      'figures that cannot be had',
      resource('cpu', half),
      { ...asked(80), figures: { error: 'no agent' } },
      'FailedGetResourceMetric',
      'no agent',
    ],
    [
      'no target',
      resource('cpu', {}),
      asked(80),
      'FailedGetResourceMetric',
      'neither an average utilization target nor an average value',
    ],
    [
      'pods’ own figures',
      metric({ type: 'Pods', pods: queue }),
      asked(80),
      'FailedGetPodsMetric',
      'no custom metrics API',
    ],
    [
      'an object’s figures',
      metric({ type: 'Object', object: { ...queue, describedObject: { kind: 'Ingress', name: 'i' } } }),
      asked(80),
      'FailedGetObjectMetric',
      'Ingress on d i/',
    ],
    [
      'figures from outside',
      metric({ type: 'External', external: queue }),
      asked(80),
      'FailedGetExternalMetric',
      'no external metrics API',
    ],
    [
      'a type that is none',
      metric({ type: 'Moon' }),
      asked(80),
      'InvalidMetricSourceType',
      'unknown metric source type "Moon"',
    ],
  ])('says why it cannot tell by %s', (_what, of, question, reason, words) => {
    const verdict = planMetric(of, question, 'd') as Extract<MetricVerdict, { readonly error: string }>;
    expect(verdict.reason).toBe(reason);
    expect(verdict.error).toContain(words);
  });

  it('says the same of pods and figures in any order, and no less for more load', () => {
    const load = fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 8 });
    const kinds = fc.constantFrom(
      resource('cpu', half),
      container('main', half),
      resource('cpu', { averageValue: '40m' }),
    );
    fc.assert(
      fc.property(kinds, load, fc.nat(7), fc.nat(300), (of, millis, at, more) => {
        const question = asked(...millis);
        const verdict = judge(of, question);
        const { pods, figures } = question;
        const reversed = {
          ...question,
          pods: [...pods].reverse(),
          figures: [...(figures as object[])].reverse(),
        } as MetricQuestion;
        expect(judge(of, reversed)).toEqual(verdict);
        const heavier = judge(of, asked(...millis.map((each, n) => (n === at % millis.length ? each + more : each))));
        const replicas = (each: MetricVerdict) => ('replicas' in each ? each.replicas : Number.NaN);
        expect(replicas(heavier)).toBeGreaterThanOrEqual(replicas(verdict));
        expect(replicas(verdict)).toBeGreaterThanOrEqual(1);
      }),
    );
  });
});
