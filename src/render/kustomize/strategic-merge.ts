/**
 * Strategic merge as kustomize does it: unlike the API server it puts what the patch names first, and knows no
 * `$setElementOrder` and `$retainKeys`. Source: kyaml yaml/merge2 and yaml/walk (v5.5), behaviour only.
 */
import { fieldSchema, getOwn, isRecord, type Schema, setOwn } from '#api';
import { cloneJson } from '#base';
import type { MutableJson, MutableMap } from './kustomize.types.ts';

const PATCH = '$patch';

/** A patch that cannot be applied to this object. */
export class MergeProblem extends Error {}

/** The object after the patch; undefined when the patch deletes it. Neither argument is changed. */
export function strategicMerge(
  schema: Schema | undefined,
  object: MutableMap,
  patch: MutableMap,
): MutableMap | undefined {
  const merged = mergeMap(schema, cloneJson(object) as MutableMap, cloneJson(patch) as MutableMap);
  return isRecord(merged) ? (merged as MutableMap) : undefined;
}

function mergeValue(
  schema: Schema | undefined,
  into: MutableJson | undefined,
  patch: MutableJson | undefined,
): MutableJson | undefined {
  const kind = isMissing(into) ? patch : into;
  if (Array.isArray(kind)) {
    if (!isMissing(into) && !isMissing(patch) && !(Array.isArray(into) && Array.isArray(patch)))
      throw wrongKinds(into, patch);
    return mergeList(schema, asList(into), patch === null ? null : asList(patch));
  }
  if (isRecord(kind)) {
    if (!isMissing(into) && !isMissing(patch) && !(isRecord(into) && isRecord(patch))) throw wrongKinds(into, patch);
    return mergeMap(schema, asMap(into), patch === null ? null : asMap(patch));
  }
  if (isMissing(kind)) return undefined;
  if (!isMissing(into) && !isMissing(patch) && typeof patch === 'object') throw wrongKinds(into, patch);
  if (patch === null) return undefined;
  return patch ?? into;
}

function mergeMap(
  schema: Schema | undefined,
  into: MutableMap | undefined,
  patch: MutableMap | null | undefined,
): MutableMap | undefined {
  if (patch === null) return undefined;
  const directive = patch === undefined ? undefined : takeDirective(patch);
  if (directive === 'delete') return undefined;
  let merged = into;
  if (merged === undefined || directive === 'replace') merged = patch;
  if (merged === undefined) return undefined;
  const result: MutableMap = {};
  const other = merged === patch ? undefined : patch;
  for (const key of new Set([...Object.keys(merged), ...Object.keys(other ?? {})])) {
    const mine = getOwn(merged, key);
    // A map that is taken over as a whole is gone through as well: its nulls and directives are not data.
    const value =
      other === undefined
        ? mergeValue(fieldSchema(schema, key), undefined, mine)
        : mergeValue(fieldSchema(schema, key), mine, getOwn(other, key));
    if (value !== undefined) setOwn(result, key, value);
    else if (into !== undefined && merged === into && mine === null && getOwn(other ?? {}, key) === undefined) {
      setOwn(result, key, null);
    }
  }
  return result;
}

function takeDirective(patch: MutableMap): 'merge' | 'replace' | 'delete' {
  const directive = getOwn(patch, PATCH);
  if (directive === undefined) return 'merge';
  delete patch[PATCH];
  if (directive !== 'merge' && directive !== 'replace' && directive !== 'delete') {
    throw new MergeProblem(`unknown patch strategy '${String(directive)}'`);
  }
  return directive;
}

function mergeList(
  schema: Schema | undefined,
  into: MutableJson[] | undefined,
  patch: MutableJson[] | null | undefined,
): MutableJson | undefined {
  if (patch === null) return undefined;
  const keys = mergeKeysOf(schema);
  if (keys === undefined) return patch ?? into;
  const directive = patch === undefined ? 'merge' : takeListDirective(patch);
  if (directive === 'delete') return undefined;
  if (into === undefined || directive === 'replace') {
    if (patch === undefined) return undefined;
    return keys.length === 0 ? patch : mergeItems(schema, cloneJson(patch) as MutableJson[], patch, keys);
  }
  if (keys.length === 0) return scalarUnion(patch ?? [], into);
  return mergeItems(schema, into, patch ?? [], keys);
}

/** The keys by which items are told apart; none for a set of scalars; undefined for a list that is one value. */
function mergeKeysOf(schema: Schema | undefined): readonly string[] | undefined {
  if (schema?.type !== 'array') return undefined;
  if (schema.patchStrategy?.includes('merge') !== true) return undefined;
  if (schema.listType === 'map' && schema.listMapKeys !== undefined) return schema.listMapKeys;
  return schema.patchMergeKey === undefined ? [] : [schema.patchMergeKey];
}

/** An item that holds the directive alone speaks of the whole list. */
function takeListDirective(patch: MutableJson[]): 'merge' | 'replace' | 'delete' {
  const index = patch.findIndex((item) => isRecord(item) && Object.keys(item).length === 1 && PATCH in item);
  if (index < 0) return 'merge';
  const [item] = patch.splice(index, 1);
  return takeDirective(item as MutableMap);
}

function scalarUnion(first: readonly MutableJson[], second: readonly MutableJson[]): MutableJson[] {
  const seen = new Set<string>();
  return [...first, ...second].filter((item) => {
    const text = String(item);
    if (seen.has(text)) return false;
    seen.add(text);
    return true;
  });
}

/** The values of an item's keys, '' for one that it lacks; undefined when it has none of them. */
type KeyValues = readonly string[];

function mergeItems(
  schema: Schema | undefined,
  into: readonly MutableJson[],
  patch: readonly MutableJson[],
  keys: readonly string[],
): MutableJson[] | undefined {
  const wanted: KeyValues[] = [];
  for (const item of [...patch, ...into]) {
    const values = keyValues(item, keys);
    if (values === undefined) continue;
    const same = wanted.findIndex((known) => known.join('\0') === values.join('\0'));
    if (same < 0) wanted.push(values);
  }
  const unified = keys.length > 1 ? unify(wanted) : wanted;
  // Which keys count is asked of all items together: one that none of them has does not.
  const counts = keys.map((_, index) => unified.some((values) => values[index] !== ''));
  const added: MutableJson[] = [];
  const after = new Map<MutableJson, MutableJson>();
  let left = [...into];
  for (const values of unified) {
    const valid = keys.flatMap((key, index) => (counts[index] === true ? [[key, values[index] ?? ''] as const] : []));
    const before = find(into, valid);
    const merged = mergeValue(schema?.items, before, find(patch, valid));
    if (merged === undefined || (isRecord(merged) && Object.keys(merged).length === 0)) {
      left = left.filter((item) => !matches(item, valid));
      continue;
    }
    if (isRecord(merged)) setMissing(merged as MutableMap, valid);
    if (before !== undefined) after.set(before, merged);
    const at = added.findIndex((item) => matches(item, valid));
    if (at < 0) added.push(merged);
    else added[at] = merged;
  }
  const counted = keys.filter((_, index) => counts[index] === true);
  return joined(
    added,
    left.map((item) => after.get(item) ?? item),
    counted,
  );
}

function setMissing(item: MutableMap, keyed: KeyedBy): void {
  for (const [key, value] of keyed)
    if (value !== '' && getOwn(item, key) === undefined) setOwn<MutableJson>(item, key, value);
}

/**
 * What the patch named, then what was there besides. Where items are told apart by several keys, all that was there comes
 * last, in its order. Source: kyaml yaml/walk appendListNode.
 */
function joined(added: readonly MutableJson[], before: readonly MutableJson[], keys: readonly string[]): MutableJson[] {
  let result = [...added];
  for (const item of before) {
    const known = keyedBy(item, keys);
    const at = result.findIndex((one) => one === item || (known.length > 0 && matches(one, known)));
    if (keys.length > 1) result = [...result.filter((one) => one !== item && !matches(one, known)), item];
    else if (at < 0) result.push(item);
    else result[at] = item;
  }
  return result;
}

function keyedBy(item: MutableJson, keys: readonly string[]): KeyedBy {
  if (!isRecord(item)) return [];
  return keys
    .map((key) => [key, scalarText(getOwn(item as MutableMap, key))] as const)
    .filter(([, value]) => value !== '');
}

function keyValues(item: MutableJson, keys: readonly string[]): KeyValues | undefined {
  if (!isRecord(item)) return undefined;
  const values = keys.map((key) => scalarText(getOwn(item as MutableMap, key)));
  return values.every((value) => value === '') ? undefined : values;
}

/** Two items are one when what both have is equal: `{port: 80}` is `{port: 80, protocol: TCP}`. Source: walk mergeValues. */
function unify(list: readonly KeyValues[]): KeyValues[] {
  const result = [...list];
  for (const i of result.keys()) {
    for (const j of result.keys()) {
      const [left = [], right = []] = [result[i], result[j]];
      const common = left.some((value, index) => value === right[index]);
      const fits = left.every((value, index) => value === right[index] || value === '' || right[index] === '');
      if (!common || !fits) continue;
      const both = left.map((value, index) => (value === '' ? (right[index] ?? '') : value));
      result[i] = both;
      result[j] = both;
    }
  }
  return result;
}

type KeyedBy = readonly (readonly [key: string, value: string])[];

/** Keys without a value are left out of the search, unless none has one. */
function find(items: readonly MutableJson[], keyed: KeyedBy): MutableJson | undefined {
  const known = keyed.filter(([, value]) => value !== '');
  return items.find((item) => matches(item, known.length === 0 ? keyed : known));
}

function matches(item: MutableJson, keyed: KeyedBy): boolean {
  return isRecord(item) && keyed.every(([key, value]) => scalarText(getOwn(item as MutableMap, key)) === value);
}

function scalarText(value: MutableJson | undefined): string {
  return value === undefined || value === null || typeof value === 'object' ? '' : String(value);
}

const isMissing = (value: MutableJson | undefined): value is null | undefined => value === undefined || value === null;
const asList = (value: MutableJson | undefined) => (Array.isArray(value) ? value : undefined);
const asMap = (value: MutableJson | undefined) => (isRecord(value) ? (value as MutableMap) : undefined);

function wrongKinds(into: MutableJson, patch: MutableJson): MergeProblem {
  return new MergeProblem(`a ${kindOf(patch)} cannot be merged into a ${kindOf(into)}`);
}

function kindOf(value: MutableJson): string {
  return Array.isArray(value) ? 'list' : isRecord(value) ? 'map' : 'scalar';
}
