import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { PodDemand } from './demand.ts';
import { PodsOnNode } from './pods-on-node.ts';

interface One {
  readonly key: string;
  readonly priority: number;
  readonly cpu: number;
}

const demandOf = ({ cpu }: One): PodDemand => ({
  amounts: new Map([['pods', 1], ...(cpu > 0 ? ([['cpu', cpu]] as const) : [])]),
  scoredCpu: 0,
  scoredMemory: 0,
  hostPorts: [],
});

describe('src/scheduler/pods-on-node.ts', () => {
  it('tells after any history what adding up the pods one by one tells', () => {
    const one = fc.record({
      key: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
      priority: fc.integer({ min: -2, max: 2 }),
      cpu: fc.nat(3),
    });
    fc.assert(
      fc.property(fc.array(one, { maxLength: 30 }), fc.integer({ min: -3, max: 3 }), (history, priority) => {
        const pods = new PodsOnNode();
        const there = new Map<string, One>();
        for (const each of history) {
          const before = there.get(each.key);
          if (before === undefined) {
            pods.add(each.key, each.priority, demandOf(each));
            there.set(each.key, each);
          } else {
            pods.delete(before.key, before.priority, demandOf(before));
            there.delete(before.key);
          }
        }
        expect([...pods.keys].sort()).toEqual([...there.keys()].sort());
        const lower = [...there.values()].filter((each) => each.priority < priority);
        const held = pods.heldBelow(priority);
        expect(held === undefined).toBe(lower.length === 0);
        expect(held?.get('pods') ?? 0).toBe(lower.length);
        expect(held?.get('cpu') ?? 0).toBe(lower.reduce((sum, { cpu }) => sum + cpu, 0));
      }),
    );
  });
});
