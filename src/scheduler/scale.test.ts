import { describe, expect, it } from 'vitest';
import type { Node, Pod, PodSpec } from '#api';
import { NodeTable } from './node-table.ts';
import { planSchedule } from './schedule.plan.ts';

const NODES = 40;
const FEW = 200;
const MANY = 2_000;
/** Pods of one plan. */
const BATCH = 50;

const meta = (name: string, labels: Record<string, string> = {}) => ({
  name,
  namespace: 'default',
  uid: `uid-${name}`,
  resourceVersion: '1',
  creationTimestamp: '2026-01-01T00:00:00Z',
  labels,
});
const node = (index: number): Node => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: meta(`n${index}`, { host: `n${index}`, zone: `z${index % 3}` }),
  spec: {},
  status: {
    allocatable: { cpu: '1000', memory: '4000Gi', pods: '1000' },
    conditions: [{ type: 'Ready', status: 'True' }],
  },
});
const pod = (name: string, app: string, spec: Partial<PodSpec> = {}): Pod =>
  ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: meta(name, { app, 'apps.kubernetes.io/pod-name': name }),
    spec: { containers: [{ name: 'c', image: 'i', resources: { requests: { cpu: '100m' } } }], ...spec },
  }) as Pod;

/** A cluster that runs so many pods of twenty apps, each with a label of its own, as those of StatefulSets have. */
function clusterOf(pods: number, spec: Partial<PodSpec> = {}): NodeTable {
  const table = new NodeTable();
  for (let index = 0; index < NODES; index += 1) table.setNode(node(index));
  for (let index = 0; index < pods; index += 1) {
    const one = pod(`r${index}`, `app${index % 20}`, spec);
    table.place(one.metadata.uid, one, `n${index % NODES}`);
  }
  return table;
}

const term = { topologyKey: 'zone', labelSelector: { matchLabels: { app: 'app1' } } };
const apart = { topologyKey: 'host', labelSelector: { matchLabels: { app: 'nobody' } } };
const prefers = { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 1, podAffinityTerm: term }] };
const KINDS: readonly (readonly [string, Partial<PodSpec>])[] = [
  ['plain pods', {}],
  [
    'pods that must be beside others',
    { affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term] } } },
  ],
  ['pods that would like to be beside others', { affinity: { podAffinity: prefers } }],
  [
    'pods that must not be beside others',
    { affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [apart] } } },
  ],
  [
    'pods that are to be spread',
    {
      topologySpreadConstraints: [
        { maxSkew: 500, topologyKey: 'host', whenUnsatisfiable: 'DoNotSchedule', labelSelector: term.labelSelector },
      ],
    },
  ],
];
const peers = { selectorOf: ({ metadata }: Pod) => ({ matchLabels: { app: metadata.labels?.['app'] ?? '' } }) };

/** Pods, and groups of pods, that some work looks at one by one. */
function looksOf(table: NodeTable, work: () => void): number {
  const before = table.looks;
  work();
  return table.looks - before;
}

describe('src/scheduler, with many pods', () => {
  it.each(KINDS)('plans %s, where such pods run, without looking at each that runs', (_what, spec) => {
    const looks = (running: number) => {
      const table = clusterOf(running, spec);
      const plan = (of: string) => {
        const pods = Array.from({ length: BATCH }, (_, index) => pod(`${of}${index}`, 'app1', spec));
        const { bindings } = planSchedule({ table, pods, peers });
        expect(bindings).toHaveLength(BATCH);
        for (const { pod: one, node: on } of bindings) table.place(one.metadata.uid, one, on);
      };
      // Where the pods are that a rule means is counted once, and kept up to date from then on.
      const first = looksOf(table, () => plan('first'));
      return [first, looksOf(table, () => plan('second'))] as const;
    };
    const [fewFirst, few] = looks(FEW);
    const [manyFirst, many] = looks(MANY);
    expect(many).toBe(few);
    expect(many).toBeLessThanOrEqual(2 * BATCH);
    // The first time costs the pods of the app that is meant, not those of all twenty.
    expect(fewFirst).toBeLessThanOrEqual(2 * BATCH + FEW / 10);
    expect(manyFirst).toBeLessThanOrEqual(2 * BATCH + MANY / 10);
  });

  it.each<readonly [string, Partial<PodSpec>, Partial<PodSpec>]>([
    ['is as important as all others', { priority: 5 }, { priority: 5 }],
    ['is more important, but too large for any node', { priority: 5 }, { priority: 9 }],
    ['is less important', { priority: 5 }, { priority: -1 }],
    ['may not take the room of others', { priority: 5 }, { priority: 9, preemptionPolicy: 'Never' }],
  ])('refuses a pod that fits nowhere and %s without looking at any pod that runs', (_what, running, asking) => {
    const table = clusterOf(MANY, running);
    const resources = { requests: { cpu: '1001' } };
    const large = pod('large', 'large', { ...asking, containers: [{ name: 'c', image: 'i', resources }] });
    const looks = looksOf(table, () => {
      const [failure] = planSchedule({ table, pods: [large] }).failures;
      expect(failure?.message).toContain(`0/${NODES} nodes are available: ${NODES} Insufficient cpu.`);
      expect(failure?.victims).toEqual([]);
    });
    expect(looks).toBe(0);
  });

  it('looks for room that others could make at the pods of nodes where that would help, and of no others', () => {
    const table = clusterOf(MANY, { priority: 5 });
    const small = { containers: [{ name: 'c', image: 'i', resources: { requests: { cpu: '996' } } }] };
    // The pods of every node hold 5 of its 1000 cores; of one node they are too important to go.
    const keeper = pod('keeper', 'keeper', { ...small, priority: 100 });
    for (let index = 1; index < NODES; index += 1) {
      const one = { ...keeper, metadata: meta(`keeper${index}`) };
      table.place(one.metadata.uid, one, `n${index}`);
    }
    const wanting = pod('wanting', 'wanting', { ...small, priority: 9 });
    let victims = 0;
    const looks = looksOf(table, () => {
      const [failure] = planSchedule({ table, pods: [wanting] }).failures;
      expect(failure?.nominated).toBe('n0');
      victims = failure?.victims.length ?? 0;
    });
    expect(victims).toBeGreaterThan(0);
    expect(looks).toBe(MANY / NODES);
  });
});
