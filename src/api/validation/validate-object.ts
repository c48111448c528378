import { equalJson } from '#base';
import { validateDefinition, validateDefinitionStatus, validateDefinitionUpdate } from '../custom/definition-rules.ts';
import { apiVersionOf, type ResourceType } from '../kinds/resource.ts';
import type { ObjectMeta } from '../meta/object.ts';
import { isDeeperThan, isJsonObject, MAX_JSON_DEPTH } from '../schema/json.ts';
import type { FieldIssue } from '../schema/schema.ts';
import { validateApiService, validateCsiNode, validateCsiNodeUpdate } from './api-service.ts';
import { validateAutoscaler, validateAutoscalerStatus } from './autoscaler.ts';
import { validateCertificateRequest, validateCertificateRequestStatus } from './certificates.ts';
import type { Issues, Loose } from './checks.ts';
import {
  validateLease,
  validateNamespace,
  validateNode,
  validateNodeStatus,
  validateNodeUpdate,
  validateServiceAccount,
} from './cluster.ts';
import {
  validateDisruptionBudget,
  validateDisruptionBudgetStatus,
  validatePriorityClass,
  validatePriorityClassUpdate,
  validateRuntimeClass,
  validateRuntimeClassUpdate,
} from './cluster-classes.ts';
import { validateConfigMap, validateConfigUpdate, validateSecret } from './config.ts';
import { validateCronJob, validateCronJobCreate, validateCronJobUpdate } from './cron-job.ts';
import { validateDaemonSet, validateDaemonSetStatus } from './daemon-set.ts';
import { validateEndpoints, validateEndpointsUpdate } from './endpoints.ts';
import { validateEvent } from './event.ts';
import { invalid } from './issues.ts';
import { validateJob, validateJobStatus, validateJobUpdate } from './job.ts';
import {
  validateLimitRange,
  validateResourceQuota,
  validateResourceQuotaStatus,
  validateResourceQuotaUpdate,
} from './limits.ts';
import { validateMetadata, validateMetadataUpdate } from './metadata.ts';
import { dns1035Label, dns1123Label, dns1123Subdomain, pathSegment, type Rule } from './names.ts';
import {
  validateIngress,
  validateIngressClass,
  validateIngressClassUpdate,
  validateIngressCreate,
  validateIngressStatus,
  validateNetworkPolicy,
} from './networking.ts';
import {
  validateApplication,
  validateApplicationSet,
  validateAppProject,
  validateInventory,
  validateInventoryUpdate,
  validateRenderedSet,
  validateRenderedSetUpdate,
  validateSyncRun,
  validateSyncRunStatus,
  validateSyncRunUpdate,
} from './plumbline.ts';
import { validatePod } from './pod.ts';
import { validatePodUpdate } from './pod-update.ts';
import {
  validateClusterRole,
  validateClusterRoleBinding,
  validateRole,
  validateRoleBinding,
  validateRoleRefUpdate,
} from './rbac.ts';
import {
  validatePodTemplateObject,
  validateReplicationController,
  validateReplicationControllerStatus,
} from './replication-controller.ts';
import {
  validateEndpointSlice,
  validateEndpointSliceUpdate,
  validateService,
  validateServiceUpdate,
} from './service.ts';
import {
  validateControllerRevision,
  validateControllerRevisionUpdate,
  validateStatefulSet,
  validateStatefulSetStatus,
  validateStatefulSetUpdate,
} from './stateful-set.ts';
import {
  validatePersistentVolume,
  validatePersistentVolumeClaim,
  validatePersistentVolumeClaimUpdate,
  validatePersistentVolumeUpdate,
  validateStorageClass,
  validateStorageClassUpdate,
} from './storage.ts';
import { MAX_ISSUES, structureIssues } from './structure.ts';
import { validateWebhooks } from './webhooks.ts';
import { validateDeployment, validateReplicaSet, validateWorkloadUpdate } from './workload.ts';

/**
 * What is special about the rules of one kind. Methods, so that a function of one kind's type fits: that an object has
 * this type is what the check of its structure has found out before.
 */
interface KindRules {
  /** Names; a DNS subdomain when absent. */
  readonly name?: Rule;
  /** All but metadata and status. */
  validate?(object: object): Issues;
  /** What only a new object has to keep to: an older one may go on. */
  validateCreate?(object: object): Issues;
  validateStatus?(object: object): Issues;
  validateUpdate?(object: object, old: object): Issues;
}

/** Group and kind → rules. */
const RULES: ReadonlyMap<string, KindRules> = new Map<string, KindRules>([
  ['/ConfigMap', { validate: validateConfigMap, validateUpdate: validateConfigUpdate }],
  ['/Endpoints', { validate: validateEndpoints, validateUpdate: validateEndpointsUpdate }],
  ['/Event', { validate: validateEvent }],
  ['/LimitRange', { validate: validateLimitRange }],
  ['/Namespace', { name: dns1123Label, validate: validateNamespace }],
  ['/Node', { validate: validateNode, validateStatus: validateNodeStatus, validateUpdate: validateNodeUpdate }],
  ['/PersistentVolume', { validate: validatePersistentVolume, validateUpdate: validatePersistentVolumeUpdate }],
  [
    '/PersistentVolumeClaim',
    { validate: validatePersistentVolumeClaim, validateUpdate: validatePersistentVolumeClaimUpdate },
  ],
  ['/Pod', { validate: validatePod, validateUpdate: validatePodUpdate }],
  [
    '/ResourceQuota',
    {
      validate: validateResourceQuota,
      validateStatus: validateResourceQuotaStatus,
      validateUpdate: validateResourceQuotaUpdate,
    },
  ],
  ['/PodTemplate', { validate: validatePodTemplateObject }],
  [
    '/ReplicationController',
    { validate: validateReplicationController, validateStatus: validateReplicationControllerStatus },
  ],
  ['/Secret', { validate: validateSecret, validateUpdate: validateConfigUpdate }],
  ['/Service', { name: dns1035Label, validate: validateService, validateUpdate: validateServiceUpdate }],
  ['/ServiceAccount', { validate: validateServiceAccount }],
  [
    'apiextensions.k8s.io/CustomResourceDefinition',
    {
      validate: validateDefinition,
      validateStatus: validateDefinitionStatus,
      validateUpdate: validateDefinitionUpdate,
    },
  ],
  [
    'apps/ControllerRevision',
    { validate: validateControllerRevision, validateUpdate: validateControllerRevisionUpdate },
  ],
  [
    'apps/DaemonSet',
    { validate: validateDaemonSet, validateStatus: validateDaemonSetStatus, validateUpdate: validateWorkloadUpdate },
  ],
  ['apps/Deployment', { validate: validateDeployment, validateUpdate: validateWorkloadUpdate }],
  ['apps/ReplicaSet', { validate: validateReplicaSet, validateUpdate: validateWorkloadUpdate }],
  [
    'apps/StatefulSet',
    {
      name: dns1123Label,
      validate: validateStatefulSet,
      validateStatus: validateStatefulSetStatus,
      validateUpdate: validateStatefulSetUpdate,
    },
  ],
  ['argoproj.io/Application', { validate: validateApplication }],
  ['argoproj.io/ApplicationSet', { validate: validateApplicationSet }],
  ['argoproj.io/AppProject', { validate: validateAppProject }],
  ['autoscaling/HorizontalPodAutoscaler', { validate: validateAutoscaler, validateStatus: validateAutoscalerStatus }],
  [
    'batch/CronJob',
    {
      validate: validateCronJob,
      validateCreate: validateCronJobCreate,
      validateUpdate: validateCronJobUpdate,
    },
  ],
  ['batch/Job', { validate: validateJob, validateStatus: validateJobStatus, validateUpdate: validateJobUpdate }],
  [
    'certificates.k8s.io/CertificateSigningRequest',
    { name: pathSegment, validate: validateCertificateRequest, validateStatus: validateCertificateRequestStatus },
  ],
  ['coordination.k8s.io/Lease', { validate: validateLease }],
  ['discovery.k8s.io/EndpointSlice', { validate: validateEndpointSlice, validateUpdate: validateEndpointSliceUpdate }],
  [
    'networking.k8s.io/Ingress',
    { validate: validateIngress, validateCreate: validateIngressCreate, validateStatus: validateIngressStatus },
  ],
  ['networking.k8s.io/IngressClass', { validate: validateIngressClass, validateUpdate: validateIngressClassUpdate }],
  ['networking.k8s.io/NetworkPolicy', { validate: validateNetworkPolicy }],
  ['node.k8s.io/RuntimeClass', { validate: validateRuntimeClass, validateUpdate: validateRuntimeClassUpdate }],
  ['plumbline.dev/Inventory', { validate: validateInventory, validateUpdate: validateInventoryUpdate }],
  ['plumbline.dev/RenderedSet', { validate: validateRenderedSet, validateUpdate: validateRenderedSetUpdate }],
  [
    'plumbline.dev/SyncRun',
    { validate: validateSyncRun, validateStatus: validateSyncRunStatus, validateUpdate: validateSyncRunUpdate },
  ],
  [
    'policy/PodDisruptionBudget',
    { validate: validateDisruptionBudget, validateStatus: validateDisruptionBudgetStatus },
  ],
  ['rbac.authorization.k8s.io/ClusterRole', { name: pathSegment, validate: validateClusterRole }],
  [
    'rbac.authorization.k8s.io/ClusterRoleBinding',
    { name: pathSegment, validate: validateClusterRoleBinding, validateUpdate: validateRoleRefUpdate },
  ],
  ['rbac.authorization.k8s.io/Role', { name: pathSegment, validate: validateRole }],
  [
    'rbac.authorization.k8s.io/RoleBinding',
    { name: pathSegment, validate: validateRoleBinding, validateUpdate: validateRoleRefUpdate },
  ],
  ['scheduling.k8s.io/PriorityClass', { validate: validatePriorityClass, validateUpdate: validatePriorityClassUpdate }],
  ['admissionregistration.k8s.io/MutatingWebhookConfiguration', { validate: validateWebhooks }],
  ['admissionregistration.k8s.io/ValidatingWebhookConfiguration', { validate: validateWebhooks }],
  ['apiregistration.k8s.io/APIService', { name: pathSegment, validate: validateApiService }],
  ['storage.k8s.io/CSINode', { validate: validateCsiNode, validateUpdate: validateCsiNodeUpdate }],
  ['storage.k8s.io/StorageClass', { validate: validateStorageClass, validateUpdate: validateStorageClassUpdate }],
]);

/**
 * What is wrong with an object that is to be stored, in Kubernetes' words; empty when nothing is. Expects the object as
 * `pruneUnknown` and then `defaultObject` returned it. At most `MAX_ISSUES`. Never throws, whatever the JSON.
 */
export function validateObject(resource: ResourceType, object: unknown): FieldIssue[] {
  return validate(resource, object, function* (checked, rules) {
    const { namespaced } = resource;
    yield* validateMetadata(checked.metadata, { namespaced, name: rules.name ?? dns1123Subdomain });
    yield* rules.validate?.(checked) ?? [];
    yield* rules.validateCreate?.(checked) ?? [];
    yield* rules.validateStatus?.(checked) ?? [];
  });
}

/**
 * The same for an object that takes the place of `old`: besides, what may not change must not have. Metadata that the
 * update leaves out is the server's to carry over. What did not change was judged when it was stored: it is not judged
 * again, so that a newer rule never stands in the way of a status or a finalizer.
 */
export function validateUpdate(resource: ResourceType, object: unknown, old: object): FieldIssue[] {
  return validate(resource, object, function* (checked, rules) {
    const { namespaced } = resource;
    const before: Loose<ObjectMeta> = 'metadata' in old && isJsonObject(old.metadata) ? old.metadata : {};
    yield* validateMetadataUpdate(checked.metadata ?? {}, before);
    yield* validateMetadata(checked.metadata, { namespaced, name: rules.name ?? dns1123Subdomain });
    yield* rules.validateStatus?.(checked) ?? [];
    if (hasSameBody(checked, old)) return;
    yield* rules.validate?.(checked) ?? [];
    // What is stored may be from before a shape was known; then there is nothing to compare with.
    if (isWellTyped(structureIssues(resource, old))) yield* rules.validateUpdate?.(checked, old) ?? [];
  });
}

/** Whether rules have something to stand on: no type is wrong. A missing field they can do with. */
const isWellTyped = (structure: readonly FieldIssue[]): boolean =>
  structure.every(({ reason }) => reason === 'FieldValueRequired');

/** Whether nothing but metadata and status differs. */
function hasSameBody(object: object, old: object): boolean {
  const without = { metadata: undefined, status: undefined };
  return equalJson({ ...object, ...without }, { ...old, ...without });
}

interface Checked {
  readonly metadata?: Loose<ObjectMeta>;
}

function validate(
  resource: ResourceType,
  object: unknown,
  rulesOf: (object: Checked, rules: KindRules) => Issues,
): FieldIssue[] {
  if (isDeeperThan(object)) return [tooDeep()];
  const structure = [...kindIssues(resource, object), ...structureIssues(resource, object)];
  if (!isJsonObject(object) || !isWellTyped(structure)) return structure;
  const issues = [...structure];
  const known = new Set(structure.map(({ path, message }) => `${path}: ${message}`));
  const rules = RULES.get(`${resource.group}/${resource.kind}`) ?? {};
  for (const issue of rulesOf(object, rules)) {
    const text = `${issue.path}: ${issue.message}`;
    if (known.has(text)) continue;
    known.add(text);
    issues.push(issue);
    if (issues.length >= MAX_ISSUES) break;
  }
  return issues;
}

function* kindIssues(resource: ResourceType, object: unknown): Issues {
  if (!isJsonObject(object)) return;
  const wanted = { apiVersion: apiVersionOf(resource), kind: resource.kind };
  for (const [field, value] of Object.entries(wanted)) {
    const given = object[field];
    if (given !== undefined && given !== value) yield invalid(field, given, `must be ${value}`);
  }
}

function tooDeep(): FieldIssue {
  return {
    reason: 'FieldValueInvalid',
    path: '<root>',
    message: `Invalid value: nested deeper than ${MAX_JSON_DEPTH} levels`,
  };
}
