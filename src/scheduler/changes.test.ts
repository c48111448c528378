import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Node, Pod, PodSpec } from '#api';
import { seeGone, seeNamespace, seeNode, seeNominee, seePlaced } from './changes.ts';
import { type ClusterEvent, mayHelp } from './hints.ts';
import { NodeTable } from './node-table.ts';
import { planSchedule } from './schedule.plan.ts';

const meta = (name: string) => ({ name, uid: name, resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' });

interface NodeParts {
  readonly zone: string | undefined;
  readonly cpu: number;
  readonly pods: number;
  readonly tainted: boolean;
  readonly cordoned: boolean;
}
const nodeOf = (name: string, { zone, cpu, pods, tainted, cordoned }: NodeParts): Node => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { ...meta(name), labels: { host: name, ...(zone === undefined ? {} : { zone }) } },
  spec: { unschedulable: cordoned, ...(tainted ? { taints: [{ key: 'k', effect: 'NoSchedule' }] } : {}) },
  status: {
    allocatable: { cpu: `${cpu}`, pods: `${pods}` },
    conditions: [{ type: 'Ready', status: 'True' }],
  } as never,
});

interface PodParts {
  readonly app: string;
  readonly namespace: string;
  readonly cpu: number;
  readonly port: number | undefined;
  readonly spec: object;
}
const podOf = (name: string, { app, namespace, cpu, port, spec }: PodParts): Pod =>
  ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { ...meta(name), namespace, labels: { app } },
    spec: {
      containers: [
        {
          name: 'c',
          image: 'i',
          resources: { requests: { cpu: `${cpu}` } },
          ...(port === undefined ? {} : { ports: [{ containerPort: 1, hostPort: port }] }),
        },
      ],
      ...spec,
    } as PodSpec,
  }) as Pod;

const app = fc.constantFrom('a', 'b');
const namespace = fc.constantFrom('x', 'y');
const nodeName = fc.constantFrom('n0', 'n1', 'n2', 'n3');
const nodeParts: fc.Arbitrary<NodeParts> = fc.record({
  zone: fc.constantFrom('z0', 'z1', 'z2', undefined),
  cpu: fc.integer({ min: 1, max: 4 }),
  pods: fc.integer({ min: 1, max: 3 }),
  tainted: fc.boolean(),
  cordoned: fc.boolean(),
});
const term = fc
  .record({
    app,
    key: fc.constantFrom('zone', 'host'),
    team: fc.option(fc.constantFrom('red', 'blue'), { nil: undefined }),
  })
  .map(({ app: of, key, team }) => ({
    topologyKey: key,
    labelSelector: { matchLabels: { app: of } },
    ...(team === undefined ? {} : { namespaceSelector: { matchLabels: { team } } }),
  }));
const required = (kind: string) =>
  term.map((one) => ({ affinity: { [kind]: { requiredDuringSchedulingIgnoredDuringExecution: [one] } } }));
const spread = fc
  .record({ app, key: fc.constantFrom('zone', 'host'), maxSkew: fc.integer({ min: 1, max: 2 }) })
  .map(({ app: of, key, maxSkew }) => ({
    topologySpreadConstraints: [
      {
        maxSkew,
        topologyKey: key,
        whenUnsatisfiable: 'DoNotSchedule',
        labelSelector: { matchLabels: { app: of } },
      },
    ],
  }));
const spec = fc.oneof(
  { weight: 2, arbitrary: fc.constant({}) },
  { weight: 1, arbitrary: nodeName.map((host) => ({ nodeSelector: { host } })) },
  { weight: 1, arbitrary: fc.constant({ tolerations: [{ operator: 'Exists' }] }) },
  { weight: 3, arbitrary: required('podAffinity') },
  { weight: 3, arbitrary: required('podAntiAffinity') },
  { weight: 4, arbitrary: spread },
);
const podParts: fc.Arbitrary<PodParts> = fc.record({
  app,
  namespace,
  cpu: fc.integer({ min: 0, max: 3 }),
  port: fc.option(fc.constantFrom(80, 81), { nil: undefined }),
  spec,
});
const someUid = fc.constantFrom('p0', 'p1', 'p2', 'p3', 'p4');
const step = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constant('node' as const), name: nodeName, parts: nodeParts }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('node gone' as const), name: nodeName }) },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('placed' as const), uid: someUid, parts: podParts, name: nodeName }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('gone' as const), uid: someUid }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('promised' as const), uid: someUid, parts: podParts, name: nodeName }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('promise ends' as const), uid: someUid }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('namespace' as const),
      name: namespace,
      team: fc.constantFrom('red', 'blue', undefined),
    }),
  },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

function take(table: NodeTable, each: Step): readonly ClusterEvent[] {
  switch (each.do) {
    case 'node':
      return seeNode(table, each.name, nodeOf(each.name, each.parts));
    case 'node gone':
      return seeNode(table, each.name, undefined);
    case 'placed': {
      const known = table
        .podsAt(table.slotOf(table.placeOf(each.uid) ?? '') ?? -1)
        .find(({ pod }) => pod.metadata.uid === each.uid);
      const pod = podOf(each.uid, each.parts);
      // Of a pod that has its node only the labels change.
      if (known !== undefined) return seePlaced(table, each.uid, { ...known.pod, metadata: pod.metadata }, known.node);
      return table.placeOf(each.uid) === undefined ? seePlaced(table, each.uid, pod, each.name) : [];
    }
    case 'gone':
      return seeGone(table, each.uid);
    case 'promised': {
      // A pod waits or has its node, and is never promised another.
      if (table.placeOf(each.uid) !== undefined) return [];
      const known = [...table.nominees].find(({ pod }) => pod.metadata.uid === each.uid);
      return seeNominee(table, each.uid, { pod: known?.pod ?? podOf(each.uid, each.parts), node: each.name });
    }
    case 'promise ends':
      return seeNominee(table, each.uid, undefined);
    case 'namespace':
      return seeNamespace(table, each.name, each.team === undefined ? undefined : { team: each.team });
  }
}

describe('src/scheduler/changes.ts', () => {
  it('never passes over what lets a refused pod fit', () => {
    let helped = 0;
    const kinds = new Set<string>();
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 12 }),
        podParts,
        fc.array(step, { maxLength: 12 }),
        (before, parts, after) => {
          const table = new NodeTable();
          for (const each of before) take(table, each);
          const pod = podOf('waits', parts);
          const plan = () => planSchedule({ table, pods: [pod] });
          let refused = plan().failures[0];
          for (const each of after) {
            const events = take(table, each);
            const { bindings, failures } = plan();
            if (refused !== undefined) {
              const { retryOn } = refused;
              const isTried = events.some((event) => mayHelp(event, { pod, retryOn }, table));
              if (bindings.length > 0) {
                expect(isTried, `after ${JSON.stringify(each)}; it was refused: ${refused.message}`).toBe(true);
                helped += 1;
                kinds.add(each.do);
              }
              // One that is not tried keeps what it was refused for.
              if (isTried) refused = failures[0];
            } else refused = failures[0];
          }
        },
      ),
      { numRuns: 3_000 },
    );
    // It means something only if pods were helped, and by each kind of change that is not rare.
    expect(helped).toBeGreaterThan(100);
    expect([...kinds]).toEqual(expect.arrayContaining(['gone', 'node', 'placed']));
  });

  it.each<[string, PodParts['spec'], Step]>([
    [
      'a place less over which it must be spread',
      {
        topologySpreadConstraints: [
          {
            maxSkew: 1,
            topologyKey: 'zone',
            whenUnsatisfiable: 'DoNotSchedule',
            labelSelector: { matchLabels: { app: 'a' } },
          },
        ],
      },
      { do: 'node gone', name: 'n1' },
    ],
    [
      'a namespace that is another team’s now',
      {
        affinity: {
          podAntiAffinity: {
            requiredDuringSchedulingIgnoredDuringExecution: [
              {
                topologyKey: 'zone',
                labelSelector: { matchLabels: { app: 'a' } },
                namespaceSelector: { matchLabels: { team: 'red' } },
              },
            ],
          },
        },
      },
      { do: 'namespace', name: 'x', team: 'blue' },
    ],
  ])('tries a pod again after %s', (_what, wants, change) => {
    const table = new NodeTable();
    const node = { cpu: 4, pods: 3, tainted: false };
    take(table, { do: 'namespace', name: 'x', team: 'red' });
    seeNode(table, 'n0', nodeOf('n0', { ...node, zone: 'z0', cordoned: false }));
    seeNode(table, 'n1', nodeOf('n1', { ...node, zone: 'z1', cordoned: true }));
    const parts = { app: 'a', namespace: 'x', cpu: 1, port: undefined };
    seePlaced(table, 'p0', podOf('p0', { ...parts, spec: {} }), 'n0');
    const pod = podOf('waits', { ...parts, spec: wants });
    const [refused] = planSchedule({ table, pods: [pod] }).failures;
    const events = take(table, change);
    expect(planSchedule({ table, pods: [pod] }).bindings).toHaveLength(1);
    const retryOn = refused?.retryOn ?? new Set();
    expect(events.map((event) => mayHelp(event, { pod, retryOn }, table))).toEqual([true]);
  });
});
