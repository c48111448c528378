import { describe, expect, it } from 'vitest';
import type { Node, Pod, PodSpec } from '#api';
import { NodeTable } from './node-table.ts';
import { planSchedule } from './schedule.plan.ts';

const NODES = 100;
const FEW = 500;
const MANY = 5_000;
/** Pods of one plan, and plans of which the quickest counts: what else the machine does only adds. */
const BATCH = 50;
const PLANS = 5;
/** Many pods are ten times few: a cost for each of them would show. */
const MUCH_MORE = 4;

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
    metadata: meta(name, { app }),
    spec: { containers: [{ name: 'c', image: 'i', resources: { requests: { cpu: '100m' } } }], ...spec },
  }) as Pod;

/** A cluster that runs so many pods of twenty apps. */
function clusterOf(pods: number): NodeTable {
  const table = new NodeTable();
  for (let index = 0; index < NODES; index += 1) table.setNode(node(index));
  for (let index = 0; index < pods; index += 1) {
    const one = pod(`r${index}`, `app${index % 20}`);
    table.place(one.metadata.uid, one, `n${index % NODES}`);
  }
  return table;
}

const term = { topologyKey: 'zone', labelSelector: { matchLabels: { app: 'app1' } } };
const KINDS: readonly (readonly [string, Partial<PodSpec>])[] = [
  ['plain pods', {}],
  [
    'pods that want to be beside others',
    { affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term] } } },
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

describe('src/scheduler, with many pods', () => {
  it.each(KINDS)('plans %s at a cost that does not grow with those that run', (_what, spec) => {
    const pods = Array.from({ length: BATCH }, (_, index) => pod(`p${index}`, 'app1', spec));
    const quickest = (table: NodeTable) => {
      const times = Array.from({ length: PLANS }, () => {
        const from = performance.now();
        planSchedule({ table, pods });
        return performance.now() - from;
      });
      return Math.min(...times);
    };
    const few = clusterOf(FEW);
    const many = clusterOf(MANY);
    quickest(few); // The program is warm before it is measured.
    expect(quickest(many)).toBeLessThan(quickest(few) * MUCH_MORE);
  });
});
