import { describe, expect, it } from 'vitest';
import type { StoredObject } from '#api';
import { planCompaction, planEventExpiry } from './housekeeping.plan.ts';

const MINUTE = 60_000;
const rules = { keepMs: 10 * MINUTE, keepRevisions: 100 };
const samples = [0, 5, 10, 15].map((minute) => ({ atMs: minute * MINUTE, revision: 1_000 + minute * 100 }));

describe('src/server/registry/housekeeping.plan.ts', () => {
  it.each([
    ['nothing is old enough', 9, 3_000, undefined],
    ['the first sample is old enough', 10, 3_000, 1_000],
    ['several are: the newest of them', 21, 3_000, 2_000],
    ['few revisions came since', 21, 2_050, 1_950],
    ['hardly any revision came at all', 21, 90, undefined],
  ])('when %s', (_, minute, revision, expected) => {
    expect(planCompaction(samples, { atMs: minute * MINUTE, revision }, rules)).toBe(expected);
  });

  const event = (name: string, times: object): StoredObject => ({
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name, uid: name, resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' },
    ...times,
  });

  it.each([
    ['was never seen again', {}, true],
    ['was seen a moment ago', { lastTimestamp: '2026-01-01T01:30:00Z' }, false],
    [
      'goes on in a series',
      { eventTime: '2026-01-01T00:00:00.000000Z', series: { lastObservedTime: '2026-01-01T01:30:00Z' } },
      false,
    ],
    ['has a time nobody can read', { lastTimestamp: 'soon' }, true],
    ['has no time', { lastTimestamp: null, eventTime: null }, true],
  ])('an Event that %s', (_, times, expired) => {
    const plan = planEventExpiry([event('a', times)], Date.parse('2026-01-01T02:00:00Z'), 3_600_000);
    expect(plan.length === 1).toBe(expired);
  });
});
