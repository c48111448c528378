/** Who owns which fields, as the verbs need it. Pure. */
import type { KubeObject, StoredObject } from '#api';
import type { ResourceRow, WriteRequest } from './api.ts';

export interface Writer extends Pick<WriteRequest, 'context' | 'fieldManager'> {
  readonly subresource?: string;
}

export function ownCreated(_row: ResourceRow, object: KubeObject, _writer: Writer, _nowMs: number): KubeObject {
  return object;
}

export function ownUpdated(
  _row: ResourceRow,
  object: KubeObject,
  _old: StoredObject,
  _writer: Writer,
  _nowMs: number,
): KubeObject {
  return object;
}
