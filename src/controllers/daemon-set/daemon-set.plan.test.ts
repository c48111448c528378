import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { DaemonSet, Node, Pod } from '#api';
import { planDaemonSet } from './daemon-set.plan.ts';
import { placementOn, specFor } from './placement.plan.ts';

const nowMs = Date.parse('2026-01-01T01:00:00Z');
const meta = (name: string) => ({
  name,
  namespace: 'd',
  uid: name,
  resourceVersion: '1',
  creationTimestamp: '2026-01-01T00:00:00Z',
});

function setOf(updateStrategy?: object, spec: object = {}, template: object = {}): DaemonSet {
  return {
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata: { ...meta('set'), generation: 3 },
    spec: {
      selector: { matchLabels: { app: 'set' } },
      template: {
        metadata: { labels: { app: 'set' } },
        spec: { containers: [{ name: 'c', image: 'i' }], ...template },
      },
      ...(updateStrategy === undefined ? {} : { updateStrategy }),
      ...spec,
    },
  } as DaemonSet;
}

const nodeOf = (name: string, parts: { labels?: object; taints?: object[] } = {}): Node =>
  ({
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { ...meta(name), labels: parts.labels ?? {} },
    spec: { taints: parts.taints ?? [] },
  }) as object as Node;

interface Parts {
  readonly hash?: string;
  readonly state?: 'ready' | 'waiting' | 'Failed' | 'Succeeded' | 'going';
  readonly age?: number;
  /** Not placed yet: on its way. */
  readonly unplaced?: boolean;
}

function podOn(node: string, { hash = 'new', state = 'ready', age = 0, unplaced = false }: Parts = {}): Pod {
  const name = `${node}-${hash}-${state}-${age}`;
  const { affinity } = specFor(setOf(), node);
  const created = new Date(Date.parse('2026-01-01T00:30:00Z') - age * 1_000).toISOString();
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      ...meta(name),
      creationTimestamp: created,
      labels: { app: 'set', 'controller-revision-hash': hash },
      ...(state === 'going' ? { deletionTimestamp: '2026-01-01T00:59:59Z' } : {}),
    },
    spec: { containers: [], affinity, ...(unplaced ? {} : { nodeName: node }) },
    status: {
      phase: state === 'Failed' || state === 'Succeeded' ? state : 'Running',
      conditions: [
        { type: 'Ready', status: state === 'ready' ? 'True' : 'False', lastTransitionTime: '2026-01-01T00:59:00Z' },
      ],
    },
  } as object as Pod;
}

function plan(daemonSet: DaemonSet, nodes: readonly Node[], pods: readonly Pod[], more: object = {}) {
  const made = planDaemonSet({
    daemonSet,
    nodes,
    pods,
    hash: 'new',
    nowMs,
    burst: 250,
    retryAtMs: () => 0,
    ...more,
  });
  return { ...made, removed: made.remove.map(({ pod }) => pod.metadata.name) };
}

describe('src/controllers/daemon-set/placement.plan.ts', () => {
  const taint = (key: string, effect: string) => ({ key, effect });
  const tolerates = (key: string, effect?: string) => ({
    tolerations: [{ key, operator: 'Exists', ...(effect === undefined ? {} : { effect }) }],
  });
  it.each<[string, Node, object, boolean, boolean]>([
    ['any node', nodeOf('a'), {}, true, true],
    ['one with the label', nodeOf('a', { labels: { disk: 'ssd' } }), { nodeSelector: { disk: 'ssd' } }, true, true],
    ['one without the label', nodeOf('a'), { nodeSelector: { disk: 'ssd' } }, false, false],
    ['the one it names', nodeOf('a'), { nodeName: 'a' }, true, true],
    ['another than it names', nodeOf('a'), { nodeName: 'b' }, false, false],
    ['a tainted one', nodeOf('a', { taints: [taint('x', 'NoSchedule')] }), {}, false, true],
    ['one that drives out', nodeOf('a', { taints: [taint('x', 'NoExecute')] }), {}, false, false],
    ['one it is wary of', nodeOf('a', { taints: [taint('x', 'PreferNoSchedule')] }), {}, true, true],
    ['a taint it tolerates', nodeOf('a', { taints: [taint('x', 'NoExecute')] }), tolerates('x'), true, true],
    [
      'a cordoned one',
      nodeOf('a', { taints: [taint('node.kubernetes.io/unschedulable', 'NoSchedule')] }),
      {},
      true,
      true,
    ],
    [
      'one that is lost',
      nodeOf('a', { taints: [taint('node.kubernetes.io/unreachable', 'NoExecute')] }),
      {},
      true,
      true,
    ],
    [
      'one without a network',
      nodeOf('a', { taints: [taint('node.kubernetes.io/network-unavailable', 'NoSchedule')] }),
      {},
      false,
      true,
    ],
    [
      'one without a network, with its own',
      nodeOf('a', { taints: [taint('node.kubernetes.io/network-unavailable', 'NoSchedule')] }),
      { hostNetwork: true },
      true,
      true,
    ],
  ])('knows whether it belongs on %s', (_what, node, template, run, stay) => {
    expect(placementOn(setOf(undefined, {}, template), node)).toEqual({ run, stay });
  });

  it('makes a pod for one node, and keeps what the template prefers and tolerates', () => {
    const preferred = [{ weight: 1, preference: { matchExpressions: [{ key: 'k', operator: 'Exists' }] } }];
    const template = {
      affinity: {
        podAntiAffinity: {},
        nodeAffinity: {
          preferredDuringSchedulingIgnoredDuringExecution: preferred,
          requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchExpressions: [] }] },
        },
      },
      tolerations: [{ key: 'mine', operator: 'Exists' }],
    };
    const spec = specFor(setOf(undefined, {}, template), 'a');
    expect(spec.affinity).toEqual({
      podAntiAffinity: {},
      nodeAffinity: {
        preferredDuringSchedulingIgnoredDuringExecution: preferred,
        requiredDuringSchedulingIgnoredDuringExecution: {
          nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: ['a'] }] }],
        },
      },
    });
    expect(spec.tolerations?.map(({ key }) => key)).toEqual(['mine', ...Array(6).fill(expect.stringContaining('/'))]);
  });
});

describe('src/controllers/daemon-set/daemon-set.plan.ts', () => {
  const three = ['a', 'b', 'c'].map((name) => nodeOf(name));

  it('makes one pod on each node that has none, and takes away what does not belong', () => {
    const nodes = [...three, nodeOf('tainted', { taints: [{ key: 'x', effect: 'NoExecute' }] })];
    const pods = [
      podOn('a'),
      podOn('b', { state: 'going' }),
      podOn('c', { unplaced: true, state: 'waiting' }),
      podOn('tainted'),
      podOn('gone', { unplaced: true }),
      podOn('lost'), // its node is gone: whoever collects pods takes it
    ];
    const { create, removed, status } = plan(setOf(), nodes, pods);
    expect(create).toEqual([]); // b waits until the old one is gone
    expect(removed).toEqual(['tainted-new-ready-0', 'gone-new-ready-0']);
    expect(status).toEqual({
      desiredNumberScheduled: 3,
      currentNumberScheduled: 3,
      numberMisscheduled: 1,
      numberReady: 1,
      numberAvailable: 1,
      numberUnavailable: 2,
      updatedNumberScheduled: 3,
      observedGeneration: 3,
    });
    expect(plan(setOf(), nodes, []).create).toEqual(['a', 'b', 'c']);
    expect(plan(setOf(), nodes, [], { burst: 2 }).create).toEqual(['a', 'b']);
  });

  it('keeps the oldest of two on one node', () => {
    const pods = [podOn('a', { age: 1 }), podOn('a', { age: 9 }), podOn('a', { age: 99, unplaced: true })];
    expect(plan(setOf(), [nodeOf('a')], pods).removed).toEqual(['a-new-ready-1', 'a-new-ready-99']);
  });

  it('keeps the old pod that serves, of two on a node where it surges', () => {
    const updateStrategy = { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } };
    const pods = [podOn('a', { hash: 'old', state: 'waiting', age: 9 }), podOn('a', { hash: 'old', age: 1 })];
    expect(plan(setOf(updateStrategy), [nodeOf('a')], pods).removed).toEqual(['a-old-waiting-9']);
  });

  it('replaces a pod that ended, a failed one not before its time', () => {
    const pods = [podOn('a', { state: 'Failed' }), podOn('b', { state: 'Succeeded' }), podOn('c', { state: 'Failed' })];
    const later = plan(setOf(), three, pods, { retryAtMs: (node: string) => (node === 'a' ? nowMs + 4_000 : 0) });
    expect(later.remove.map(({ node, ended }) => [node, ended])).toEqual([
      ['b', 'Succeeded'],
      ['c', 'Failed'],
    ]);
    expect(later.requeueAfterMs).toBe(4_000);
  });

  it('does nothing while it is being deleted, or with OnDelete to a pod of an old template', () => {
    const going = { ...setOf(), metadata: { ...setOf().metadata, deletionTimestamp: '2026-01-01T00:00:00Z' } };
    expect(plan(going, three, [])).toMatchObject({ create: [], remove: [] });
    const old = three.map(({ metadata }) => podOn(metadata.name, { hash: 'old' }));
    const { remove, status } = plan(setOf({ type: 'OnDelete' }), three, old);
    expect(remove).toEqual([]);
    expect(status.updatedNumberScheduled).toBeUndefined();
  });

  const rolling = (rollingUpdate: object) => ({ type: 'RollingUpdate', rollingUpdate });
  // Situations as in kubernetes pkg/controller/daemon/update_test.go.
  it.each<[string, object, readonly Pod[], readonly string[], readonly string[]]>([
    [
      'one at a time',
      {},
      [podOn('a', { hash: 'old' }), podOn('b', { hash: 'old' }), podOn('c')],
      ['a-old-ready-0'],
      [],
    ],
    ['none while one is away', {}, [podOn('a', { hash: 'old' }), podOn('b', { state: 'waiting' }), podOn('c')], [], []],
    [
      'one that does not serve costs nothing',
      {},
      [podOn('a', { hash: 'old' }), podOn('b', { hash: 'old', state: 'waiting' }), podOn('c', { state: 'waiting' })],
      ['b-old-waiting-0'],
      [],
    ],
    [
      'as many as may be away, rounded up',
      { maxUnavailable: '50%' },
      three.map(({ metadata }) => podOn(metadata.name, { hash: 'old' })),
      ['a-old-ready-0', 'b-old-ready-0'],
      [],
    ],
    [
      'beside the old one',
      { maxSurge: 1, maxUnavailable: 0 },
      three.map(({ metadata }) => podOn(metadata.name, { hash: 'old' })),
      [],
      ['a'],
    ],
    [
      'the old one goes when the new one serves',
      { maxSurge: 1, maxUnavailable: 0 },
      [podOn('a', { hash: 'old', age: 9 }), podOn('a'), podOn('b', { hash: 'old' }), podOn('c', { hash: 'old' })],
      ['a-old-ready-9'],
      [],
    ],
    [
      'no second one while the first does not serve',
      { maxSurge: 1, maxUnavailable: 0 },
      [podOn('a', { hash: 'old', age: 9 }), podOn('a', { state: 'waiting' }), podOn('b', { hash: 'old' }), podOn('c')],
      [],
      [],
    ],
    [
      'an old one that does not serve goes at once',
      { maxSurge: 1, maxUnavailable: 0 },
      [podOn('a', { hash: 'old', state: 'waiting', age: 9 }), podOn('a', { state: 'waiting' }), podOn('b'), podOn('c')],
      ['a-old-waiting-9'],
      [],
    ],
  ])('updates: %s', (_what, bounds, pods, removed, created) => {
    const result = plan(setOf(rolling(bounds)), three, pods);
    expect([result.removed, result.create]).toEqual([removed, created]);
  });

  it('waits until a new pod has been ready for minReadySeconds', () => {
    const pods = [podOn('a'), podOn('b', { hash: 'old' }), podOn('c', { hash: 'old' })];
    const { removed, requeueAfterMs, status } = plan(setOf(rolling({}), { minReadySeconds: 90 }), three, pods);
    expect([removed.length, requeueAfterMs, status.numberReady, status.numberAvailable]).toEqual([
      2,
      30_000,
      3,
      undefined,
    ]);
    // All are too young: the old ones serve no more than the new one does, so replacing them costs nothing.
  });

  it('comes to the new template with every step within its bounds, whatever order pods become ready in', () => {
    const bounds = fc.oneof(
      fc.record({ maxUnavailable: fc.integer({ min: 1, max: 3 }) }),
      fc.record({ maxSurge: fc.integer({ min: 1, max: 3 }), maxUnavailable: fc.constant(0) }),
    );
    fc.assert(
      fc.property(
        bounds,
        fc.integer({ min: 1, max: 5 }),
        fc.array(fc.nat(9), { maxLength: 60 }),
        (limits, count, ready) => {
          const nodes = Array.from({ length: count }, (_, index) => nodeOf(`n${index}`));
          const daemonSet = setOf(rolling(limits));
          let pods = nodes.map(({ metadata }) => podOn(metadata.name, { hash: 'old', age: 99 }));
          const { maxSurge = 0, maxUnavailable = 0 } = limits as { maxSurge?: number; maxUnavailable?: number };
          const chosen = [...ready];
          for (let step = 0; step < 200; step += 1) {
            const { create, remove } = plan(daemonSet, nodes, pods);
            const gone = new Set(remove.map(({ pod }) => pod));
            pods = pods.filter((pod) => !gone.has(pod));
            pods.push(...create.map((node) => podOn(node, { state: 'waiting', age: 0 })));
            const served = nodes.filter(({ metadata }) =>
              pods.some((pod) => pod.spec.nodeName === metadata.name && pod.status?.conditions?.[0]?.status === 'True'),
            );
            expect(count - served.length).toBeLessThanOrEqual(maxUnavailable);
            expect(pods.length).toBeLessThanOrEqual(count + maxSurge);
            // Some waiting pod becomes ready.
            const waiting = pods.filter(({ status }) => status?.conditions?.[0]?.status !== 'True');
            const next = waiting[(chosen.shift() ?? 0) % Math.max(1, waiting.length)];
            if (next !== undefined) pods = pods.map((pod) => (pod === next ? podOn(pod.spec.nodeName ?? '') : pod));
            else if (create.length + remove.length === 0) break;
          }
          expect(
            pods.map(({ spec, metadata }) => [spec.nodeName, metadata.labels?.['controller-revision-hash']]),
          ).toEqual(expect.arrayContaining(nodes.map(({ metadata }) => [metadata.name, 'new'])));
          expect(pods).toHaveLength(count);
        },
      ),
      { numRuns: 100 },
    );
  });
});
