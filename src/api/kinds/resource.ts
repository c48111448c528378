import type { StoredObject } from '../meta/object.ts';

/**
 * Names one served resource: what a client needs to build a path, and the object type that comes back.
 * `T` exists only at compile time.
 */
export interface ResourceType<T extends StoredObject = StoredObject> {
  /** API group, '' for core. */
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  /** Lower-case plural, as in the path. */
  readonly plural: string;
  readonly namespaced: boolean;
  /** Never set: carries `T`. */
  readonly __object?: T;
}

/** `v1` or `apps/v1`. */
export function apiVersionOf({ group, version }: { readonly group: string; readonly version: string }): string {
  return group === '' ? version : `${group}/${version}`;
}
