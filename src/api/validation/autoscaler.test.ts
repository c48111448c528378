import { describe, expect, it } from 'vitest';
import { issuesOf } from '../../../test/support/issues.ts';
import { HORIZONTAL_POD_AUTOSCALERS } from '../kinds/resources.ts';

const target = { scaleTargetRef: { kind: 'Deployment', name: 'web' }, maxReplicas: 3 };
const hpa = (fields: object) => ({ spec: { ...target, ...fields } });
const measured = (...metrics: object[]) => hpa({ metrics });
const share = (fields: object) => ({ name: 'cpu', target: fields });
const M = 'spec.metrics[0]';

describe('src/api/validation/autoscaler', () => {
  it.each<[string, object]>([
    ['that says no more than it must', hpa({})],
    [
      'by everything there is to measure',
      measured(
        { type: 'Resource', resource: share({ type: 'AverageValue', averageValue: '100m' }) },
        {
          type: 'ContainerResource',
          containerResource: { container: 'main', ...share({ type: 'Utilization', averageUtilization: 50 }) },
        },
        { type: 'Pods', pods: { metric: { name: 'q' }, target: { type: 'AverageValue', averageValue: '5' } } },
        {
          type: 'Object',
          object: {
            describedObject: { kind: 'Ingress', name: 'i' },
            metric: { name: 'q' },
            target: { type: 'Value', value: '5' },
          },
        },
        { type: 'External', external: { metric: { name: 'q' }, target: { type: 'Value', value: '5' } } },
      ),
    ],
    ['that goes up slowly', hpa({ behavior: { scaleUp: { stabilizationWindowSeconds: 3600, selectPolicy: 'Min' } } })],
  ])('accepts an autoscaler %s', (_name, fields) => {
    expect(issuesOf(HORIZONTAL_POD_AUTOSCALERS, { ...fields })).toEqual([]);
  });

  it.each<[string, object, string[]]>([
    [
      'of nothing',
      { spec: {} },
      [
        'spec.maxReplicas: Required value',
        'spec.scaleTargetRef: Required value',
        'spec.scaleTargetRef.kind: Required value',
        'spec.scaleTargetRef.name: Required value',
      ],
    ],
    [
      'of fewer than one',
      hpa({ minReplicas: 0, maxReplicas: 0 }),
      [
        'spec.minReplicas: Invalid value: 0: must be greater than or equal to 1',
        'spec.maxReplicas: Invalid value: 0: must be greater than 0',
      ],
    ],
    [
      'of no more than there are',
      hpa({ minReplicas: 5 }),
      ['spec.maxReplicas: Invalid value: 3: must be greater than or equal to `minReplicas`'],
    ],
    [
      'of a path',
      hpa({ scaleTargetRef: { kind: 'a/b', name: '..' } }),
      [
        'spec.scaleTargetRef.kind: Invalid value: "a/b": may not contain \'/\'',
        'spec.scaleTargetRef.name: Invalid value: "..": may not be \'..\'',
      ],
    ],
    [
      'by a metric of no kind',
      measured({ type: 'Mood' }),
      [
        `${M}.type: Unsupported value: "Mood": supported values: "ContainerResource", "External", "Object", "Pods", "Resource"`,
      ],
    ],
    [
      'by a metric that is not described',
      measured({ type: 'Pods' }),
      [`${M}.pods: Required value: must populate information for the given metric source`],
    ],
    [
      'by a metric of two kinds',
      measured({
        type: 'Resource',
        resource: share({ type: 'Utilization', averageUtilization: 50 }),
        pods: { metric: { name: 'q' }, target: { type: 'AverageValue', averageValue: '5' } },
      }),
      [`${M}.pods: Forbidden: must populate the given metric source only`],
    ],
    [
      'by a share that is none',
      measured({
        type: 'Resource',
        resource: { name: '', target: { type: 'Mood', averageUtilization: 0, averageValue: '0' } },
      }),
      [
        `${M}.resource.name: Required value: must specify a resource name`,
        `${M}.resource.target.type: Invalid value: "Mood": must be either Utilization, Value, or AverageValue`,
        `${M}.resource.target.averageValue: Invalid value: "0": must be positive`,
        `${M}.resource.target.averageUtilization: Invalid value: 0: must be greater than 0`,
        `${M}.resource.target.averageValue: Forbidden: may not set both a target raw value and a target utilization`,
      ],
    ],
    [
      'by a share of nothing in no container',
      measured({ type: 'ContainerResource', containerResource: { container: '', ...share({ type: 'Utilization' }) } }),
      [
        `${M}.containerResource.container: Required value: must specify a container`,
        `${M}.containerResource.target.averageUtilization: Required value: must set either a target raw value or a target utilization`,
      ],
    ],
    [
      'by pods without a value',
      measured({ type: 'Pods', pods: { metric: { name: 'a/b' }, target: { type: 'Value' } } }),
      [
        `${M}.pods.metric.name: Invalid value: "a/b": may not contain '/'`,
        `${M}.pods.target.averageValue: Required value: must specify a positive target averageValue`,
      ],
    ],
    [
      'by an object without a value',
      measured({
        type: 'Object',
        object: { describedObject: { kind: 'Ingress', name: 'i' }, metric: { name: '' }, target: { type: 'Value' } },
      }),
      [
        `${M}.object.metric.name: Required value: must specify a metric name`,
        `${M}.object.target.averageValue: Required value: must set either a target value or averageValue`,
      ],
    ],
    [
      'by both of two values',
      measured({
        type: 'External',
        external: { metric: { name: 'q' }, target: { type: 'Value', value: '1', averageValue: '1' } },
      }),
      [`${M}.external.target.value: Forbidden: may not set both a target value for metric and a per-pod target`],
    ],
    [
      'that behaves badly',
      hpa({
        behavior: {
          scaleUp: { stabilizationWindowSeconds: 3601, selectPolicy: 'Any', policies: [] },
          scaleDown: { stabilizationWindowSeconds: -1, policies: [{ type: 'Steps', value: 0, periodSeconds: 1801 }] },
        },
      }),
      [
        'spec.behavior.scaleUp.stabilizationWindowSeconds: Invalid value: 3601: must be less than or equal to 3600',
        'spec.behavior.scaleUp.selectPolicy: Unsupported value: "Any": supported values: "Disabled", "Max", "Min"',
        'spec.behavior.scaleUp.policies: Required value: must specify at least one Policy',
        'spec.behavior.scaleDown.stabilizationWindowSeconds: Invalid value: -1: must be greater than or equal to zero',
        'spec.behavior.scaleDown.policies[0].type: Unsupported value: "Steps": supported values: "Percent", "Pods"',
        'spec.behavior.scaleDown.policies[0].value: Invalid value: 0: must be greater than zero',
        'spec.behavior.scaleDown.policies[0].periodSeconds: Invalid value: 1801: must be less than or equal to 1800',
      ],
    ],
    [
      'that counts below zero',
      { ...hpa({}), status: { currentReplicas: -1, desiredReplicas: 0 } },
      ['status.currentReplicas: Invalid value: -1: must be greater than or equal to 0'],
    ],
  ])('refuses an autoscaler %s', (_name, fields, expected) => {
    expect(issuesOf(HORIZONTAL_POD_AUTOSCALERS, { ...fields })).toEqual(expected);
  });
});
