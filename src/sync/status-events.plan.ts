import type { ApplicationStatus, ResourceStatus } from '#api';

/** Objects that one event names; more are counted. */
const MAX_NAMED = 5;
const BAD = new Set<string | undefined>(['Degraded', 'Missing']);

export interface StatusEvent {
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly message: string;
}

export interface StatusChange {
  readonly before: ApplicationStatus;
  readonly after: ApplicationStatus;
  /** What Git says now had been applied before: what differs is drift, and no part of a sync. */
  readonly wasSynced: boolean;
}

/** What people are told of a status that is another than before: health, and drift. Names fields, never their values. */
export function planStatusEvents({ before, after, wasSynced }: StatusChange): readonly StatusEvent[] {
  const events: StatusEvent[] = [];
  const was = before.health?.status;
  const is = after.health?.status;
  if (was !== undefined && is !== undefined && was !== is) {
    const type = BAD.has(is) ? 'Warning' : 'Normal';
    events.push({ type, reason: 'HealthChanged', message: `Health changed from ${was} to ${is}` });
  }
  const isSameCommit = before.sync?.revision !== undefined && before.sync.revision === after.sync?.revision;
  if (!wasSynced || !isSameCommit || before.digest !== after.digest) return events;
  const drifted = driftedOf(before);
  const drifts = driftedOf(after);
  const found = [...drifts].filter(([id]) => !drifted.has(id));
  const healed = [...drifted].filter(([id]) => !drifts.has(id));
  if (found.length > 0) events.push({ type: 'Warning', reason: 'DriftFound', message: `Drift in ${words(found)}` });
  if (healed.length > 0)
    events.push({ type: 'Normal', reason: 'DriftHealed', message: `As in Git again: ${words(healed)}` });
  return events;
}

function driftedOf({ resources = [] }: ApplicationStatus): ReadonlyMap<string, ResourceStatus> {
  const drifted = resources.filter(({ drift = [] }) => drift.length > 0);
  return new Map(drifted.map((resource) => [idOf(resource), resource]));
}

function idOf({ group, kind, namespace, name }: ResourceStatus): string {
  return [group === '' ? kind : `${group}/${kind}`, namespace, name].filter((part) => part !== '').join('/');
}

function words(changed: readonly (readonly [string, ResourceStatus])[]): string {
  const named = changed.slice(0, MAX_NAMED).map(([id, { drift = [] }]) => {
    const who = new Set(drift.flatMap(({ manager, user }) => user ?? manager ?? []));
    const by = who.size === 0 ? '' : ` by ${[...who].join(', ')}`;
    return `${id} (${drift.map(({ path }) => path).join(', ')}${by})`;
  });
  const more = changed.length - named.length;
  return named.join('; ') + (more > 0 ? ` and ${more} more` : '');
}
