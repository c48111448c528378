import type { KubeObject } from '#api';

/**
 * What an object of ours lacks since a version that did not know it yet, as a merge patch: fields that are there keep the
 * value they have, so a person's `false` stays. Undefined when nothing is missing, or when `manager` is not alone in
 * managing `mark`, a field that only who wrote the whole object has: then the object is a person's own, or Git's.
 */
export function planUpgrade(
  live: KubeObject,
  wanted: KubeObject,
  { manager, mark }: { readonly manager: string; readonly mark: string },
): Readonly<Record<string, unknown>> | undefined {
  const entries = live.metadata.managedFields ?? [];
  const writers = entries.filter(({ fieldsV1 }) => fieldsV1 !== undefined && `f:${mark}` in fieldsV1);
  if (writers.length === 0 || writers.some((entry) => entry.manager !== manager)) return undefined;
  const known = new Set(Object.keys(live));
  const missing = Object.entries(wanted).filter(([field]) => !known.has(field));
  return missing.length === 0 ? undefined : Object.fromEntries(missing);
}
