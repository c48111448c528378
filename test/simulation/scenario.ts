import type { KubeObject } from '#api';
import type { Step } from './script.ts';
import type { Workload } from './workloads.ts';

/** Nodes that the scenario needs. */
export const SCENARIO_NODES = 3;

const labels = (app: string) => ({ labels: { app } });
const pod = (app: string, image: string, more: object = {}) => ({
  metadata: labels(app),
  spec: {
    automountServiceAccountToken: false,
    containers: [{ name: 'main', image: `local/${image}`, imagePullPolicy: 'IfNotPresent', command: ['serve'] }],
    ...more,
  },
});
const object = (apiVersion: string, kind: string, name: string, rest: object): KubeObject => {
  const { metadata = {}, ...more } = rest as { metadata?: object };
  return { apiVersion, kind, metadata: { name, namespace: 'default', ...metadata }, ...more };
};
const clusterWide = (apiVersion: string, kind: string, name: string, rest: object = {}): KubeObject => {
  const { metadata = {}, ...more } = rest as { metadata?: object };
  return { apiVersion, kind, metadata: { name, ...metadata }, ...more };
};

const WEB = { kind: 'Deployment', image: 'good:1', replicas: 3, surge: 1, unavailable: 0, cpu: 50 } as const;
const web = (more: object): Workload => ({ ...WEB, budget: 2, service: true, ...more });
const daemon = (image: string): Workload => ({ kind: 'DaemonSet', image, unavailable: 1 });
const database = (image: string): Workload => ({ kind: 'StatefulSet', image, replicas: 2, policy: 'OrderedReady' });
const capacity = { capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'], storageClassName: 'manual' };
const request = {
  resources: { requests: { storage: '1Gi' } },
  accessModes: ['ReadWriteOnce'],
  storageClassName: 'manual',
};
/** A claim of the pod's own, which nothing can fill. */
const unfilled = { ...request, storageClassName: 'none' };
const scratch = { name: 'scratch', ephemeral: { volumeClaimTemplate: { spec: unfilled } } };
const ports = [{ port: 80, protocol: 'TCP' }];
const scaleTargetRef = { apiVersion: 'v1', kind: 'ReplicationController', name: 'old' };
const endless: Step = { do: 'wait', ms: 420_000 };
const wait = (ms: number): Step => ({ do: 'wait', ms });

/** Gives every loop of the control plane something to write; the same without a fault, and dying at any write. */
export const SCENARIO: readonly Step[] = [
  { do: 'commit', set: { web: web({}), every: daemon('good:1'), db: database('good:1') } },
  { do: 'commit', set: { sum: { kind: 'Job', image: 'done:1', completions: 2, parallelism: 2 } } },
  {
    do: 'apply',
    name: 'old',
    objects: [
      object('v1', 'ReplicationController', 'old', {
        spec: { replicas: 1, selector: { app: 'old' }, template: pod('old', 'good:1') },
      }),
    ],
  },
  {
    do: 'apply',
    name: 'tick',
    objects: [
      object('batch/v1', 'CronJob', 'tick', {
        spec: {
          schedule: '* * * * *',
          jobTemplate: { spec: { template: pod('tick', 'done:1', { restartPolicy: 'Never' }) } },
        },
      }),
    ],
  },
  {
    do: 'apply',
    name: 'brief',
    objects: [
      object('batch/v1', 'Job', 'brief', {
        spec: { ttlSecondsAfterFinished: 5, template: pod('brief', 'done:1', { restartPolicy: 'Never' }) },
      }),
    ],
  },
  {
    do: 'apply',
    name: 'long',
    objects: [
      object('batch/v1', 'Job', 'long', { spec: { template: pod('long', 'good:1', { restartPolicy: 'Never' }) } }),
    ],
  },
  {
    do: 'apply',
    name: 'far',
    objects: [
      object('v1', 'Service', 'far', { spec: { ports } }),
      object('v1', 'Endpoints', 'far', { subsets: [{ addresses: [{ ip: '192.0.2.77' }], ports }] }),
    ],
  },
  {
    do: 'apply',
    name: 'token',
    objects: [
      object('v1', 'Secret', 'token', {
        metadata: { annotations: { 'kubernetes.io/service-account.name': 'gone' } },
        type: 'kubernetes.io/service-account-token',
      }),
    ],
  },
  {
    do: 'apply',
    name: 'roles',
    objects: [
      clusterWide('rbac.authorization.k8s.io/v1', 'ClusterRole', 'part', {
        metadata: { labels: { part: 'yes' } },
        rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }],
      }),
      clusterWide('rbac.authorization.k8s.io/v1', 'ClusterRole', 'whole', {
        aggregationRule: { clusterRoleSelectors: [{ matchLabels: { part: 'yes' } }] },
      }),
    ],
  },
  {
    do: 'apply',
    name: 'disk',
    objects: [
      clusterWide('v1', 'PersistentVolume', 'disk', { spec: { ...capacity, hostPath: { path: '/srv/disk' } } }),
      object('v1', 'PersistentVolumeClaim', 'disk', { spec: request }),
    ],
  },
  {
    do: 'apply',
    name: 'scratch',
    objects: [object('v1', 'Pod', 'scratch', pod('scratch', 'good:1', { volumes: [scratch] }))],
  },
  {
    do: 'apply',
    name: 'team',
    objects: [
      clusterWide('v1', 'Namespace', 'team'),
      object('v1', 'ConfigMap', 'kept', { metadata: { namespace: 'team' }, data: { key: 'value' } }),
    ],
  },
  wait(20_000),
  {
    do: 'apply',
    name: 'scaler',
    objects: [
      object('autoscaling/v2', 'HorizontalPodAutoscaler', 'scaler', {
        spec: { scaleTargetRef, minReplicas: 2, maxReplicas: 3 },
      }),
    ],
  },
  wait(50_000),
  { do: 'delete', name: 'long' },
  { do: 'delete', name: 'tick' },
  { do: 'delete', name: 'team' },
  { do: 'delete', name: 'disk' },
  { do: 'delete', name: 'scratch' },
  { do: 'commit', set: { web: web({ image: 'good:2' }), every: daemon('good:2'), db: database('good:2') } },
  wait(20_000),
  { do: 'kill pod', pick: 1 },
  { do: 'drain', node: 1 },
  { do: 'uncordon', node: 1 },
  { do: 'power off', node: 2 },
  { do: 'announce', name: 'every' },
  endless,
  { do: 'delete node', node: 2 },
  wait(60_000),
  { do: 'power on', node: 2 },
  { do: 'rest' },
  { do: 'commit', set: { web: web({ replicas: 2 }) }, remove: ['sum', 'every'] },
  { do: 'rest' },
];
