import type { KubeObject, StoredObject } from '#api';
import { deepFreeze } from '#base';
import type { StoredValue } from '#store';

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true });

/** The bytes of an object as stored: JSON without `metadata.resourceVersion`, which is the store's revision of the key. */
export function encodeObject(object: KubeObject): Uint8Array {
  const { resourceVersion: _, ...metadata } = object.metadata;
  return encoder.encode(JSON.stringify({ ...object, metadata }));
}

/** Deeply frozen; made from the stored bytes alone. */
export function decodeObject({ value, revision }: Pick<StoredValue, 'value' | 'revision'>): StoredObject {
  const object = JSON.parse(decoder.decode(value)) as StoredObject;
  object.metadata.resourceVersion = String(revision);
  return deepFreeze(object);
}
