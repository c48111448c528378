import {
  compareTexts,
  deepEqual,
  define,
  FunctionProblem,
  type GoFunction,
  isTrue,
  kindOf,
  listOf,
  type Value,
  walking,
} from '../../template/index.ts';
import { integerOf, needList, sizeOf, stringsOf } from './convert.ts';

/** Items that one list may have. */
const MAX_ITEMS = 1_000_000;

const append = define('any, any', (_, list, item) => [...needList(list, 'push'), item ?? null]);
const prepend = define('any, any', (_, list, item) => [item ?? null, ...needList(list, 'prepend')]);
const first = define('any', (_, list) => needList(list, 'find first')[0]);
const last = define('any', (_, list) => needList(list, 'find last').at(-1));
const rest = define('any', (_, list) => needList(list, 'find rest').slice(1));
const initial = define('any', (_, list) => needList(list, 'find initial').slice(0, -1));
const reverse = define('any', (_, list) => [...needList(list, 'find reverse')].reverse());
const compact = define('any', (_, list) => needList(list, 'compact').filter(isTrue));
const uniq = define('any', (context, list) => {
  const found: Value[] = [];
  for (const item of needList(list, 'find uniq')) {
    context.spend(found.length);
    if (!found.some((known) => deepEqual(known, item))) found.push(item);
  }
  return found;
});
const without = define('any, any...', (context, list, ...omitted) => {
  const items = needList(list, 'find without');
  context.spend(items.length * omitted.length);
  return items.filter((item) => !omitted.some((one) => deepEqual(one, item)));
});
const has = define('any, any', (_, needle, list) =>
  list === undefined || list === null ? false : needList(list, 'find has').some((item) => deepEqual(needle, item)),
);
const slice = define('any, any...', (_, list, ...indices) => {
  const items = listOf(list);
  if (items === undefined) throw new FunctionProblem(`list should be type of slice or array but ${kindOf(list)}`);
  if (items.length === 0) return undefined;
  const start = sizeOf(integerOf(indices[0] ?? 0n));
  const end = indices.length < 2 ? items.length : sizeOf(integerOf(indices[1]));
  if (start < 0 || end > items.length || start > end)
    throw new FunctionProblem('reflect.Value.Slice: slice index out of bounds');
  return items.slice(start, end);
});
const chunk = define('int, any', (_, size, list) => {
  const items = needList(list, 'chunk');
  if (size <= 0n) throw new FunctionProblem('the size of a chunk must be above 0');
  const chunks: Value[] = [];
  for (let at = 0; at < items.length; at += sizeOf(size)) chunks.push(items.slice(at, at + sizeOf(size)));
  return chunks;
});
const list = define('any...', (_, ...items) => items.map((item) => item ?? null));

/** Functions of sprig on lists. Source: Masterminds/sprig v3.3.0 list.go. */
export const LISTS: Readonly<Record<string, GoFunction>> = {
  list,
  tuple: list,
  append,
  push: append,
  mustAppend: append,
  mustPush: append,
  prepend,
  mustPrepend: prepend,
  first,
  mustFirst: first,
  last,
  mustLast: last,
  rest,
  mustRest: rest,
  initial,
  mustInitial: initial,
  reverse,
  mustReverse: reverse,
  compact,
  mustCompact: compact,
  ...walking({ uniq, mustUniq: uniq, without, mustWithout: without, has, mustHas: has }),
  slice,
  mustSlice: slice,
  chunk,
  mustChunk: chunk,
  concat: define('any...', (_, ...lists) =>
    lists.flatMap((one) => {
      const items = listOf(one);
      if (items === undefined) throw new FunctionProblem(`Cannot concat type ${kindOf(one)} as list`);
      return items;
    }),
  ),
  ...walking({ sortAlpha: define('any', (_, value) => stringsOf(value).sort(compareTexts)) }),
  until: define('int', (_, count) => [...steps(0n, count, count < 0n ? -1n : 1n)]),
  untilStep: define('int, int, int', (_, start, stop, step) => [...steps(start, stop, step)]),
  seq: define('int...', (_, ...given) => sequence(given)),
};

function steps(start: bigint, stop: bigint, step: bigint): readonly bigint[] {
  const down = stop < start;
  if (down ? step >= 0n : step <= 0n) return [];
  const count = down ? (start - stop - step - 1n) / -step : (stop - start + step - 1n) / step;
  if (count > BigInt(MAX_ITEMS)) throw new FunctionProblem(`a list of ${count} items, over the limit of ${MAX_ITEMS}`);
  return Array.from({ length: Number(count) }, (_, index) => start + step * BigInt(index));
}

function sequence(given: readonly bigint[]): string {
  const [one = 0n, two = 0n, three = 0n] = given;
  switch (given.length) {
    case 1: {
      const step = one < 1n ? -1n : 1n;
      return steps(1n, one + step, step).join(' ');
    }
    case 2: {
      const step = two < one ? -1n : 1n;
      return steps(one, two + step, step).join(' ');
    }
    case 3: {
      const down = three < one;
      if (down && two > 0n) return '';
      return steps(one, three + (down ? -1n : 1n), two).join(' ');
    }
  }
  return '';
}
