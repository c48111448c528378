import { isApiError, type ResourceType, type StoredObject } from '#api';
import type { Client } from '#client';
import { mergePatch } from './merge-patch.ts';

/**
 * Writes what differs of a status, and of annotations when given; nothing when nothing differs. The sole writer of a
 * status needs no version check, so a change of the spec meanwhile is no conflict: `observedGeneration` tells what was
 * looked at. Answers the object as written; undefined when nothing was, also because it is gone: then nobody reads it.
 */
export async function writeStatus<T extends StoredObject & { readonly status?: unknown }>(
  client: Pick<Client, 'patch'>,
  resource: ResourceType<T>,
  object: T,
  wanted: { readonly status: unknown; readonly annotations?: Readonly<Record<string, string>> },
): Promise<T | undefined> {
  const { status, annotations } = wanted;
  const before = { status: object.status ?? {}, metadata: { annotations: object.metadata.annotations ?? {} } };
  const after = { status, metadata: { annotations: annotations ?? before.metadata.annotations } };
  const body = mergePatch(before, after);
  if (body === undefined) return undefined;
  try {
    return await client.patch(resource, object.metadata, { type: 'merge', body }, { subresource: 'status' });
  } catch (error) {
    if (isApiError(error, 'NotFound')) return undefined;
    throw error;
  }
}
