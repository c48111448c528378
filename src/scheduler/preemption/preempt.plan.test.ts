import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Node, Pod, PodDisruptionBudget, PodSpec } from '#api';
import { planScheduleOf } from '../schedule.plan.ts';

const meta = (name: string) => ({
  name,
  namespace: 'default',
  uid: `uid-${name}`,
  resourceVersion: '1',
  creationTimestamp: '2026-01-01T00:00:00Z',
});

const node = (name: string, cpu = 4, more: { spec?: Node['spec']; labels?: Record<string, string> } = {}): Node => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { ...meta(name), labels: { host: name, ...more.labels } },
  ...(more.spec === undefined ? {} : { spec: more.spec }),
  status: {
    allocatable: { cpu: String(cpu), memory: '64Gi', pods: '110' },
    conditions: [{ type: 'Ready', status: 'True' }],
  },
});

interface PodParts {
  readonly cpu?: number;
  readonly priority?: number;
  readonly on?: string;
  readonly app?: string;
  /** Minutes after midnight. */
  readonly started?: number;
  readonly promised?: string;
  readonly going?: 'preempted' | 'otherwise';
  readonly spec?: Partial<PodSpec>;
}

function pod(name: string, { cpu = 1, priority = 0, on, app = name, started, promised, going, spec }: PodParts = {}) {
  const preempted = { type: 'DisruptionTarget', status: 'True', reason: 'PreemptionByScheduler' };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      ...meta(name),
      labels: { app },
      ...(going === undefined ? {} : { deletionTimestamp: '2026-01-01T00:00:00Z' }),
    },
    spec: {
      containers: [{ name: 'c', image: 'i', resources: { requests: { cpu: String(cpu) } } }],
      priority,
      ...(on === undefined ? {} : { nodeName: on }),
      ...spec,
    },
    status: {
      ...(started === undefined ? {} : { startTime: `2026-01-01T00:${String(started).padStart(2, '0')}:00Z` }),
      ...(promised === undefined ? {} : { nominatedNodeName: promised }),
      ...(going === 'preempted' ? { conditions: [preempted] } : {}),
    },
  } as Pod;
}

const budget = (app: string, disruptionsAllowed: number): PodDisruptionBudget =>
  ({
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: meta(app),
    spec: { selector: { matchLabels: { app } } },
    status: { disruptionsAllowed },
  }) as unknown as PodDisruptionBudget;

const apart = (app: string, topologyKey = 'host'): Partial<PodSpec> => ({
  affinity: {
    podAntiAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey, labelSelector: { matchLabels: { app } } }],
    },
  },
});
const port = (hostPort: number): Partial<PodSpec> => ({
  containers: [{ name: 'c', image: 'i', ports: [{ containerPort: 80, hostPort }] }],
});

type Case = {
  readonly nodes?: readonly Node[];
  readonly bound?: readonly Pod[];
  readonly budgets?: readonly PodDisruptionBudget[];
  readonly pods: readonly Pod[];
};

const names = (pods: readonly Pod[]) => pods.map(({ metadata }) => metadata.name);
function decide({ nodes = [node('a'), node('b')], bound = [], budgets = [], pods }: Case) {
  const { bindings, failures, displaced } = planScheduleOf({ nodes, bound, budgets, pods });
  return {
    bound: bindings.map((each) => `${each.pod.metadata.name}@${each.node}`),
    promised: failures.map((each) => `${each.pod.metadata.name}@${each.nominated ?? ''}`),
    victims: failures.flatMap(({ victims }) => names(victims)),
    displaced: names(displaced),
  };
}
const high = (parts: PodParts = {}) => pod('high', { priority: 100, cpu: 4, ...parts });
const filled = (a: PodParts, b: PodParts) => [pod('x', { cpu: 4, on: 'a', ...a }), pod('y', { cpu: 4, on: 'b', ...b })];

describe('src/scheduler/preemption/preempt.plan.ts', () => {
  it.each<readonly [string, Case, readonly string[], string]>([
    ['takes the least important', { bound: filled({ priority: 5 }, { priority: 3 }), pods: [high()] }, ['y'], 'b'],
    [
      'sooner breaks no disruption budget than spare the more important',
      { bound: filled({ priority: 5 }, { priority: 3 }), budgets: [budget('y', 0)], pods: [high()] },
      ['x'],
      'a',
    ],
    [
      'breaks a disruption budget where nothing else makes room',
      { nodes: [node('a')], bound: [pod('x', { cpu: 4, on: 'a' })], budgets: [budget('x', 0)], pods: [high()] },
      ['x'],
      'a',
    ],
    [
      'spares those under a budget first',
      {
        nodes: [node('a')],
        bound: [1, 2, 3, 4].map((n) =>
          pod(`x${n}`, { on: 'a', app: n < 3 ? 'guarded' : 'free', priority: n < 3 ? 0 : 9 }),
        ),
        budgets: [budget('guarded', 0)],
        pods: [high({ cpu: 2 })],
      },
      ['x3', 'x4'],
      'a',
    ],
    [
      'lets a budget cover as many as it allows',
      {
        nodes: [node('a')],
        bound: [1, 2, 3, 4].map((n) => pod(`x${n}`, { on: 'a', app: 'guarded', started: n })),
        budgets: [budget('guarded', 1)],
        pods: [high({ cpu: 1 })],
      },
      ['x1'],
      'a',
    ],
    [
      'looks at the most important victim before the sum of all',
      {
        bound: [
          pod('x', { cpu: 4, on: 'a', priority: 9 }),
          ...[1, 2].map((n) => pod(`y${n}`, { cpu: 2, on: 'b', priority: 8 })),
        ],
        pods: [high()],
      },
      ['y1', 'y2'],
      'b',
    ],
    [
      'takes the smaller sum among equally important ones',
      {
        bound: [
          pod('x1', { cpu: 2, on: 'a', priority: 9 }),
          pod('x2', { cpu: 2, on: 'a', priority: 8 }),
          pod('y1', { cpu: 2, on: 'b', priority: 9 }),
          pod('y2', { cpu: 2, on: 'b', priority: 1 }),
        ],
        pods: [high()],
      },
      ['y1', 'y2'],
      'b',
    ],
    [
      'takes fewer rather than more of one priority, also of a negative one',
      {
        bound: [
          ...[1, 2].map((n) => pod(`x${n}`, { cpu: 2, on: 'a', priority: -5 })),
          pod('y', { cpu: 4, on: 'b', priority: -5 }),
        ],
        pods: [high()],
      },
      ['y'],
      'b',
    ],
    ['takes the youngest among equals', { bound: filled({ started: 1 }, { started: 7 }), pods: [high()] }, ['y'], 'b'],
    ['takes the first by name among equals in all', { bound: filled({}, {}), pods: [high()] }, ['x'], 'a'],
    [
      'spares the more important and the older of a node',
      {
        nodes: [node('a')],
        bound: [
          pod('old', { on: 'a', started: 1 }),
          pod('young', { on: 'a', started: 9 }),
          pod('better', { on: 'a', priority: 5, started: 9 }),
          pod('unborn', { on: 'a' }),
        ],
        pods: [high({ cpu: 2 })],
      },
      ['young', 'unborn'],
      'a',
    ],
    [
      'takes nobody where those that leave already make room',
      {
        bound: [...filled({ priority: 5, going: 'otherwise' }, { priority: 3 })],
        pods: [high()],
      },
      [],
      'a',
    ],
    [
      'takes the holder of a host port',
      {
        nodes: [node('a')],
        bound: [pod('x', { on: 'a', spec: port(80) }), pod('y', { on: 'a', spec: port(81) })],
        pods: [high({ spec: port(80) })],
      },
      ['x'],
      'a',
    ],
    [
      'takes whom it cannot be beside',
      {
        nodes: [node('a')],
        bound: [pod('x', { on: 'a', app: 'db' }), pod('y', { on: 'a' })],
        pods: [high({ cpu: 1, spec: apart('db') })],
      },
      ['x'],
      'a',
    ],
    [
      'takes who refuses it',
      {
        nodes: [node('a')],
        bound: [pod('x', { on: 'a', spec: apart('high') }), pod('y', { on: 'a' })],
        pods: [high({ cpu: 1 })],
      },
      ['x'],
      'a',
    ],
  ])('%s', (_what, given, victims, where) => {
    const decided = decide(given);
    expect(decided.victims).toEqual(victims);
    expect(decided.promised).toEqual([`high@${where}`]);
    expect(decided.bound).toEqual([]);
  });

  it.each<readonly [string, Case, string]>([
    [
      'equals and betters stay',
      { bound: filled({ priority: 100 }, { priority: 200 }), pods: [high()] },
      '0/2 nodes are available: 2 Insufficient cpu. preemption: 0/2 nodes are available: 2 No preemption victims found for incoming pod.',
    ],
    [
      'who may not preempt waits',
      { bound: filled({}, {}), pods: [high({ spec: { preemptionPolicy: 'Never' } })] },
      '0/2 nodes are available: 2 Insufficient cpu. preemption: not eligible due to preemptionPolicy=Never.',
    ],
    [
      'what is too large even for an empty node is told so',
      { bound: filled({}, {}), pods: [high({ cpu: 9 })] },
      '0/2 nodes are available: 2 Insufficient cpu. preemption: 0/2 nodes are available: 2 Insufficient cpu.',
    ],
    [
      'a taint is not mended by pods that go',
      {
        nodes: [node('a', 4, { spec: { taints: [{ key: 'k', effect: 'NoSchedule' }] } }), node('b')],
        bound: filled({}, { priority: 100 }),
        pods: [high()],
      },
      '0/2 nodes are available: 1 Insufficient cpu, 1 node(s) had untolerated taint {k: }. preemption: 0/2 nodes are available: 1 No preemption victims found for incoming pod, 1 Preemption is not helpful for scheduling.',
    ],
    [
      'nobody leaves where a pod is already leaving for it',
      { bound: filled({ going: 'preempted' }, {}), pods: [high({ promised: 'a' })] },
      '0/2 nodes are available: 2 Insufficient cpu. preemption: not eligible due to a terminating pod on the nominated node.',
    ],
  ])('evicts nobody, and says so: %s', (_what, given, message) => {
    const { nodes = [node('a'), node('b')], ...rest } = given;
    const [failure] = planScheduleOf({ nodes, ...rest }).failures;
    expect(failure?.victims).toEqual([]);
    expect(failure?.message).toBe(message);
  });

  it('keeps a promise until it can be redeemed, and gives it up where it cannot', () => {
    const waiting = high({ promised: 'a' });
    expect(decide({ bound: filled({ going: 'preempted' }, {}), pods: [waiting] }).promised).toEqual(['high@a']);
    const cordoned = node('a', 4, { spec: { unschedulable: true } });
    const elsewhere = { nodes: [cordoned, node('b')], bound: filled({ going: 'preempted' }, {}), pods: [waiting] };
    expect(decide(elsewhere)).toMatchObject({ promised: ['high@b'], victims: ['y'] });
    expect(decide({ ...elsewhere, nodes: [cordoned] })).toMatchObject({ promised: ['high@'], victims: [] });
    expect(decide({ nodes: [node('a'), node('b', 64)], pods: [waiting] }).bound).toEqual(['high@a']);
  });

  it('counts a promised pod for those that are not more important, and breaks it for those that are', () => {
    const promised = pod('promised', { cpu: 4, priority: 50, promised: 'a' });
    const given = (priority: number) => ({
      nodes: [node('a')],
      bound: [pod('x', { cpu: 4, on: 'a', going: 'preempted' })],
      pods: [promised, pod('p', { cpu: 4, priority })],
    });
    expect(decide(given(0)).promised).toEqual(['promised@a', 'p@']);
    expect(decide(given(50)).promised).toEqual(['p@', 'promised@a']);
    expect(decide(given(100))).toMatchObject({ promised: ['p@a', 'promised@'], displaced: [] });
    const free = { nodes: [node('a')], pods: [promised, pod('p', { cpu: 4, priority: 100 })] };
    expect(decide(free)).toMatchObject({ bound: ['p@a'], promised: ['promised@'] });
  });

  it('does not take a friend who is only promised for one who is there', () => {
    const beside: Partial<PodSpec> = {
      affinity: {
        podAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: [
            { topologyKey: 'host', labelSelector: { matchLabels: { app: 'friend' } } },
          ],
        },
      },
    };
    const friend = pod('friend', { cpu: 4, priority: 50, promised: 'a' });
    const given = { nodes: [node('a', 8)], bound: [pod('x', { cpu: 5, on: 'a', going: 'preempted' })] };
    expect(decide({ ...given, pods: [friend, pod('p', { spec: beside })] }).bound).toEqual([]);
  });

  it('puts nobody beside a promised pod who could not stay with it', () => {
    const given = {
      nodes: [node('a')],
      bound: [pod('x', { on: 'a', going: 'preempted', spec: port(80) })],
    };
    const promised = pod('promised', { priority: 50, promised: 'a', spec: port(80) });
    const shy = pod('p', { spec: apart('promised') });
    expect(decide({ ...given, pods: [promised, shy] })).toMatchObject({ bound: [], promised: ['promised@a', 'p@'] });
    expect(decide({ ...given, pods: [promised, pod('p')] }).bound).toEqual(['p@a']);
  });

  it('makes room for several, each beyond the room of the others', () => {
    const bound = [1, 2, 3, 4].map((n) => pod(`x${n}`, { on: 'a', started: n }));
    const pods = [1, 2, 3].map((n) => pod(`high${n}`, { priority: 100 }));
    const decided = decide({ nodes: [node('a')], bound, pods });
    expect(decided.promised).toEqual(['high1@a', 'high2@a', 'high3@a']);
    expect(decided.victims).toEqual(['x4', 'x3', 'x2']);
  });

  it('puts off what would look at too many nodes at once', () => {
    const nodes = Array.from({ length: 50 }, (_, index) => node(`n${index}`));
    const bound = nodes.map(({ metadata }) => pod(`x-${metadata.name}`, { cpu: 4, on: metadata.name }));
    const pods = nodes.map(({ metadata }) => pod(`high-${metadata.name}`, { cpu: 4, priority: 100 }));
    const { failures, postponed } = planScheduleOf({ nodes, bound, pods });
    expect([failures.length, postponed.length]).toEqual([32, 18]);
    expect(new Set(failures.flatMap(({ victims }) => names(victims))).size).toBe(32);
  });

  const parts = (max: number) =>
    fc.record({
      cpu: fc.integer({ min: 1, max: 4 }),
      priority: fc.integer({ min: -1, max: 3 }),
      app: fc.constantFrom('a', 'b'),
      apart: fc.option(fc.constantFrom('a', 'b')),
      on: fc.nat(max),
      going: fc.boolean(),
      started: fc.nat(9),
    });
  type Parts = { cpu: number; priority: number; app: string; apart: string | null; on: number; started: number };
  const cluster = fc
    .record({
      sizes: fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 3 }),
      running: fc.array(parts(2), { maxLength: 10 }),
      waiting: fc.array(parts(2), { minLength: 1, maxLength: 4 }),
      allowed: fc.array(fc.nat(2), { minLength: 2, maxLength: 2 }),
    })
    .map(({ sizes, running, waiting, allowed }) => {
      const nodes = sizes.map((cpu, index) => node(`n${index}`, cpu));
      const make = (name: string, { apart: from, on: _on, ...rest }: Parts, more: PodParts = {}) =>
        pod(name, { ...rest, ...more, ...(from === null ? {} : { spec: apart(from) }) });
      // Only what fits comes to a node.
      const bound: Pod[] = [];
      for (const [index, { going, ...each }] of running.entries()) {
        const on = nodes[each.on % nodes.length];
        if (on === undefined) continue;
        const plan = planScheduleOf({ nodes: [on], bound, pods: [{ ...make(`r${index}`, each) }] });
        if (plan.bindings.length === 0) continue;
        bound.push(make(`r${index}`, each, { on: on.metadata.name, ...(going ? { going: 'otherwise' } : {}) }));
      }
      const pods = waiting.map((each, index) => make(`w${index}`, { ...each, priority: each.priority + 1 }));
      return { nodes, bound, pods, budgets: allowed.map((count, index) => budget(index === 0 ? 'a' : 'b', count)) };
    });
  const priorityOf = ({ spec }: Pod) => spec.priority ?? 0;
  const never = (one: Pod): Pod => ({ ...one, spec: { ...one.spec, preemptionPolicy: 'Never' } });
  const fits = (given: { nodes: readonly Node[]; bound: readonly Pod[] }, one: Pod, where: string) =>
    planScheduleOf({
      nodes: given.nodes,
      bound: given.bound,
      pods: [never({ ...one, spec: { ...one.spec, nodeSelector: { host: where } } })],
    }).bindings.length === 1;

  it('evicts only less important pods, no more than it must, and just so many that the pod fits', () => {
    fc.assert(
      fc.property(cluster, ({ nodes, bound, pods, budgets }) => {
        const [one] = pods as [Pod];
        const [failure] = planScheduleOf({ nodes, bound, pods: [one], budgets }).failures;
        if (failure === undefined) return;
        const { victims, nominated } = failure;
        for (const victim of victims) {
          expect(priorityOf(victim)).toBeLessThan(priorityOf(one));
          expect(victim.spec.nodeName).toBe(nominated);
        }
        const leaving = (other: Pod) =>
          victims.includes(other) ||
          (other.metadata.deletionTimestamp !== undefined && priorityOf(other) < priorityOf(one));
        if (nominated === undefined) {
          // Nobody's going would have helped, on any node.
          for (const { metadata } of nodes) {
            const betters = bound.filter(
              (other) => other.spec.nodeName !== metadata.name || priorityOf(other) >= priorityOf(one),
            );
            expect(fits({ nodes, bound: betters }, one, metadata.name)).toBe(false);
          }
          return;
        }
        const left = bound.filter((other) => !leaving(other));
        expect(fits({ nodes, bound: left }, one, nominated)).toBe(true);
        for (const victim of victims) expect(fits({ nodes, bound: [...left, victim] }, one, nominated)).toBe(false);
      }),
    );
  });

  it('goes beyond a budget only where no node would do without', () => {
    const seen = { within: 0, beyond: 0 };
    fc.assert(
      fc.property(cluster, ({ nodes, bound, pods, budgets }) => {
        const [one] = pods as [Pod];
        const [failure] = planScheduleOf({ nodes, bound, pods: [one], budgets }).failures;
        if (failure === undefined || failure.victims.length === 0) return;
        const isBeyond = (going: readonly Pod[]) =>
          budgets.some(({ metadata, status }) => {
            const hit = going.filter((each) => each.metadata.labels?.['app'] === metadata.name).length;
            return hit > (status?.disruptionsAllowed ?? 0);
          });
        const beyond = isBeyond(failure.victims);
        seen[beyond ? 'beyond' : 'within'] += 1;
        if (!beyond) return;
        for (const { metadata } of nodes) {
          const less = bound.filter(
            (other) => other.spec.nodeName === metadata.name && priorityOf(other) < priorityOf(one),
          );
          const rest = bound.filter((other) => !less.includes(other));
          const goes = less.filter((other) => other.metadata.deletionTimestamp === undefined);
          // Here all less important ones could have gone, and none beyond its budget.
          expect(fits({ nodes, bound: rest }, one, metadata.name) && !isBeyond(goes)).toBe(false);
        }
      }),
      { numRuns: 1_000 },
    );
    expect(Math.min(seen.within, seen.beyond)).toBeGreaterThan(20);
  });

  it('promises no more than a node has once the victims are gone, and the same whatever comes first', () => {
    const shuffled = cluster.chain((given) =>
      fc.tuple(
        fc.constant(given),
        fc.shuffledSubarray([...given.nodes], { minLength: given.nodes.length }),
        fc.shuffledSubarray([...given.bound], { minLength: given.bound.length }),
        fc.shuffledSubarray([...given.pods], { minLength: given.pods.length }),
      ),
    );
    fc.assert(
      fc.property(shuffled, ([given, nodes, bound, pods]) => {
        const plan = planScheduleOf(given);
        const brief = ({ bindings, failures }: typeof plan) => [
          ...bindings.map((each) => `${each.pod.metadata.name}@${each.node}`).sort(),
          ...failures.map((each) => `${each.pod.metadata.name}@${each.nominated}!${names(each.victims)}`).sort(),
        ];
        expect(brief(planScheduleOf({ ...given, nodes, bound, pods }))).toEqual(brief(plan));
        const victims = plan.failures.flatMap((failure) => failure.victims);
        expect(new Set(victims).size).toBe(victims.length);
        const cpuOf = ({ spec }: Pod) => Number(spec.containers[0]?.resources?.requests?.['cpu'] ?? 0);
        for (const { metadata, status } of given.nodes) {
          const here = [
            ...given.bound.filter(
              (other) =>
                other.spec.nodeName === metadata.name &&
                !victims.includes(other) &&
                other.metadata.deletionTimestamp === undefined,
            ),
            ...plan.bindings.filter((each) => each.node === metadata.name).map((each) => each.pod),
            ...plan.failures.filter(({ nominated }) => nominated === metadata.name).map((each) => each.pod),
          ];
          const total = here.reduce((sum, each) => sum + cpuOf(each), 0);
          expect(total).toBeLessThanOrEqual(Number(status?.allocatable?.['cpu']));
        }
      }),
    );
  });
});
