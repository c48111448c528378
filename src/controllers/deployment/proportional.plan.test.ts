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
