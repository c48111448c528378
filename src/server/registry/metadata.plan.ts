/** Which parts of `metadata` are the server's, and how a write keeps them. Pure. */
import type { KubeObject, ObjectMeta, StoredObject } from '#api';
import { formatTime } from '#base';

/** What the server alone says of an object. */
const SERVER_OWNED = [
  'uid',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'generation',
  'resourceVersion',
  'selfLink',
  'managedFields',
] as const;

/** What is not there when it is empty. Source: apimachinery meta/v1 types.go, ObjectMeta: `omitempty` (v0.32). */
const NEVER_EMPTY = ['labels', 'annotations', 'ownerReferences', 'finalizers'] as const;

/** `metadata` of a new object: what the writer may say, and the server's identity. */
export function newMetadata(
  sent: ObjectMeta,
  own: { readonly name: string; readonly namespace: string; readonly uid: string; readonly nowMs: number },
): ObjectMeta {
  const { name: _, namespace: __, ...rest } = withoutServerOwned(sent);
  return {
    name: own.name,
    ...(own.namespace === '' ? {} : { namespace: own.namespace }),
    uid: own.uid,
    creationTimestamp: formatTime(own.nowMs),
    ...withoutEmpty(rest),
  };
}

/** The object with all that an update cannot change taken from what is stored, and nothing empty kept. */
export function keepIdentity(object: KubeObject, old: StoredObject): KubeObject {
  const metadata: Record<string, unknown> = { ...withoutEmpty(object.metadata) };
  for (const field of [...SERVER_OWNED, 'name', 'namespace', 'generateName'] as const) {
    if (field === 'managedFields') continue;
    const kept = (old.metadata as unknown as Record<string, unknown>)[field];
    if (kept === undefined) delete metadata[field];
    else metadata[field] = kept;
  }
  return { ...object, apiVersion: old.apiVersion, kind: old.kind, metadata: metadata as unknown as ObjectMeta };
}

/** A write to `/status` changes the status, and labels and annotations as Kubernetes' own kinds allow, but no custom ones. */
export function onlyStatus(object: KubeObject, old: StoredObject, isCustom: boolean): KubeObject {
  const { labels: _, annotations: __, ...metadata } = old.metadata;
  const { managedFields } = object.metadata;
  const { labels, annotations } = isCustom ? old.metadata : object.metadata;
  const written: KubeObject = {
    ...old,
    metadata: {
      ...metadata,
      ...(labels === undefined ? {} : { labels }),
      ...(annotations === undefined ? {} : { annotations }),
      ...(managedFields === undefined ? {} : { managedFields }),
    },
  };
  if (object['status'] === undefined) delete written['status'];
  else written['status'] = object['status'];
  return written;
}

function withoutEmpty(metadata: ObjectMeta): ObjectMeta {
  const kept: Record<string, unknown> = { ...metadata };
  for (const field of NEVER_EMPTY) {
    const value = kept[field];
    if (typeof value === 'object' && value !== null && Object.keys(value).length === 0) delete kept[field];
  }
  return kept as ObjectMeta;
}

function withoutServerOwned(metadata: ObjectMeta): ObjectMeta {
  const kept: Record<string, unknown> = { ...metadata };
  for (const field of SERVER_OWNED) delete kept[field];
  return kept as ObjectMeta;
}
