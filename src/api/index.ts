/**
 * The words everyone speaks: kinds and their shapes, defaults, validation, selectors, quantities, patches,
 * server-side apply and YAML. Pure; the browser loads its types too.
 */

export type { ApplyRequest, ApplyResult } from './apply/apply.ts';
export { applyServerSide } from './apply/apply.ts';
export type { Changes } from './apply/compare.ts';
export { compareFields } from './apply/compare.ts';
export { fieldElement, fieldOfElement, formatElements, itemElement, keysOfItem } from './apply/elements.ts';
export type { FieldSet } from './apply/field-set.ts';
export {
  childElements,
  childNode,
  differenceOf,
  EMPTY_SET,
  intersectionOf,
  isEmptySet,
  isMember,
  MEMBER,
  pathsOf,
  unionOf,
} from './apply/field-set.ts';
export { fieldsOf, fieldsOfValue } from './apply/fields-of.ts';
export type { FieldOwner } from './apply/owners.ts';
export { ownersOf } from './apply/owners.ts';
export type { MergeShape } from './apply/shape.ts';
export { fieldSchema, isAbsent, isDeclared, sameValue, shapeOf, withoutNulls } from './apply/shape.ts';
export type { UpdateRecord, WriterIdentity } from './apply/update.ts';
export { trackUpdate } from './apply/update.ts';
export {
  CLEANUP_FINALIZER,
  compareVersions,
  countRules as countValidationRules,
  definitionWarnings,
  isEstablished,
  resourceTypeOf,
  servedNames,
  servedVersions,
  storageVersion,
} from './custom/definition.ts';
export type { JsonPath } from './custom/json-path.ts';
export { parseJsonPath } from './custom/json-path.ts';
export type { CustomKind } from './custom/kind-index.ts';
export { CustomKindIndex } from './custom/kind-index.ts';
export type { KindModel } from './custom/kind-model.ts';
export { builtInModel, customModel } from './custom/kind-model.ts';
export { defaultObject } from './defaults/default-object.ts';
export type { ApplicationConditionType, ConditionSeverity } from './kinds/application-conditions.ts';
export { APPLICATION_CONDITIONS, CONDITION_SEVERITIES, severityOf } from './kinds/application-conditions.ts';
export { unsupportedApplicationFields } from './kinds/application-fields.ts';
export { isSuspended, PINNED_ANNOTATION, SUSPENDED_ANNOTATION } from './kinds/application-holds.ts';
export type { NodeMetrics, PodMetrics, UsageAmounts } from './kinds/metrics.ts';
export { METRICS, NODE_METRICS, POD_METRICS } from './kinds/metrics.ts';
export type * from './kinds/plumbline.ts';
export type { UnsupportedPodField } from './kinds/pod-fields.ts';
export { podSpecOf, unsupportedPodFields } from './kinds/pod-fields.ts';
export type { PodReferences } from './kinds/pod-references.ts';
export { planPodReferences } from './kinds/pod-references.ts';
export type { ResourceType } from './kinds/resource.ts';
export { apiVersionOf } from './kinds/resource.ts';
export {
  API_SERVICES,
  APP_PROJECTS,
  APPLICATION_SETS,
  APPLICATIONS,
  CERTIFICATE_SIGNING_REQUESTS,
  CLUSTER_ROLE_BINDINGS,
  CLUSTER_ROLES,
  CONFIG_MAPS,
  CONTROLLER_REVISIONS,
  CRON_JOBS,
  CSI_NODES,
  CUSTOM_RESOURCE_DEFINITIONS,
  DAEMON_SETS,
  DEPLOYMENTS,
  ENDPOINT_SLICES,
  ENDPOINTS,
  EVENTS,
  HORIZONTAL_POD_AUTOSCALERS,
  INGRESS_CLASSES,
  INGRESSES,
  INVENTORIES,
  JOBS,
  LEASES,
  LIMIT_RANGES,
  MUTATING_WEBHOOKS,
  NAMESPACES,
  NETWORK_POLICIES,
  NODES,
  PERSISTENT_VOLUME_CLAIMS,
  PERSISTENT_VOLUMES,
  POD_DISRUPTION_BUDGETS,
  POD_TEMPLATES,
  PODS,
  PRIORITY_CLASSES,
  RENDERED_SETS,
  REPLICA_SETS,
  REPLICATION_CONTROLLERS,
  RESOURCE_QUOTAS,
  RESOURCES,
  ROLE_BINDINGS,
  ROLES,
  RUNTIME_CLASSES,
  resourceOfKind,
  SECRETS,
  SERVICE_ACCOUNTS,
  SERVICES,
  STATEFUL_SETS,
  STORAGE_CLASSES,
  SYNC_RUNS,
  VALIDATING_WEBHOOKS,
} from './kinds/resources.ts';
export {
  EVICTIONS,
  LOCAL_SUBJECT_ACCESS_REVIEWS,
  REVIEWS,
  SELF_SUBJECT_ACCESS_REVIEWS,
  SELF_SUBJECT_REVIEWS,
  SELF_SUBJECT_RULES_REVIEWS,
  SUBJECT_ACCESS_REVIEWS,
  TOKEN_REQUESTS,
  TOKEN_REVIEWS,
} from './kinds/reviews.ts';
export type * from './kinds/types.ts';
export type { PodClaim } from './kinds/volumes.ts';
export {
  CLAIM_PROTECTION,
  claimsOf,
  DOCKER_VOLUMES,
  defaultStorageClassOf,
  isClaimOfPod,
  isVolumeOfClaim,
  lacksStorageClass,
  NODE_LOCAL,
  NODE_LOCAL_FINALIZER,
  storageClassOf,
  VOLUME_ANNOTATIONS,
  VOLUME_NODE_LABEL,
  VOLUME_PROTECTION,
} from './kinds/volumes.ts';
export type {
  GroupKind,
  Json,
  KubeObject,
  ManagedFieldsEntry,
  ObjectKey,
  ObjectList,
  ObjectMeta,
  OwnerReference,
  StoredMeta,
  StoredObject,
} from './meta/object.ts';
export { formatObjectKey, groupOf, objectKeyOf, versionOf } from './meta/object.ts';
export type { Status, StatusCause, StatusDetails, StatusReason } from './meta/status.ts';
export { ApiError, isApiError, notFound } from './meta/status.ts';
export type { OpenApiResource, OpenApiV3Document, OpenApiV3Index } from './openapi/document.ts';
export { openApiPathOf, openApiV3Document, openApiV3Hash, openApiV3Index } from './openapi/document.ts';
export type { OpenApiV2Document } from './openapi/version2.ts';
export { joinOpenApiV2, openApiV2Message, openApiV2Slice } from './openapi/version2.ts';
export type { JsonPatchOperation } from './patch/json-patch.ts';
export { applyJsonPatch, formatPointer, parsePointer } from './patch/json-patch.ts';
export { applyMergePatch } from './patch/merge-patch.ts';
export { applyStrategicMergePatch } from './patch/strategic.ts';
export type { DecodedObject } from './protobuf/decode.ts';
export { decodeProtobuf } from './protobuf/decode.ts';
export { encodeMessage, encodeProtobuf } from './protobuf/encode.ts';
export { PROTOBUF_MEDIA_TYPE } from './protobuf/envelope.ts';
export { hasProtobufForm } from './protobuf/messages.ts';
export { aggregatedRules } from './rbac/aggregation.ts';
export { isDeeperThan, MAX_JSON_DEPTH } from './schema/json.ts';
export type { Pruned } from './schema/prune.ts';
export { pruneUnknown } from './schema/prune.ts';
export type { FieldIssue, Schema } from './schema/schema.ts';
export { schemaOf, schemaOfShape } from './schema/schema-of.ts';
export type * from './ui.ts';
export { ephemeralContainerIssues } from './validation/ephemeral-containers.ts';
export { generatedLabels } from './validation/job.ts';
export { MAX_ISSUES, shapeIssues, structureIssues } from './validation/structure.ts';
export { validateObject, validateUpdate } from './validation/validate-object.ts';
export type { CronSchedule } from './values/cron.ts';
export { parseCron } from './values/cron.ts';
export type { CronTimes } from './values/cron-times.ts';
export { cronTimes } from './values/cron-times.ts';
export { ageSince, humanDuration, parseDuration } from './values/duration.ts';
export type { FieldStep, ItemKeys } from './values/field-path.ts';
export { formatFieldPath, parseFieldPath } from './values/field-path.ts';
export type { FieldRequirement, FieldSelector } from './values/field-selector.ts';
export { parseFieldSelector } from './values/field-selector.ts';
export { intOrPercent, isIntOrPercent } from './values/int-or-percent.ts';
export type { NodeIdentity, NodeRequirement, NodeSelectorTerm } from './values/node-selector.ts';
export { nodeSelectorMatches, nodeTermMatches } from './values/node-selector.ts';
export { getOwn, isRecord, setOwn } from './values/own.ts';
export type { Quantity, QuantityLike } from './values/quantity.ts';
export {
  addQuantities,
  canonicalQuantity,
  compareQuantities,
  formatQuantity,
  parseQuantity,
  QUANTITY_RULE,
  quantityToBytes,
  quantityToMillis,
  quantityToNumber,
} from './values/quantity.ts';
export type { LabelRequirement, LabelSelector, LabelSelectorObject, Labels } from './values/selector.ts';
export {
  formatSelectorObject,
  hasLabels,
  isLabelValue,
  isQualifiedName,
  parseLabelSelector,
  selectorFromObject,
} from './values/selector.ts';
export { formatInZone } from './values/time-zone.ts';
export type { ServedVersion } from './versions/served-versions.ts';
export { inStoredVersion, otherVersionOf, SERVED_VERSIONS } from './versions/served-versions.ts';
export { parseYamlBody } from './yaml/body.ts';
export { formatYaml } from './yaml/format.ts';
export type { StrictJson } from './yaml/json.ts';
export { parseJsonStrict } from './yaml/json.ts';
export type { YamlLimits } from './yaml/limits.ts';
export { bodyLimits, MAX_DEPTH, manifestLimits } from './yaml/limits.ts';
export type { LineTree, Located } from './yaml/locate.ts';
export { lineOfField, lineOfPath } from './yaml/locate.ts';
export type { Diagnostic, Manifest, ParsedManifests } from './yaml/manifests.ts';
export { parseManifests } from './yaml/manifests.ts';
export type { YamlValue } from './yaml/yaml-values.ts';
export { parseYamlValues } from './yaml/yaml-values.ts';
