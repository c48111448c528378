/** Defaults of what makes pods. Each changes the object it is given. Source: Kubernetes v1.32, pkg/apis/{apps,core}/v1/defaults.go. */
import { getField, isJsonObject, type JsonObject } from '../schema/json.ts';
import { ensurePart, partOf, partsOf, setDefault, textOf } from './fields.ts';
import { defaultPodTemplate } from './pod.ts';
import { defaultPersistentVolumeClaim } from './storage.ts';

export function defaultDeployment(deployment: JsonObject): void {
  const spec = ensurePart(deployment, 'spec');
  if (spec === undefined) return;
  setDefault(spec, 'replicas', 1);
  setDefault(spec, 'revisionHistoryLimit', 10);
  setDefault(spec, 'progressDeadlineSeconds', 600);
  const rolling = rollingUpdateOf(spec, 'strategy');
  if (rolling !== undefined) setDefault(rolling, 'maxUnavailable', '25%');
  if (rolling !== undefined) setDefault(rolling, 'maxSurge', '25%');
  defaultPodTemplate(spec);
}

export function defaultReplicaSet(replicaSet: JsonObject): void {
  const spec = ensurePart(replicaSet, 'spec');
  if (spec === undefined) return;
  setDefault(spec, 'replicas', 1);
  defaultPodTemplate(spec);
}

/** Selects and is labelled with the labels of its template unless it says otherwise. */
export function defaultReplicationController(controller: JsonObject): void {
  const spec = ensurePart(controller, 'spec');
  if (spec === undefined) return;
  setDefault(spec, 'replicas', 1);
  const labels = partOf(partOf(partOf(spec, 'template'), 'metadata'), 'labels');
  if (labels !== undefined && isEmpty(getField(spec, 'selector'))) spec['selector'] = { ...labels };
  labelLikeTemplate(controller);
  defaultPodTemplate(spec);
}

/** An object without labels of its own takes those of its template. */
export function labelLikeTemplate(object: JsonObject): void {
  const labels = partOf(partOf(partOf(partOf(object, 'spec'), 'template'), 'metadata'), 'labels');
  const metadata = partOf(object, 'metadata');
  if (labels === undefined || metadata === undefined || Object.keys(labels).length === 0) return;
  if (isEmpty(getField(metadata, 'labels'))) metadata['labels'] = { ...labels };
}

export function defaultStatefulSet(statefulSet: JsonObject): void {
  const spec = ensurePart(statefulSet, 'spec');
  if (spec === undefined) return;
  // Not optional in the type, and asked for by nobody. Source: api apps/v1 types.go, StatefulSetSpec (v0.32).
  setDefault(spec, 'serviceName', '');
  setDefault(spec, 'podManagementPolicy', 'OrderedReady');
  defaultStatefulStrategy(spec);
  const retention = ensurePart(spec, 'persistentVolumeClaimRetentionPolicy');
  if (retention !== undefined) setDefault(retention, 'whenDeleted', 'Retain');
  if (retention !== undefined) setDefault(retention, 'whenScaled', 'Retain');
  setDefault(spec, 'replicas', 1);
  setDefault(spec, 'revisionHistoryLimit', 10);
  defaultPodTemplate(spec);
  for (const claim of partsOf(spec, 'volumeClaimTemplates')) defaultClaimTemplate(claim);
}

/** Parameters are only filled in where they stand, or where the strategy itself is filled in. */
function defaultStatefulStrategy(spec: JsonObject): void {
  const strategy = ensurePart(spec, 'updateStrategy');
  if (strategy === undefined) return;
  if (textOf(strategy, 'type') === undefined) ensurePart(strategy, 'rollingUpdate');
  setDefault(strategy, 'type', 'RollingUpdate');
  const rolling = partOf(strategy, 'rollingUpdate');
  if (strategy['type'] === 'RollingUpdate' && rolling !== undefined) setDefault(rolling, 'partition', 0);
}

/** Source: also pkg/apis/apps/v1/conversion.go and strategy.go: a claim in a list still says what it is, and how far it came. */
function defaultClaimTemplate(claim: JsonObject): void {
  setDefault(claim, 'apiVersion', 'v1');
  setDefault(claim, 'kind', 'PersistentVolumeClaim');
  defaultPersistentVolumeClaim(claim);
  const status = ensurePart(claim, 'status');
  if (status !== undefined) setDefault(status, 'phase', 'Pending');
}

export function defaultDaemonSet(daemonSet: JsonObject): void {
  const spec = ensurePart(daemonSet, 'spec');
  if (spec === undefined) return;
  setDefault(spec, 'revisionHistoryLimit', 10);
  const rolling = rollingUpdateOf(spec, 'updateStrategy');
  if (rolling !== undefined) setDefault(rolling, 'maxUnavailable', 1);
  if (rolling !== undefined) setDefault(rolling, 'maxSurge', 0);
  defaultPodTemplate(spec);
}

/** A template that stands alone, without a spec around it. */
export function defaultPodTemplateObject(object: JsonObject): void {
  if (ensurePart(object, 'template') !== undefined) defaultPodTemplate(object);
}

/** The parameters of a rolling update, which is the strategy when none is named; undefined for another one. */
function rollingUpdateOf(spec: JsonObject, field: string): JsonObject | undefined {
  const strategy = ensurePart(spec, field);
  if (strategy === undefined) return undefined;
  setDefault(strategy, 'type', 'RollingUpdate');
  return strategy['type'] === 'RollingUpdate' ? ensurePart(strategy, 'rollingUpdate') : undefined;
}

function isEmpty(map: unknown): boolean {
  return map === undefined || (isJsonObject(map) && Object.keys(map).length === 0);
}
