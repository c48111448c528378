import { ApiError } from '../meta/status.ts';
import { MAX_DEPTH } from '../yaml/limits.ts';

/** Largest value a patch may make, in characters of JSON. Source: apiserver's limit for request bodies, 3 MiB (v0.32). */
export const MAX_PATCHED_SIZE = 3 * 1024 * 1024;

export interface Measure {
  /** About the characters of its JSON. */
  readonly size: number;
  /** Levels of lists and maps: 0 for a scalar. */
  readonly depth: number;
}

/** Size and depth of a value. Throws `RequestEntityTooLarge` beyond the limits, before it costs more than they allow. */
export function measureJson(value: unknown): Measure {
  const total = { size: 0 };
  const depth = measureInto(value, 0, total);
  return { size: total.size, depth };
}

function measureInto(value: unknown, above: number, total: { size: number }): number {
  if (typeof value === 'string') total.size += value.length + 2;
  else total.size += 4;
  if (total.size > MAX_PATCHED_SIZE) {
    throw new ApiError('RequestEntityTooLarge', `the patched object would be larger than ${MAX_PATCHED_SIZE} bytes`);
  }
  if (typeof value !== 'object' || value === null) return 0;
  if (above >= MAX_DEPTH) {
    throw new ApiError('RequestEntityTooLarge', `the patched object would be nested deeper than ${MAX_DEPTH} levels`);
  }
  let below = 0;
  if (Array.isArray(value)) {
    for (const inner of value) below = Math.max(below, measureInto(inner, above + 1, total));
  } else {
    for (const key of Object.keys(value)) {
      total.size += key.length + 4;
      below = Math.max(below, measureInto((value as Record<string, unknown>)[key], above + 1, total));
    }
  }
  return below + 1;
}
