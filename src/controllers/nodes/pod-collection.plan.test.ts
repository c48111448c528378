import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Pod } from '#api';
import { planSurplus } from './pod-collection.plan.ts';

interface Parts {
  readonly age: number;
  readonly evicted?: boolean;
  readonly going?: boolean;
}

const pod = (uid: string, { age, evicted = false, going = false }: Parts): Pod =>
  ({
    metadata: {
      name: uid,
      uid,
      creationTimestamp: new Date(1_000_000_000_000 - age * 1_000).toISOString(),
      ...(going ? { deletionTimestamp: '2026-01-01T00:00:00Z' } : {}),
    },
    status: { phase: 'Failed', ...(evicted ? { reason: 'Evicted' } : {}) },
  }) as object as Pod;
const plan = (finished: readonly Pod[], keep: number, burst = 100) =>
  planSurplus({ finished, keep, burst })
    .map(({ metadata }) => metadata.uid)
    .join(' ');
const [young, old, older] = [pod('young', { age: 1 }), pod('old', { age: 5 }), pod('older', { age: 9 })];

describe('src/controllers/nodes/pod-collection.plan.ts', () => {
  it.each<[string, string, string]>([
    ['none while there are few enough', plan([young, old, older], 3), ''],
    ['the oldest', plan([young, older, old], 2), 'older'],
    ['all where none may stay', plan([young, older, old], 0), 'older old young'],
    [
      'those that were evicted first',
      plan([older, pod('evicted', { age: 0, evicted: true }), old], 1),
      'evicted older',
    ],
    ['none for one that goes already', plan([young, old, older, pod('going', { age: 99, going: true })], 3), ''],
    ['no more than a pass may', plan([young, old, older], 0, 2), 'older old'],
  ])('gives up %s', (_what, found, expected) => {
    expect(found).toBe(expected);
  });

  it('gives up exactly what is too much in any order and any passes, and then rests', () => {
    const parts = fc.record({ age: fc.nat(5), evicted: fc.boolean(), going: fc.boolean() });
    fc.assert(
      fc.property(
        fc.array(parts, { maxLength: 20 }),
        fc.nat(20),
        fc.integer({ min: 1, max: 5 }),
        (all, keep, burst) => {
          let pods = all.map((each, at) => pod(`p${String(at).padStart(2, '0')}`, each));
          const stays = pods.filter(({ metadata }) => metadata.deletionTimestamp === undefined).length;
          const wanted = plan(pods, keep);
          expect(plan([...pods].reverse(), keep)).toBe(wanted);
          const gone: Pod[] = [];
          for (let pass = 0; pass <= all.length; pass += 1) {
            const some = planSurplus({ finished: pods, keep, burst });
            expect(some.length).toBeLessThanOrEqual(burst);
            gone.push(...some);
            pods = pods.filter((each) => !some.includes(each));
          }
          expect(gone.map(({ metadata }) => metadata.uid).join(' ')).toBe(wanted);
          expect(gone.length).toBe(Math.max(0, stays - keep));
        },
      ),
    );
  });
});
