import {
  deepCopy,
  define,
  FunctionProblem,
  type GoFunction,
  type GoMap,
  isMap,
  isTrue,
  kindOf,
  mapOf,
  sortedKeys,
  typeOf,
  type Value,
  walking,
} from '../../template/index.ts';
import { stringOf } from './convert.ts';

const merge = define('dict, dict...', (context, target, ...sources) => {
  for (const source of sources) mergeInto(target, source, { overwrite: false, spend: (steps) => context.spend(steps) });
  return target;
});
const mergeOverwrite = define('dict, dict...', (context, target, ...sources) => {
  for (const source of sources) mergeInto(target, source, { overwrite: true, spend: (steps) => context.spend(steps) });
  return target;
});
const copy = define('any', (_, value) => deepCopy(value));

/** Functions of sprig on maps. Keys come in order where Go's come by chance. Source: Masterminds/sprig v3.3.0 dict.go. */
export const DICTS: Readonly<Record<string, GoFunction>> = {
  dict: define('any...', (_, ...given) => {
    const made: GoMap = new Map();
    for (let at = 0; at < given.length; at += 2)
      made.set(stringOf(given[at]), at + 1 < given.length ? (given[at + 1] ?? null) : '');
    return made;
  }),
  get: define('dict, string', (_, map, key) => (map.has(key) ? map.get(key) : '')),
  set: define('dict, string, any', (_, map, key, value) => {
    map.set(key, value ?? null);
    return map;
  }),
  unset: define('dict, string', (_, map, key) => {
    map.delete(key);
    return map;
  }),
  hasKey: define('dict, string', (_, map, key) => map.has(key)),
  pluck: define('string, dict...', (_, key, ...maps) => maps.filter((map) => map.has(key)).map((map) => map.get(key))),
  keys: define('dict...', (_, ...maps) => maps.flatMap((map) => [...sortedKeys(map)])),
  values: define('dict', (_, map) => sortedKeys(map).map((key) => map.get(key))),
  pick: define('dict, string...', (_, map, ...keys) => new Map([...map].filter(([key]) => keys.includes(key)))),
  omit: define('dict, string...', (_, map, ...keys) => new Map([...map].filter(([key]) => !keys.includes(key)))),
  merge,
  mustMerge: merge,
  mergeOverwrite,
  mustMergeOverwrite: mergeOverwrite,
  ...walking({ deepCopy: copy, mustDeepCopy: copy }),
  dig: define('any...', (_, ...given) => dig(given)),
};

interface MergeOptions {
  readonly overwrite: boolean;
  spend(steps: number): void;
}

/**
 * Maps are merged all the way down; of other values the target's stay, unless they are empty, or with `overwrite` the
 * source's come, be they empty. Source: dario.cat/mergo v1.0.1 merge.go.
 */
function mergeInto(target: GoMap, source: GoMap, options: MergeOptions): void {
  options.spend(source.size + 1);
  for (const [key, value] of source) {
    const known = target.get(key);
    if (isMap(known) && isMap(value)) {
      if (known !== value) mergeInto(known, value, options);
      continue;
    }
    const isNil = value === undefined || value === null;
    if (options.overwrite || (!isNil && !isTrue(known))) target.set(key, value);
  }
}

function dig(given: readonly Value[]): Value {
  if (given.length < 3) throw new FunctionProblem('dig needs at least three arguments');
  const keys = given.slice(0, -2);
  const fallback = given.at(-2);
  let value: Value = given.at(-1);
  for (const key of keys) {
    const map = mapOf(value);
    if (map === undefined)
      throw new FunctionProblem(
        `interface conversion: interface {} is ${typeOf(value) === '<nil>' ? 'nil' : typeOf(value)}, not map[string]interface {}`,
      );
    if (typeof key !== 'string')
      throw new FunctionProblem(`interface conversion: interface {} is ${kindOf(key)}, not string`);
    if (!map.has(key)) return fallback;
    value = map.get(key);
  }
  return value;
}
