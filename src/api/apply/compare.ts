import type { Schema } from '../schema/schema.ts';
import { getOwn, isRecord } from '../values/own.ts';
import { fieldElement, itemElement } from './elements.ts';
import { EMPTY_SET, type FieldSet, isEmptySet, MEMBER } from './field-set.ts';
import { fieldsOfValue } from './fields-of.ts';
import { fieldSchema, isAbsent, isDeclared, sameValue, shapeOf } from './shape.ts';

/** The fields in which two versions of an object differ. */
export interface Changes {
  readonly added: FieldSet;
  readonly modified: FieldSet;
  readonly removed: FieldSet;
}

/** Compares field by field. The order of items that have names is no difference. */
export function compareFields(schema: Schema, before: unknown, after: unknown): Changes {
  const fields = new Difference();
  compareMaps(schema, isRecord(before) ? before : {}, isRecord(after) ? after : {}, fields);
  return {
    added: fields.added ?? EMPTY_SET,
    modified: fields.modified ?? EMPTY_SET,
    removed: fields.removed ?? EMPTY_SET,
  };
}

export function isUnchanged({ added, modified, removed }: Changes): boolean {
  return isEmptySet(added) && isEmptySet(modified) && isEmptySet(removed);
}

type Sets = Partial<Record<keyof Changes, FieldSet>>;

/** Collects what the children of one node bring; stays empty, and free, where nothing differs. */
class Difference implements Sets {
  added?: Record<string, FieldSet>;
  modified?: Record<string, FieldSet>;
  removed?: Record<string, FieldSet>;

  put(element: string, child: Sets): void {
    if (child.added !== undefined) {
      this.added ??= {};
      this.added[element] = child.added;
    }
    if (child.modified !== undefined) {
      this.modified ??= {};
      this.modified[element] = child.modified;
    }
    if (child.removed !== undefined) {
      this.removed ??= {};
      this.removed[element] = child.removed;
    }
  }
}

const NOTHING: Sets = {};

function compareValues(schema: Schema | undefined, before: unknown, after: unknown, declared: boolean): Sets {
  if (before === after) return NOTHING;
  if (isAbsent(before)) return isAbsent(after) ? NOTHING : { added: fieldsOfValue(schema, after, declared) };
  if (isAbsent(after)) return { removed: fieldsOfValue(schema, before, declared) };
  const shape = shapeOf(schema, after);
  if (shape === 'leaf' || shapeOf(schema, before) !== shape) {
    return sameValue(schema, before, after) ? NOTHING : { modified: MEMBER };
  }
  const fields = new Difference();
  if (shape === 'map') compareMaps(schema, before as JsonMap, after as JsonMap, fields);
  else compareItems(schema as Schema, before as readonly unknown[], after as readonly unknown[], fields);
  return fields;
}

type JsonMap = Readonly<Record<string, unknown>>;

function compareMaps(schema: Schema | undefined, before: JsonMap, after: JsonMap, into: Difference): void {
  const compare = (key: string) =>
    into.put(
      fieldElement(key),
      compareValues(fieldSchema(schema, key), getOwn(before, key), getOwn(after, key), isDeclared(schema, key)),
    );
  for (const key of Object.keys(before)) compare(key);
  for (const key of Object.keys(after)) if (!Object.hasOwn(before, key)) compare(key);
}

function compareItems(schema: Schema, before: readonly unknown[], after: readonly unknown[], into: Difference): void {
  const old = itemsByElement(schema, before);
  const now = itemsByElement(schema, after);
  for (const [element, item] of old) into.put(element, compareValues(schema.items, item, now.get(element), false));
  for (const [element, item] of now) {
    if (!old.has(element)) into.put(element, compareValues(schema.items, undefined, item, false));
  }
}

/** The first item of each name; items without their keys are passed over. */
export function itemsByElement(schema: Schema, items: readonly unknown[]): Map<string, unknown> {
  const byElement = new Map<string, unknown>();
  for (const item of items) {
    const element = itemElement(schema, item);
    if (element !== undefined && !byElement.has(element)) byElement.set(element, item);
  }
  return byElement;
}
