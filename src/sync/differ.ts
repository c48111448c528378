import type { FieldDrift, IgnoreDifference, KubeObject, StoredObject } from '#api';

/** Provisional: replaced by #diff. */
export function adoptIgnored(
  desired: KubeObject,
  _live: StoredObject | undefined,
  _rules: readonly IgnoreDifference[],
): KubeObject {
  return desired;
}

export function driftOf(input: {
  readonly desired: KubeObject;
  readonly applied: KubeObject;
  readonly live: StoredObject;
}): { readonly fields: readonly FieldDrift[]; readonly foreign: readonly string[] } {
  const fields: FieldDrift[] = [];
  walk(strip(input.applied), strip(input.live), '', fields);
  return { fields, foreign: [] };
}

function strip(object: KubeObject): unknown {
  const { metadata, status: _status, ...rest } = object;
  return { ...rest, metadata: { labels: metadata.labels, annotations: metadata.annotations } };
}

function walk(desired: unknown, live: unknown, path: string, fields: FieldDrift[]): void {
  if (JSON.stringify(desired) === JSON.stringify(live)) return;
  if (isRecord(desired) && isRecord(live)) {
    for (const key of new Set([...Object.keys(desired), ...Object.keys(live)])) {
      walk(desired[key], live[key], path === '' ? key : `${path}.${key}`, fields);
    }
    return;
  }
  if (Array.isArray(desired) && Array.isArray(live)) {
    for (let i = 0; i < Math.max(desired.length, live.length); i += 1)
      walk(desired[i], live[i], `${path}[${i}]`, fields);
    return;
  }
  fields.push({ path, desired, live });
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
