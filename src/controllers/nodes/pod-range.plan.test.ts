import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Node } from '#api';
import { planPodRange } from './pod-range.plan.ts';

const node = (podCIDR?: string) => ({ spec: podCIDR === undefined ? {} : { podCIDR } }) as unknown as Node;
const plan = (nodes: readonly Node[], clusterRange = '10.244.0.0/16') =>
  planPodRange({ nodes, clusterRange, nodeBits: 24 });

describe('src/controllers/nodes/pod-range.plan.ts', () => {
  it.each([
    ['begins at the bottom', [], '10.244.0.0/24'],
    ['takes the lowest that is free', [node('10.244.0.0/24'), node('10.244.2.0/24')], '10.244.1.0/24'],
    ['does not mind nodes without one', [node(), node('10.244.0.0/24')], '10.244.1.0/24'],
  ])('%s', (_, nodes, expected) => {
    expect(plan(nodes)).toBe(expected);
  });

  it('has nothing left when all are given out', () => {
    expect(plan([node('10.0.0.0/24'), node('10.0.1.0/24')], '10.0.0.0/23')).toBeUndefined();
  });

  it('never gives one range to two nodes', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40 }), fc.nat(40), (count, removed) => {
        const nodes: Node[] = [];
        for (let at = 0; at < count; at += 1) nodes.push(node(plan(nodes)));
        nodes.splice(removed % count, 1);
        nodes.push(node(plan(nodes)));
        expect(new Set(nodes.map(({ spec }) => spec?.podCIDR)).size).toBe(count);
      }),
      { numRuns: 30 },
    );
  });
});
