import { ApiError, type KubeObject, type StoredObject } from '#api';
import { deepFreeze } from '#base';
import type { Operation } from '#store';
import type { ResourceRow } from '../api.ts';
import { decodeObject, encodeObject } from '../codec.ts';
import { objectName, storeKey } from '../keys.ts';
import { apiLimits } from '../limits.ts';
import { cacheOf, untilVisible, type VerbDeps } from './verb-deps.ts';

/** `lost`: somebody else wrote `key` first; what they wrote can be read now. */
export type Committed<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly key: string };

/**
 * Stores one version of an object, together with what else must happen at the same moment. Answers when everyone can
 * read it, with the very object that everyone reads.
 */
export async function commitPut(
  deps: VerbDeps,
  {
    row,
    object,
    old,
  }: { readonly row: ResourceRow; readonly object: KubeObject; readonly old: StoredObject | undefined },
  others: readonly Operation[],
): Promise<Committed<StoredObject>> {
  const namespace = object.metadata.namespace ?? '';
  const name = object.metadata.name ?? '';
  const key = storeKey(row.type, namespace, name);
  const value = encodeObject(row.custom?.toStored(object) ?? object);
  assertSize(value);
  const ifRevision = old === undefined ? 0 : Number(old.metadata.resourceVersion);
  const result = await commit(deps, [{ type: 'put', key, value, ifRevision }, ...others]);
  if (!result.ok) return result;
  const stored = cacheOf(deps, row).get(objectName(namespace, name));
  // Somebody may have written again by now: this answer is about this write.
  if (stored?.metadata.resourceVersion === String(result.value)) return { ok: true, value: stored };
  return { ok: true, value: decodeObject({ value, revision: result.value }) };
}

/** Removes an object, together with what else must happen at the same moment. Answers it in its last state. */
export async function commitRemoval(
  deps: VerbDeps,
  row: ResourceRow,
  object: StoredObject,
): Promise<Committed<StoredObject>> {
  const key = storeKey(row.type, object.metadata.namespace ?? '', object.metadata.name);
  const ifRevision = Number(object.metadata.resourceVersion);
  const others = isService(row) ? deps.allocator.release(object) : [];
  const result = await commit(deps, [{ type: 'delete', key, ifRevision }, ...others]);
  if (!result.ok) return result;
  const metadata = { ...object.metadata, resourceVersion: String(result.value) };
  return { ok: true, value: deepFreeze({ ...object, metadata }) };
}

/** Answers the revision, once it is visible; after a conflict, once what stood in the way is. */
async function commit(deps: VerbDeps, operations: readonly Operation[]): Promise<Committed<number>> {
  const result = await deps.store.commit(operations);
  if (result.ok) {
    await untilVisible(deps, result.revision);
    return { ok: true, value: result.revision };
  }
  const { key, current } = result.conflict;
  await untilVisible(deps, current?.revision ?? (await deps.store.revision()));
  return { ok: false, key };
}

/** A dry run's answer: what would be stored, at the version that stands. */
export function asIfStored(object: KubeObject, old: StoredObject | undefined): StoredObject {
  const value = encodeObject(object);
  assertSize(value);
  const answer = JSON.parse(new TextDecoder().decode(value)) as StoredObject;
  if (old !== undefined) answer.metadata.resourceVersion = old.metadata.resourceVersion;
  return deepFreeze(answer);
}

export function isService({ type }: ResourceRow): boolean {
  return type.group === '' && type.kind === 'Service';
}

function assertSize(value: Uint8Array): void {
  if (value.byteLength <= apiLimits.objectBytes) return;
  const message = `Request entity too large: limit is ${apiLimits.objectBytes} bytes, the object has ${value.byteLength}`;
  throw new ApiError('RequestEntityTooLarge', message);
}
