import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  MAX_RESTART_BACKOFF_MS,
  nextBackoffMs,
  planGrace,
  RESTART_RESET_MS,
  restartDelayMs,
  restarts,
  sharingOf,
  specHash,
} from './containers.plan.ts';
import { planPod } from './pod.plan.ts';
import {
  ANNOTATION,
  type ContainerSpec,
  type Grace,
  NO_SANDBOX,
  type Pod,
  type PodAction,
  type PodSnapshot,
  type RuntimeContainer,
  type Sandbox,
} from './pod.types.ts';

const NOW = 1_000_000_000;
/** What the clock shows that nobody sets. */
const MONOTONIC = 5_000_000;
const identity = { namespace: 'default', name: 'web', uid: 'uid-1' };

function podOf(spec: Partial<Pod['spec']> = {}, metadata: Partial<Pod['metadata']> = {}): Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { ...identity, resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z', ...metadata },
    spec: { containers: [{ name: 'app', image: 'app:1' }], ...spec },
  };
}

const sandboxOf = (more: Partial<Sandbox> = {}): Sandbox => ({
  id: 's0',
  pod: identity,
  attempt: 0,
  state: 'ready',
  pid: 1,
  createdAtMs: NOW,
  annotations: {},
  ...more,
});

const containerOf = (more: Partial<RuntimeContainer> = {}): RuntimeContainer => ({
  id: `${more.name ?? 'app'}-${more.attempt ?? 0}`,
  pod: identity,
  sandboxId: 's0',
  name: 'app',
  attempt: 0,
  state: 'running',
  image: 'app:1',
  imageId: 'sha256:1',
  pid: 2,
  createdAtMs: NOW - 5_000,
  startedAtMs: NOW - 5_000,
  annotations: {},
  ...more,
});

const exitedOf = (more: Partial<RuntimeContainer> = {}): RuntimeContainer =>
  containerOf({ state: 'exited', pid: 0, exitCode: 1, finishedAtMs: NOW, ...more });

function snapshotOf(more: Partial<PodSnapshot> = {}): PodSnapshot {
  return {
    pod: podOf(),
    gone: false,
    sandboxes: [sandboxOf()],
    containers: [],
    probes: new Map(),
    problems: new Map(),
    work: { sandbox: false, starting: new Set(), stopping: new Map(), removing: new Set() },
    hostIP: '192.0.2.1',
    runtimeName: 'hollow',
    nowMs: NOW,
    monotonicMs: MONOTONIC,
    ...more,
  };
}

/** `startContainer app 1`: an action in one line. */
function words(action: PodAction): string {
  switch (action.type) {
    case 'startSandbox':
      return `startSandbox ${action.attempt}`;
    case 'startContainer':
      return `startContainer ${action.name} ${action.attempt}`;
    case 'stopContainer':
      return `stopContainer ${action.id} ${action.graceSeconds}s${(action.after ?? []).map((id) => ` after ${id}`).join('')}`;
    default:
      return `${action.type} ${action.id}`;
  }
}

/** A pod that is being deleted, with so many seconds to go. */
const deletedOf = (seconds: number) =>
  podOf({}, { deletionTimestamp: new Date(NOW + seconds * 1000).toISOString(), deletionGracePeriodSeconds: seconds });
const plan = (more: Partial<PodSnapshot>) => planPod(snapshotOf(more)).actions.map(words);
const sidecar: ContainerSpec = { name: 'side', image: 'side:1', restartPolicy: 'Always' };
const twoInits = podOf({ initContainers: [{ name: 'one' }, { name: 'two' }] });
const work = snapshotOf().work;
/** A pod that may run so many seconds, and began then. */
const timed = (activeDeadlineSeconds: number, beganMs: number): Pod => ({
  ...podOf({ activeDeadlineSeconds }),
  status: { startTime: new Date(beganMs).toISOString() },
});

describe('src/node-agent/pod/pod.plan.ts', () => {
  it.each<[string, Partial<PodSnapshot>, readonly string[]]>([
    ['makes a sandbox first', { sandboxes: [] }, ['startSandbox 0']],
    ['makes no second one while the first is made', { sandboxes: [], work: { ...work, sandbox: true } }, []],
    [
      'waits before it tries a sandbox again',
      { sandboxes: [], sandboxProblem: { reason: 'x', message: '', failedAtMs: NOW, retryAtMs: NOW + 1 } },
      [],
    ],
    ['starts what is missing', {}, ['startContainer app 0']],
    ['does not start what is being started', { work: { ...work, starting: new Set(['app']) } }, []],
    ['leaves what runs', { containers: [containerOf()] }, []],
    [
      'counts on from the status when records were removed by hand',
      {
        pod: {
          ...podOf(),
          status: {
            containerStatuses: [
              { name: 'app', image: '', imageID: '', ready: true, restartCount: 4, containerID: 'hollow://x' },
            ],
          },
        },
      },
      ['startContainer app 5'],
    ],
    ['restarts what ended, at once the first time', { containers: [exitedOf()] }, ['startContainer app 1']],
    [
      'waits as long as the container was told to',
      { containers: [exitedOf({ annotations: { [ANNOTATION.backoffMs]: '10000' } })] },
      [],
    ],
    [
      'starts once the wait is over',
      { containers: [exitedOf({ annotations: { [ANNOTATION.backoffMs]: '10000' }, finishedAtMs: NOW - 10_000 })] },
      ['startContainer app 1'],
    ],
    [
      'never restarts where the policy forbids',
      { pod: podOf({ restartPolicy: 'Never' }), containers: [exitedOf()] },
      ['removeSandbox s0'],
    ],
    [
      'restarts failures only, where the policy says so',
      { pod: podOf({ restartPolicy: 'OnFailure' }), containers: [exitedOf({ exitCode: 2 })] },
      ['startContainer app 1'],
    ],
    [
      'lets a success be',
      { pod: podOf({ restartPolicy: 'OnFailure' }), containers: [exitedOf({ exitCode: 0 })] },
      ['removeSandbox s0'],
    ],
    [
      'restarts a container whose image changed, whatever the policy',
      {
        pod: podOf({ restartPolicy: 'Never' }),
        containers: [containerOf({ annotations: { [ANNOTATION.specHash]: 'old' } })],
      },
      ['stopContainer app-0 30s'],
    ],
    [
      'leaves one whose definition is the same',
      {
        containers: [
          containerOf({ annotations: { [ANNOTATION.specHash]: specHash({ name: 'app', image: 'app:1' }) } }),
        ],
      },
      [],
    ],
    [
      'stops what a probe gave up, with the grace of the probe',
      {
        containers: [containerOf()],
        probes: new Map([
          ['app-0', { started: true, ready: false, failure: { message: 'Container app failed', graceSeconds: 3 } }],
        ]),
      },
      ['stopContainer app-0 3s'],
    ],
    [
      'removes what was made and never started',
      { containers: [containerOf({ state: 'created' })] },
      ['removeContainer app-0'],
    ],
    [
      'keeps the last dead container of each name only',
      {
        containers: [exitedOf({ attempt: 0 }), exitedOf({ attempt: 1 }), containerOf({ attempt: 2 })],
      },
      ['removeContainer app-0'],
    ],
    [
      'waits with what has a problem',
      {
        problems: new Map([['app', { reason: 'ErrImagePull', message: '', failedAtMs: NOW, retryAtMs: NOW + 10_000 }]]),
      },
      [],
    ],
    [
      'never retries what only a change can mend',
      { problems: new Map([['app', { reason: 'InvalidImageName', message: '', failedAtMs: NOW }]]) },
      [],
    ],
    ['begins with the first init container', { pod: twoInits }, ['startContainer one 0']],
    [
      'goes on to the second when the first is done',
      { pod: twoInits, containers: [exitedOf({ name: 'one', exitCode: 0 })] },
      ['startContainer two 0'],
    ],
    [
      'waits for the second',
      { pod: twoInits, containers: [exitedOf({ name: 'one', exitCode: 0 }), containerOf({ name: 'two' })] },
      [],
    ],
    [
      'starts the others after the last',
      { pod: twoInits, containers: [exitedOf({ name: 'one', exitCode: 0 }), exitedOf({ name: 'two', exitCode: 0 })] },
      ['startContainer app 0'],
    ],
    [
      'repeats an init container that failed',
      { pod: twoInits, containers: [exitedOf({ name: 'one', exitCode: 9 })] },
      ['startContainer one 1'],
    ],
    [
      'gives up when an init container failed and may not be repeated',
      {
        pod: podOf({ initContainers: [{ name: 'one' }], restartPolicy: 'Never' }),
        containers: [exitedOf({ name: 'one', exitCode: 9 })],
      },
      ['removeSandbox s0'],
    ],
    [
      'makes no new sandbox for a pod that has failed to initialise',
      {
        pod: podOf({ initContainers: [{ name: 'one' }], restartPolicy: 'Never' }),
        sandboxes: [],
        containers: [exitedOf({ name: 'one', exitCode: 9 })],
      },
      [],
    ],
    [
      'waits until a sidecar has started',
      { pod: podOf({ initContainers: [sidecar] }), containers: [containerOf({ name: 'side' })] },
      [],
    ],
    [
      'goes on when it has, and lets it run',
      {
        pod: podOf({ initContainers: [sidecar] }),
        containers: [containerOf({ name: 'side' })],
        probes: new Map([['side-0', { started: true, ready: true }]]),
      },
      ['startContainer app 0'],
    ],
    [
      'stops what outlived its sandbox',
      { sandboxes: [sandboxOf({ state: 'notReady' })], containers: [containerOf()] },
      ['stopContainer app-0 30s'],
    ],
    [
      'then removes the dead sandbox',
      { sandboxes: [sandboxOf({ state: 'notReady' })], containers: [exitedOf()] },
      ['removeSandbox s0'],
    ],
    [
      'then makes the next one',
      { sandboxes: [], containers: [exitedOf({ annotations: { [ANNOTATION.sandboxAttempt]: '2' } })] },
      ['startSandbox 3'],
    ],
    [
      'runs everything again in a new sandbox, without a wait',
      {
        sandboxes: [sandboxOf({ id: 's1', attempt: 1 })],
        containers: [exitedOf({ annotations: { [ANNOTATION.backoffMs]: '300000' } })],
      },
      ['startContainer app 1'],
    ],
    [
      'stops a deleted pod within what is left of its grace',
      {
        pod: deletedOf(30),
        grace: { seconds: 30, endsAtMs: MONOTONIC + 12_000 },
        containers: [containerOf()],
      },
      ['stopContainer app-0 12s'],
    ],
    [
      'hastens a stop when the grace was shortened',
      {
        pod: deletedOf(2),
        grace: { seconds: 2, endsAtMs: MONOTONIC + 2_000 },
        containers: [containerOf()],
        work: { ...work, stopping: new Map([['app-0', MONOTONIC + 30_000]]) },
      },
      ['stopContainer app-0 2s'],
    ],
    [
      'lets a stop under way be',
      {
        gone: true,
        containers: [containerOf()],
        work: { ...work, stopping: new Map([['app-0', MONOTONIC + 29_000]]) },
      },
      [],
    ],
    [
      'stops sidecars after the others',
      {
        gone: true,
        pod: podOf({ initContainers: [sidecar] }),
        containers: [containerOf(), containerOf({ name: 'side' })],
      },
      ['stopContainer app-0 30s', 'stopContainer side-0 30s after app-0'],
    ],
    [
      'and them in the reverse order of their start',
      {
        gone: true,
        pod: podOf({ initContainers: [sidecar, { ...sidecar, name: 'later' }] }),
        containers: [containerOf({ name: 'side' }), containerOf({ name: 'later' })],
      },
      ['stopContainer side-0 30s after later-0', 'stopContainer later-0 30s'],
    ],
    [
      'also beside an init container that runs',
      {
        gone: true,
        pod: podOf({ initContainers: [sidecar, { name: 'one' }] }),
        containers: [containerOf({ name: 'side' }), containerOf({ name: 'one' })],
      },
      ['stopContainer side-0 30s after one-0', 'stopContainer one-0 30s'],
    ],
    [
      'goes on though a sidecar crashed that had started',
      {
        pod: podOf({ initContainers: [sidecar, { name: 'one' }, { name: 'two' }] }),
        containers: [exitedOf({ name: 'side', startedAtMs: NOW }), exitedOf({ name: 'one', exitCode: 0 })],
      },
      ['startContainer side 1', 'startContainer two 0'],
    ],
    [
      'stops a pod that has had its time',
      { pod: timed(10, NOW - 10_000), containers: [containerOf()] },
      ['stopContainer app-0 30s'],
    ],
    ['lets one be that has time left', { pod: timed(11, NOW - 10_000), containers: [containerOf()] }, []],
    [
      'makes nothing for a pod that the node refuses',
      { sandboxes: [], refusal: { reason: 'SysctlForbidden', message: 'no' } },
      [],
    ],
    [
      'and then them',
      {
        gone: true,
        pod: podOf({ initContainers: [sidecar] }),
        containers: [exitedOf(), containerOf({ name: 'side' })],
      },
      ['stopContainer side-0 30s'],
    ],
    ['removes the sandbox when nothing runs in it', { gone: true, containers: [exitedOf()] }, ['removeSandbox s0']],
    ['starts nothing of a pod that has ended', { pod: { ...podOf(), status: { phase: 'Failed' } }, sandboxes: [] }, []],
  ])('%s', (_, more, expected) => {
    expect(plan(more)).toEqual(expected);
  });

  it('looks again when the time of a pod is up', () => {
    const pod = timed(20, NOW - 10_000);
    expect(planPod(snapshotOf({ pod, containers: [containerOf()] })).wakeAtMs).toBe(NOW + 10_000);
  });

  it.each([
    ['a probe gave it up', {}, 'Container app failed liveness probe, will be restarted'],
    ['and it is not started again', { restartPolicy: 'Never' }, 'Container app failed liveness probe'],
  ])('tells why it stops a container: %s', (_, spec, event) => {
    const failure = { message: 'Container app failed liveness probe' };
    const probes = new Map([['app-0', { started: true, ready: true, failure }]]);
    const [action] = planPod(snapshotOf({ pod: podOf(spec), containers: [containerOf()], probes })).actions;
    expect(action).toMatchObject({ type: 'stopContainer', event });
  });

  it('is down only when nothing runs, nothing is made and nothing is under way', () => {
    expect(planPod(snapshotOf({ gone: true, sandboxes: [] })).down).toBe(true);
    expect(planPod(snapshotOf({ gone: true })).down).toBe(false);
    expect(planPod(snapshotOf({ gone: true, sandboxes: [], containers: [exitedOf()] })).down).toBe(true);
    expect(planPod(snapshotOf({ gone: true, sandboxes: [], containers: [containerOf()] })).down).toBe(false);
    const starting = { ...work, starting: new Set(['app']) };
    expect(planPod(snapshotOf({ gone: true, sandboxes: [], work: starting })).down).toBe(false);
  });

  it('says when to look again', () => {
    const waits = exitedOf({ annotations: { [ANNOTATION.backoffMs]: '20000' } });
    expect(planPod(snapshotOf({ containers: [waits] })).wakeAtMs).toBe(NOW + 20_000);
  });

  it('waits 0, 10 s, 20 s … 5 min between crashes, and from the beginning after ten good minutes', () => {
    const spec = { name: 'app', image: 'app:1' };
    const waits: number[] = [];
    let container: RuntimeContainer | undefined;
    for (let crash = 0; crash < 8; crash += 1) {
      container = exitedOf({ annotations: { [ANNOTATION.backoffMs]: String(nextBackoffMs(container, spec)) } });
      waits.push(restartDelayMs(container, spec) / 1000);
    }
    expect(waits).toEqual([0, 10, 20, 40, 80, 160, 300, 300]);
    const good = exitedOf({ ...container, startedAtMs: NOW - RESTART_RESET_MS, finishedAtMs: NOW });
    expect(restartDelayMs(good, spec)).toBe(0);
    expect(nextBackoffMs(good, spec)).toBe(10_000);
  });

  it('in any world: converges, runs no name twice, keeps the order of init containers, and keeps to the back-off', () => {
    const policy = fc.constantFrom('Always', 'OnFailure', 'Never');
    const fate = fc.constantFrom('run', 'exit0', 'exit1', 'killSandbox', 'removeRecord');
    fc.assert(
      fc.property(
        policy,
        fc.nat(2),
        fc.nat(1),
        fc.array(fate, { maxLength: 12 }),
        (restartPolicy, inits, extra, fates) => {
          const world = new World(
            podOf({
              restartPolicy,
              initContainers: Array.from({ length: inits }, (_, index) => ({ name: `init-${index}`, image: 'i:1' })),
              containers: Array.from({ length: extra + 1 }, (_, index) => ({ name: `app-${index}`, image: 'a:1' })),
            }),
          );
          for (const event of fates) {
            world.settle();
            world.befall(event);
          }
          world.settle();
          world.gone = true;
          world.settle();
          expect(world.sandboxes).toEqual([]);
          expect(world.containers.filter(({ state }) => state !== 'exited')).toEqual([]);
        },
      ),
      { numRuns: 200 },
    );
  });
});

/** A runtime that does what a plan says, at once, and checks every step. Init containers end well by themselves. */
class World {
  readonly pod: Pod;
  gone = false;
  sandboxes: Sandbox[] = [];
  containers: RuntimeContainer[] = [];
  #nowMs = NOW;

  constructor(pod: Pod) {
    this.pod = pod;
  }

  /** Carries out plans until there is nothing to do, waiting where a plan waits. */
  settle(): void {
    for (let round = 0; round < 100; round += 1) {
      const result = planPod(this.#snapshot());
      for (const action of result.actions) this.#do(action);
      this.#endInits();
      if (result.actions.length > 0) continue;
      if (result.wakeAtMs === undefined) return;
      expect(result.wakeAtMs).toBeGreaterThan(this.#nowMs);
      this.#nowMs = result.wakeAtMs;
    }
    throw new Error('it never settles');
  }

  befall(event: string): void {
    const running = this.containers.filter(({ state }) => state === 'running');
    const victim = running[running.length - 1];
    if (event === 'exit0' && victim) this.#end(victim, 0);
    if (event === 'exit1' && victim) this.#end(victim, 1);
    if (event === 'killSandbox') this.sandboxes = this.sandboxes.map((one) => ({ ...one, state: 'notReady' }));
    if (event === 'removeRecord') this.containers = this.containers.filter(({ state }) => state === 'running');
  }

  #snapshot(): PodSnapshot {
    const probes = new Map(this.containers.map(({ id }) => [id, { started: true, ready: true }]));
    const { pod, gone, sandboxes, containers } = this;
    return snapshotOf({ pod, gone, sandboxes, containers, probes, nowMs: this.#nowMs });
  }

  #do(action: PodAction): void {
    switch (action.type) {
      case 'startSandbox':
        expect(this.sandboxes).toEqual([]);
        this.sandboxes.push(sandboxOf({ id: `s${this.#nowMs++}`, attempt: action.attempt }));
        break;
      case 'startContainer':
        this.#start(action);
        break;
      case 'stopContainer': {
        const container = this.containers.find(({ id }) => id === action.id);
        if (container) this.#end(container, 0);
        break;
      }
      case 'removeContainer':
        this.containers = this.containers.filter(({ id }) => id !== action.id);
        break;
      case 'removeSandbox':
        expect(this.containers.some(({ sandboxId, state }) => sandboxId === action.id && state === 'running')).toBe(
          false,
        );
        this.sandboxes = this.sandboxes.filter(({ id }) => id !== action.id);
        break;
    }
  }

  #start({ name, attempt, sandboxId, nextBackoffMs: backoff }: Extract<PodAction, { type: 'startContainer' }>): void {
    const sameName = this.containers.filter((one) => one.name === name);
    expect(sameName.some(({ state }) => state === 'running')).toBe(false);
    expect(sameName.every((one) => one.attempt < attempt)).toBe(true);
    expect(this.sandboxes.find(({ id }) => id === sandboxId)?.state).toBe('ready');
    expect(backoff).toBeLessThanOrEqual(MAX_RESTART_BACKOFF_MS);
    if (name.startsWith('app')) {
      const runsInits = (this.pod.spec.initContainers ?? []).every((init) =>
        this.containers.some((one) => one.name === init.name && one.exitCode === 0 && one.state === 'exited'),
      );
      const passed = this.containers.some((one) => one.name.startsWith('app') && one.sandboxId === sandboxId);
      expect(runsInits || passed).toBe(true);
    }
    const before = sameName.filter((one) => one.sandboxId === sandboxId).sort((a, b) => b.attempt - a.attempt)[0];
    if (before !== undefined) {
      const wait = Number(before.annotations[ANNOTATION.backoffMs]);
      expect(this.#nowMs).toBeGreaterThanOrEqual((before.finishedAtMs ?? 0) + wait);
    }
    this.containers.push(
      containerOf({
        id: `${name}-${this.#nowMs++}`,
        name,
        attempt,
        sandboxId,
        startedAtMs: this.#nowMs,
        annotations: { [ANNOTATION.backoffMs]: String(backoff) },
      }),
    );
  }

  #endInits(): void {
    for (const one of this.containers) if (one.name.startsWith('init') && one.state === 'running') this.#end(one, 0);
  }

  #end(container: RuntimeContainer, exitCode: number): void {
    this.containers = this.containers.map((one) =>
      one === container ? { ...one, state: 'exited', exitCode, finishedAtMs: this.#nowMs } : one,
    );
  }
}

describe('src/node-agent/pod/pod.plan.ts, ephemeral containers', () => {
  const look = { name: 'look', image: 'look:1' };
  const withLook = (more: object = {}, spec: Partial<Pod['spec']> = {}) =>
    podOf({ ephemeralContainers: [{ ...look, ...more }], ...spec });
  const alone = sandboxOf({ id: NO_SANDBOX });
  const app = containerOf();
  const appAlone = containerOf({ sandboxId: NO_SANDBOX });
  const ran = { name: 'look', image: 'look:1', imageID: '', ready: false, restartCount: 0 };
  const told = (state: object): Pod =>
    ({ ...withLook(), status: { ephemeralContainerStatuses: [{ ...ran, state }] } }) as Pod;

  it.each([
    ['starts one beside what runs', { pod: withLook(), containers: [app] }, ['startContainer look 0']],
    [
      'starts one though the beginning is not over',
      { pod: withLook({}, { initContainers: [{ name: 'one' }] }) },
      ['startContainer look 0', 'startContainer one 0'],
    ],
    [
      'waits for the container that it is to join',
      { pod: withLook({ targetContainerName: 'app' }) },
      ['startContainer app 0'],
    ],
    [
      'joins its target',
      { pod: withLook({ targetContainerName: 'app' }), containers: [app] },
      ['startContainer look 0'],
    ],
    [
      'waits for the network of a pod without a sandbox',
      { pod: withLook(), sandboxes: [alone] },
      ['startContainer app 0'],
    ],
    [
      'joins the network of a pod without a sandbox',
      { pod: withLook(), sandboxes: [alone], containers: [appAlone] },
      ['startContainer look 0'],
    ],
    ['never starts one again', { pod: withLook(), containers: [app, exitedOf({ name: 'look', image: 'look:1' })] }, []],
    ['nor one whose record is gone', { pod: told({ terminated: { exitCode: 0 } }), containers: [app] }, []],
    [
      'makes one anew that never started',
      { pod: withLook(), containers: [app, containerOf({ name: 'look', state: 'created' })] },
      ['removeContainer look-0'],
    ],
    [
      'does not keep a pod that has ended',
      {
        pod: withLook({}, { restartPolicy: 'Never' as const }),
        containers: [exitedOf({ exitCode: 0 }), containerOf({ name: 'look' })],
      },
      ['stopContainer look-0 30s'],
    ],
  ])('%s', (_what, snapshot, actions) => {
    expect(plan(snapshot)).toEqual(actions);
  });

  it('restarts none, whatever the policy of the pod is', () => {
    expect(restarts(withLook(), look, exitedOf({ name: 'look' }))).toBe(false);
  });

  it.each([
    ['the processes of its target', 's0', { targetContainerName: 'app' }, {}, { processesOf: 'app-0' }],
    ['the processes of the pod', 's0', {}, { shareProcessNamespace: true }, { processesOf: 's0' }],
    [
      'the processes of the machine',
      's0',
      {},
      { hostPID: true, hostIPC: true },
      { processesOf: 'host', hostIpc: true },
    ],
    ['a network', NO_SANDBOX, {}, {}, { networkOf: 'app-0' }],
    ['nothing', 's0', {}, {}, {}],
  ])('shares %s', (_what, sandboxId, more, spec, sharing) => {
    const pod = withLook(more, spec);
    expect(sharingOf(pod, pod.spec.ephemeralContainers?.[0] ?? look, sandboxId, [app])).toEqual(sharing);
  });

  it.each<[string, readonly [seconds: number, afterMs: number, gone?: boolean][], number]>([
    ['the whole of it, from when the node saw it', [[30, 0]], 30],
    [
      'what is left',
      [
        [30, 0],
        [30, 12_000],
      ],
      18,
    ],
    [
      'what was shortened, from then on',
      [
        [30, 0],
        [5, 12_000],
      ],
      5,
    ],
    [
      'no more than there was',
      [
        [30, 0],
        [20, 25_000],
      ],
      5,
    ],
    [
      'what there was when somebody wants more',
      [
        [5, 0],
        [30, 1_000],
      ],
      4,
    ],
    [
      'one second at least',
      [
        [30, 0],
        [30, 60_000],
      ],
      1,
    ],
    [
      'one second once it was deleted by force',
      [
        [30, 0],
        [30, 2_000, true],
      ],
      1,
    ],
  ])('grants a pod that is being deleted %s, whatever the time of day', (_name, sights, expected) => {
    let grace: Grace | undefined;
    let snapshot = snapshotOf();
    for (const [seconds, afterMs, gone = false] of sights) {
      // Every sight is an hour earlier or later by the clock on the wall.
      const nowMs = NOW + (afterMs % 2 === 0 ? 3_600_000 : -3_600_000);
      snapshot = snapshotOf({ pod: deletedOf(seconds), gone, nowMs, monotonicMs: MONOTONIC + afterMs });
      grace = planGrace(grace, snapshot);
    }
    const [action] = planPod({
      ...snapshot,
      containers: [containerOf()],
      ...(grace === undefined ? {} : { grace }),
    }).actions;
    expect(action).toMatchObject({ type: 'stopContainer', graceSeconds: expected });
  });

  it('leaves its whole time to a pod that nobody deleted and that is no longer in the API', () => {
    expect(planGrace(undefined, snapshotOf({ gone: true }))).toBeUndefined();
    expect(plan({ gone: true, containers: [containerOf()] })).toEqual(['stopContainer app-0 30s']);
  });

  it('stops a pod that this node ends within the time of the verdict, and starts nothing of it', () => {
    const verdict = { reason: 'Evicted', message: 'low', graceSeconds: 1 };
    expect(planPod(snapshotOf({ containers: [containerOf()], verdict })).actions).toMatchObject([
      { type: 'stopContainer', graceSeconds: 1 },
    ]);
    expect(planPod(snapshotOf({ containers: [exitedOf()], verdict })).actions).toEqual([
      { type: 'removeSandbox', id: 's0' },
    ]);
  });

  it.each<[string, Partial<PodSnapshot>]>([
    [
      'a restart',
      { containers: [exitedOf({ finishedAtMs: NOW + 3_600_000, annotations: { [ANNOTATION.backoffMs]: '10000' } })] },
    ],
    [
      'a pull',
      {
        problems: new Map([
          ['app', { reason: 'ErrImagePull', message: '', failedAtMs: NOW + 3_600_000, retryAtMs: NOW + 3_610_000 }],
        ]),
      },
    ],
  ])('does not wait an hour for %s when the clock was set back by one', (_, more) => {
    expect(planPod(snapshotOf(more)).actions).toMatchObject([{ type: 'startContainer', name: 'app' }]);
  });
});
