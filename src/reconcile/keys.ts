import type { KubeObject } from '#api';
import type { NamespacedName } from '#client';

/** `namespace/name`, or `name` for cluster scope: how queues, informers and logs name one object of a known kind. */
export function keyOf({ metadata }: Pick<KubeObject, 'metadata'>): string {
  const name = metadata.name ?? '';
  return metadata.namespace === undefined || metadata.namespace === '' ? name : `${metadata.namespace}/${name}`;
}

/** The reverse of `keyOf`. */
export function splitKey(key: string): NamespacedName {
  const slash = key.indexOf('/');
  return slash < 0 ? { name: key } : { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}

/** A resource version as a number, so that two of one store can be compared; 0 when it is none. */
export function revisionOf(resourceVersion: string | undefined): number {
  const revision = Number(resourceVersion);
  return Number.isSafeInteger(revision) && revision > 0 ? revision : 0;
}
