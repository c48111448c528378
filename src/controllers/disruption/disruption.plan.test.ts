import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Pod, PodDisruptionBudget } from '#api';
import { deepFreeze } from '#base';
import { DELETION_TIMEOUT_MS, needsScale, planDisruption } from './disruption.plan.ts';

const NOW = Date.parse('2026-01-02T03:04:05Z');
const at = (ms: number) => new Date(ms).toISOString().replace('.000Z', 'Z');
const budget = (spec: object, status?: object): PodDisruptionBudget =>
  deepFreeze({ metadata: { name: 'b', generation: 3 }, spec, ...(status === undefined ? {} : { status }) }) as never;
const pod = (name: string, ready = true, metadata: object = {}): Pod =>
  ({
    metadata: { name, ...metadata },
    status: { conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }] },
  }) as never;
const pods = (ready: number, unready = 0) => [
  ...Array.from({ length: ready }, (_, index) => pod(`r${index}`)),
  ...Array.from({ length: unready }, (_, index) => pod(`u${index}`, false)),
];
const plan = (spec: object, selected: readonly Pod[], replicas: number, status?: object) =>
  planDisruption({ budget: budget(spec, status), pods: selected, scale: { replicas }, nowMs: NOW });

describe('src/controllers/disruption/disruption.plan.ts', () => {
  it.each([
    ['a number that has to stay', { minAvailable: 2 }, pods(3), 0, [3, 2, 3, 1]],
    ['more than there are', { minAvailable: 5 }, pods(3), 0, [3, 5, 3, 0]],
    ['a share that has to stay, rounded up', { minAvailable: '50%' }, pods(5), 5, [5, 3, 5, 2]],
    ['a number that may go', { maxUnavailable: 1 }, pods(3, 1), 4, [3, 3, 4, 0]],
    ['a share that may go, rounded up', { maxUnavailable: '30%' }, pods(5), 5, [5, 3, 5, 2]],
    ['all may go', { maxUnavailable: '100%' }, pods(2), 2, [2, 0, 2, 2]],
    ['more may go than there are', { maxUnavailable: 9 }, pods(2), 2, [2, 0, 2, 2]],
    ['none may go', { maxUnavailable: 0 }, pods(2), 2, [2, 2, 2, 0]],
    ['no pods', { minAvailable: 0 }, [], 0, [0, 0, 0, 0]],
    ['nothing said', {}, pods(2), 2, [2, 0, 0, 0]],
    [
      'pods that go',
      { minAvailable: 1 },
      [...pods(2), pod('g', true, { deletionTimestamp: at(NOW) })],
      0,
      [2, 1, 3, 1],
    ],
  ])('counts for %s', (_name, spec, selected, replicas, [healthy, desired, expected, allowed] = []) => {
    const { status } = plan(spec, selected, replicas);
    expect([status.currentHealthy, status.desiredHealthy, status.expectedPods, status.disruptionsAllowed]).toEqual([
      healthy,
      desired,
      expected,
      allowed,
    ]);
    expect(status.observedGeneration).toBe(3);
    expect(status.conditions).toEqual([
      {
        type: 'DisruptionAllowed',
        status: allowed === 0 ? 'False' : 'True',
        reason: allowed === 0 ? 'InsufficientPods' : 'SufficientPods',
        message: '',
        observedGeneration: 3,
        lastTransitionTime: at(NOW),
      },
    ]);
  });

  it('does not count what was evicted until it is gone, or has stayed too long', () => {
    const disruptedPods = {
      r0: at(NOW - 1_000),
      r1: at(NOW - DELETION_TIMEOUT_MS - 1_000),
      r2: at(NOW),
      r3: at(NOW - 1_000),
      gone: at(NOW),
    };
    const going = pod('r2', true, { deletionTimestamp: at(NOW) });
    const successor = pod('r3', true, { creationTimestamp: at(NOW) });
    const seen = plan({ minAvailable: 1 }, [pod('r0'), pod('r1'), going, successor], 0, { disruptedPods });
    expect(seen.status).toMatchObject({ currentHealthy: 2, disruptedPods: { r0: disruptedPods.r0 } });
    expect(seen.notDeleted.map(({ metadata }) => metadata.name)).toEqual(['r1']);
    expect(seen.requeueAfterMs).toBe(DELETION_TIMEOUT_MS - 1_000 + 1);
  });

  it('allows nothing while the owners cannot be counted, and keeps what was known', () => {
    const known = {
      currentHealthy: 2,
      desiredHealthy: 1,
      expectedPods: 2,
      disruptionsAllowed: 1,
      observedGeneration: 2,
    };
    const { status } = planDisruption({
      budget: budget({ maxUnavailable: 1 }, known),
      pods: pods(2),
      scale: { error: 'no scale' },
      nowMs: NOW,
    });
    const condition = { status: 'False', reason: 'SyncFailed', message: 'no scale', observedGeneration: 2 };
    expect(status).toMatchObject({ ...known, disruptionsAllowed: 0, conditions: [condition] });
  });

  it('asks the owners only where their number counts', () => {
    expect(needsScale(budget({ minAvailable: 1 }))).toBe(false);
    expect(needsScale(budget({ minAvailable: '1%' }))).toBe(true);
    expect(needsScale(budget({ maxUnavailable: 0 }))).toBe(true);
  });

  it('never allows what would leave fewer healthy pods than wanted, and twice says the same', () => {
    const share = fc.oneof(
      fc.nat(6),
      fc.integer({ min: 0, max: 100 }).map((percent) => `${percent}%`),
    );
    const limit = fc.oneof(fc.record({ minAvailable: share }), fc.record({ maxUnavailable: share }));
    fc.assert(
      fc.property(limit, fc.nat(6), fc.nat(4), fc.nat(8), (spec, ready, unready, replicas) => {
        const { status } = plan(spec, pods(ready, unready), replicas);
        expect(status.disruptionsAllowed).toBeGreaterThanOrEqual(0);
        if (status.disruptionsAllowed > 0)
          expect(status.currentHealthy - status.disruptionsAllowed).toBeGreaterThanOrEqual(status.desiredHealthy);
        const again = planDisruption({
          budget: budget(spec, status),
          pods: pods(ready, unready),
          scale: { replicas },
          nowMs: NOW + 60_000,
        });
        expect(again.status).toEqual(status);
      }),
    );
  });
});
