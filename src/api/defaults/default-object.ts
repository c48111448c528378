import { isDeeperThan, isJsonObject, type JsonObject } from '../schema/json.ts';
import { schemaOf } from '../schema/schema-of.ts';
import { defaultAutoscaler } from './autoscaler.ts';
import { canonicalCopy } from './canonical.ts';
import { defaultDefinition } from './definition.ts';
import { defaultCronJob, defaultJob } from './jobs.ts';
import {
  defaultApplication,
  defaultEndpointSlice,
  defaultEndpoints,
  defaultNamespace,
  defaultNode,
  defaultPriorityClass,
  defaultSecret,
  defaultService,
} from './kinds.ts';
import { defaultLimitRange } from './limits.ts';
import { defaultIngressClass, defaultNetworkPolicy } from './networking.ts';
import { defaultPod } from './pod.ts';
import { defaultRoleBinding } from './rbac.ts';
import { defaultPersistentVolume, defaultPersistentVolumeClaim, defaultStorageClass } from './storage.ts';
import { defaultApiService, defaultMutatingWebhooks, defaultValidatingWebhooks } from './webhooks.ts';
import {
  defaultDaemonSet,
  defaultDeployment,
  defaultPodTemplateObject,
  defaultReplicaSet,
  defaultReplicationController,
  defaultStatefulSet,
} from './workloads.ts';

/** Group and kind → its defaults. A kind without a row has none but the canonical forms. */
const DEFAULTS: ReadonlyMap<string, (object: JsonObject) => void> = new Map([
  ['/Endpoints', defaultEndpoints],
  ['/LimitRange', defaultLimitRange],
  ['/Namespace', defaultNamespace],
  ['/Node', defaultNode],
  ['/PersistentVolume', defaultPersistentVolume],
  ['/PersistentVolumeClaim', defaultPersistentVolumeClaim],
  ['/Pod', defaultPod],
  ['/PodTemplate', defaultPodTemplateObject],
  ['/ReplicationController', defaultReplicationController],
  ['/Secret', defaultSecret],
  ['/Service', defaultService],
  ['admissionregistration.k8s.io/MutatingWebhookConfiguration', defaultMutatingWebhooks],
  ['admissionregistration.k8s.io/ValidatingWebhookConfiguration', defaultValidatingWebhooks],
  ['apiextensions.k8s.io/CustomResourceDefinition', defaultDefinition],
  ['apiregistration.k8s.io/APIService', defaultApiService],
  ['apps/DaemonSet', defaultDaemonSet],
  ['apps/Deployment', defaultDeployment],
  ['apps/ReplicaSet', defaultReplicaSet],
  ['apps/StatefulSet', defaultStatefulSet],
  ['argoproj.io/Application', defaultApplication],
  ['autoscaling/HorizontalPodAutoscaler', defaultAutoscaler],
  ['batch/CronJob', defaultCronJob],
  ['batch/Job', defaultJob],
  ['discovery.k8s.io/EndpointSlice', defaultEndpointSlice],
  ['networking.k8s.io/IngressClass', defaultIngressClass],
  ['networking.k8s.io/NetworkPolicy', defaultNetworkPolicy],
  ['rbac.authorization.k8s.io/ClusterRoleBinding', defaultRoleBinding],
  ['rbac.authorization.k8s.io/RoleBinding', defaultRoleBinding],
  ['scheduling.k8s.io/PriorityClass', defaultPriorityClass],
  ['storage.k8s.io/StorageClass', defaultStorageClass],
]);

/**
 * A copy with the defaults of Kubernetes v1.32 filled in and quantities in canonical form, so that two objects that
 * mean the same are equal. Doing it twice changes nothing. Never throws: what has a wrong type stays for validation.
 */
export function defaultObject<T>(
  { group, version, kind }: { readonly group: string; readonly version: string; readonly kind: string },
  object: T,
): T {
  // Deeper than any real object: refused by validation.
  if (!isJsonObject(object) || isDeeperThan(object)) return object;
  const copy = canonicalCopy(schemaOf(group, version, kind) ?? { type: 'any' }, object) as T & JsonObject;
  DEFAULTS.get(`${group}/${kind}`)?.(copy);
  return copy;
}
