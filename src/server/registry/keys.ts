import type { ResourceType } from '#api';

/** Every API object's key begins with this. Other keys of the store (allocations) are no objects. */
export const OBJECT_PREFIX = '/registry/';

/** `pods` or `deployments.apps`: names one resource in keys, messages and caches. */
export function resourceName({ group, plural }: Pick<ResourceType, 'group' | 'plural'>): string {
  return group === '' ? plural : `${plural}.${group}`;
}

/** `/registry/pods/`: the prefix of all objects of one resource. */
export function resourcePrefix(type: Pick<ResourceType, 'group' | 'plural'>): string {
  return `${OBJECT_PREFIX}${resourceName(type)}/`;
}

/** `web/site`, or `node-1` for cluster scope: names an object within its resource. Lists are in the order of these. */
export function objectName(namespace: string, name: string): string {
  return namespace === '' ? name : `${namespace}/${name}`;
}

export function storeKey(type: ResourceType, namespace: string, name: string): string {
  return resourcePrefix(type) + objectName(type.namespaced ? namespace : '', name);
}
