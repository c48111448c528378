import { groupOf, type OwnerReference, type ResourceType, type StoredObject } from '#api';
import { type Informer, keyOf } from '#reconcile';
import type { OwnableKinds } from '../shared/all-kinds.ts';
import { isGoingAfterDependents, type OwnerState } from './garbage-collection.plan.ts';

const BY_OWNER = 'owner';

/** Who owns whom, read off the informers' own indexes: no second copy of the cluster. */
export class OwnerGraph {
  readonly #kinds: OwnableKinds;
  /** The kinds that are always there: nearly every owner is of one of them. */
  readonly #fixed: ReadonlyMap<string, Informer<StoredObject>>;

  constructor(kinds: OwnableKinds) {
    this.#kinds = kinds;
    this.#fixed = new Map(kinds.informers.map((informer) => [kindKey(informer.resource), informer]));
    for (const informer of kinds.informers) indexByOwner(informer);
    kinds.onAdded(indexByOwner);
  }

  get informers(): readonly Informer<StoredObject>[] {
    return this.#kinds.informers;
  }

  /** Calls back with each kind that comes later. Returns how to stop. */
  onAdded(listener: (informer: Informer<StoredObject>) => void): () => void {
    return this.#kinds.onAdded(listener);
  }

  informerOf(kind: string): Informer<StoredObject> | undefined {
    return this.#fixed.get(kind) ?? this.informers.find((informer) => kindKey(informer.resource) === kind);
  }

  dependentsOf(uid: string): readonly StoredObject[] {
    return this.informers.flatMap((informer) => informer.byIndex(BY_OWNER, uid));
  }

  /** Where an owner must live to own this object; undefined when its kind is not served. */
  ownerPlace(
    object: StoredObject,
    reference: OwnerReference,
  ): { readonly informer: Informer<StoredObject>; readonly key: string } | undefined {
    const informer = this.informerOf(`${groupOf(reference.apiVersion)}/${reference.kind}`);
    if (informer === undefined) return undefined;
    const { namespace } = object.metadata;
    const key = informer.resource.namespaced && namespace ? `${namespace}/${reference.name}` : reference.name;
    return { informer, key };
  }

  /** What the caches know. `absent` is only a suspicion: they may lag, so ask the server before acting on it. */
  cachedState(object: StoredObject, reference: OwnerReference): OwnerState {
    const place = this.ownerPlace(object, reference);
    if (place === undefined) return 'unknown';
    const { informer, key } = place;
    if (informer.resource.namespaced && !object.metadata.namespace) return 'foreign';
    const owner = informer.get(key);
    if (owner?.metadata.uid === reference.uid) return stateOf(owner);
    // A look at all of its kind: rare, since it is only for owners that are not where they should be.
    return informer.list().some(({ metadata }) => metadata.uid === reference.uid) ? 'foreign' : 'absent';
  }
}

function indexByOwner(informer: Informer<StoredObject>): void {
  informer.addIndex(BY_OWNER, ({ metadata }) => [...new Set((metadata.ownerReferences ?? []).map(({ uid }) => uid))]);
}

export function stateOf(owner: StoredObject): OwnerState {
  return isGoingAfterDependents(owner) ? 'going-after-dependents' : 'present';
}

export function kindKey({ group, kind }: Pick<ResourceType, 'group' | 'kind'>): string {
  return `${group}/${kind}`;
}

/** `apps/ReplicaSet web/site-abc`: one object of any kind. */
export function graphKey(resource: Pick<ResourceType, 'group' | 'kind'>, object: StoredObject): string {
  return `${kindKey(resource)} ${keyOf(object)}`;
}

export function splitGraphKey(key: string): { readonly kind: string; readonly key: string } {
  const space = key.indexOf(' ');
  return { kind: key.slice(0, space), key: key.slice(space + 1) };
}
