/** Sets of completion indexes, as intervals: a Job may have more of them than fit into memory one by one. */
import type { Job, Pod } from '#api';

export const INDEX = 'batch.kubernetes.io/job-completion-index';

/** Both ends belong to it. */
type Interval = readonly [first: number, last: number];
/** In order; no two of them touch. */
export type Indexes = readonly Interval[];

export function isIndexed({ spec }: Job): boolean {
  return spec.completionMode === 'Indexed';
}

/** Undefined where it has none, or none that the Job still has. */
export function indexOf({ spec }: Job, { metadata }: Pod): number | undefined {
  const text = metadata.annotations?.[INDEX] ?? '';
  const index = /^\d{1,10}$/.test(text) ? Number(text) : Number.POSITIVE_INFINITY;
  return index < (spec.completions ?? 0) ? index : undefined;
}

/** Of a status; what is beyond the number of completions by now is left out. */
export function parseIndexes(text: string | undefined, completions: number): Indexes {
  const parts = (text ?? '').split(',').filter((part) => /^\d+(-\d+)?$/.test(part));
  const intervals = parts.map((part): Interval => {
    const [first = '', last = first] = part.split('-');
    return [Number(first), Math.min(Number(last), completions - 1)];
  });
  return merged(intervals.filter(([first, last]) => first <= last));
}

/** `1,3-5,7`: three or more in a row are an interval. */
export function formatIndexes(indexes: Indexes): string {
  return indexes
    .map(([first, last]) => (first === last ? `${first}` : `${first}${last === first + 1 ? ',' : '-'}${last}`))
    .join();
}

export function withIndexes(indexes: Indexes, more: readonly number[]): Indexes {
  return more.length === 0 ? indexes : merged([...indexes, ...more.map((index): Interval => [index, index])]);
}

export function union(left: Indexes, right: Indexes): Indexes {
  return merged([...left, ...right]);
}

export function countOf(indexes: Indexes): number {
  return indexes.reduce((sum, [first, last]) => sum + last - first + 1, 0);
}

export function hasIndex(indexes: Indexes, index: number): boolean {
  let [low, high] = [0, indexes.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((indexes[middle]?.[1] ?? 0) < index) low = middle + 1;
    else high = middle;
  }
  return (indexes[low]?.[0] ?? Number.POSITIVE_INFINITY) <= index;
}

/** How many of these are among those. */
export function countAmong(these: Indexes, those: Indexes): number {
  return countOf(these) + countOf(those) - countOf(union(these, those));
}

/** The first indexes that are not in the set. */
export function firstMissing(indexes: Indexes, count: number, completions: number): number[] {
  const found: number[] = [];
  let next = 0;
  for (const [first, last] of [...indexes, [completions, completions] as const]) {
    for (; next < first && next < completions && found.length < count; next += 1) found.push(next);
    next = Math.max(next, last + 1);
  }
  return found;
}

function merged(intervals: readonly Interval[]): Indexes {
  const all: [number, number][] = [];
  for (const [first, last] of [...intervals].sort(([left], [right]) => left - right)) {
    const before = all.at(-1);
    if (before !== undefined && first <= before[1] + 1) before[1] = Math.max(before[1], last);
    else all.push([first, last]);
  }
  return all;
}
