/** Who owns which fields after a write. Pure. */
import { type KubeObject, type StoredObject, trackUpdate, type WriterIdentity } from '#api';
import { formatTime } from '#base';
import type { ResourceRow, WriteRequest } from './api.ts';
import { invalid } from './errors.ts';
import { modelOf } from './models.ts';

/** Source: apimachinery meta/v1/validation/validation.go, FieldManagerMaxLength (v0.32). */
const MAX_MANAGER_LENGTH = 128;

export interface Writer extends Pick<WriteRequest, 'context' | 'fieldManager'> {
  readonly subresource?: string;
}

/** The writer as `managedFields` names it. Throws `Invalid` for a manager's name that is too long. */
export function identityOf({ context, fieldManager, subresource }: Writer, nowMs: number): WriterIdentity {
  const manager = fieldManager || context.defaultManager;
  if (manager.length > MAX_MANAGER_LENGTH) {
    const message = `Too long: may not be more than ${MAX_MANAGER_LENGTH} bytes`;
    const issue = { reason: 'FieldValueTooLong', path: 'fieldManager', message };
    throw invalid({ group: 'meta.k8s.io', kind: 'PatchOptions' }, '', [issue]);
  }
  return { manager, subresource, user: context.user.name, time: formatTime(nowMs) };
}

/** The creator owns what it asked for, and what that means by default; not the status that the server began. */
export function ownCreated(row: ResourceRow, object: KubeObject, writer: Writer, nowMs: number): KubeObject {
  const { status: _, ...asked } = object;
  const updated = row.subresources?.status === undefined ? object : (asked as KubeObject);
  const { metadata } = trackUpdate({
    ...identityOf(writer, nowMs),
    schema: modelOf(row).schema,
    live: undefined,
    updated,
  });
  return withManagedFields(object, metadata.managedFields);
}

/** The writer owns what it changed; what it removed is nobody's. */
export function ownUpdated(
  row: ResourceRow,
  object: KubeObject,
  old: StoredObject,
  writer: Writer,
  nowMs: number,
): KubeObject {
  return trackUpdate({ ...identityOf(writer, nowMs), schema: modelOf(row).schema, live: old, updated: object });
}

export function withManagedFields(
  object: KubeObject,
  managedFields: KubeObject['metadata']['managedFields'],
): KubeObject {
  const { managedFields: _, ...metadata } = object.metadata;
  return { ...object, metadata: managedFields === undefined ? metadata : { ...metadata, managedFields } };
}
