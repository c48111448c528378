import type { Json } from '../meta/object.ts';
import { getOwn, isRecord, setOwn } from '../values/own.ts';
import { measureJson } from './measure.ts';

/**
 * The document after an RFC 7396 merge patch: null removes, maps merge, all else replaces. Neither argument is changed;
 * parts the patch does not touch are shared. Throws `RequestEntityTooLarge` beyond the limits.
 */
export function applyMergePatch(document: Json, patch: Json): Json {
  measureJson(patch);
  const merged = merge(document, patch);
  measureJson(merged);
  return merged;
}

function merge(document: Json | undefined, patch: Json): Json {
  if (!isRecord(patch)) return patch;
  const from = isRecord(document) ? (document as Readonly<Record<string, Json>>) : {};
  const merged: Record<string, Json> = {};
  for (const key of Object.keys(from)) {
    if (!Object.hasOwn(patch, key)) setOwn(merged, key, from[key] as Json);
    else if (patch[key] !== null) setOwn(merged, key, merge(from[key], patch[key] as Json));
  }
  for (const key of Object.keys(patch)) {
    const value = getOwn(patch, key) as Json;
    if (value !== null && !Object.hasOwn(from, key)) setOwn(merged, key, merge(undefined, value));
  }
  return merged;
}
