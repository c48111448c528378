import { type KubeObject, NODE_LOCAL } from '#api';
import type { HollowProcess } from '#runtime';

export const NAMESPACE = 'default';

/** Jobs that a CronJob keeps of those that succeeded, and of those that failed. */
export const FINISHED_JOBS = 1;

/** Folders of the node where the pod goes, as in every cluster of the product. */
export const NODE_LOCAL_CLASS = {
  apiVersion: 'storage.k8s.io/v1',
  kind: 'StorageClass',
  metadata: { name: 'node-local' },
  provisioner: NODE_LOCAL,
  reclaimPolicy: 'Delete',
  volumeBindingMode: 'WaitForFirstConsumer',
} as const;

/** What a commit declares under one name. */
export type Workload =
  | {
      readonly kind: 'Deployment';
      readonly image: string;
      readonly replicas: number;
      readonly surge: number;
      readonly unavailable: number;
      /** Of a pod, in thousandths of a core. */
      readonly cpu: number;
      /** `minAvailable` of its disruption budget; none when absent. */
      readonly budget?: number;
      readonly service?: boolean;
    }
  | {
      readonly kind: 'StatefulSet';
      readonly image: string;
      readonly replicas: number;
      readonly policy: 'OrderedReady' | 'Parallel';
      /** Each pod has a claim, which goes with it when the set shrinks and when it is deleted. */
      readonly claims?: boolean;
    }
  /** Made by hand. */
  | { readonly kind: 'Other'; readonly objects: readonly KubeObject[] }
  | { readonly kind: 'DaemonSet'; readonly image: string; readonly unavailable: number }
  | {
      readonly kind: 'CronJob';
      readonly image: string;
      readonly schedule: string;
      readonly concurrency: 'Allow' | 'Forbid' | 'Replace';
      readonly suspended?: boolean;
    }
  | { readonly kind: 'Job'; readonly image: string; readonly completions: number; readonly parallelism: number };

/** Everything that is declared, by name. */
export type Declared = ReadonlyMap<string, Workload>;

/** How a container behaves, told by the first word of its image's name. */
export function behaviourOf(image: string): HollowProcess {
  if (image.startsWith('crash')) return { exitAfterMs: 500, exitCode: 1, stopCode: 0, execCode: 1 };
  if (image.startsWith('unready')) return { stopCode: 0, execCode: 1 };
  if (image.startsWith('stubborn')) return { execCode: 0 };
  if (image.startsWith('done')) return { exitAfterMs: 3_000, exitCode: 0, stopCode: 0 };
  return { stopCode: 0, execCode: 0 };
}

/** Whether pods of this image come to serve. */
export function serves(image: string): boolean {
  return !image.startsWith('crash') && !image.startsWith('unready');
}

export function manifestsOf(name: string, workload: Workload): readonly KubeObject[] {
  switch (workload.kind) {
    case 'Deployment':
      return deployment(name, workload);
    case 'StatefulSet':
      return [statefulSet(name, workload)];
    case 'Other':
      return [];
    case 'DaemonSet': {
      const updateStrategy = { rollingUpdate: { maxUnavailable: workload.unavailable } };
      return [
        {
          ...head('apps/v1', 'DaemonSet', name),
          spec: { selector: selector(name), updateStrategy, template: template(name, workload.image, 10) },
        },
      ];
    }
    case 'CronJob': {
      const { image, schedule, concurrency, suspended = false } = workload;
      const limits = { successfulJobsHistoryLimit: FINISHED_JOBS, failedJobsHistoryLimit: FINISHED_JOBS };
      const spec = { schedule, concurrencyPolicy: concurrency, suspend: suspended, ...limits };
      const jobTemplate = { spec: { backoffLimit: 100, template: once(name, image) } };
      return [{ ...head('batch/v1', 'CronJob', name), spec: { ...spec, jobTemplate } }];
    }
    case 'Job': {
      const { image, completions, parallelism } = workload;
      const spec = { completions, parallelism, backoffLimit: 100, template: once(name, image) };
      return [{ ...head('batch/v1', 'Job', name), spec }];
    }
  }
}

/** A pod that is not started again. */
function once(name: string, image: string) {
  const pod = template(name, image, 50);
  return { ...pod, spec: { ...pod.spec, restartPolicy: 'Never' } };
}

function statefulSet(name: string, workload: Extract<Workload, { kind: 'StatefulSet' }>): KubeObject {
  const { image, replicas, policy, claims = false } = workload;
  const pod = template(name, image, 50);
  const spec = { replicas, serviceName: name, podManagementPolicy: policy, selector: selector(name) };
  const set = head('apps/v1', 'StatefulSet', name);
  if (!claims) return { ...set, spec: { ...spec, template: pod } };
  const mounts = { volumeMounts: [{ name: 'data', mountPath: '/data' }] };
  const containers = pod.spec.containers.map((container) => ({ ...container, ...mounts }));
  const claim = {
    accessModes: ['ReadWriteOnce'],
    storageClassName: NODE_LOCAL_CLASS.metadata.name,
    resources: { requests: { storage: '1Gi' } },
  };
  return {
    ...set,
    spec: {
      ...spec,
      template: { ...pod, spec: { ...pod.spec, containers } },
      persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Delete', whenScaled: 'Delete' },
      volumeClaimTemplates: [{ metadata: { name: 'data' }, spec: claim }],
    },
  };
}

function deployment(name: string, workload: Extract<Workload, { kind: 'Deployment' }>): readonly KubeObject[] {
  const { image, replicas, surge, unavailable, cpu, budget, service } = workload;
  const strategy = { rollingUpdate: { maxSurge: surge, maxUnavailable: unavailable } };
  const spec = { replicas, selector: selector(name), strategy, template: template(name, image, cpu) };
  const objects: KubeObject[] = [{ ...head('apps/v1', 'Deployment', name), spec }];
  if (budget !== undefined) {
    objects.push({
      ...head('policy/v1', 'PodDisruptionBudget', name),
      spec: { minAvailable: budget, selector: selector(name) },
    });
  }
  if (service === true) {
    objects.push({ ...head('v1', 'Service', name), spec: { selector: { app: name }, ports: [{ port: 80 }] } });
  }
  return objects;
}

function head(apiVersion: string, kind: string, name: string) {
  return { apiVersion, kind, metadata: { name, namespace: NAMESPACE } };
}

function selector(name: string) {
  return { matchLabels: { app: name } };
}

function template(name: string, image: string, cpu: number) {
  // What never comes to serve is asked whether it does; of the others it is believed, as of most in real life.
  const readinessProbe = { exec: { command: ['ready'] }, initialDelaySeconds: 5, periodSeconds: 20 };
  return {
    metadata: { labels: { app: name } },
    spec: {
      automountServiceAccountToken: false,
      terminationGracePeriodSeconds: 5,
      containers: [
        {
          name: 'main',
          image: `local/${image}`,
          imagePullPolicy: 'IfNotPresent',
          command: ['serve'],
          resources: { requests: { cpu: `${cpu}m` } },
          ...(serves(image) ? {} : { readinessProbe }),
        },
      ],
    },
  };
}
