import {
  type CustomResourceDefinition,
  DEPLOYMENTS,
  groupOf,
  type OwnerReference,
  type Pod,
  REPLICA_SETS,
  REPLICATION_CONTROLLERS,
  type ResourceType,
  STATEFUL_SETS,
  type StoredObject,
} from '#api';
import type { Informer } from '#reconcile';
import type { OwnableKinds } from '../shared/all-kinds.ts';
import { controllerOf } from '../shared/owners.plan.ts';
import type { Scale } from './disruption.plan.ts';

export interface ScaleFinderDeps {
  readonly contents: OwnableKinds;
  readonly definitions: Informer<CustomResourceDefinition>;
}

export interface FoundScale {
  readonly scale: Scale;
  /** Pods that nobody controls: nobody knows how many of them there ought to be. */
  readonly unmanaged: readonly Pod[];
}

/** Kinds of Kubernetes that say how many replicas they want. */
const SCALABLE: readonly ResourceType[] = [REPLICATION_CONTROLLERS, REPLICA_SETS, DEPLOYMENTS, STATEFUL_SETS];

/**
 * How many pods the controllers of these want together, each counted once. A ReplicaSet of a Deployment stands for its
 * Deployment. Source: kubernetes pkg/controller/disruption/disruption.go, getExpectedScale and finders (v1.32).
 */
export function findScale(deps: ScaleFinderDeps, pods: readonly Pod[]): FoundScale {
  const replicas = new Map<string, number>();
  const unmanaged: Pod[] = [];
  for (const pod of pods) {
    const reference = controllerOf(pod);
    if (reference === undefined) {
      unmanaged.push(pod);
      continue;
    }
    const found = scaleOfController(deps, reference, pod.metadata.namespace ?? '');
    if (found === undefined)
      return { scale: { error: `found no controllers for pod "${pod.metadata.name}"` }, unmanaged };
    if ('error' in found) return { scale: found, unmanaged };
    replicas.set(found.uid, found.replicas);
  }
  return { scale: { replicas: [...replicas.values()].reduce((sum, each) => sum + each, 0) }, unmanaged };
}

type Found = { readonly uid: string; readonly replicas: number } | { readonly error: string } | undefined;

function scaleOfController(
  { contents, definitions }: ScaleFinderDeps,
  reference: OwnerReference,
  namespace: string,
): Found {
  const controller = ownerOf(contents, reference, namespace);
  if (controller === undefined) return undefined;
  const above = controllerOf(controller.object);
  const isPart = controller.type === REPLICA_SETS && above !== undefined && isOf(above, DEPLOYMENTS);
  const { type, object } = (isPart ? ownerOf(contents, above, namespace) : undefined) ?? controller;
  const path = SCALABLE.includes(type) ? ['spec', 'replicas'] : scalePathOf(definitions.list(), type);
  if (path === undefined) {
    const name = type.group === '' ? type.plural : `${type.plural}.${type.group}`;
    return { error: `${name} does not implement the scale subresource` };
  }
  const wanted = path.reduce<unknown>((value, field) => fieldOf(value, field), object);
  return { uid: object.metadata.uid, replicas: typeof wanted === 'number' ? wanted : 0 };
}

function ownerOf(contents: OwnableKinds, reference: OwnerReference, namespace: string) {
  const informer = contents.informers.find(({ resource }) => isOf(reference, resource));
  const object: StoredObject | undefined = informer?.get(`${namespace}/${reference.name}`);
  if (informer === undefined || object?.metadata.uid !== reference.uid) return undefined;
  return { type: informer.resource, object };
}

function isOf({ apiVersion, kind }: OwnerReference, type: ResourceType): boolean {
  return kind === type.kind && groupOf(apiVersion) === type.group;
}

/** Where a custom kind keeps its replicas, when its definition says so. */
function scalePathOf(definitions: readonly CustomResourceDefinition[], type: ResourceType) {
  const definition = definitions.find(({ spec }) => spec.group === type.group && spec.names.plural === type.plural);
  const version = definition?.spec.versions.find(({ name }) => name === type.version);
  return version?.subresources?.scale?.specReplicasPath.split('.').filter((step) => step !== '');
}

function fieldOf(value: unknown, field: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, field)) return undefined;
  return (value as Readonly<Record<string, unknown>>)[field];
}
