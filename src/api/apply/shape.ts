import type { Schema } from '../schema/schema.ts';
import { getOwn, isRecord, setOwn } from '../values/own.ts';
import { canonicalQuantity } from '../values/quantity.ts';

/** How a value is owned and merged: as one, field by field, or item by item. */
export type MergeShape = 'leaf' | 'map' | 'keyed';

/**
 * Lists whose items have names (`set`, `map`) are merged by item, other lists are one value; maps are merged by field
 * unless they are atomic. Where the schema knows nothing, maps are merged and lists are not.
 */
export function shapeOf(schema: Schema | undefined, value: unknown): MergeShape {
  if (Array.isArray(value)) return schema?.listType === 'set' || schema?.listType === 'map' ? 'keyed' : 'leaf';
  return isRecord(value) && schema?.mapType !== 'atomic' ? 'map' : 'leaf';
}

export function fieldSchema(schema: Schema | undefined, key: string): Schema | undefined {
  if (schema?.properties !== undefined) return getOwn(schema.properties, key) ?? schema.values;
  return schema?.values;
}

/** Whether the schema declares the field, so that its map need not own it by itself. */
export function isDeclared(schema: Schema | undefined, key: string): boolean {
  return schema?.properties !== undefined && Object.hasOwn(schema.properties, key);
}

/** Null in an object means that the field is not set. */
export function isAbsent(value: unknown): value is null | undefined {
  return value === undefined || value === null;
}

/** A copy in which no map holds null: to write null is to say nothing. */
export function withoutNulls<T>(value: T): T {
  if (Array.isArray(value)) return value.map(withoutNulls) as T;
  if (!isRecord(value)) return value;
  const kept: Record<string, unknown> = {};
  for (const key of Object.keys(value)) if (!isAbsent(value[key])) setOwn(kept, key, withoutNulls(value[key]));
  return kept as T;
}

/** Equality as the API sees it: quantities by amount, null as absent; `loose`: empty lists and maps as absent too. */
export function sameValue(schema: Schema | undefined, left: unknown, right: unknown, loose = false): boolean {
  if (left === right) return true;
  if (isNothing(left, loose) || isNothing(right, loose)) return isNothing(left, loose) && isNothing(right, loose);
  if (Array.isArray(left)) {
    if (!Array.isArray(right) || left.length !== right.length) return false;
    return left.every((item, index) => sameValue(schema?.items, item, right[index], loose));
  }
  if (isRecord(left)) return isRecord(right) && !Array.isArray(right) && sameFields(schema, left, right, loose);
  return schema?.type === 'quantity' && sameQuantity(left, right);
}

function isNothing(value: unknown, loose: boolean): boolean {
  if (isAbsent(value)) return true;
  if (!loose || typeof value !== 'object') return false;
  if (Array.isArray(value)) return value.length === 0;
  return Object.values(value as object).every((inner) => isNothing(inner, true));
}

function sameFields(
  schema: Schema | undefined,
  left: Readonly<Record<string, unknown>>,
  right: Readonly<Record<string, unknown>>,
  loose: boolean,
): boolean {
  const same = (key: string) => sameValue(fieldSchema(schema, key), getOwn(left, key), getOwn(right, key), loose);
  return Object.keys(left).every(same) && Object.keys(right).every((key) => Object.hasOwn(left, key) || same(key));
}

function sameQuantity(left: unknown, right: unknown): boolean {
  if (!isScalarText(left) || !isScalarText(right)) return false;
  const canonical = canonicalQuantity(left);
  return canonical !== undefined && canonical === canonicalQuantity(right);
}

function isScalarText(value: unknown): value is string | number {
  return typeof value === 'string' || typeof value === 'number';
}
