import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { deepFreeze } from '#base';
import { defaultObject } from '../defaults/default-object.ts';
import { HORIZONTAL_POD_AUTOSCALERS } from '../kinds/resources.ts';
import type { KubeObject } from '../meta/object.ts';
import { autoscalerFromV2, autoscalerToV2 } from './autoscaler.ts';
import { inStoredVersion, otherVersionOf } from './served-versions.ts';

const PREFIX = 'autoscaling.alpha.kubernetes.io/';
const target = { scaleTargetRef: { kind: 'Deployment', name: 'web' }, maxReplicas: 3 };
const hpa = (version: string, fields: object, annotations?: Record<string, string>): KubeObject => ({
  apiVersion: `autoscaling/${version}`,
  kind: 'HorizontalPodAutoscaler',
  metadata: { name: 'a', ...(annotations === undefined ? {} : { annotations }) },
  ...fields,
});
const cpu = (averageUtilization: number) => ({
  type: 'Resource',
  resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization } },
});
const described = { kind: 'Ingress', name: 'main', apiVersion: 'networking.k8s.io/v1' };
const metric = { name: 'queue', selector: { matchLabels: { a: 'b' } } };

/** A metric in v2, and as it travels in v1. */
const METRICS: readonly [string, object, object][] = [
  [
    'memory',
    { type: 'Resource', resource: { name: 'memory', target: { type: 'AverageValue', averageValue: '1Gi' } } },
    { type: 'Resource', resource: { name: 'memory', targetAverageValue: '1Gi' } },
  ],
  [
    'a container',
    {
      type: 'ContainerResource',
      containerResource: { name: 'cpu', container: 'main', target: { type: 'Utilization', averageUtilization: 50 } },
    },
    {
      type: 'ContainerResource',
      containerResource: { name: 'cpu', container: 'main', targetAverageUtilization: 50 },
    },
  ],
  [
    'pods',
    { type: 'Pods', pods: { metric, target: { type: 'AverageValue', averageValue: '5' } } },
    { type: 'Pods', pods: { metricName: 'queue', selector: metric.selector, targetAverageValue: '5' } },
  ],
  [
    'an object',
    { type: 'Object', object: { describedObject: described, metric, target: { type: 'Value', value: '5' } } },
    { type: 'Object', object: { target: described, metricName: 'queue', selector: metric.selector, targetValue: '5' } },
  ],
  [
    'an object, for each pod',
    {
      type: 'Object',
      object: {
        describedObject: described,
        metric: { name: 'q' },
        target: { type: 'AverageValue', averageValue: '5' },
      },
    },
    { type: 'Object', object: { target: described, metricName: 'q', targetValue: '0', averageValue: '5' } },
  ],
  [
    'something outside',
    { type: 'External', external: { metric, target: { type: 'Value', value: '5' } } },
    { type: 'External', external: { metricName: 'queue', metricSelector: metric.selector, targetValue: '5' } },
  ],
  [
    'something outside, for each pod',
    { type: 'External', external: { metric: { name: 'q' }, target: { type: 'AverageValue', averageValue: '5' } } },
    { type: 'External', external: { metricName: 'q', targetAverageValue: '5' } },
  ],
];

describe('src/api/versions/autoscaler', () => {
  it('turns the one metric that v1 knows into a metric of v2 and back', () => {
    const v1 = hpa('v1', { spec: { ...target, targetCPUUtilizationPercentage: 60 } });
    expect(autoscalerToV2(v1)).toEqual(hpa('v2', { spec: { ...target, metrics: [cpu(60)] } }));
    expect(autoscalerFromV2(autoscalerToV2(v1))).toEqual({ ...v1, status: { currentReplicas: 0, desiredReplicas: 0 } });
  });

  it.each(METRICS)('lets %s travel in an annotation', (_name, inV2, inV1) => {
    const v2 = hpa(
      'v2',
      { spec: { ...target, metrics: [inV2, cpu(60)] }, status: { desiredReplicas: 0 } },
      { mine: 'x' },
    );
    const v1 = autoscalerFromV2(v2);
    expect(v1.metadata.annotations).toEqual({ mine: 'x', [`${PREFIX}metrics`]: JSON.stringify([inV1]) });
    expect(v1['spec']).toEqual({ ...target, targetCPUUtilizationPercentage: 60 });
    expect(autoscalerToV2(v1)).toEqual({ ...v2, status: { currentReplicas: 0, desiredReplicas: 0 } });
  });

  it('lets behaviour, conditions and all that was measured travel too', () => {
    const status = {
      currentReplicas: 2,
      desiredReplicas: 3,
      observedGeneration: 4,
      conditions: [{ type: 'AbleToScale', status: 'True', reason: 'R', message: 'm' }],
      currentMetrics: [
        { type: 'Resource', resource: { name: 'cpu', current: { averageUtilization: 40, averageValue: '80m' } } },
        { type: 'Pods', pods: { metric: { name: 'q' }, current: { averageValue: '5' } } },
        { type: 'Object', object: { describedObject: described, metric: { name: 'q' }, current: { value: '7' } } },
        { type: 'External', external: { metric: { name: 'q' }, current: { value: '7', averageValue: '1' } } },
      ],
    };
    const spec = { ...target, metrics: [cpu(60)], behavior: { scaleDown: { selectPolicy: 'Disabled' } } };
    const v2 = hpa('v2', { spec, status });
    const v1 = autoscalerFromV2(v2);
    expect(v1['status']).toEqual({
      currentReplicas: 2,
      desiredReplicas: 3,
      observedGeneration: 4,
      currentCPUUtilizationPercentage: 40,
    });
    expect(Object.keys(v1.metadata.annotations ?? {}).sort()).toEqual(
      ['behavior', 'conditions', 'current-metrics'].map((name) => PREFIX + name),
    );
    expect(autoscalerToV2(v1)).toEqual(v2);
  });

  it('says nothing of what is not there, so that a part of an object stays a part', () => {
    expect(autoscalerToV2(hpa('v1', { spec: { minReplicas: 2 } }))).toEqual(hpa('v2', { spec: { minReplicas: 2 } }));
    expect(autoscalerToV2(hpa('v1', {}))).toEqual(hpa('v2', {}));
  });

  it('passes over annotations that a person broke', () => {
    const broken = hpa('v1', { spec: target }, { [`${PREFIX}metrics`]: '[{', [`${PREFIX}behavior`]: '7' });
    expect(autoscalerToV2(broken)).toEqual(hpa('v2', { spec: target }));
  });

  it('is the same for everyone who has the stored version, and knows the other', () => {
    const v1 = hpa('v1', { spec: target });
    expect(otherVersionOf(v1)?.stored).toBe(HORIZONTAL_POD_AUTOSCALERS);
    expect(inStoredVersion(v1)).toEqual(hpa('v2', { spec: target }));
    const v2 = hpa('v2', { spec: target });
    expect(inStoredVersion(v2)).toBe(v2);
    expect(otherVersionOf({ apiVersion: 'v1', kind: 'HorizontalPodAutoscaler' })).toBeUndefined();
  });

  it('brings every defaulted object back as it was, its metrics with CPU last', () => {
    const others = fc.subarray(METRICS.map(([, inV2]) => inV2));
    const percent = fc.option(fc.integer({ min: 1, max: 200 }), { nil: undefined });
    const behavior = fc.constantFrom(undefined, {}, { scaleUp: { stabilizationWindowSeconds: 7 } });
    fc.assert(
      fc.property(others, percent, behavior, (metrics, utilization, rules) => {
        const all = [...metrics, ...(utilization === undefined ? [] : [cpu(utilization)])];
        const spec = { ...target, metrics: all, ...(rules === undefined ? {} : { behavior: rules }) };
        const status = { currentReplicas: 1, desiredReplicas: 1 };
        const v2 = deepFreeze(defaultObject(HORIZONTAL_POD_AUTOSCALERS, hpa('v2', { spec, status })));
        expect(autoscalerToV2(autoscalerFromV2(v2))).toEqual(v2);
      }),
    );
  });

  it('never throws and never changes what it is given', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), fc.string(), (spec, status, text) => {
        const annotations = { [`${PREFIX}metrics`]: text, [`${PREFIX}conditions`]: JSON.stringify(spec) };
        const object = deepFreeze(hpa('v1', { spec, status }, annotations));
        expect(autoscalerToV2(object).apiVersion).toBe('autoscaling/v2');
        expect(autoscalerFromV2(object).apiVersion).toBe('autoscaling/v1');
      }),
    );
  });
});
