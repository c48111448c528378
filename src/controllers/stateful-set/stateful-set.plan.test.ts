import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ControllerRevision, PersistentVolumeClaim, Pod, StatefulSet } from '#api';
import { podOf } from './pod-template.plan.ts';
import { planStatefulSet, type StatefulSetSnapshot, type Step } from './stateful-set.plan.ts';

const nowMs = Date.parse('2026-01-01T01:00:00Z');
const at = (secondsAgo: number) => new Date(nowMs - secondsAgo * 1_000).toISOString();
const meta = (name: string) => ({
  name,
  namespace: 'd',
  uid: `${name}-uid`,
  resourceVersion: '1',
  creationTimestamp: at(3_600),
});
const templateOf = (image: string) => ({
  metadata: { labels: { app: 'db' } },
  spec: { containers: [{ name: 'c', image }] },
});
const revisionOf = (name: string): ControllerRevision =>
  ({
    apiVersion: 'apps/v1',
    kind: 'ControllerRevision',
    metadata: meta(name),
    data: { spec: { template: { ...templateOf(name), $patch: 'replace' } } },
    revision: 1,
  }) as object as ControllerRevision;
const [oldRevision, newRevision] = [revisionOf('old'), revisionOf('new')];

function setOf(spec: object = {}, status: object = {}, metadata: object = {}): StatefulSet {
  return {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: { ...meta('db'), generation: 3, ...metadata },
    spec: {
      replicas: 3,
      serviceName: 'db',
      selector: { matchLabels: { app: 'db' } },
      template: templateOf('new'),
      updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 0 } },
      ...spec,
    },
    status: { replicas: 0, ...status },
  } as StatefulSet;
}

type State = 'ready' | 'waiting' | 'pending' | 'crashing' | 'Failed' | 'Succeeded' | 'going' | 'slow' | 'ending';

const CRASHES = { reason: 'CrashLoopBackOff' };

/** `going`: it served and is told to end; `slow`: so is one that never served; `ending`: so is one that failed. Ready for `since` seconds. */
function podAt(ordinal: number, revision = 'new', state: State = 'ready', since = 60): Pod {
  const made = podOf(setOf(), ordinal, { name: revision, template: templateOf(revision) as never });
  const isGoing = state === 'going' || state === 'slow' || state === 'ending';
  const ready = state === 'ready' || state === 'going' ? 'True' : 'False';
  const phases = { Failed: 'Failed', Succeeded: 'Succeeded', ending: 'Failed', pending: 'Pending' };
  const phase = state in phases ? phases[state as keyof typeof phases] : 'Running';
  return {
    ...made,
    metadata: { ...made.metadata, ...meta(`db-${ordinal}`), ...(isGoing ? { deletionTimestamp: at(1) } : {}) },
    status: {
      phase,
      conditions: [{ type: 'Ready', status: ready, lastTransitionTime: at(since) }],
      ...(state === 'crashing' ? { containerStatuses: [{ name: 'c', state: { waiting: CRASHES } }] } : {}),
    },
  } as Pod;
}

function plan(parts: Partial<StatefulSetSnapshot> & { readonly pods: readonly Pod[] }) {
  return planStatefulSet({
    statefulSet: setOf(),
    current: oldRevision,
    update: newRevision,
    findClaim: () => undefined,
    nowMs,
    burst: 500,
    retryAtMs: () => 0,
    ...parts,
  });
}

/** `+db-1@new` is made, `-db-1 why` deleted, `~db-1` mended. */
function say(step: Step): string {
  const { name = '', labels } = step.pod.metadata;
  if (step.act === 'create') return `+${name}@${labels?.['controller-revision-hash']}`;
  return step.act === 'remove' ? `-${name} ${step.why}` : `~${name}`;
}
const steps = (made: ReturnType<typeof plan>) => made.phases.flat().map(say);

const parallel = { podManagementPolicy: 'Parallel' };
const rolling = (rollingUpdate: object) => ({ updateStrategy: { type: 'RollingUpdate', rollingUpdate } });
const all = (revision: string) => [0, 1, 2].map((ordinal) => podAt(ordinal, revision));

describe('src/controllers/stateful-set/stateful-set.plan.ts', () => {
  // Situations as in kubernetes pkg/controller/statefulset/stateful_set_control_test.go.
  it.each<[string, object, readonly Pod[], readonly string[]]>([
    ['makes the first', {}, [], ['+db-0@new']],
    ['makes the next when the one before serves', {}, [podAt(0)], ['+db-1@new']],
    ['makes none while one does not serve', {}, [podAt(0, 'new', 'waiting')], []],
    ['fills a gap before it goes on', {}, [podAt(0), podAt(2)], ['+db-1@new']],
    ['replaces one that never ran and is of an old template', {}, [podAt(0, 'old', 'pending')], ['-db-0 outdated']],
    [
      'replaces one that crashes and is of an old template',
      {},
      [podAt(0), podAt(1, 'old', 'crashing')],
      ['-db-1 outdated'],
    ],
    ['waits for one that crashes and is of the template', {}, [podAt(0, 'new', 'crashing')], []],
    ['waits for one that runs, if not well, of an old template', {}, [podAt(0, 'old', 'waiting')], []],
    ['waits for one that crashes below the partition', rolling({ partition: 1 }), [podAt(0, 'old', 'crashing')], []],
    [
      'replaces one of the new template that crashes below the partition',
      rolling({ partition: 1 }),
      [podAt(0, 'new', 'crashing')],
      ['-db-0 outdated'],
    ],
    [
      'leaves one that crashes to the one who deletes',
      { updateStrategy: { type: 'OnDelete' } },
      [podAt(0, 'old', 'crashing')],
      [],
    ],
    ['makes none while one is too young', { minReadySeconds: 90 }, [podAt(0)], []],
    ['makes none while one is on its way out', {}, [podAt(0, 'new', 'going')], []],
    ['makes all at once', parallel, [], ['+db-0@new', '+db-1@new', '+db-2@new']],
    [
      'makes all at once beside one that does not serve',
      parallel,
      [podAt(1, 'new', 'waiting')],
      ['+db-0@new', '+db-2@new'],
    ],
    ['begins at another number', { ordinals: { start: 7 }, replicas: 2, ...parallel }, [], ['+db-7@new', '+db-8@new']],
    [
      'knows the pods with the highest numbers again, and makes none above them',
      { ordinals: { start: 2_147_483_646 }, replicas: 3, ...parallel },
      [podAt(2_147_483_647, 'old')],
      ['+db-2147483646@new'],
    ],
    [
      'updates the pod with the highest number when all that can be are there',
      { ordinals: { start: 2_147_483_646 }, replicas: 3 },
      [podAt(2_147_483_646, 'old'), podAt(2_147_483_647, 'old')],
      ['-db-2147483647 outdated'],
    ],
    [
      'begins at a number of ten digits',
      { ordinals: { start: 1_000_000_000 }, replicas: 2 },
      [podAt(1_000_000_000)],
      ['+db-1000000001@new'],
    ],
    ['deletes one that failed', {}, [podAt(0), podAt(1, 'new', 'Failed'), podAt(2)], ['-db-1 failed']],
    ['waits for one that failed and is on its way out', {}, [podAt(0, 'new', 'ending')], []],
    ['deletes one that succeeded', {}, [podAt(0, 'new', 'Succeeded')], ['-db-0 succeeded']],
    [
      'deletes those that ended, and makes the others',
      parallel,
      [podAt(0, 'new', 'Failed'), podAt(1, 'new', 'Failed')],
      ['-db-0 failed', '-db-1 failed', '+db-2@new'],
    ],
    ['scales down from the top, one at a time', { replicas: 1 }, all('new'), ['-db-2 surplus']],
    ['scales down at once', { replicas: 1, ...parallel }, all('new'), ['-db-2 surplus', '-db-1 surplus']],
    ['scales down none while one ends', { replicas: 1 }, [podAt(0), podAt(1), podAt(2, 'new', 'going')], []],
    ['scales down none while a wanted one does not serve', { replicas: 1 }, [podAt(0, 'new', 'waiting'), podAt(1)], []],
    [
      'scales down the lowest that does not serve, if it is the highest that is left',
      { replicas: 1 },
      [podAt(0), podAt(1, 'new', 'waiting')],
      ['-db-1 surplus'],
    ],
    [
      'scales down none above one that does not serve, if it does not serve itself',
      { replicas: 1 },
      [podAt(0), podAt(1, 'new', 'waiting'), podAt(2, 'new', 'waiting')],
      [],
    ],
    [
      'scales down none that is too young',
      { replicas: 1, minReadySeconds: 30 },
      [podAt(0), podAt(1, 'new', 'ready', 5)],
      [],
    ],
    ['scales to nothing', { replicas: 0 }, [podAt(0)], ['-db-0 surplus']],
    [
      'moves to other numbers',
      { ordinals: { start: 1 }, replicas: 2 },
      [podAt(0), podAt(1), podAt(2)],
      ['-db-0 surplus'],
    ],
    ['updates from the top', {}, all('old'), ['-db-2 outdated']],
    [
      'updates the next when the one above serves',
      {},
      [podAt(0, 'old'), podAt(1, 'old'), podAt(2)],
      ['-db-1 outdated'],
    ],
    [
      'updates none while a new one does not serve',
      {},
      [podAt(0, 'old'), podAt(1, 'old'), podAt(2, 'new', 'waiting')],
      [],
    ],
    ['updates none while one ends', {}, [podAt(0, 'old'), podAt(1, 'old'), podAt(2, 'old', 'going')], []],
    ['updates none below the partition', rolling({ partition: 2 }), [podAt(0, 'old'), podAt(1, 'old'), podAt(2)], []],
    ['makes a pod below the partition from the old template', rolling({ partition: 2 }), [podAt(0)], ['+db-1@old']],
    ['makes a pod above the partition from the new one', rolling({ partition: 1 }), [podAt(0)], ['+db-1@new']],
    [
      'counts the partition from the first number',
      { ...rolling({ partition: 1 }), ordinals: { start: 5 }, replicas: 2, ...parallel },
      [],
      ['+db-5@old', '+db-6@new'],
    ],
    [
      'updates as many as may be away',
      rolling({ maxUnavailable: 2 }),
      all('old'),
      ['-db-2 outdated', '-db-1 outdated'],
    ],
    ['rounds a share down', rolling({ maxUnavailable: '67%' }), all('old'), ['-db-2 outdated', '-db-1 outdated']],
    ['updates one at least', rolling({ maxUnavailable: '1%' }), all('old'), ['-db-2 outdated']],
    [
      'counts those that are away already',
      { ...rolling({ maxUnavailable: 2 }), ...parallel },
      [podAt(0, 'old'), podAt(1, 'old'), podAt(2, 'new', 'waiting')],
      ['-db-1 outdated'],
    ],
    [
      'updates what does not serve first',
      parallel,
      [podAt(0, 'old', 'waiting'), podAt(1, 'old'), podAt(2, 'old')],
      ['-db-0 outdated'],
    ],
    [
      'updates what does not serve first, and what serves after it',
      { ...parallel, ...rolling({ maxUnavailable: 2 }) },
      [podAt(0, 'old', 'waiting'), podAt(1, 'old'), podAt(2, 'old')],
      ['-db-0 outdated', '-db-2 outdated'],
    ],
    [
      'updates not even what does not serve while a new one does not either',
      parallel,
      [podAt(0, 'old', 'waiting'), podAt(1, 'old'), podAt(2, 'new', 'waiting')],
      [],
    ],
    [
      'mends a broken template one pod at a time',
      parallel,
      [0, 1, 2].map((ordinal) => podAt(ordinal, 'old', 'waiting')),
      ['-db-2 outdated'],
    ],
    [
      'lets what is too young count as away',
      { ...parallel, minReadySeconds: 30 },
      [podAt(0, 'old'), podAt(1, 'old'), podAt(2, 'new', 'ready', 5)],
      [],
    ],
    ['leaves old ones alone with OnDelete', { updateStrategy: { type: 'OnDelete' } }, all('old'), []],
    ['makes new ones with OnDelete', { updateStrategy: { type: 'OnDelete' } }, [podAt(0, 'old')], ['+db-1@new']],
  ])('%s', (_what, spec, pods, expected) => {
    expect(steps(plan({ statefulSet: setOf(spec), pods }))).toEqual(expected);
  });

  it('without a partition makes as many pods from the old template as it has left', () => {
    const statefulSet = setOf({ updateStrategy: { type: 'RollingUpdate' }, ...parallel }, { currentReplicas: 2 });
    expect(steps(plan({ statefulSet, pods: [] }))).toEqual(['+db-0@old', '+db-1@old', '+db-2@new']);
    const onDelete = setOf({ updateStrategy: { type: 'OnDelete' }, ...parallel, replicas: 1 }, { currentReplicas: 2 });
    expect(steps(plan({ statefulSet: onDelete, pods: [] }))).toEqual(['+db-0@new']);
  });

  it('does nothing while it is being deleted, and still tells its status', () => {
    const made = plan({ statefulSet: setOf({}, {}, { deletionTimestamp: at(1) }), pods: [podAt(0, 'new', 'Failed')] });
    expect([made.phases, made.status.replicas]).toEqual([[], 1]);
  });

  it('treats no more at once than it may', () => {
    const made = plan({ statefulSet: setOf({ ...parallel, replicas: 9 }), pods: [], burst: 4 });
    expect(steps(made)).toHaveLength(4);
  });

  it.each<[string, object, object, readonly string[], number]>([
    ['in order', {}, {}, ['+db-2@new'], 1],
    ['all at once', parallel, {}, ['+db-2@new', '+db-4@new'], 4],
    [
      'all at once, however many may be away',
      { ...parallel, ...rolling({ maxUnavailable: '100%' }) },
      {},
      ['+db-2@new'],
      4,
    ],
    ['while it is being deleted', parallel, { deletionTimestamp: at(1) }, [], 0],
  ])('takes as long for any number of replicas: %s', (_what, spec, metadata, expected, count) => {
    const statefulSet = setOf({ replicas: 2_147_483_647, ...spec }, {}, metadata);
    const startedMs = performance.now();
    const made = plan({ statefulSet, pods: [podAt(0), podAt(1), podAt(3)], burst: 4 });
    expect(performance.now() - startedMs).toBeLessThan(500);
    expect(steps(made).slice(0, expected.length)).toEqual(expected);
    expect(steps(made)).toHaveLength(count);
    expect(made.status.replicas).toBe(3);
  });

  it('replaces a pod that failed again not before its time', () => {
    const pods = [podAt(0, 'new', 'Failed'), podAt(1, 'new', 'Succeeded'), podAt(2, 'new', 'Failed')];
    const retryAtMs = (name: string) => (name === 'db-0' ? nowMs + 4_000 : nowMs);
    const made = plan({ statefulSet: setOf(parallel), pods, retryAtMs });
    expect(steps(made)).toEqual(['-db-1 succeeded', '-db-2 failed']);
    expect(made.requeueAfterMs).toBe(4_000);
  });

  it('tells which pods there are, and from which template', () => {
    const statefulSet = setOf({ minReadySeconds: 30 }, { currentRevision: 'old', collisionCount: 2 });
    const pods = [podAt(0, 'old'), podAt(1, 'new', 'ready', 5), podAt(2, 'new', 'going')];
    const { status, requeueAfterMs } = plan({ statefulSet, pods });
    expect(status).toEqual({
      observedGeneration: 3,
      replicas: 3,
      readyReplicas: 3,
      availableReplicas: 2,
      currentReplicas: 1,
      updatedReplicas: 1,
      currentRevision: 'old',
      updateRevision: 'new',
      collisionCount: 2,
    });
    expect(requeueAfterMs).toBe(25_000);
  });

  it('counts what it replaces as gone from the old template', () => {
    expect(plan({ pods: all('old') }).status).toMatchObject({ currentReplicas: 2, currentRevision: 'old' });
  });

  it.each<[string, object, readonly Pod[], string]>([
    ['all are new and ready', {}, all('new'), 'new'],
    ['one is not ready', {}, [podAt(0), podAt(1), podAt(2, 'new', 'waiting')], 'old'],
    ['one is missing', {}, [podAt(0), podAt(1)], 'old'],
    ['one is too many', { replicas: 2 }, [podAt(0), podAt(1), podAt(2, 'old', 'waiting')], 'old'],
    ['it is for the user to end it', { updateStrategy: { type: 'OnDelete' } }, all('new'), 'old'],
    [
      'the last number there is',
      { replicas: 5, ordinals: { start: 2_147_483_646 } },
      [podAt(2_147_483_646), podAt(2_147_483_647)],
      'new',
    ],
  ])('ends a rollout when all are new and ready: %s', (_what, spec, pods, revision) => {
    expect(plan({ statefulSet: setOf(spec), pods }).status.currentRevision).toBe(revision);
  });

  it('gives a pod back its identity, and its volumes where they are others', () => {
    const volumeClaimTemplates = [{ metadata: { name: 'data' }, spec: {} }];
    const [first, ...rest] = all('new') as [Pod, ...Pod[]];
    const stranger = { ...first, metadata: { ...first.metadata, labels: { app: 'db' } } };
    const [mended] = plan({ statefulSet: setOf({ replicas: 1 }), pods: [stranger] }).phases.flat();
    expect(mended).toMatchObject({
      act: 'mend',
      repair: {
        labels: { 'statefulset.kubernetes.io/pod-name': 'db-0', 'apps.kubernetes.io/pod-index': '0' },
        volumes: undefined,
      },
    });
    const [stored] = plan({ statefulSet: setOf({ replicas: 1, volumeClaimTemplates }), pods: [first] }).phases.flat();
    expect(stored).toMatchObject({
      act: 'mend',
      claims: { make: [{ metadata: { name: 'data-db-0' } }] },
      repair: { volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'data-db-0' } }] },
    });
    expect(steps(plan({ pods: [first, ...rest] }))).toEqual([]);
  });
});

/** A set with its pods, and what happens to them between two passes. */
interface World {
  readonly spec: Record<string, unknown>;
  readonly update: string;
  readonly current: string;
  readonly pods: readonly Pod[];
  readonly currentReplicas: number;
}

type Happening =
  | { readonly what: 'pass' }
  | { readonly what: 'state'; readonly ordinal: number; readonly state: State }
  | { readonly what: 'gone' | 'deleted'; readonly ordinal: number }
  | { readonly what: 'scale'; readonly replicas: number }
  | { readonly what: 'template'; readonly name: string }
  | { readonly what: 'partition'; readonly partition: number };

const ordinalIn = (pod: Pod) => Number(pod.metadata.name.slice(3));
const servesNow = (pod: Pod) =>
  pod.metadata.deletionTimestamp === undefined && pod.status?.conditions?.[0]?.status === 'True';
const stateAs = (pod: Pod, state: State) =>
  podAt(ordinalIn(pod), pod.metadata.labels?.['controller-revision-hash'] ?? '', state);

function planOf(world: World) {
  return plan({
    statefulSet: setOf(world.spec, { currentReplicas: world.currentReplicas }),
    pods: world.pods,
    current: revisionOf(world.current),
    update: revisionOf(world.update),
  });
}

/** Carries a plan out, step by step; answers every world on the way. */
function carryOut(world: World, made: ReturnType<typeof plan>): readonly World[] {
  const worlds: World[] = [];
  let pods = world.pods;
  for (const step of made.phases.flat()) {
    const { name = '' } = step.pod.metadata;
    if (step.act === 'create') {
      expect(pods.map(({ metadata }) => metadata.name)).not.toContain(name);
      const revision = step.pod.metadata.labels?.['controller-revision-hash'] ?? '';
      pods = [...pods, podAt(Number(name.slice(3)), revision, 'pending')];
    } else if (step.act === 'remove') {
      expect(step.pod.metadata.deletionTimestamp).toBeUndefined();
      const isOver = step.why === 'failed' || step.why === 'succeeded';
      pods = pods.flatMap((pod) => {
        if (pod.metadata.name !== name) return [pod];
        return isOver ? [] : [stateAs(pod, servesNow(pod) ? 'going' : 'slow')];
      });
    }
    worlds.push({ ...world, pods });
  }
  const { currentRevision = '', currentReplicas = 0 } = made.status;
  worlds.push({ ...world, pods, current: currentRevision, currentReplicas });
  return worlds;
}

function happen(world: World, happening: Happening): World {
  const { pods, spec } = world;
  const change = (to: (pod: Pod) => readonly Pod[]) => {
    const { ordinal } = happening as { ordinal: number };
    return { ...world, pods: pods.flatMap((pod) => (ordinalIn(pod) === ordinal ? to(pod) : [pod])) };
  };
  const isGoing = (pod: Pod) => pod.metadata.deletionTimestamp !== undefined;
  switch (happening.what) {
    case 'pass':
      return world;
    case 'state':
      return change((pod) => [isGoing(pod) ? pod : stateAs(pod, happening.state)]);
    case 'gone':
      return change((pod) => (isGoing(pod) ? [] : [pod]));
    case 'deleted':
      return change((pod) => [isGoing(pod) ? pod : stateAs(pod, servesNow(pod) ? 'going' : 'slow')]);
    case 'scale':
      return { ...world, spec: { ...spec, replicas: happening.replicas } };
    case 'template':
      return { ...world, update: happening.name };
    case 'partition': {
      const strategy = spec['updateStrategy'] as { rollingUpdate: object };
      const rollingUpdate = { ...strategy.rollingUpdate, partition: happening.partition };
      return { ...world, spec: { ...spec, updateStrategy: { ...strategy, rollingUpdate } } };
    }
  }
}

const ordinal = fc.nat(4);
const happening: fc.Arbitrary<Happening> = fc.oneof(
  { weight: 6, arbitrary: fc.constant({ what: 'pass' } as const) },
  {
    weight: 6,
    arbitrary: fc.record({
      what: fc.constant('state' as const),
      ordinal,
      state: fc.constantFrom<State>('ready', 'ready', 'ready', 'waiting', 'crashing', 'Failed', 'Succeeded'),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ what: fc.constantFrom('gone' as const, 'gone' as const, 'deleted' as const), ordinal }),
  },
  { weight: 1, arbitrary: fc.record({ what: fc.constant('scale' as const), replicas: fc.nat(5) }) },
  {
    weight: 1,
    arbitrary: fc.record({ what: fc.constant('template' as const), name: fc.constantFrom('old', 'new', 'newer') }),
  },
  { weight: 1, arbitrary: fc.record({ what: fc.constant('partition' as const), partition: fc.nat(4) }) },
);
const history = fc.record({
  podManagementPolicy: fc.constantFrom('OrderedReady', 'Parallel'),
  maxUnavailable: fc.constantFrom(1, 2, '50%'),
  replicas: fc.integer({ min: 1, max: 5 }),
  happenings: fc.array(happening, { maxLength: 60 }),
});
type History = typeof history extends fc.Arbitrary<infer T> ? T : never;

function begin({ podManagementPolicy, maxUnavailable, replicas }: History): World {
  const spec = { podManagementPolicy, replicas, ...rolling({ partition: 0, maxUnavailable }) };
  return { spec, update: 'old', current: 'old', pods: [], currentReplicas: 0 };
}

/** All that may be relied on between two worlds that a plan lies between. */
function check(world: World, made: ReturnType<typeof plan>): void {
  const replicas = world.spec['replicas'] as number;
  const isOrdered = world.spec['podManagementPolicy'] === 'OrderedReady';
  const { maxUnavailable } = (world.spec['updateStrategy'] as { rollingUpdate: { maxUnavailable: number | string } })
    .rollingUpdate;
  const most = typeof maxUnavailable === 'number' ? maxUnavailable : Math.max(1, Math.floor(replicas / 2));
  const serving = world.pods.filter(servesNow).map(ordinalIn);
  const all = made.phases.flat();
  const named = (act: Step['act'], ...why: readonly string[]) =>
    all
      .filter((step) => step.act === act && (step.act !== 'remove' || why.includes(step.why)))
      .map((step) => Number((step.pod.metadata.name ?? '').slice(3)));
  const [made_, surplus, outdated] = [named('create'), named('remove', 'surplus'), named('remove', 'outdated')];

  // Bounded: what is made is wanted, what goes for good is not.
  expect(made_.every((each) => each < replicas)).toBe(true);
  expect(surplus.every((each) => each >= replicas)).toBe(true);
  // A rollout never leaves fewer that serve than it may, nor fewer than there were.
  const left = serving.filter((each) => each < replicas && !outdated.includes(each)).length;
  const before = serving.filter((each) => each < replicas).length;
  expect(left).toBeGreaterThanOrEqual(Math.min(before, replicas - most));
  if (!isOrdered) return;
  expect(made.phases.every((phase) => phase.length === 1)).toBe(true);
  // In order: one at a time, up when all before serve, down when all others do.
  // One that cannot run, of a template it is no longer to have, goes where it would be made.
  const abandoned = outdated.filter((each) => !serving.includes(each));
  expect(made_.length + surplus.length + abandoned.length).toBeLessThanOrEqual(1);
  for (const each of [...made_, ...abandoned])
    for (let lower = 0; lower < each; lower += 1) expect(serving).toContain(lower);
  for (const each of [...surplus, ...outdated.filter((one) => serving.includes(one))]) {
    for (let wanted = 0; wanted < replicas; wanted += 1) expect([...serving, ...outdated]).toContain(wanted);
    const above = world.pods.map(ordinalIn).filter((other) => other > each && other >= replicas);
    expect(above).toEqual([]);
  }
}

describe('src/controllers/stateful-set/stateful-set.plan.ts, over any history', () => {
  it('keeps its promises whatever happens, and comes to what is declared when all goes well', () => {
    fc.assert(
      fc.property(history, (given) => {
        let world = begin(given);
        for (const happening of given.happenings) {
          world = happen(world, happening);
          if (happening.what !== 'pass') continue;
          const made = planOf(world);
          check(world, made);
          world = carryOut(world, made).at(-1) ?? world;
        }
        // From here on every pod that is told to go is gone, and every other one serves.
        world = {
          ...world,
          spec: { ...world.spec, ...rolling({ partition: 0, maxUnavailable: given.maxUnavailable }) },
        };
        for (let pass = 0; pass < 60; pass += 1) {
          const made = planOf(world);
          check(world, made);
          if (made.phases.length === 0 && world.pods.every(servesNow)) break;
          world = carryOut(world, made).at(-1) ?? world;
          world = {
            ...world,
            pods: world.pods.flatMap((pod) =>
              pod.metadata.deletionTimestamp === undefined ? [stateAs(pod, 'ready')] : [],
            ),
          };
        }
        const replicas = world.spec['replicas'] as number;
        const found = world.pods.map((pod) => [pod.metadata.name, pod.metadata.labels?.['controller-revision-hash']]);
        expect(found.sort()).toEqual(Array.from({ length: replicas }, (_, each) => [`db-${each}`, world.update]));
        const { phases, status } = planOf(world);
        expect([phases, status.currentRevision]).toEqual([[], world.update]);
      }),
      { numRuns: 150 },
    );
  });

  it('decides the same whatever order the pods are listed in', () => {
    fc.assert(
      fc.property(history, fc.array(fc.nat(), { minLength: 5, maxLength: 5 }), (given, order) => {
        let world = begin(given);
        for (const happening of given.happenings) {
          world = happen(world, happening);
          if (happening.what === 'pass') world = carryOut(world, planOf(world)).at(-1) ?? world;
        }
        const shuffled = world.pods
          .map((pod, index) => ({ pod, rank: order[index] ?? 0 }))
          .sort((a, b) => a.rank - b.rank)
          .map(({ pod }) => pod);
        expect(planOf({ ...world, pods: shuffled })).toEqual(planOf(world));
      }),
      { numRuns: 100 },
    );
  });

  it('stopped after any of its steps, goes on to what it would have come to', () => {
    fc.assert(
      fc.property(history, fc.array(fc.nat(), { maxLength: 60 }), (given, stops) => {
        let world = begin(given);
        const cuts = [...stops];
        for (const happening of given.happenings) {
          world = happen(world, happening);
          if (happening.what !== 'pass') continue;
          const made = planOf(world);
          check(world, made);
          const worlds = carryOut(world, made);
          world = worlds[(cuts.shift() ?? 0) % worlds.length] ?? world;
          expect(new Set(world.pods.map(({ metadata }) => metadata.name)).size).toBe(world.pods.length);
        }
      }),
      { numRuns: 100 },
    );
  });
});

describe('src/controllers/stateful-set/claims.plan.ts', () => {
  const volumeClaimTemplates = [{ metadata: { name: 'data' }, spec: { accessModes: ['ReadWriteOnce'] } }];
  const owner = (kind: string, name: string, uid: string, controller = true) => ({
    apiVersion: kind === 'Pod' ? 'v1' : 'apps/v1',
    kind,
    name,
    uid,
    controller,
    blockOwnerDeletion: true,
  });
  const ofSet = owner('StatefulSet', 'db', 'db-uid');
  const ofPod = owner('Pod', 'db-1', 'db-1-uid');
  const foreign = owner('Other', 'x', 'x-uid');
  const helper = owner('Other', 'x', 'x-uid', false);
  const claim = (ownerReferences: readonly object[], more: object = {}) =>
    ({ metadata: { ...meta('data-db-1'), ownerReferences, ...more } }) as object as PersistentVolumeClaim;
  const policyOf = (whenDeleted: string, whenScaled: string) => ({
    persistentVolumeClaimRetentionPolicy: { whenDeleted, whenScaled },
  });
  const RR = policyOf('Retain', 'Retain');
  const DR = policyOf('Delete', 'Retain');
  const RD = policyOf('Retain', 'Delete');
  const DD = policyOf('Delete', 'Delete');

  // As in kubernetes pkg/controller/statefulset/stateful_set_utils_test.go, TestUpdateClaimOwnerRefForSetAndPod.
  it.each<[string, object, number, readonly object[], readonly object[] | undefined]>([
    ['retained: nobody', RR, 2, [], undefined],
    ['retained: nobody any more', RR, 2, [ofSet], []],
    ['retained: another controller is none of our business', RR, 2, [foreign], undefined],
    ['goes with the set', DR, 2, [], [ofSet]],
    ['goes with the set, not with the pod', DR, 1, [ofPod], [ofSet]],
    ['goes with a pod that is scaled away', RD, 1, [], [ofPod]],
    ['does not go with a pod that stays', RD, 2, [ofPod], []],
    ['goes with the set while the pod stays', DD, 2, [], [ofSet]],
    ['goes with the pod when that is scaled away', DD, 1, [ofSet], [ofPod]],
    ['as it should be', DD, 1, [ofPod], undefined],
    ['others that only help stay', DR, 2, [helper], [helper, ofSet]],
    ['ours must control', DR, 2, [{ ...ofSet, controller: false }], [ofSet]],
    ['another controller keeps it', DR, 2, [foreign], undefined],
    ['another controller keeps it, and we step back', DR, 2, [foreign, ofSet], [foreign]],
    ['of an earlier set of that name: not touched', DR, 2, [{ ...ofSet, uid: 'before' }], undefined],
    ['of an earlier pod of that name: not touched', DD, 2, [{ ...ofPod, uid: 'before' }], undefined],
  ])('%s', (_what, policy, replicas, before, after) => {
    for (const podManagementPolicy of ['OrderedReady', 'Parallel']) {
      const statefulSet = setOf({ ...policy, replicas, volumeClaimTemplates, podManagementPolicy });
      const pods = [podAt(0), podAt(1)].map((pod) => ({
        ...pod,
        spec: {
          ...pod.spec,
          volumes: [{ name: 'data', persistentVolumeClaim: { claimName: `data-${pod.metadata.name}` } }],
        },
      }));
      const findClaim = (name: string) => (name === 'data-db-1' ? claim(before) : undefined);
      const made = plan({ statefulSet, pods, findClaim });
      const owners = made.phases
        .flat()
        .flatMap((step) => step.claims.own.map(({ ownerReferences }) => ownerReferences));
      expect(owners).toEqual(after === undefined ? [] : [after]);
      // What is to go with its pod is the pod's before that goes.
      if (replicas === 1) expect(steps(made).at(-1)).toBe('-db-1 surplus');
    }
  });

  it('makes a claim before its pod, as its template says, and gives it its owner at once', () => {
    const templates = [
      { metadata: { name: 'data', labels: { a: '1' }, annotations: { b: '2' } }, spec: { storageClassName: 's' } },
    ];
    const [step] = plan({ statefulSet: setOf({ ...DR, volumeClaimTemplates: templates }), pods: [] }).phases.flat();
    expect(step?.claims.make).toEqual([
      {
        apiVersion: 'v1',
        kind: 'PersistentVolumeClaim',
        metadata: {
          name: 'data-db-0',
          namespace: 'd',
          labels: { a: '1', app: 'db' },
          annotations: { b: '2' },
          ownerReferences: [ofSet],
        },
        spec: { storageClassName: 's' },
      },
    ]);
  });

  it.each<[string, object, object, readonly string[]]>([
    ['waits for the claim of an earlier pod that goes with it', RD, claim([{ ...ofPod, uid: 'before' }]), []],
    ['does not where claims are retained', RR, claim([{ ...ofPod, uid: 'before' }]), ['+db-1@new']],
    ['takes a claim that was kept', RR, claim([]), ['+db-1@new']],
  ])('%s', (_what, policy, found, expected) => {
    const statefulSet = setOf({ ...policy, volumeClaimTemplates, ...parallel, replicas: 1, ordinals: { start: 1 } });
    const findClaim = () => found as PersistentVolumeClaim;
    expect(steps(plan({ statefulSet, pods: [], findClaim }))).toEqual(expected);
  });

  it('tells of a claim that is being deleted, and stops at a pending pod that needs it', () => {
    const findClaim = (name: string) => (name === 'data-db-0' ? claim([], { deletionTimestamp: at(1) }) : undefined);
    const statefulSet = setOf({ volumeClaimTemplates });
    expect(plan({ statefulSet, pods: [], findClaim }).phases[0]?.[0]?.claims.going).toEqual(['data-db-0']);
    const pending = plan({ statefulSet, pods: [podAt(0, 'new', 'pending')], findClaim });
    expect(pending.phases.flat().map(({ claims }) => claims.going)).toEqual([['data-db-0']]);
  });

  it('says why replicas beyond the highest ordinal are not made', () => {
    const events = (spec: object) => plan({ statefulSet: setOf(spec), pods: [] }).events;
    expect(events({ ordinals: { start: 2_147_483_645 } })).toEqual([]);
    expect(events({ replicas: 2_147_483_647 })).toEqual([]);
    const message =
      '1 of 3 replicas cannot be made: no ordinal is above 2147483647; lower spec.ordinals.start (2147483646) or spec.replicas';
    expect(events({ ordinals: { start: 2_147_483_646 } })).toEqual([
      { type: 'Warning', reason: 'OrdinalsExhausted', message },
    ]);
  });
});
