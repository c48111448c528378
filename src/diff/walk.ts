import {
  type FieldStep,
  fieldElement,
  fieldSchema,
  getOwn,
  isAbsent,
  isRecord,
  itemElement,
  keysOfItem,
  type Schema,
  sameValue,
  shapeOf,
} from '#api';
import { type IgnoreCursor, ignoreField, ignoreItem, ignoresAllOf, isIgnored } from './ignore.ts';

/** Where a walk stands, in the three spellings that are needed. */
export interface Place {
  /** For people: `spec.containers[name=web]`. */
  readonly steps: readonly FieldStep[];
  /** For field sets: `f:spec`, `k:{"name":"web"}`. */
  readonly elements: readonly string[];
  /** For JSON pointers into the live object. */
  readonly tokens: readonly (string | number)[];
  readonly ignore: IgnoreCursor;
}

export interface Difference {
  readonly place: Place;
  readonly schema: Schema | undefined;
  readonly wanted: unknown;
  readonly live: unknown;
  /** Both sides hold the same items, in another order: the values are their keys. */
  readonly isOrder?: boolean;
}

/**
 * Calls back for every field in which live differs from what is wanted: scalars and atomic values whole, keyed lists item
 * by item. Equal are: quantities of one amount, null and absent, an empty list or map and none. Ignored places are left out.
 */
export function walkDifferences(
  schema: Schema | undefined,
  wanted: unknown,
  live: unknown,
  place: Place,
  report: (difference: Difference) => void,
): void {
  if (isIgnored(place.ignore) || sameValue(schema, wanted, live, true)) return;
  const shape = shapeOf(schema, isAbsent(wanted) ? live : wanted);
  const other = isAbsent(wanted) || isAbsent(live) ? shape : shapeOf(schema, live);
  if (isAbsent(wanted) || isAbsent(live) || shape === 'leaf' || other !== shape) {
    const isNew = isAbsent(wanted) && ignoresAllOf(place.ignore, schema, live);
    if (!isNew) report({ place, schema, wanted, live });
    return;
  }
  if (shape === 'map') {
    const [left, right] = [wanted as JsonMap, live as JsonMap];
    for (const key of unionOfKeys(left, right)) {
      walkDifferences(fieldSchema(schema, key), getOwn(left, key), getOwn(right, key), atField(place, key), report);
    }
    return;
  }
  walkItems(schema as Schema, wanted as readonly unknown[], live as readonly unknown[], place, report);
}

type JsonMap = Readonly<Record<string, unknown>>;

function walkItems(
  schema: Schema,
  wanted: readonly unknown[],
  live: readonly unknown[],
  place: Place,
  report: (difference: Difference) => void,
): void {
  const liveItems = new Map(live.map((item, index) => [elementOf(schema, item, index), { item, index }]));
  const seen = new Set<string>();
  wanted.forEach((item, index) => {
    const element = elementOf(schema, item, index);
    seen.add(element);
    const partner = liveItems.get(element);
    const itemPlace = atItem(schema, place, item, partner?.index ?? index);
    walkDifferences(schema.items, item, partner?.item, itemPlace, report);
  });
  for (const [element, { item, index }] of liveItems) {
    if (!seen.has(element)) walkDifferences(schema.items, undefined, item, atItem(schema, place, item, index), report);
  }
  reportOrder(schema, wanted, live, place, report);
}

function reportOrder(
  schema: Schema,
  wanted: readonly unknown[],
  live: readonly unknown[],
  place: Place,
  report: (difference: Difference) => void,
): void {
  if (schema.listType !== 'map') return;
  const names = (items: readonly unknown[], among: ReadonlySet<string>) =>
    items.filter((item, index) => among.has(elementOf(schema, item, index))).map((item) => nameOf(schema, item));
  const elements = (items: readonly unknown[]) => new Set(items.map((item, index) => elementOf(schema, item, index)));
  const before = names(wanted, elements(live));
  const now = names(live, elements(wanted));
  if (before.join('\n') !== now.join('\n')) report({ place, schema, wanted: before, live: now, isOrder: true });
}

export function atField(place: Place, key: string): Place {
  return {
    steps: [...place.steps, key],
    elements: [...place.elements, fieldElement(key)],
    tokens: [...place.tokens, key],
    ignore: ignoreField(place.ignore, key),
  };
}

export function atItem(schema: Schema, place: Place, item: unknown, index: number): Place {
  const element = itemElement(schema, item);
  const keys = schema.listType === 'map' ? keysOfItem(schema, item) : undefined;
  return {
    steps: [...place.steps, keys ?? index],
    elements: [...place.elements, element ?? `i:${index}`],
    tokens: [...place.tokens, index],
    ignore: ignoreItem(place.ignore, index, item, element),
  };
}

/** The item's name; an item without its keys is known by its position. */
export function elementOf(schema: Schema, item: unknown, index: number): string {
  return itemElement(schema, item) ?? `i:${index}`;
}

function nameOf(schema: Schema, item: unknown): string {
  const keys = isRecord(item) ? (keysOfItem(schema, item) ?? {}) : {};
  return Object.values(keys).map(String).join('/');
}

function unionOfKeys(left: JsonMap, right: JsonMap): Set<string> {
  return new Set([...Object.keys(left), ...Object.keys(right)]);
}
