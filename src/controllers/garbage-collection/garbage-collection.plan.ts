import type { OwnerReference, StoredObject } from '#api';

/**
 * What is known of one owner: `foreign` lives in another namespace, where a reference does not reach; `unknown` is of a
 * kind that is not served, so nobody can say that it is gone.
 */
export type OwnerState = 'present' | 'going-after-dependents' | 'absent' | 'foreign' | 'unknown';

export interface KnownOwner {
  readonly reference: OwnerReference;
  readonly state: OwnerState;
}

export interface CollectionSnapshot {
  readonly object: StoredObject;
  readonly owners: readonly KnownOwner[];
  /** Objects that name this one as an owner. */
  readonly dependents: readonly StoredObject[];
}

export type CollectionPlan = { readonly reason: string } & (
  | { readonly action: 'keep' }
  /** All its owners are gone. */
  | { readonly action: 'delete'; readonly policy: 'Background' | 'Foreground' | 'Orphan'; readonly unblock: boolean }
  /** Some owners are gone, others keep it. */
  | { readonly action: 'forget-owners'; readonly uids: readonly string[] }
  /** It goes, and its dependents are to stay. */
  | { readonly action: 'orphan-dependents'; readonly dependents: readonly StoredObject[] }
  | { readonly action: 'release'; readonly finalizer: string }
);

/** Source: apimachinery meta/v1 types.go (v0.32). */
export const FOREGROUND = 'foregroundDeletion';
export const ORPHAN = 'orphan';

/**
 * What is to be done about one object. Nothing is deleted while any owner is there, or might be.
 * Source: kubernetes pkg/controller/garbagecollector/garbagecollector.go, attemptToDeleteItem (v1.32).
 */
export function planCollection(snapshot: CollectionSnapshot): CollectionPlan {
  const { object, owners, dependents } = snapshot;
  const { deletionTimestamp, finalizers = [] } = object.metadata;
  if (deletionTimestamp !== undefined) {
    if (finalizers.includes(ORPHAN)) return planOrphaning(dependents);
    if (finalizers.includes(FOREGROUND)) return planForeground(object, dependents);
    return { action: 'keep', reason: 'it is going already' };
  }
  const kept = owners.filter(({ state }) => state === 'present' || state === 'foreign' || state === 'unknown');
  const lost = owners.filter(({ state }) => state === 'absent');
  const leaving = owners.filter(({ state }) => state === 'going-after-dependents');
  if (kept.length > 0) {
    const uids = [...lost, ...leaving].map(({ reference }) => reference.uid);
    return uids.length === 0
      ? { action: 'keep', reason: 'its owners are there' }
      : { action: 'forget-owners', uids, reason: 'another owner keeps it' };
  }
  if (leaving.length > 0 && dependents.length > 0) {
    // Two that own each other would wait for each other for ever.
    const unblock = dependents.some(isGoingAfterDependents);
    return { action: 'delete', policy: 'Foreground', unblock, reason: 'its owner goes after it' };
  }
  if (owners.length === 0) return { action: 'keep', reason: 'nobody owns it' };
  return { action: 'delete', policy: ownPolicy(finalizers), unblock: false, reason: 'its owners are gone' };
}

export function isGoingAfterDependents({ metadata }: StoredObject): boolean {
  return metadata.deletionTimestamp !== undefined && (metadata.finalizers ?? []).includes(FOREGROUND);
}

function planOrphaning(dependents: readonly StoredObject[]): CollectionPlan {
  return dependents.length > 0
    ? { action: 'orphan-dependents', dependents, reason: 'its dependents are to stay' }
    : { action: 'release', finalizer: ORPHAN, reason: 'nothing depends on it any more' };
}

function planForeground({ metadata }: StoredObject, dependents: readonly StoredObject[]): CollectionPlan {
  const blocks = ({ metadata: dependent }: StoredObject) =>
    dependent.uid !== metadata.uid &&
    (dependent.ownerReferences ?? []).some(({ uid, blockOwnerDeletion }) => uid === metadata.uid && blockOwnerDeletion);
  const blocking = dependents.filter(blocks);
  return blocking.length > 0
    ? { action: 'keep', reason: `it waits for ${blocking.length} dependents` }
    : { action: 'release', finalizer: FOREGROUND, reason: 'no dependent holds it any more' };
}

/** What a person asked for by the finalizer holds for what is deleted with it. */
function ownPolicy(finalizers: readonly string[]): 'Background' | 'Foreground' | 'Orphan' {
  if (finalizers.includes(ORPHAN)) return 'Orphan';
  return finalizers.includes(FOREGROUND) ? 'Foreground' : 'Background';
}
