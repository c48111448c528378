import { ApiError } from '../meta/status.ts';
import type { Schema } from '../schema/schema.ts';
import { isRecord } from '../values/own.ts';
import { fieldElement, formatElements, itemElement } from './elements.ts';
import { EMPTY_SET, type FieldSet, MEMBER, makeNode } from './field-set.ts';
import { fieldSchema, isAbsent, isDeclared, shapeOf } from './shape.ts';

/**
 * The fields that an object sets. Strict, for what a client applies: throws `BadRequest` for an item without its keys
 * and for two items with the same; otherwise such items are passed over.
 * Source: structured-merge-diff typed/tofieldset.go (v4.4), behaviour only.
 */
export function fieldsOf(schema: Schema, object: unknown, strict = false): FieldSet {
  if (!isRecord(object)) return EMPTY_SET;
  return mapChildren(schema, object, strict ? [] : undefined);
}

/** The node for one value. `declared`: its parent's schema names it, so a filled map or list is not owned by itself. */
export function fieldsOfValue(
  schema: Schema | undefined,
  value: unknown,
  declared: boolean,
  path?: readonly string[],
): FieldSet {
  const shape = shapeOf(schema, value);
  if (shape === 'leaf') return MEMBER;
  const children =
    shape === 'map'
      ? mapChildren(schema, value as Readonly<Record<string, unknown>>, path)
      : itemChildren(schema as Schema, value as readonly unknown[], path);
  return makeNode(!declared, children) ?? MEMBER;
}

/** `path` is given when the walk is strict. */
function mapChildren(
  schema: Schema | undefined,
  map: Readonly<Record<string, unknown>>,
  path: readonly string[] | undefined,
): Record<string, FieldSet> {
  const children: Record<string, FieldSet> = {};
  for (const key of Object.keys(map)) {
    const value = map[key];
    if (isAbsent(value)) continue;
    const element = fieldElement(key);
    children[element] = fieldsOfValue(
      fieldSchema(schema, key),
      value,
      isDeclared(schema, key),
      path && [...path, element],
    );
  }
  return children;
}

function itemChildren(
  schema: Schema,
  items: readonly unknown[],
  path: readonly string[] | undefined,
): Record<string, FieldSet> {
  const children: Record<string, FieldSet> = {};
  for (const item of items) {
    const element = itemElement(schema, item);
    if (element === undefined) {
      if (path === undefined) continue;
      throw new ApiError(
        'BadRequest',
        `${formatElements(path)}: an item lacks ${(schema.listMapKeys ?? []).join(' or ')}`,
      );
    }
    if (path !== undefined && children[element] !== undefined) {
      throw new ApiError('BadRequest', `${formatElements(path)}: duplicate entries for ${formatElements([element])}`);
    }
    children[element] = fieldsOfValue(schema.items, item, false, path && [...path, element]);
  }
  return children;
}
