import type { KubeObject } from '#api';

const labels = (app: string) => ({ labels: { app } });
export const pod = (app: string, image: string, more: object = {}) => ({
  metadata: labels(app),
  spec: {
    automountServiceAccountToken: false,
    containers: [{ name: 'main', image: `local/${image}`, imagePullPolicy: 'IfNotPresent', command: ['serve'] }],
    ...more,
  },
});
export const object = (apiVersion: string, kind: string, name: string, rest: object): KubeObject => {
  const { metadata = {}, ...more } = rest as { metadata?: object };
  return { apiVersion, kind, metadata: { name, namespace: 'default', ...metadata }, ...more };
};
const clusterWide = (apiVersion: string, kind: string, name: string, rest: object = {}): KubeObject => {
  const { metadata = {}, ...more } = rest as { metadata?: object };
  return { apiVersion, kind, metadata: { name, ...metadata }, ...more };
};

const capacity = { capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'], storageClassName: 'manual' };
const request = {
  resources: { requests: { storage: '1Gi' } },
  accessModes: ['ReadWriteOnce'],
  storageClassName: 'manual',
};
/** A claim of the pod's own, which nothing can fill. */
const unfilled = { ...request, storageClassName: 'none' };
const scratch = { name: 'scratch', ephemeral: { volumeClaimTemplate: { spec: unfilled } } };
/** What the autoscaler allows the ReplicationController. */
export const SCALED = { min: 2, max: 3 } as const;
const scaleTargetRef = { apiVersion: 'v1', kind: 'ReplicationController', name: 'old' };
const ports = [{ port: 80, protocol: 'TCP' }];

/** What people make by hand beside Git, by the name under which it goes again: for loops that nothing else gives work. */
export const ASIDES = {
  old: [
    object('v1', 'ReplicationController', 'old', {
      spec: { replicas: 1, selector: { app: 'old' }, template: pod('old', 'good:1') },
    }),
  ],
  brief: [
    object('batch/v1', 'Job', 'brief', {
      spec: { ttlSecondsAfterFinished: 5, template: pod('brief', 'done:1', { restartPolicy: 'Never' }) },
    }),
  ],
  long: [object('batch/v1', 'Job', 'long', { spec: { template: pod('long', 'good:1', { restartPolicy: 'Never' }) } })],
  far: [
    object('v1', 'Service', 'far', { spec: { ports } }),
    object('v1', 'Endpoints', 'far', { subsets: [{ addresses: [{ ip: '192.0.2.77' }], ports }] }),
  ],
  token: [
    object('v1', 'Secret', 'token', {
      metadata: { annotations: { 'kubernetes.io/service-account.name': 'default' } },
      type: 'kubernetes.io/service-account-token',
    }),
    object('v1', 'Secret', 'stale', {
      metadata: {
        annotations: { 'kubernetes.io/service-account.name': 'gone', 'kubernetes.io/service-account.uid': 'before' },
      },
      type: 'kubernetes.io/service-account-token',
    }),
  ],
  roles: [
    clusterWide('rbac.authorization.k8s.io/v1', 'ClusterRole', 'part', {
      metadata: { labels: { part: 'yes' } },
      rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }],
    }),
    clusterWide('rbac.authorization.k8s.io/v1', 'ClusterRole', 'whole', {
      aggregationRule: { clusterRoleSelectors: [{ matchLabels: { part: 'yes' } }] },
    }),
  ],
  disk: [
    clusterWide('v1', 'PersistentVolume', 'disk', { spec: { ...capacity, hostPath: { path: '/srv/disk' } } }),
    object('v1', 'PersistentVolumeClaim', 'disk', { spec: request }),
  ],
  scratch: [object('v1', 'Pod', 'scratch', pod('scratch', 'good:1', { volumes: [scratch] }))],
  team: [
    clusterWide('v1', 'Namespace', 'team'),
    object('v1', 'ConfigMap', 'kept', { metadata: { namespace: 'team' }, data: { key: 'value' } }),
  ],
  scaler: [
    object('autoscaling/v2', 'HorizontalPodAutoscaler', 'scaler', {
      spec: { scaleTargetRef, minReplicas: SCALED.min, maxReplicas: SCALED.max },
    }),
  ],
} satisfies Readonly<Record<string, readonly KubeObject[]>>;
