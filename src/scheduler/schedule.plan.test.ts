import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Node, Pod, PodSpec } from '#api';
import { demandOf } from './demand.ts';
import { NodeTable } from './node-table.ts';

import { planSchedule, planScheduleOf } from './schedule.plan.ts';

interface NodeParts {
  readonly cpu?: string;
  readonly memory?: string;
  readonly pods?: string;
  readonly labels?: Record<string, string>;
  readonly spec?: Node['spec'];
  readonly ready?: boolean;
}

const meta = (name: string) => ({
  name,
  uid: `uid-${name}`,
  resourceVersion: '1',
  creationTimestamp: '2026-01-01T00:00:00Z',
});

function node(
  name: string,
  { cpu = '2', memory = '4Gi', pods = '110', labels = {}, spec, ready = true }: NodeParts = {},
): Node {
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { ...meta(name), labels },
    ...(spec === undefined ? {} : { spec }),
    status: { allocatable: { cpu, memory, pods }, conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }] },
  };
}

interface PodParts {
  readonly cpu?: string;
  readonly memory?: string;
  readonly spec?: Partial<PodSpec>;
  readonly owner?: string;
}

function pod(name: string, { cpu, memory, spec = {}, owner }: PodParts = {}): Pod {
  const requests = { ...(cpu === undefined ? {} : { cpu }), ...(memory === undefined ? {} : { memory }) };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      ...meta(name),
      namespace: 'default',
      ...(owner === undefined
        ? {}
        : {
            ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: owner, uid: owner, controller: true }],
          }),
    },
    spec: { containers: [{ name: 'c', image: 'i', resources: { requests } }], ...spec },
  };
}

function tableOf(nodes: readonly Node[], placed: readonly (readonly [Pod, string])[] = []): NodeTable {
  const table = new NodeTable();
  for (const each of nodes) table.setNode(each);
  for (const [one, name] of placed) table.place(one.metadata.uid, one, name);
  return table;
}

const tainted = (key: string, effect: 'NoSchedule' | 'PreferNoSchedule' = 'NoSchedule') => ({
  taints: [{ key, value: 'v', effect }],
});
const hostPort = (port: number): Partial<PodSpec> => ({
  containers: [{ name: 'c', image: 'i', ports: [{ containerPort: 80, hostPort: port }] }],
});
const requires = (operator: string, values: string[]): Partial<PodSpec> => ({
  affinity: {
    nodeAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: {
        nodeSelectorTerms: [{ matchExpressions: [{ key: 'disk', operator, values }] }],
      },
    },
  },
});

const prefers = (...wishes: readonly (readonly [weight: number, disk: string])[]): Partial<PodSpec> => ({
  affinity: {
    nodeAffinity: {
      preferredDuringSchedulingIgnoredDuringExecution: wishes.map(([weight, disk]) => ({
        weight,
        preference: { matchExpressions: [{ key: 'disk', operator: 'In', values: [disk] }] },
      })),
    },
  },
});

describe('src/scheduler/schedule.plan.ts', () => {
  it.each<readonly [string, readonly Node[], Pod, string]>([
    [
      'the node with most free resources',
      [node('a', { cpu: '2' }), node('b', { cpu: '4' })],
      pod('p', { cpu: '1' }),
      'b',
    ],
    ['the node that is not tainted', [node('a', { cpu: '8', spec: tainted('k') }), node('b')], pod('p'), 'b'],
    [
      'a tainted node that the pod tolerates',
      [node('a', { spec: tainted('k') })],
      pod('p', { spec: { tolerations: [{ key: 'k', operator: 'Exists' }] } }),
      'a',
    ],
    [
      'a node that prefers not to have it, last',
      [node('a', { cpu: '32', spec: tainted('k', 'PreferNoSchedule') }), node('b')],
      pod('p'),
      'b',
    ],
    [
      'a node with the selected label',
      [node('a', { cpu: '8' }), node('b', { labels: { disk: 'ssd' } })],
      pod('p', { spec: { nodeSelector: { disk: 'ssd' } } }),
      'b',
    ],
    [
      'a node its affinity names',
      [node('a', { cpu: '8' }), node('b', { labels: { disk: 'ssd' } })],
      pod('p', { spec: requires('In', ['ssd', 'nvme']) }),
      'b',
    ],
    [
      'a node its affinity does not exclude',
      [node('a', { cpu: '8', labels: { disk: 'hdd' } }), node('b')],
      pod('p', { spec: requires('NotIn', ['hdd']) }),
      'b',
    ],
    [
      'a node its affinity prefers, by weight',
      [
        node('a', { labels: { disk: 'hdd' } }),
        node('b', { labels: { disk: 'ssd' } }),
        node('c', { labels: { disk: 'nvme' } }),
      ],
      pod('p', { spec: prefers([10, 'hdd'], [30, 'ssd'], [20, 'nvme']) }),
      'b',
    ],
    ['the first by name among equals', [node('b'), node('a')], pod('p'), 'a'],
  ])('chooses %s', (_what, nodes, one, expected) => {
    expect(planSchedule({ table: tableOf(nodes), pods: [one] }).bindings.map(({ node }) => node)).toEqual([expected]);
  });

  it.each<readonly [string, readonly Node[], Pod, string]>([
    ['without nodes', [], pod('p'), 'no nodes available to schedule pods'],
    [
      'for want of CPU and memory',
      [node('a'), node('b')],
      pod('p', { cpu: '3', memory: '8Gi' }),
      '0/2 nodes are available: 2 Insufficient cpu, 2 Insufficient memory.',
    ],
    [
      'for different reasons',
      [node('a'), node('b', { spec: tainted('k') }), node('c', { spec: { unschedulable: true } })],
      pod('p', { cpu: '9' }),
      '0/3 nodes are available: 1 Insufficient cpu, 1 node(s) had untolerated taint {k: v}, 1 node(s) were unschedulable.',
    ],
    ['when a node is full of pods', [node('a', { pods: '0' })], pod('p'), '0/1 nodes are available: 1 Too many pods.'],
    [
      'when no label fits',
      [node('a')],
      pod('p', { spec: { nodeSelector: { disk: 'ssd' } } }),
      "0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector.",
    ],
    [
      'when the node is not ready',
      [node('a', { ready: false })],
      pod('p'),
      '0/1 nodes are available: 1 node(s) had untolerated taint {node.kubernetes.io/not-ready: }.',
    ],
  ])('says why no node takes a pod: %s', (_what, nodes, one, sentence) => {
    const { bindings, failures } = planSchedule({ table: tableOf(nodes), pods: [one] });
    expect(bindings).toEqual([]);
    expect(failures.map(({ message }) => message.split(' preemption: ')[0])).toEqual([sentence]);
  });

  it('gives a host port of a node to one pod only', () => {
    const table = tableOf([node('a'), node('b')], [[pod('old', { spec: hostPort(80) }), 'a']]);
    const { bindings, failures } = planSchedule({
      table,
      pods: [pod('p', { spec: hostPort(80) }), pod('q', { spec: hostPort(80) })],
    });
    expect(bindings.map(({ node }) => node)).toEqual(['b']);
    expect(failures[0]?.message).toContain("didn't have free ports");
    expect(failures[0]?.retryOn).toEqual(new Set(['node', 'pod']));
  });

  it('frees what a pod held when it is counted no more', () => {
    const big = pod('big', { cpu: '2' });
    const table = tableOf([node('a')], [[big, 'a']]);
    expect(planSchedule({ table, pods: [pod('p', { cpu: '1' })] }).bindings).toEqual([]);
    table.unplace('uid-big');
    expect(planSchedule({ table, pods: [pod('p', { cpu: '1' })] }).bindings).toHaveLength(1);
  });

  it('counts init containers as Kubernetes does', () => {
    const requests = (cpu: string) => ({ resources: { requests: { cpu } } });
    const spec: Partial<PodSpec> = {
      initContainers: [
        { name: 's', image: 'i', restartPolicy: 'Always', ...requests('200m') },
        { name: 'i', image: 'i', ...requests('900m') },
      ],
      containers: [
        { name: 'a', image: 'i', ...requests('300m') },
        { name: 'b', image: 'i', ...requests('400m') },
      ],
    };
    expect(demandOf(pod('p', { spec })).amounts.get('cpu')).toBe(1_100);
  });

  const nodes = fc
    .array(
      fc.record({
        cpu: fc.integer({ min: 1, max: 8 }),
        memory: fc.integer({ min: 1, max: 16 }),
        pods: fc.integer({ min: 0, max: 6 }),
        taint: fc.boolean(),
        ready: fc.boolean(),
      }),
      { maxLength: 6 },
    )
    .map((all) =>
      all.map(({ cpu, memory, pods, taint, ready }, index) =>
        node(`n${index}`, {
          cpu: String(cpu),
          memory: `${memory}Gi`,
          pods: String(pods),
          ready,
          ...(taint ? { spec: tainted('k') } : {}),
        }),
      ),
    );
  const pods = fc
    .array(
      fc.record({
        cpu: fc.integer({ min: 0, max: 3_000 }),
        memory: fc.integer({ min: 0, max: 4_096 }),
        port: fc.option(fc.integer({ min: 80, max: 81 })),
      }),
      { maxLength: 20 },
    )
    .map((all) =>
      all.map(({ cpu, memory, port }, index) => {
        const one = pod(`p${index}`, { cpu: `${cpu}m`, memory: `${memory}Mi`, owner: `o${index % 3}` });
        const [container] = one.spec.containers;
        return port === null || container === undefined
          ? one
          : {
              ...one,
              spec: { ...one.spec, containers: [{ ...container, ports: [{ containerPort: 1, hostPort: port }] }] },
            };
      }),
    );

  it('never gives out more than a node has, never a port twice, never a node that refuses', () => {
    fc.assert(
      fc.property(nodes, pods, (someNodes, somePods) => {
        const { bindings, failures } = planSchedule({ table: tableOf(someNodes), pods: somePods });
        expect(bindings.length + failures.length).toBe(somePods.length);
        for (const [index, one] of someNodes.entries()) {
          const here = bindings.filter(({ node }) => node === one.metadata.name).map((placement) => placement.pod);
          const allocatable = one.status?.allocatable as Record<string, string>;
          const sum = (resource: string) =>
            here.reduce((total, each) => total + (demandOf(each).amounts.get(resource) ?? 0), 0);
          expect(sum('cpu')).toBeLessThanOrEqual(Number(allocatable['cpu']) * 1_000);
          expect(sum('memory')).toBeLessThanOrEqual(Number.parseInt(allocatable['memory'] ?? '0', 10) * 2 ** 30);
          expect(here.length).toBeLessThanOrEqual(Number(allocatable['pods']));
          const ports = here.flatMap((each) => each.spec.containers[0]?.ports?.map(({ hostPort: port }) => port) ?? []);
          expect(new Set(ports).size, `node ${index}`).toBe(ports.length);
          if (one.spec?.taints !== undefined || one.status?.conditions?.[0]?.status !== 'True')
            expect(here).toEqual([]);
        }
      }),
    );
  });

  it('plans the same whatever order nodes and pods come in', () => {
    const shuffled = fc
      .tuple(nodes, pods)
      .chain(([n, p]) =>
        fc.tuple(
          fc.constant([n, p] as const),
          fc.shuffledSubarray([...n], { minLength: n.length }),
          fc.shuffledSubarray([...p], { minLength: p.length }),
        ),
      );
    fc.assert(
      fc.property(shuffled, ([[n, p], otherNodes, otherPods]) => {
        const brief = (plan: ReturnType<typeof planSchedule>) =>
          plan.bindings.map(({ pod: one, node }) => `${one.metadata.name}@${node}`).sort();
        expect(brief(planSchedule({ table: tableOf(otherNodes), pods: otherPods }))).toEqual(
          brief(planSchedule({ table: tableOf(n), pods: p })),
        );
      }),
    );
  });

  it('does not change the table it plans on', () => {
    const table = tableOf([node('a')]);
    const before = planSchedule({ table, pods: [pod('p', { cpu: '2' })] });
    expect(planSchedule({ table, pods: [pod('p', { cpu: '2' })] })).toEqual(before);
  });

  it('keeps a table of changes equal to one built anew', () => {
    const name = fc.constantFrom('n0', 'n1', 'n2', 'n3');
    const step = fc.oneof(
      fc.record({ do: fc.constant('node' as const), name, cpu: fc.integer({ min: 1, max: 8 }), taint: fc.boolean() }),
      fc.record({ do: fc.constant('gone' as const), name }),
      fc.record({ do: fc.constant('place' as const), name, pod: fc.integer({ min: 0, max: 5 }) }),
      fc.record({ do: fc.constant('unplace' as const), pod: fc.integer({ min: 0, max: 5 }) }),
    );
    const candidates = [pod('x', { cpu: '1', owner: 'o' }), pod('y', { cpu: '3' }), pod('z', { spec: hostPort(80) })];
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        const table = new NodeTable();
        const nodesNow = new Map<string, Node>();
        const placedNow = new Map<string, readonly [Pod, string]>();
        for (const each of steps) {
          if (each.do === 'node') {
            const made = node(each.name, { cpu: `${each.cpu}`, ...(each.taint ? { spec: tainted('k') } : {}) });
            table.setNode(made);
            nodesNow.set(each.name, made);
          } else if (each.do === 'gone') {
            expect(table.removeNode(each.name)).toBe(nodesNow.delete(each.name));
          } else if (each.do === 'place') {
            const one = pod(`p${each.pod}`, { cpu: '500m', owner: 'o', spec: each.pod === 5 ? hostPort(80) : {} });
            table.place(one.metadata.uid, one, each.name);
            placedNow.set(one.metadata.uid, [one, each.name]);
          } else {
            expect(table.unplace(`uid-p${each.pod}`)).toBe(placedNow.delete(`uid-p${each.pod}`));
          }
          // Plans along the way fill the caches that must stay right.
          planSchedule({ table, pods: candidates });
        }
        const anew = tableOf([...nodesNow.values()], [...placedNow.values()]);
        expect(planSchedule({ table, pods: candidates }).bindings).toEqual(
          planSchedule({ table: anew, pods: candidates }).bindings,
        );
      }),
    );
  });

  it('counts resources it has never heard of', () => {
    const wants = pod('p', {
      spec: { containers: [{ name: 'c', resources: { limits: { 'example.com/gpu': '1' } } }] },
    });
    const gpu = node('a');
    const allocatable = { ...gpu.status?.allocatable, 'example.com/gpu': '1' };
    const nodes = [{ ...gpu, status: { ...gpu.status, allocatable } }, node('b', { cpu: '64' })];
    expect(planScheduleOf({ nodes, pods: [wants] }).bindings[0]?.node).toBe('a');
    expect(planScheduleOf({ nodes: nodes.slice(1), pods: [wants] }).failures[0]?.message).toContain(
      '0/1 nodes are available: 1 Insufficient example.com/gpu.',
    );
  });

  it('sees that a heartbeat changes nothing', () => {
    const table = tableOf([node('a')]);
    const beat = { ...node('a'), metadata: { ...node('a').metadata, resourceVersion: '2' } };
    expect(table.setNode(beat)).toBe(false);
    expect(table.setNode(node('a', { ready: false }))).toBe(true);
  });
});
