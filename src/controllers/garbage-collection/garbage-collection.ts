import { groupOf, isApiError, type Json, type OwnerReference, type ResourceType, type StoredObject } from '#api';
import { equalJson } from '#base';
import type { Client } from '#client';
import type { Controller, EventRecorder, Informer, KeySource } from '#reconcile';
import { splitKey } from '#reconcile';
import {
  type CollectionPlan,
  isGoingAfterDependents,
  type KnownOwner,
  planCollection,
} from './garbage-collection.plan.ts';
import { graphKey, kindKey, type OwnerGraph, splitGraphKey, stateOf } from './owner-graph.ts';

export interface GarbageCollectionDeps {
  readonly client: Client;
  readonly events: EventRecorder;
  readonly graph: OwnerGraph;
}

/**
 * Deletes what has lost all its owners, and ends deletions that wait for dependents. Whatever the caches say, an owner
 * counts as gone only when the server says so, and an object is deleted only as the very version that was judged.
 */
export function createGarbageCollectionController({ client, events, graph }: GarbageCollectionDeps): Controller {
  return {
    name: 'garbage-collection',
    async reconcile(key) {
      const { kind, key: at } = splitGraphKey(key);
      const informer = graph.informerOf(kind);
      const cached = informer?.get(at);
      if (informer === undefined || cached === undefined || !needsAttention(cached)) return {};
      const object = await client.get(informer.resource, splitKey(at));
      if (object === undefined || object.metadata.uid !== cached.metadata.uid) return {};
      const owners = await Promise.all((object.metadata.ownerReferences ?? []).map((each) => ownerOf(object, each)));
      for (const { state, reference } of owners) if (state === 'foreign') tellForeign(object, reference);
      const plan = planCollection({ object, owners, dependents: graph.dependentsOf(object.metadata.uid) });
      await carryOut(informer.resource, object, plan);
      return {};
    },
  };

  /** By the caches alone, which is all that the most objects ever need. */
  function needsAttention(object: StoredObject): boolean {
    if (object.metadata.deletionTimestamp !== undefined) return (object.metadata.finalizers ?? []).length > 0;
    return (object.metadata.ownerReferences ?? []).some((each) => graph.cachedState(object, each) !== 'present');
  }

  async function ownerOf(object: StoredObject, reference: OwnerReference): Promise<KnownOwner> {
    const state = graph.cachedState(object, reference);
    const place = graph.ownerPlace(object, reference);
    if (state !== 'absent' || place === undefined) return { reference, state };
    const live = await client.get(place.informer.resource, splitKey(place.key));
    return { reference, state: live?.metadata.uid === reference.uid ? stateOf(live) : 'absent' };
  }

  async function carryOut(resource: ResourceType, object: StoredObject, plan: CollectionPlan): Promise<void> {
    switch (plan.action) {
      case 'keep':
        return;
      case 'delete': {
        const judged = plan.unblock ? await unblockOwners(resource, object) : object;
        if (judged !== undefined) await remove(resource, judged, plan.policy);
        return;
      }
      case 'forget-owners':
        await writeOwners(resource, object, without(object, new Set(plan.uids)));
        return;
      case 'orphan-dependents':
        for (const dependent of plan.dependents) await orphan(dependent, object.metadata.uid);
        await release(resource, object, 'orphan');
        return;
      case 'release':
        await release(resource, object, plan.finalizer);
        return;
    }
  }

  async function remove(resource: ResourceType, object: StoredObject, policy: 'Background' | 'Foreground' | 'Orphan') {
    const { uid, resourceVersion } = object.metadata;
    await client.delete(resource, object.metadata, {
      propagationPolicy: policy,
      preconditions: { uid, resourceVersion },
    });
  }

  async function orphan(dependent: StoredObject, uid: string): Promise<void> {
    const resource = graph.informerOf(`${groupOf(dependent.apiVersion)}/${dependent.kind}`)?.resource;
    if (resource === undefined) return;
    const live = await client.get(resource, dependent.metadata);
    if (live?.metadata.uid === dependent.metadata.uid) await writeOwners(resource, live, without(live, new Set([uid])));
  }

  function unblockOwners(resource: ResourceType, object: StoredObject): Promise<StoredObject | undefined> {
    const references = (object.metadata.ownerReferences ?? []).map((each) => ({ ...each, blockOwnerDeletion: false }));
    return writeOwners(resource, object, references);
  }

  function writeOwners(resource: ResourceType, object: StoredObject, ownerReferences: readonly OwnerReference[]) {
    return patch(resource, object, { ownerReferences: ownerReferences as unknown as Json });
  }

  function release(resource: ResourceType, object: StoredObject, finalizer: string) {
    const finalizers = (object.metadata.finalizers ?? []).filter((each) => each !== finalizer);
    return patch(resource, object, { finalizers });
  }

  /** Of the very version that was looked at. Undefined when it is gone. */
  async function patch(resource: ResourceType, object: StoredObject, metadata: Readonly<Record<string, Json>>) {
    const body = { metadata: { resourceVersion: object.metadata.resourceVersion, ...metadata } };
    try {
      return await client.patch(resource, object.metadata, { type: 'merge', body });
    } catch (error) {
      if (isApiError(error, 'NotFound')) return undefined;
      throw error;
    }
  }

  function tellForeign(object: StoredObject, { kind, name, uid }: OwnerReference): void {
    const message = `ownerRef [${kind}/${name}, uid: ${uid}] does not exist in namespace "${object.metadata.namespace ?? ''}"; it is ignored`;
    events.record(object, { type: 'Warning', reason: 'OwnerRefInvalidNamespace', message });
  }
}

/**
 * Which objects a change may concern: the object itself; when it goes, what it owned and, since they may wait for it,
 * its owners; when it begins to go after its dependents, those.
 */
export function garbageCollectionSources(graph: OwnerGraph): KeySource[] {
  const keysOf = (objects: readonly StoredObject[]) =>
    objects.map((object) => graphKey({ group: groupOf(object.apiVersion), kind: object.kind }, object));

  function ownersOf(object: StoredObject): string[] {
    return (object.metadata.ownerReferences ?? []).flatMap((reference) => {
      const place = graph.ownerPlace(object, reference);
      return place === undefined ? [] : [`${kindKey(place.informer.resource)} ${place.key}`];
    });
  }

  function concerned(previous: StoredObject | undefined, current: StoredObject | undefined): string[] {
    if (current === undefined) {
      return previous === undefined
        ? []
        : [...keysOf(graph.dependentsOf(previous.metadata.uid)), ...ownersOf(previous)];
    }
    if (previous !== undefined && sameForOwners(previous, current)) return [];
    const replaced = previous !== undefined && previous.metadata.uid !== current.metadata.uid;
    const own = isOwnedOrGoing(current) ? keysOf([current]) : [];
    const waiting = isGoingAfterDependents(current) ? keysOf(graph.dependentsOf(current.metadata.uid)) : [];
    const former = previous === undefined ? [] : ownersOf(previous);
    const orphans = replaced ? keysOf(graph.dependentsOf(previous.metadata.uid)) : [];
    return [...own, ...waiting, ...former, ...orphans];
  }

  const follow = (informer: Informer<StoredObject>, enqueue: (key: string) => void) =>
    informer.onChange(({ previous, current }) => {
      for (const key of concerned(previous, current)) enqueue(key);
    });

  return [
    {
      subscribe(enqueue) {
        const stops = graph.informers.map((informer) => follow(informer, enqueue));
        stops.push(graph.onAdded((informer) => stops.push(follow(informer, enqueue))));
        return () => {
          for (const stop of stops) stop();
        };
      },
      *keys() {
        for (const informer of graph.informers) {
          for (const object of informer.list()) if (isOwnedOrGoing(object)) yield* keysOf([object]);
        }
      },
    },
  ];
}

function isOwnedOrGoing({ metadata }: StoredObject): boolean {
  return (metadata.ownerReferences ?? []).length > 0 || metadata.deletionTimestamp !== undefined;
}

function sameForOwners({ metadata: before }: StoredObject, { metadata: after }: StoredObject): boolean {
  return (
    before.uid === after.uid &&
    before.deletionTimestamp === after.deletionTimestamp &&
    equalJson(before.ownerReferences, after.ownerReferences) &&
    equalJson(before.finalizers, after.finalizers)
  );
}

function without({ metadata }: StoredObject, uids: ReadonlySet<string>): OwnerReference[] {
  return (metadata.ownerReferences ?? []).filter(({ uid }) => !uids.has(uid));
}
