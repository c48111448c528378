import type { Event, StoredObject } from '#api';

/** The store's revision at a moment. */
export interface RevisionSample {
  readonly atMs: number;
  readonly revision: number;
}

export interface CompactionRules {
  /** History that a client may still ask for. */
  readonly keepMs: number;
  /** And at least so many revisions, however old. */
  readonly keepRevisions: number;
}

/** The newest revision whose predecessors nobody needs any more; undefined when there is none. Samples: oldest first. */
export function planCompaction(
  samples: readonly RevisionSample[],
  now: RevisionSample,
  { keepMs, keepRevisions }: CompactionRules,
): number | undefined {
  const old = samples.filter((sample) => sample.atMs <= now.atMs - keepMs).at(-1);
  if (old === undefined) return undefined;
  const revision = Math.min(old.revision, now.revision - keepRevisions);
  return revision > 0 ? revision : undefined;
}

/** The Events whose time is over: not seen again for `ttlMs`. */
export function planEventExpiry(
  events: readonly StoredObject[],
  nowMs: number,
  ttlMs: number,
): readonly StoredObject[] {
  return events.filter((event) => lastSeenMs(event as Event) <= nowMs - ttlMs);
}

function lastSeenMs({ series, lastTimestamp, eventTime, metadata }: Event): number {
  const times = [series?.lastObservedTime, lastTimestamp, eventTime, metadata.creationTimestamp];
  const known = times.map((time) => (time ? Date.parse(time) : Number.NaN)).filter((ms) => !Number.isNaN(ms));
  return Math.max(0, ...known);
}
