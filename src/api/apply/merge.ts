import type { Schema } from '../schema/schema.ts';
import { getOwn, setOwn } from '../values/own.ts';
import { itemsByElement } from './compare.ts';
import { itemElement } from './elements.ts';
import { fieldSchema, isAbsent, sameValue, shapeOf } from './shape.ts';

/**
 * `live` with all that `applied` sets. Items of keyed lists come in the order of `applied`; live items that it does not
 * name keep their places. Equal values stay the live ones, so that merging a second time changes nothing.
 */
export function mergeApplied(schema: Schema | undefined, live: unknown, applied: unknown): unknown {
  if (isAbsent(applied)) return live;
  if (isAbsent(live)) return applied;
  const shape = shapeOf(schema, applied);
  if (shape === 'leaf' || shapeOf(schema, live) !== shape) return sameValue(schema, live, applied) ? live : applied;
  if (shape === 'map') return mergeMaps(schema, live as JsonMap, applied as JsonMap);
  return mergeItems(schema as Schema, live as readonly unknown[], applied as readonly unknown[]);
}

type JsonMap = Readonly<Record<string, unknown>>;

function mergeMaps(schema: Schema | undefined, live: JsonMap, applied: JsonMap): JsonMap {
  const merged: Record<string, unknown> = {};
  for (const key of Object.keys(live)) {
    setOwn(merged, key, mergeApplied(fieldSchema(schema, key), live[key], getOwn(applied, key)));
  }
  for (const key of Object.keys(applied)) {
    if (!Object.hasOwn(live, key) && !isAbsent(applied[key])) setOwn(merged, key, applied[key]);
  }
  return merged;
}

function mergeItems(schema: Schema, live: readonly unknown[], applied: readonly unknown[]): unknown[] {
  const liveItems = itemsByElement(schema, live);
  const elements = live.map((item) => itemElement(schema, item));
  const wanted = new Set(applied.map((item) => itemElement(schema, item)));
  const placed = new Set<string | undefined>();
  const merged: unknown[] = [];
  let next = 0;
  // Up to the next live item that `applied` has yet to place.
  const takeOthers = () => {
    for (; next < live.length; next += 1) {
      const element = elements[next];
      if (element === undefined || !wanted.has(element)) merged.push(live[next]);
      else if (!placed.has(element)) return;
    }
  };
  for (const item of applied) {
    takeOthers();
    const element = itemElement(schema, item);
    merged.push(element === undefined ? item : mergeApplied(schema.items, liveItems.get(element), item));
    placed.add(element);
  }
  takeOthers();
  return merged;
}
