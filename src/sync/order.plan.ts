import { groupOf, type KubeObject } from '#api';
import { definedKind } from './objects.plan.ts';

/** Where an object stands in a run: waves first, then kinds, then names. A total order. */
export interface OrderKey {
  readonly wave: number;
  readonly rank: number;
  /** `formatObjectKey`: the last word, so that no two objects are equal. */
  readonly id: string;
}

const WAVE_ANNOTATION = 'argocd.argoproj.io/sync-wave';
/** Source: argo-cd gitops-engine/pkg/sync/syncwaves/waves.go, which takes it where there is no wave. */
const HELM_WEIGHT = 'helm.sh/hook-weight';
/** int32, as Argo CD parses it. */
const MAX_WAVE = 2_147_483_647;

/**
 * Kinds in the order in which they are applied; unknown ones come last, Applications at the very end.
 * Source: argo-cd gitops-engine/pkg/sync/sync_tasks.go, kindOrder (v3.0); kinds that are not there stand where they are
 * needed, before what names them.
 */
const KIND_ORDER = [
  'Namespace',
  'NetworkPolicy',
  'ResourceQuota',
  'LimitRange',
  'PodSecurityPolicy',
  'PodDisruptionBudget',
  'ServiceAccount',
  'Secret',
  'SecretList',
  'ConfigMap',
  'StorageClass',
  'PersistentVolume',
  'PersistentVolumeClaim',
  'CustomResourceDefinition',
  'PriorityClass',
  'RuntimeClass',
  'ClusterRole',
  'ClusterRoleList',
  'ClusterRoleBinding',
  'ClusterRoleBindingList',
  'Role',
  'RoleList',
  'RoleBinding',
  'RoleBindingList',
  'Service',
  'DaemonSet',
  'PodTemplate',
  'Pod',
  'ReplicationController',
  'ReplicaSet',
  'Deployment',
  'HorizontalPodAutoscaler',
  'StatefulSet',
  'Job',
  'CronJob',
  'IngressClass',
  'Ingress',
  'APIService',
  'AppProject',
];
const RANKS = new Map(KIND_ORDER.map((kind, rank) => [kind, rank]));

export function kindRank(kind: string): number {
  return RANKS.get(kind) ?? (kind === 'Application' ? KIND_ORDER.length + 1 : KIND_ORDER.length);
}

/** The wave an object asks for, as Argo CD's or as the weight of a hook of Helm's; 0 when it asks for none, or for something that is no whole number. */
export function waveOf(object: KubeObject): number {
  const annotations = object.metadata.annotations ?? {};
  const text = annotations[WAVE_ANNOTATION] ?? annotations[HELM_WEIGHT];
  if (text === undefined || !/^[+-]?\d{1,10}$/.test(text.trim())) return 0;
  const wave = Number(text.trim());
  return Math.abs(wave) > MAX_WAVE ? 0 : wave;
}

/**
 * Each object's place. A Namespace is moved before everything that lives in it, and a definition before every object of its
 * kind: they take the first wave that any of those asks for.
 */
export function orderKeys(
  objects: readonly { readonly id: string; readonly object: KubeObject }[],
): ReadonlyMap<string, OrderKey> {
  const firstWaveIn = new Map<string, number>();
  const firstWaveOf = new Map<string, number>();
  for (const { object } of objects) {
    const kind = `${groupOf(object.apiVersion)}/${object.kind}`;
    firstWaveOf.set(kind, Math.min(firstWaveOf.get(kind) ?? MAX_WAVE, waveOf(object)));
    const namespace = object.metadata.namespace;
    if (namespace === undefined || namespace === '') continue;
    firstWaveIn.set(namespace, Math.min(firstWaveIn.get(namespace) ?? MAX_WAVE, waveOf(object)));
  }
  const keys = new Map<string, OrderKey>();
  for (const { id, object } of objects) {
    const own = waveOf(object);
    const isNamespace = object.kind === 'Namespace' && object.apiVersion === 'v1';
    const defined = definedKind(object);
    const needed = isNamespace
      ? firstWaveIn.get(object.metadata.name ?? '')
      : defined && firstWaveOf.get(`${defined.group}/${defined.kind}`);
    keys.set(id, { wave: Math.min(own, needed ?? own), rank: kindRank(object.kind), id });
  }
  return keys;
}

export function compareOrder(left: OrderKey, right: OrderKey): number {
  return left.wave - right.wave || left.rank - right.rank || (left.id < right.id ? -1 : left.id > right.id ? 1 : 0);
}

/** Deleting goes the other way round: what was made last goes first. */
export function comparePruneOrder(left: OrderKey, right: OrderKey): number {
  return compareOrder(right, left);
}
