import { isApiError, type LabelSelectorObject, type ResourceType, type StoredObject, selectorFromObject } from '#api';
import type { Client } from '#client';
import { type Expectations, type Informer, keyOf } from '#reconcile';
import { planClaim } from './claim.plan.ts';
import { BY_CONTROLLER, controllerReference, orphansOf } from './owners.plan.ts';

export interface ClaimDeps<T extends StoredObject> {
  readonly client: Pick<Client, 'get' | 'patch'>;
  /** Indexed by controller. */
  readonly informer: Informer<T>;
  readonly expectations: Expectations;
}

/** The owner's kind, and what it selects. */
export interface Claimant<T> {
  readonly owner: StoredObject;
  readonly resource: ResourceType;
  readonly selector: LabelSelectorObject | undefined;
  /** What is taken gets it in the same write, and what is let go loses it. */
  readonly finalizer?: string;
  /** What else must hold of an object that is selected; anything when absent. */
  readonly isMember?: (object: T) => boolean;
}

/** What the owner has, after taking what it selects and letting go what it no longer does. */
export async function claim<T extends StoredObject>(
  { client, informer, expectations }: ClaimDeps<T>,
  { owner, resource, selector, finalizer, isMember }: Claimant<T>,
): Promise<readonly T[]> {
  const key = keyOf(owner);
  const candidates = [
    ...informer.byIndex(BY_CONTROLLER, owner.metadata.uid),
    ...informer.byIndex(BY_CONTROLLER, orphansOf(owner.metadata.namespace)),
  ];
  const plan = planClaim({
    owner,
    selector: selectorFromObject(selector),
    candidates,
    ...(isMember === undefined ? {} : { isMember }),
  });
  for (const object of plan.release) await write(object, without(object, owner), []);
  if (plan.adopt.length === 0 || !(await isStillThere())) return plan.owned;
  const adopted: T[] = [];
  for (const object of plan.adopt) {
    const references = [...(object.metadata.ownerReferences ?? []), controllerReference(owner, resource)];
    const written = await write(object, references, finalizer === undefined ? [] : [finalizer]);
    if (written !== undefined) adopted.push(written);
  }
  return [...plan.owned, ...adopted];

  /** The cache may not know yet that the owner is gone: adopting for it would orphan a second time. */
  async function isStillThere(): Promise<boolean> {
    const live = await client.get(resource, owner.metadata);
    return live?.metadata.uid === owner.metadata.uid && live.metadata.deletionTimestamp === undefined;
  }

  /** Undefined when the object is gone. One that has moved on is a conflict: the pass is made again. */
  async function write(
    object: T,
    ownerReferences: readonly unknown[],
    held: readonly string[],
  ): Promise<T | undefined> {
    const { resourceVersion, finalizers = [] } = object.metadata;
    const holds =
      finalizer === undefined ? {} : { finalizers: [...finalizers.filter((each) => each !== finalizer), ...held] };
    const body = { metadata: { resourceVersion, ownerReferences: ownerReferences as never, ...holds } };
    try {
      const written = await client.patch(informer.resource, object.metadata, { type: 'merge', body });
      return expectations.wrote(key, informer, written);
    } catch (error) {
      if (isApiError(error, 'NotFound')) return undefined;
      throw error;
    }
  }
}

function without(object: StoredObject, owner: StoredObject) {
  return (object.metadata.ownerReferences ?? []).filter(({ uid }) => uid !== owner.metadata.uid);
}
