import { getOwn, isRecord, type KubeObject, setOwn } from '#api';
import { equalJson } from '#base';

const SAME = '++++++++';
const BEFORE = '++++++++ (before)';
const AFTER = '++++++++ (after)';
/** kubectl writes the whole object there, data included. */
const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';

/** Whether the values of an object must never be shown. */
export function isSecret({ apiVersion, kind }: { readonly apiVersion: string; readonly kind: string }): boolean {
  return kind === 'Secret' && apiVersion === 'v1';
}

/** Two values as masks: equal ones look equal, different ones different; content and length never show. */
export function maskPair(before: unknown, after: unknown): readonly [unknown, unknown] {
  if (before === undefined || after === undefined)
    return [before === undefined ? undefined : SAME, after === undefined ? undefined : SAME];
  return equalJson(before, after) ? [SAME, SAME] : [BEFORE, AFTER];
}

/**
 * Two versions of an object with the values of a Secret masked; all other objects come back as they are. The keys of a
 * Secret stay, and whether a value changed can be seen.
 */
export function maskSecrets<T extends KubeObject | undefined>(before: T, after: T): readonly [T, T] {
  const one = before ?? after;
  if (one === undefined || !isSecret(one)) return [before, after];
  return [masked(before, after, 0), masked(after, before, 1)];
}

function masked<T extends KubeObject | undefined>(object: T, other: T, side: 0 | 1): T {
  if (object === undefined) return object;
  const result: KubeObject = { ...object, metadata: { ...object.metadata } };
  for (const field of ['data', 'stringData'] as const) {
    if (object[field] !== undefined) result[field] = maskedMap(object[field], other?.[field], side);
  }
  const { annotations } = object.metadata;
  if (annotations !== undefined && Object.hasOwn(annotations, LAST_APPLIED)) {
    result.metadata.annotations = { ...annotations, [LAST_APPLIED]: SAME };
  }
  return result as T;
}

function maskedMap(map: unknown, other: unknown, side: 0 | 1): unknown {
  if (!isRecord(map)) return SAME;
  const result: Record<string, unknown> = {};
  for (const key of Object.keys(map)) {
    const partner = isRecord(other) ? getOwn(other, key) : undefined;
    const pair = side === 0 ? maskPair(map[key], partner) : maskPair(partner, map[key]);
    setOwn(result, key, pair[side]);
  }
  return result;
}
