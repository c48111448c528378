import { copyMap, deepCopy, type GoMap, isMap, RenderError, type Value } from '../template/index.ts';
import type { Chart } from './chart.types.ts';

/**
 * How values come together: those above win over those below, maps are merged, and null takes a key away. With
 * `keepsNulls` nulls stay, for a later round to heed. Source: helm pkg/chartutil/coalesce.go (v3.17).
 */

/** All values of a chart and the charts in it, under `given`. Changes neither. */
export function coalesceValues(chart: Chart, given: GoMap, keepsNulls = false): GoMap {
  return coalesce(chart, copyMap(given), keepsNulls);
}

function coalesce(chart: Chart, target: GoMap, keepsNulls: boolean): GoMap {
  const subchartNames = new Set(chart.subcharts.map(({ metadata }) => metadata.name));
  for (const [key, value] of copyMap(chart.values)) {
    if (!target.has(key)) {
      target.set(key, value);
      continue;
    }
    const known = target.get(key);
    if (known === null && !keepsNulls) target.delete(key);
    else if (isMap(known) && isMap(value)) coalesceTables(known, value, keepsNulls || subchartNames.has(key));
  }
  for (const subchart of chart.subcharts) {
    const { name } = subchart.metadata;
    const inner = target.get(name) ?? (target.has(name) ? null : new Map());
    if (!isMap(inner))
      throw new RenderError('ValuesInvalid', `type mismatch on ${name}: the values of a subchart must be a map`);
    target.set(name, inner);
    coalesceGlobals(inner, target);
    coalesce(subchart, inner, keepsNulls);
  }
  return target;
}

/** A subchart sees its parent's globals; the parent's win. */
function coalesceGlobals(target: GoMap, source: GoMap): void {
  const globals = target.get('global') ?? (target.has('global') ? null : new Map<string, Value>());
  const above = source.get('global') ?? (source.has('global') ? null : new Map<string, Value>());
  if (!isMap(globals) || !isMap(above)) return;
  for (const [key, value] of above) {
    const known = globals.get(key);
    if (!isMap(value)) {
      if (!isMap(known)) globals.set(key, value);
      continue;
    }
    const merged: GoMap = new Map(value);
    if (isMap(known)) coalesceTables(merged, known, true);
    if (isMap(known) || !globals.has(key)) globals.set(key, merged);
  }
  target.set('global', globals);
}

/** Puts into `target` what it does not say itself. */
export function coalesceTables(target: GoMap, source: ReadonlyMap<string, Value>, keepsNulls: boolean): GoMap {
  for (const [key, value] of source) {
    const known = target.get(key);
    if (!target.has(key)) target.set(key, value);
    else if (known === null && !keepsNulls) target.delete(key);
    else if (isMap(value) && isMap(known)) coalesceTables(known, value, keepsNulls);
  }
  return target;
}

/** Puts `over` on top of `under`, as `-f a.yaml -f b.yaml` does. Source: helm pkg/cli/values/options.go mergeMaps. */
export function mergeValues(under: GoMap, over: ReadonlyMap<string, Value>): GoMap {
  const merged: GoMap = new Map(under);
  for (const [key, value] of over) {
    const known = merged.get(key);
    merged.set(key, isMap(known) && isMap(value) ? mergeValues(known, value) : deepCopy(value));
  }
  return merged;
}

/** The map at a dotted path. */
export function tableAt(values: GoMap, path: string): GoMap | undefined {
  let table: Value = values;
  for (const key of path.split('.')) {
    table = isMap(table) ? table.get(key) : undefined;
    if (!isMap(table)) return undefined;
  }
  return table;
}

/** The value at a dotted path that is no map. */
export function valueAt(values: GoMap, path: string): Value {
  const at = path.lastIndexOf('.');
  const table = at < 0 ? values : tableAt(values, path.slice(0, at));
  const value = table?.get(path.slice(at + 1));
  return isMap(value) ? undefined : value;
}
