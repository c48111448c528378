import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { LabelSelectorObject, Node, Pod, PodSpec } from '#api';
import { NodeTable } from '../node-table.ts';
import { planSchedule } from '../schedule.plan.ts';

const meta = (name: string, labels: Readonly<Record<string, string>>) => ({
  name,
  namespace: 'default',
  uid: `uid-${name}`,
  resourceVersion: '1',
  creationTimestamp: '2026-01-01T00:00:00Z',
  labels,
});
const HOST = 'kubernetes.io/hostname';
const ZONE = 'topology.kubernetes.io/zone';
const node = (name: string, zone?: string, cpu = '64'): Node => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: meta(name, { [HOST]: name, ...(zone === undefined ? {} : { [ZONE]: zone }) }),
  status: {
    allocatable: { cpu, memory: '256Gi', pods: '110' },
    conditions: [{ type: 'Ready', status: 'True' }],
  },
});
interface Parts {
  readonly app?: string;
  readonly cpu?: string;
  readonly going?: boolean;
  readonly spec?: Partial<PodSpec>;
}
const pod = (name: string, { app = 'web', cpu = '100m', going = false, spec = {} }: Parts = {}): Pod =>
  ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { ...meta(name, { app }), ...(going ? { deletionTimestamp: '2026-01-01T00:00:00Z' } : {}) },
    spec: { containers: [{ name: 'c', image: 'i', resources: { requests: { cpu } } }], ...spec },
  }) as Pod;

/** Every app has a Service, but `alone`. */
const peers = {
  selectorOf: ({ metadata: { labels = {} } }: Pod): LabelSelectorObject | undefined =>
    labels['app'] === 'alone' ? undefined : { matchLabels: { app: labels['app'] ?? '' } },
};

function tableOf(nodes: readonly Node[], placed: readonly (readonly [Pod, string])[] = []): NodeTable {
  const table = new NodeTable();
  for (const each of nodes) table.setNode(each);
  for (const [one, name] of placed) table.place(one.metadata.uid, one, name);
  return table;
}

const counts = (names: readonly (string | undefined)[]) =>
  [...new Set(names)].map((name) => names.filter((each) => each === name).length).sort();

describe('src/scheduler/relations/default-spread.ts', () => {
  it('lays the pods of one workload over all nodes, evenly', () => {
    const pods = Array.from({ length: 6 }, (_, index) => pod(`p${index}`));
    // By room alone, all of them would go to the emptiest.
    const table = tableOf(
      [node('a'), node('b'), node('c')],
      [
        [pod('filler1', { app: 'filler', cpu: '8' }), 'b'],
        [pod('filler2', { app: 'filler', cpu: '12' }), 'c'],
      ],
    );
    const { bindings } = planSchedule({ table, pods, peers });
    expect(counts(bindings.map((each) => each.node))).toEqual([2, 2, 2]);
    expect(counts(planSchedule({ table, pods }).bindings.map((each) => each.node))).toEqual([6]);
  });

  it('counts a peer that was placed before it in the same plan by rules of its own', () => {
    const constraint = { maxSkew: 9, topologyKey: HOST, whenUnsatisfiable: 'ScheduleAnyway', labelSelector: {} };
    const first = pod('first', { spec: { topologySpreadConstraints: [constraint], nodeSelector: { [HOST]: 'a' } } });
    const table = tableOf([node('a'), node('b')], [[pod('filler', { app: 'filler', cpu: '16' }), 'b']]);
    const { bindings } = planSchedule({ table, pods: [first, pod('second')], peers });
    expect(bindings.map((each) => each.node)).toEqual(['a', 'b']);
  });

  it('prefers a zone without peers to a node without peers in their zone', () => {
    const nodes = [node('a1', 'a'), node('a2', 'a'), node('b1', 'b')];
    const filler = pod('filler', { app: 'other', cpu: '16' });
    const table = tableOf(nodes, [
      [pod('old'), 'a1'],
      [filler, 'b1'],
    ]);
    expect(planSchedule({ table, pods: [pod('p')], peers }).bindings[0]?.node).toBe('b1');
    expect(planSchedule({ table, pods: [pod('p', { app: 'alone' })], peers }).bindings[0]?.node).not.toBe('b1');
  });

  it.each<readonly [string, Pod, Pod, string]>([
    ['of the same workload', pod('old'), pod('p'), 'b'],
    ['of another workload', pod('old', { app: 'other' }), pod('p'), 'a'],
    ['that goes already', pod('old', { going: true }), pod('p'), 'a'],
    ['of nobody', pod('old', { app: 'alone' }), pod('p', { app: 'alone' }), 'a'],
    [
      'of the same workload, when it says itself how it is to be spread',
      pod('old'),
      pod('p', {
        spec: {
          topologySpreadConstraints: [
            {
              maxSkew: 9,
              topologyKey: ZONE,
              whenUnsatisfiable: 'ScheduleAnyway',
              labelSelector: { matchLabels: { app: 'x' } },
            },
          ],
        },
      }),
      'a',
    ],
  ])('keeps a pod apart from one %s, or not', (_what, old, one, expected) => {
    // Node b is fuller: without peers on node a, it is the second choice.
    const table = tableOf(
      [node('a', 'z1'), node('b', 'z2')],
      [
        [old, 'a'],
        [pod('filler', { app: 'filler', cpu: '16' }), 'b'],
      ],
    );
    expect(planSchedule({ table, pods: [one], peers }).bindings[0]?.node).toBe(expected);
  });

  it('counts a node that is in no zone by its own pods', () => {
    const table = tableOf([node('a'), node('b')], [[pod('old'), 'a']]);
    expect(planSchedule({ table, pods: [pod('p')], peers }).bindings[0]?.node).toBe('b');
  });

  it('asks for room first: no spreading keeps a pod from the only node that has any', () => {
    const table = tableOf([node('a'), node('b', undefined, '0')], [[pod('old'), 'a']]);
    expect(planSchedule({ table, pods: [pod('p')], peers }).bindings[0]?.node).toBe('a');
  });

  it('never leaves one equal node two pods of a workload behind another, whatever comes and goes', () => {
    const step = fc.record({ app: fc.constantFrom('x', 'y', 'z'), leaves: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 25 }), fc.integer({ min: 1, max: 4 }), (steps, size) => {
        const names = Array.from({ length: size }, (_, index) => `n${index}`);
        const table = tableOf(names.map((name) => node(name)));
        const where = new Map<string, string>();
        const on = (name: string, app: string) =>
          [...where].filter(([key, at]) => at === name && key.startsWith(app)).length;
        for (const [index, { app, leaves }] of steps.entries()) {
          const one = pod(`${app}${index}`, { app, cpu: '1m' });
          const before = names.map((name) => on(name, app));
          const chosen = planSchedule({ table, pods: [one], peers }).bindings[0]?.node ?? '';
          expect(before[names.indexOf(chosen)], `${app} on ${chosen}`).toBe(Math.min(...before));
          table.place(one.metadata.uid, one, chosen);
          where.set(one.metadata.name, chosen);
          const [oldest] = where.keys();
          if (leaves && oldest !== undefined) {
            table.unplace(`uid-${oldest}`);
            where.delete(oldest);
          }
        }
      }),
    );
  });
});
