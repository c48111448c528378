import { EVENTS, RESOURCES, type ResourceType, type StoredObject } from '#api';
import type { Informer, Informers } from '#reconcile';

/** Kinds that neither own nor are owned, and change too often to be kept for the garbage collector. */
const NOT_WATCHED: readonly ResourceType[] = [EVENTS];

/** Informers of every kind that can own or be owned. */
export function ownableKinds(informers: Informers): readonly Informer<StoredObject>[] {
  return RESOURCES.filter((resource) => !NOT_WATCHED.includes(resource)).map((resource) => informers.of(resource));
}
