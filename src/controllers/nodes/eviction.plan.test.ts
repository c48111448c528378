import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Pod, Taint, Toleration } from '#api';
import { formatTime } from '#base';
import { planEviction } from './eviction.plan.ts';
import { UNREACHABLE } from './node-lifecycle.plan.ts';

const ADDED_MS = 1_000_000;
const pod = (...tolerations: readonly Toleration[]) =>
  ({ metadata: { name: 'p' }, spec: { containers: [], tolerations } }) as unknown as Pod;
const taint = (key: string, effect: 'NoSchedule' | 'NoExecute' = 'NoExecute', timed = true): Taint => ({
  key,
  effect,
  ...(timed ? { timeAdded: formatTime(ADDED_MS) } : {}),
});
const tolerates = (tolerationSeconds?: number): Toleration => ({
  key: UNREACHABLE,
  operator: 'Exists',
  ...(tolerationSeconds === undefined ? {} : { tolerationSeconds }),
});
const leavesAfterMs = (given: Pod, taints: readonly Taint[]) => {
  const atMs = planEviction({ pod: given, taints, unsaidMs: 300_000, seenMs: ADDED_MS + 7_000 });
  return atMs === undefined ? undefined : atMs - ADDED_MS;
};

describe('src/controllers/nodes/eviction.plan.ts', () => {
  it.each([
    ['a pod that says nothing stays five minutes on a lost node', pod(), [taint(UNREACHABLE)], 300_000],
    ['one that says how long leaves then', pod(tolerates(5)), [taint(UNREACHABLE)], 5_000],
    ['the shortest of several times counts', pod(tolerates(9), tolerates(5)), [taint(UNREACHABLE)], 5_000],
    ['one that says for ever stays', pod(tolerates()), [taint(UNREACHABLE)], undefined],
    ['a taint nobody tolerates drives out at once', pod(), [taint('mine')], 0],
    ['the hardest of several taints counts', pod(), [taint(UNREACHABLE), taint('mine')], 0],
    ['a taint without a time counts from when it was seen', pod(), [taint('mine', 'NoExecute', false)], 7_000],
    ['a taint against new pods drives nobody out', pod(), [taint('mine', 'NoSchedule')], undefined],
  ] as const)('%s', (_, given, taints, afterMs) => {
    expect(leavesAfterMs(given, taints)).toBe(afterMs);
  });

  it('never lets a pod stay longer for one taint more', () => {
    const taints = fc.array(fc.constantFrom(taint(UNREACHABLE), taint('mine'), taint('other')), { maxLength: 3 });
    const given = fc.option(fc.nat(1_000), { nil: undefined }).map((seconds) => pod(tolerates(seconds)));
    fc.assert(
      fc.property(given, taints, (one, few) => {
        const before = leavesAfterMs(one, few) ?? Number.POSITIVE_INFINITY;
        expect(leavesAfterMs(one, [...few, taint('more')]) ?? Number.POSITIVE_INFINITY).toBeLessThanOrEqual(before);
      }),
    );
  });
});
