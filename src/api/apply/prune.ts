import type { Schema } from '../schema/schema.ts';
import { isRecord, setOwn } from '../values/own.ts';
import { fieldElement, itemElement } from './elements.ts';
import { childNode, type FieldSet, isMember } from './field-set.ts';
import { fieldSchema, isAbsent, isDeclared, shapeOf } from './shape.ts';

/**
 * Takes away the fields of `dropped` that nobody of `kept` owns. What is dropped as a whole goes with all that stands
 * in it (defaults too); where someone keeps a part, only the rest goes, and an item keeps the keys that name it.
 */
export function pruneFields(schema: Schema, value: unknown, dropped: FieldSet, kept: FieldSet): unknown {
  return isRecord(value) ? pruneMap(schema, value, dropped, kept, []) : value;
}

/** Undefined means gone. */
function pruneValue(
  schema: Schema | undefined,
  value: unknown,
  dropped: FieldSet,
  kept: FieldSet | undefined,
  whole: boolean,
  keys: readonly string[],
): unknown {
  if (kept === undefined && whole) return undefined;
  const shape = shapeOf(schema, value);
  if (shape === 'leaf') return kept === undefined ? undefined : value;
  if (shape === 'map') return pruneMap(schema, value as Readonly<Record<string, unknown>>, dropped, kept, keys);
  return pruneItems(schema as Schema, value as readonly unknown[], dropped, kept);
}

function pruneMap(
  schema: Schema | undefined,
  map: Readonly<Record<string, unknown>>,
  dropped: FieldSet,
  kept: FieldSet | undefined,
  keys: readonly string[],
): Readonly<Record<string, unknown>> {
  const pruned: Record<string, unknown> = {};
  for (const key of Object.keys(map)) {
    const element = fieldElement(key);
    const gone = childNode(dropped, element);
    const value = map[key];
    if (gone === undefined || isAbsent(value) || keys.includes(key)) {
      setOwn(pruned, key, value);
      continue;
    }
    const whole = isMember(gone) || isDeclared(schema, key);
    const rest = pruneValue(fieldSchema(schema, key), value, gone, childNode(kept, element), whole, []);
    if (rest !== undefined) setOwn(pruned, key, rest);
  }
  return pruned;
}

function pruneItems(
  schema: Schema,
  items: readonly unknown[],
  dropped: FieldSet,
  kept: FieldSet | undefined,
): unknown[] {
  return items.flatMap((item) => {
    const element = itemElement(schema, item);
    const gone = element === undefined ? undefined : childNode(dropped, element);
    if (element === undefined || gone === undefined) return [item];
    const rest = pruneValue(
      schema.items,
      item,
      gone,
      childNode(kept, element),
      isMember(gone),
      schema.listMapKeys ?? [],
    );
    return rest === undefined ? [] : [rest];
  });
}
