import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ReplicaSet } from '#api';
import { proportionalReplicas } from './proportional.plan.ts';

const shareOf = (wanted: number, at: number) => ({
  replicaSet: { metadata: { name: `set-${at}`, creationTimestamp: `2026-01-0${at + 1}T00:00:00Z` } } as ReplicaSet,
  wanted,
  pods: wanted,
  available: wanted,
});
const plan = (replicas: number, maxSurge: number, sizes: readonly number[], maxBefore: number) =>
  proportionalReplicas({
    bounds: { replicas, maxSurge, maxUnavailable: 0 },
    shares: sizes.map(shareOf),
    maxBefore: () => maxBefore,
  });

describe('src/controllers/deployment/proportional.plan.ts', () => {
  it.each([
    // Kinds of cases as in kubernetes pkg/controller/deployment/sync_test.go, TestScale. Oldest set first.
    { what: 'doubles each', replicas: 20, surge: 0, sizes: [5, 5], before: 10, expected: [10, 10] },
    {
      what: 'gives what rounding leaves to the newest of equals',
      replicas: 6,
      surge: 0,
      sizes: [2, 3],
      before: 5,
      expected: [2, 4],
    },
    { what: 'shrinks each by its part', replicas: 5, surge: 0, sizes: [8, 2], before: 10, expected: [4, 1] },
    { what: 'leaves nothing', replicas: 0, surge: 3, sizes: [4, 2], before: 6, expected: [0, 0] },
    { what: 'counts the surge', replicas: 15, surge: 3, sizes: [6, 6], before: 12, expected: [9, 9] },
  ])('$what', ({ replicas, surge, sizes, before, expected }) => {
    expect(plan(replicas, surge, sizes, before)).toEqual(expected);
  });

  it.each([
    {
      what: 'keeps the old pod that serves',
      sizes: [1, 1, 1],
      available: [1, 0, 0],
      replicas: 2,
      away: 1,
      expected: [1, 0, 1],
    },
    { what: 'keeps as many as must serve', sizes: [4, 4], available: [4, 0], replicas: 4, away: 1, expected: [3, 1] },
    {
      what: 'goes by size where enough serve',
      sizes: [4, 4],
      available: [4, 3],
      replicas: 4,
      away: 1,
      expected: [2, 2],
    },
    {
      what: 'cannot keep more than there are',
      sizes: [1, 3],
      available: [1, 0],
      replicas: 2,
      away: 0,
      expected: [1, 1],
    },
  ])('shrinks in the middle of a rollout: $what', ({ sizes, available, replicas, away, expected }) => {
    const shares = sizes.map((size, at) => ({ ...shareOf(size, at), available: available[at] ?? 0 }));
    const bounds = { replicas, maxSurge: 0, maxUnavailable: away };
    const maxBefore = sizes.reduce((sum, size) => sum + size, 0);
    expect(proportionalReplicas({ bounds, shares, maxBefore: () => maxBefore })).toEqual(expected);
  });

  it('takes no pod that serves, below those that must, while one that does not could go', () => {
    const set = fc.integer({ min: 1, max: 12 }).chain((wanted) => fc.tuple(fc.constant(wanted), fc.nat(wanted)));
    fc.assert(
      fc.property(
        fc.nat(30),
        fc.nat(5),
        fc.nat(5),
        fc.array(set, { minLength: 1, maxLength: 5 }),
        fc.integer({ min: 1, max: 60 }),
        (replicas, maxSurge, maxUnavailable, sets, maxBefore) => {
          const shares = sets.map(([wanted, available], at) => ({ ...shareOf(wanted, at), available }));
          const bounds = { replicas, maxSurge, maxUnavailable };
          const result = proportionalReplicas({ bounds, shares, maxBefore: () => maxBefore });
          const serving = sets.reduce((sum, [, available], at) => sum + Math.min(available, result[at] ?? 0), 0);
          const total = sets.reduce((sum, [, available]) => sum + available, 0);
          const room = replicas > 0 ? replicas + maxSurge : 0;
          const shrinks = sets.reduce((sum, [wanted]) => sum + wanted, 0) > room;
          if (shrinks) expect(serving).toBeGreaterThanOrEqual(Math.min(total, room, replicas - maxUnavailable));
          expect(result.reduce((sum, size) => sum + size, 0)).toBe(room);
          expect(Math.min(...result)).toBeGreaterThanOrEqual(0);
        },
      ),
    );
  });

  it('gives out exactly what is allowed, and never a negative size', () => {
    fc.assert(
      fc.property(
        fc.nat(50),
        fc.nat(10),
        fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 5 }),
        fc.integer({ min: 1, max: 80 }),
        (replicas, maxSurge, sizes, before) => {
          const result = plan(replicas, maxSurge, sizes, before);
          const allowed = replicas > 0 ? replicas + maxSurge : 0;
          expect(Math.min(...result)).toBeGreaterThanOrEqual(0);
          expect(result.reduce((sum, size) => sum + size, 0)).toBe(allowed);
        },
      ),
    );
  });
});
