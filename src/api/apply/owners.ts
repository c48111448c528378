import type { ManagedFieldsEntry } from '../meta/object.ts';
import { childNode, type FieldSet, isEmptySet } from './field-set.ts';

/** Who wrote a field last, and when. */
export interface FieldOwner {
  readonly manager: string;
  readonly operation: 'Apply' | 'Update';
  readonly subresource?: string;
  readonly user?: string;
  readonly time?: string;
}

/**
 * The owners of a field, newest first: those who own it or any part of it; when there are none, those who own a value
 * that holds it whole (an atomic list or map). `path` is made of elements: `f:spec`, `k:{"name":"web"}`.
 */
export function ownersOf(entries: readonly ManagedFieldsEntry[] | undefined, path: readonly string[]): FieldOwner[] {
  const claims = (entries ?? []).map((entry) => ({ entry, claim: claimOn((entry.fieldsV1 ?? {}) as FieldSet, path) }));
  const direct = claims.filter(({ claim }) => claim === 'field');
  return (direct.length > 0 ? direct : claims.filter(({ claim }) => claim === 'holder'))
    .map(({ entry }) => toOwner(entry))
    .sort((a, b) => ((a.time ?? '') < (b.time ?? '') ? 1 : (a.time ?? '') > (b.time ?? '') ? -1 : 0));
}

function claimOn(fields: FieldSet, path: readonly string[]): 'field' | 'holder' | undefined {
  let node: FieldSet = fields;
  for (const element of path) {
    const next = childNode(node, element);
    // A member without children holds everything below it.
    if (next === undefined) return node !== fields && isEmptySet(node) ? 'holder' : undefined;
    node = next;
  }
  return isEmptySet(fields) ? undefined : 'field';
}

export function toOwner({ manager, operation, subresource, user, time }: ManagedFieldsEntry): FieldOwner {
  return {
    manager: manager ?? '',
    operation: operation ?? 'Update',
    ...(subresource === undefined ? {} : { subresource }),
    ...(user === undefined ? {} : { user }),
    ...(time === undefined ? {} : { time }),
  };
}
