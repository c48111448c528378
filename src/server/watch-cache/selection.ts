import type { StoredObject } from '#api';

/** Which objects of one resource a reader wants. `matches` decides; the rest lets the cache look at fewer of them. */
export interface Selection {
  /** '' for all. */
  readonly namespace: string;
  /** Only the object of this name. */
  readonly name?: string;
  /** Only objects whose indexed value (a pod's node) is this. */
  readonly indexed?: string;
  /** Nothing beyond namespace is asked for. */
  readonly everything: boolean;
  /** Complete: covers namespace, name and index too. */
  matches(object: StoredObject): boolean;
}

/** All objects of a namespace, or of all of them. */
export function selectNamespace(namespace: string): Selection {
  return {
    namespace,
    everything: true,
    matches: (object) => namespace === '' || object.metadata.namespace === namespace,
  };
}

/** The narrowest group of watchers that a selection can wait in. */
export function bucketOf(selection: Selection): string {
  if (selection.name !== undefined) return `name:${selection.name}`;
  if (selection.indexed !== undefined) return `index:${selection.indexed}`;
  return selection.namespace === '' ? 'all' : `namespace:${selection.namespace}`;
}
