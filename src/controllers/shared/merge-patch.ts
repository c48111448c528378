import type { Json } from '#api';
import { equalJson } from '#base';

/** The JSON merge patch that makes `to` out of `from`; undefined when they are equal. Absent and undefined are the same. */
export function mergePatch(from: unknown, to: unknown): Json | undefined {
  if (equalJson(from, to)) return undefined;
  if (!isRecord(from) || !isRecord(to)) return withoutUndefined(to);
  const patch: Record<string, Json> = {};
  for (const key of new Set([...Object.keys(from), ...Object.keys(to)])) {
    if (to[key] === undefined) {
      if (from[key] !== undefined) patch[key] = null;
      continue;
    }
    const inner = mergePatch(from[key], to[key]);
    if (inner !== undefined) patch[key] = inner;
  }
  return patch;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function withoutUndefined(value: unknown): Json {
  if (Array.isArray(value)) return value.map(withoutUndefined);
  if (!isRecord(value)) return (value ?? null) as Json;
  const entries = Object.entries(value).filter(([, inner]) => inner !== undefined);
  return Object.fromEntries(entries.map(([key, inner]) => [key, withoutUndefined(inner)]));
}
