import { canonicalJson } from '#base';
import type { Json } from '../meta/object.ts';
import { ApiError } from '../meta/status.ts';
import type { Schema } from '../schema/schema.ts';
import { getOwn, isRecord, setOwn } from '../values/own.ts';
import { measureJson } from './measure.ts';
import { inPatchOrder } from './strategic-order.ts';

type JsonMap = Readonly<Record<string, Json>>;
type MutableMap = Record<string, Json>;

const PATCH = '$patch';
const RETAIN_KEYS = '$retainKeys';
const SET_ORDER = '$setElementOrder/';
const DELETE_ITEMS = '$deleteFromPrimitiveList/';

/**
 * The document after a strategic merge patch: lists merge by the merge keys of `schema`, with all directives of
 * Kubernetes ($patch, $retainKeys, $setElementOrder, $deleteFromPrimitiveList). Neither argument is changed; untouched
 * parts are shared. Throws `BadRequest` for a malformed patch, `RequestEntityTooLarge` beyond the limits.
 * Source: sig-api-machinery/strategic-merge-patch.md; apimachinery util/strategicpatch (v0.32), behaviour only.
 */
export function applyStrategicMergePatch(schema: Schema, document: Json, patch: Json): Json {
  if (!isRecord(patch)) throw new ApiError('BadRequest', 'a strategic merge patch must be a map');
  measureJson(patch);
  const merged = mergeMap(schema, isRecord(document) ? (document as JsonMap) : {}, patch as JsonMap);
  measureJson(merged);
  return merged;
}

function mergeMap(schema: Schema | undefined, original: JsonMap, patch: JsonMap): JsonMap {
  const directive = getOwn(patch, PATCH);
  if (directive === 'replace') return withoutDirectives(schema, patch);
  if (directive === 'delete') return {};
  if (directive !== undefined && directive !== 'merge') throw unknownDirective(directive);

  const merged: MutableMap = retained(original, patch);
  for (const key of Object.keys(patch)) {
    const value = patch[key] as Json;
    if (key === PATCH || key === RETAIN_KEYS || key.startsWith(SET_ORDER)) continue;
    if (key.startsWith(DELETE_ITEMS)) deleteItems(merged, key.slice(DELETE_ITEMS.length), value);
    else if (value === null) delete merged[key];
    else setOwn(merged, key, mergeValue(fieldSchema(schema, key), getOwn(merged, key), value, orderFor(patch, key)));
  }
  for (const key of Object.keys(patch)) {
    if (key.startsWith(SET_ORDER)) setOrder(merged, schema, key.slice(SET_ORDER.length), patch);
  }
  return merged;
}

function mergeValue(schema: Schema | undefined, original: Json | undefined, patch: Json, order: Order): Json {
  if (isRecord(patch)) {
    if (schema?.patchStrategy?.includes('replace')) return withoutDirectives(schema, patch as JsonMap);
    return mergeMap(schema, isRecord(original) ? (original as JsonMap) : {}, patch as JsonMap);
  }
  if (!isList(patch)) return patch;
  if (schema?.patchStrategy?.includes('merge') !== true) return patch;
  return mergeList(schema, isList(original) ? original : [], patch, order);
}

/** The list that fixes the order: `$setElementOrder/F` where the patch has it, else the patch's own list. */
type Order = readonly Json[] | undefined;

function orderFor(patch: JsonMap, key: string): Order {
  const order = getOwn(patch, SET_ORDER + key);
  if (order === undefined) return undefined;
  if (!isList(order)) throw new ApiError('BadRequest', `${SET_ORDER}${key} must be a list`);
  return order;
}

function mergeList(schema: Schema, original: readonly Json[], patch: readonly Json[], order: Order): readonly Json[] {
  const key = schema.patchMergeKey;
  if (key === undefined) {
    // A set of scalars: what is new is added, once.
    const merged = uniqueBy([...original, ...patch], canonicalJson);
    if (order !== undefined) checkOrder(patch, order, canonicalJson);
    return inPatchOrder({ merged, original, order: order ?? patch, identityOf: canonicalJson });
  }
  const items = patch.map((item) => readItem(item, key));
  if (items.some(({ directive }) => directive === 'replace')) {
    return items
      .filter(({ directive }) => directive === undefined)
      .map(({ item }) => withoutDirectives(schema.items, item));
  }
  const merged = mergeItems(schema, original, items, key);
  const kept = items.filter(({ directive }) => directive === undefined).map(({ item }) => item);
  const identityOf = (item: Json) => identityByKey(item, key);
  if (order !== undefined) checkOrder(kept, order, identityOf);
  return inPatchOrder({ merged, original, order: order ?? kept, identityOf });
}

interface PatchItem {
  readonly item: JsonMap;
  readonly directive: 'delete' | 'replace' | undefined;
  /** Undefined only where the directive `replace` needs none. */
  readonly identity: string | undefined;
}

function readItem(item: Json, key: string): PatchItem {
  if (!isRecord(item)) throw new ApiError('BadRequest', `each item of a list merged by "${key}" must be a map`);
  const map = item as JsonMap;
  const directive = getOwn(map, PATCH);
  if (directive !== undefined && directive !== 'delete' && directive !== 'replace' && directive !== 'merge') {
    throw unknownDirective(directive);
  }
  const identity = identityByKey(map, key);
  // `{$patch: replace}` may stand alone, to say that the rest of the list replaces all.
  if (identity === undefined && directive !== 'replace') {
    throw new ApiError('BadRequest', `an item of the patch does not contain its merge key "${key}"`);
  }
  return { item: map, directive: directive === 'merge' ? undefined : directive, identity };
}

function mergeItems(schema: Schema, original: readonly Json[], items: readonly PatchItem[], key: string): Json[] {
  const deleted = new Set(items.filter(({ directive }) => directive === 'delete').map(({ identity }) => identity));
  const merged: Json[] = [];
  const places = new Map<string, number>();
  for (const item of original) {
    const identity = identityByKey(item, key);
    if (identity !== undefined && deleted.has(identity)) continue;
    if (identity !== undefined && !places.has(identity)) places.set(identity, merged.length);
    merged.push(item);
  }
  for (const { item, directive, identity } of items) {
    if (directive !== undefined || identity === undefined) continue;
    const place = places.get(identity);
    const before = place === undefined ? {} : (merged[place] as JsonMap);
    const after = mergeMap(schema.items, before, item);
    if (place !== undefined) merged[place] = after;
    else {
      places.set(identity, merged.length);
      merged.push(after);
    }
  }
  return merged;
}

/** Orders a list that the patch reorders without changing it. Lists it changes were ordered as they were merged. */
function setOrder(merged: MutableMap, schema: Schema | undefined, key: string, patch: JsonMap): void {
  const order = orderFor(patch, key);
  const original = getOwn(merged, key);
  if (order === undefined || !isList(original) || isList(getOwn(patch, key))) return;
  const mergeKey = fieldSchema(schema, key)?.patchMergeKey;
  const identityOf = mergeKey === undefined ? canonicalJson : (item: Json) => identityByKey(item, mergeKey);
  setOwn<Json>(merged, key, inPatchOrder({ merged: original, original, order, identityOf }));
}

/** The items of a patch must stand in the order it asks for. */
function checkOrder(
  items: readonly Json[],
  order: readonly Json[],
  identityOf: (item: Json) => string | undefined,
): void {
  const places = new Map(order.map((item, index) => [identityOf(item), index]));
  let last = -1;
  for (const item of items) {
    const place = places.get(identityOf(item));
    if (place === undefined || place < last) {
      throw new ApiError('BadRequest', 'the items of the patch are not in the order of its $setElementOrder list');
    }
    last = place;
  }
}

/** The original, or those of its keys that `$retainKeys` names. */
function retained(original: JsonMap, patch: JsonMap): MutableMap {
  const keep = getOwn(patch, RETAIN_KEYS);
  if (keep === undefined) return copyOf(original, () => true);
  if (!isList(keep)) throw new ApiError('BadRequest', `${RETAIN_KEYS} must be a list of keys`);
  const names = new Set(keep);
  const extra = Object.keys(patch).find((key) => !key.startsWith('$') && patch[key] !== null && !names.has(key));
  if (extra !== undefined)
    throw new ApiError('BadRequest', `${RETAIN_KEYS} does not name "${extra}", which the patch sets`);
  return copyOf(original, (key) => names.has(key));
}

function copyOf(map: JsonMap, keeps: (key: string) => boolean): MutableMap {
  const copy: MutableMap = {};
  for (const key of Object.keys(map)) if (keeps(key)) setOwn(copy, key, map[key] as Json);
  return copy;
}

function deleteItems(merged: MutableMap, key: string, values: Json): void {
  if (!isList(values)) throw new ApiError('BadRequest', `${DELETE_ITEMS}${key} must be a list`);
  const list = getOwn(merged, key);
  if (!isList(list)) return;
  const gone = new Set(values.map(canonicalJson));
  setOwn<Json>(
    merged,
    key,
    list.filter((item) => !gone.has(canonicalJson(item))),
  );
}

/** The value that a patch stands for where there is nothing yet. */
function withoutDirectives(schema: Schema | undefined, patch: JsonMap): JsonMap {
  const plain: MutableMap = {};
  for (const key of Object.keys(patch)) if (key !== PATCH) setOwn(plain, key, patch[key] as Json);
  return mergeMap(schema, {}, plain);
}

function fieldSchema(schema: Schema | undefined, key: string): Schema | undefined {
  if (schema?.properties !== undefined) return getOwn(schema.properties, key) ?? schema.values;
  return schema?.values;
}

function identityByKey(item: Json, key: string): string | undefined {
  const value = isRecord(item) ? getOwn(item as JsonMap, key) : undefined;
  if (value === undefined || value === null) return undefined;
  return typeof value === 'string' ? `"${value}` : canonicalJson(value);
}

/** The first of each. */
function uniqueBy(items: readonly Json[], identityOf: (item: Json) => string): Json[] {
  const seen = new Map<string, Json>();
  for (const item of items) {
    const identity = identityOf(item);
    if (!seen.has(identity)) seen.set(identity, item);
  }
  return [...seen.values()];
}

function isList(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value);
}

function unknownDirective(directive: Json): ApiError {
  return new ApiError('BadRequest', `${PATCH}: ${JSON.stringify(directive).slice(0, 100)} is not a directive`);
}
