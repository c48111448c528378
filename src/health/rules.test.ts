import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { HealthStatus } from '#api';
import type { Health, HealthObject } from './health.ts';
import { healthOf, worstHealth } from './rules.ts';

const nowMs = Date.parse('2026-01-01T00:01:00Z');

function object(
  kind: string,
  parts: {
    readonly spec?: unknown;
    readonly status?: unknown;
    readonly generation?: number;
    readonly deleting?: boolean;
  },
): HealthObject {
  const apiVersions: Record<string, string> = {
    Deployment: 'apps/v1',
    ReplicaSet: 'apps/v1',
    StatefulSet: 'apps/v1',
    DaemonSet: 'apps/v1',
    Job: 'batch/v1',
    CronJob: 'batch/v1',
    PodDisruptionBudget: 'policy/v1',
    Ingress: 'networking.k8s.io/v1',
    HorizontalPodAutoscaler: 'autoscaling/v2',
    Application: 'argoproj.io/v1alpha1',
    CustomResourceDefinition: 'apiextensions.k8s.io/v1',
    Widget: 'example.com/v1',
  };
  const { spec, status, generation, deleting } = parts;
  return {
    apiVersion: apiVersions[kind] ?? 'v1',
    kind,
    metadata: {
      name: 'x',
      ...(generation === undefined ? {} : { generation }),
      ...(deleting === true ? { deletionTimestamp: '2026-01-01T00:00:00Z' } : {}),
    },
    ...(spec === undefined ? {} : { spec }),
    ...(status === undefined ? {} : { status }),
  };
}

const rolledOut = { observedGeneration: 2, replicas: 3, updatedReplicas: 3, availableReplicas: 3, readyReplicas: 3 };
const waiting = (reason: string) => ({
  phase: 'Running',
  containerStatuses: [{ name: 'web', state: { waiting: { reason } } }],
});
const unschedulable = (lastTransitionTime: string) => ({
  phase: 'Pending',
  conditions: [
    {
      type: 'PodScheduled',
      status: 'False',
      reason: 'Unschedulable',
      message: '0/1 nodes are available',
      lastTransitionTime,
    },
  ],
});

const cases: readonly (readonly [
  situation: string,
  kind: string,
  parts: Parameters<typeof object>[1],
  status: HealthStatus,
  words?: RegExp,
])[] = [
  ['not due yet', 'CronJob', { spec: {} }, 'Healthy'],
  ['suspended', 'CronJob', { spec: { suspend: true } }, 'Suspended', /suspended/],
  [
    'at work after a failure',
    'CronJob',
    { status: { active: [{}], lastScheduleTime: '2026-01-02T00:00:00Z', lastSuccessfulTime: '2026-01-01T00:00:00Z' } },
    'Healthy',
  ],
  [
    'failed last time',
    'CronJob',
    { status: { lastScheduleTime: '2026-01-02T00:00:00Z', lastSuccessfulTime: '2026-01-01T00:00:00Z' } },
    'Degraded',
    /did not succeed/,
  ],
  [
    'done last time',
    'CronJob',
    { status: { lastScheduleTime: '2026-01-01T00:00:00Z', lastSuccessfulTime: '2026-01-01T00:01:00Z' } },
    'Healthy',
  ],
  ['not looked at yet', 'PodDisruptionBudget', { spec: {} }, 'Healthy'],
  [
    'short of pods',
    'PodDisruptionBudget',
    { status: { conditions: [{ type: 'DisruptionAllowed', status: 'False', reason: 'InsufficientPods' }] } },
    'Healthy',
  ],
  [
    'not to be counted',
    'PodDisruptionBudget',
    { status: { conditions: [{ type: 'DisruptionAllowed', status: 'False', reason: 'SyncFailed' }] } },
    'Degraded',
    /SyncFailed/,
  ],
  ['rolled out', 'Deployment', { generation: 2, spec: { replicas: 3 }, status: rolledOut }, 'Healthy'],
  [
    'scaled to nothing',
    'Deployment',
    { generation: 1, spec: { replicas: 0 }, status: { observedGeneration: 1 } },
    'Healthy',
  ],
  [
    'not seen yet',
    'Deployment',
    { generation: 3, spec: { replicas: 3 }, status: rolledOut },
    'Progressing',
    /new spec/,
  ],
  ['paused', 'Deployment', { generation: 2, spec: { paused: true }, status: rolledOut }, 'Suspended'],
  [
    'half updated',
    'Deployment',
    { generation: 2, spec: { replicas: 3 }, status: { ...rolledOut, updatedReplicas: 1 } },
    'Progressing',
    /1 out of 3 new replicas/,
  ],
  [
    'old pods still there',
    'Deployment',
    { generation: 2, spec: { replicas: 3 }, status: { ...rolledOut, replicas: 4 } },
    'Progressing',
    /1 old replicas are pending/,
  ],
  [
    'not available',
    'Deployment',
    { generation: 2, spec: { replicas: 3 }, status: { ...rolledOut, availableReplicas: 2 } },
    'Progressing',
    /2 of 3 updated/,
  ],
  [
    'past its deadline',
    'Deployment',
    {
      generation: 2,
      spec: { replicas: 3 },
      status: {
        ...rolledOut,
        conditions: [
          { type: 'Progressing', status: 'False', reason: 'ProgressDeadlineExceeded', message: 'timed out' },
        ],
      },
    },
    'Degraded',
    /timed out/,
  ],
  [
    'failing to create',
    'ReplicaSet',
    {
      generation: 1,
      spec: { replicas: 1 },
      status: { observedGeneration: 1, conditions: [{ type: 'ReplicaFailure', status: 'True', message: 'quota' }] },
    },
    'Degraded',
    /quota/,
  ],
  [
    'partly available',
    'ReplicaSet',
    { generation: 1, spec: { replicas: 2 }, status: { observedGeneration: 1, availableReplicas: 1 } },
    'Progressing',
  ],
  [
    'halfway with an empty rollingUpdate',
    'StatefulSet',
    {
      generation: 1,
      spec: { replicas: 2, updateStrategy: { type: 'RollingUpdate', rollingUpdate: {} } },
      status: {
        observedGeneration: 1,
        readyReplicas: 2,
        updatedReplicas: 1,
        currentRevision: 'a',
        updateRevision: 'b',
      },
    },
    'Progressing',
  ],
  [
    'partition reached',
    'StatefulSet',
    {
      generation: 1,
      spec: { replicas: 3, updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 2 } } },
      status: { observedGeneration: 1, readyReplicas: 3, updatedReplicas: 1 },
    },
    'Healthy',
  ],
  [
    'not on every node',
    'DaemonSet',
    {
      generation: 1,
      status: { observedGeneration: 1, desiredNumberScheduled: 2, updatedNumberScheduled: 2, numberAvailable: 1 },
    },
    'Progressing',
  ],
  [
    'ready',
    'Pod',
    {
      spec: { restartPolicy: 'Always' },
      status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] },
    },
    'Healthy',
  ],
  [
    'starting',
    'Pod',
    { spec: { restartPolicy: 'Always' }, status: { phase: 'Running', containerStatuses: [{ name: 'web' }] } },
    'Progressing',
  ],
  [
    'crash-looping',
    'Pod',
    { spec: { restartPolicy: 'Always' }, status: waiting('CrashLoopBackOff') },
    'Degraded',
    /web: CrashLoopBackOff/,
  ],
  ['without its image', 'Pod', { spec: { restartPolicy: 'Always' }, status: waiting('ErrImagePull') }, 'Degraded'],
  [
    'without its ConfigMap',
    'Pod',
    { spec: { restartPolicy: 'Always' }, status: waiting('CreateContainerConfigError') },
    'Degraded',
  ],
  [
    'creating',
    'Pod',
    { spec: { restartPolicy: 'Always' }, status: { ...waiting('ContainerCreating'), phase: 'Pending' } },
    'Progressing',
  ],
  ['done', 'Pod', { spec: { restartPolicy: 'Never' }, status: { phase: 'Succeeded' } }, 'Healthy'],
  [
    'out of memory',
    'Pod',
    {
      spec: { restartPolicy: 'Never' },
      status: {
        phase: 'Failed',
        containerStatuses: [{ name: 'web', state: { terminated: { reason: 'OOMKilled', exitCode: 137 } } }],
      },
    },
    'Degraded',
    /out of memory/,
  ],
  ['just refused by all nodes', 'Pod', { status: unschedulable('2026-01-01T00:00:50Z') }, 'Progressing'],
  ['refused by all nodes for long', 'Pod', { status: unschedulable('2026-01-01T00:00:44Z') }, 'Degraded', /0\/1 nodes/],
  ['cluster-internal', 'Service', { spec: { type: 'ClusterIP' } }, 'Healthy'],
  ['without an address', 'Service', { spec: { type: 'LoadBalancer' }, status: {} }, 'Progressing'],
  ['with an address', 'Ingress', { status: { loadBalancer: { ingress: [{ ip: '192.0.2.1' }] } } }, 'Healthy'],
  ['bound', 'PersistentVolumeClaim', { status: { phase: 'Bound' } }, 'Healthy'],
  ['lost', 'PersistentVolumeClaim', { status: { phase: 'Lost' } }, 'Degraded'],
  ['running', 'Job', { status: { active: 1 } }, 'Progressing'],
  ['resumed, not done', 'Job', { status: { conditions: [{ type: 'Suspended', status: 'False' }] } }, 'Progressing'],
  [
    'failed',
    'Job',
    { status: { conditions: [{ type: 'Failed', status: 'True', message: 'BackoffLimitExceeded' }] } },
    'Degraded',
  ],
  [
    'without metrics',
    'HorizontalPodAutoscaler',
    {
      status: {
        conditions: [
          { type: 'ScalingActive', status: 'False', reason: 'FailedGetResourceMetric', message: 'no metrics' },
        ],
      },
    },
    'Degraded',
    /no metrics/,
  ],
  ['not seen yet', 'Widget', { generation: 2, status: { observedGeneration: 1 } }, 'Progressing', /generation 2/],
  ['seen', 'Widget', { generation: 2, status: { observedGeneration: 2 } }, 'Healthy'],
  ['ready', 'Widget', { status: { conditions: [{ type: 'Ready', status: 'True' }] } }, 'Healthy'],
  [
    'not ready',
    'Widget',
    { status: { conditions: [{ type: 'Ready', status: 'False', message: 'no disk' }] } },
    'Progressing',
    /no disk/,
  ],
  [
    'of unknown readiness',
    'Widget',
    { status: { conditions: [{ type: 'Ready', status: 'Unknown', reason: 'Lost' }] } },
    'Progressing',
    /Lost/,
  ],
  [
    'ready and being reconciled',
    'Widget',
    {
      status: {
        conditions: [
          { type: 'Ready', status: 'True' },
          { type: 'Reconciling', status: 'True' },
        ],
      },
    },
    'Progressing',
    /reconciled/,
  ],
  [
    'stalled',
    'Widget',
    { status: { conditions: [{ type: 'Stalled', status: 'True', message: 'gave up' }] } },
    'Degraded',
    /gave up/,
  ],
  ['not established', 'CustomResourceDefinition', {}, 'Progressing', /established/],
  [
    'established',
    'CustomResourceDefinition',
    { status: { conditions: [{ type: 'Established', status: 'True' }] } },
    'Healthy',
  ],
  [
    'of a name that is taken',
    'CustomResourceDefinition',
    { status: { conditions: [{ type: 'NamesAccepted', status: 'False', message: 'in use' }] } },
    'Degraded',
    /in use/,
  ],
  ['never synced', 'Application', { status: {} }, 'Progressing'],
  ['itself degraded', 'Application', { status: { health: { status: 'Degraded', message: 'web' } } }, 'Degraded', /web/],
  [
    'being deleted',
    'Deployment',
    { generation: 2, spec: { replicas: 3 }, status: rolledOut, deleting: true },
    'Progressing',
    /Pending deletion/,
  ],
];

describe('src/health/rules.ts', () => {
  for (const [situation, kind, parts, status, words] of cases) {
    it(`calls what is ${situation} (${kind}) ${status}`, () => {
      const health = healthOf(object(kind, parts), { nowMs });
      expect(health?.status).toBe(status);
      if (words !== undefined) expect(health?.message).toMatch(words);
    });
  }

  it('gives no health to kinds that have none', () => {
    expect(healthOf(object('ConfigMap', {}), { nowMs })).toBeUndefined();
    expect(healthOf(object('Widget', { generation: 1, status: { phase: 'Broken' } }), { nowMs })).toBeUndefined();
  });

  it('never throws, whatever an object holds', () => {
    const kinds = fc.constantFrom(...new Set(cases.map(([, kind]) => kind)));
    fc.assert(
      fc.property(
        kinds,
        fc.jsonValue(),
        fc.jsonValue(),
        (kind, spec, status) => healthOf(object(kind, { spec, status }), { nowMs }) !== undefined || kind === 'Widget',
      ),
    );
  });

  it('takes the worst of many, in whatever order they come', () => {
    const order: readonly HealthStatus[] = ['Healthy', 'Suspended', 'Progressing', 'Missing', 'Degraded', 'Unknown'];
    const some = fc.array(
      fc.constantFrom(...order).map((status): Health => ({ status })),
      { minLength: 1 },
    );
    fc.assert(
      fc.property(
        some,
        (all) => order.indexOf(worstHealth(all).status) === Math.max(...all.map(({ status }) => order.indexOf(status))),
      ),
    );
    expect(worstHealth([])).toEqual({ status: 'Healthy' });
  });
});
