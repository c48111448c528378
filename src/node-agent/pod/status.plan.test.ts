import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  ANNOTATION,
  NO_SANDBOX,
  type Pod,
  type PodSnapshot,
  type RuntimeContainer,
  type Sandbox,
} from './pod.types.ts';
import { planStatus } from './status.plan.ts';

const NOW = Date.UTC(2026, 0, 1, 12);
const identity = { namespace: 'default', name: 'web', uid: 'uid-1' };

function podOf(spec: Partial<Pod['spec']> = {}, more: Partial<Pod> = {}): Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { ...identity, resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' },
    spec: { containers: [{ name: 'app', image: 'app:1' }], ...spec },
    ...more,
  };
}

const sandbox: Sandbox = {
  id: 's0',
  pod: identity,
  attempt: 0,
  state: 'ready',
  pid: 1,
  createdAtMs: NOW,
  annotations: {},
};

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
  createdAtMs: NOW,
  startedAtMs: NOW,
  annotations: {},
  ...more,
});
const exitedOf = (more: Partial<RuntimeContainer> = {}) =>
  containerOf({ state: 'exited', pid: 0, exitCode: 1, finishedAtMs: NOW, ...more });

const statusOf = (more: Partial<PodSnapshot> = {}) =>
  planStatus({
    pod: podOf(),
    gone: false,
    sandboxes: [sandbox],
    containers: [],
    probes: new Map(),
    problems: new Map(),
    work: { sandbox: false, starting: new Set(), stopping: new Map(), removing: new Set() },
    podIP: '10.244.1.2',
    hostIP: '192.0.2.1',
    runtimeName: 'docker',
    nowMs: NOW,
    monotonicMs: NOW,
    ...more,
  });

const good = (...ids: string[]) => new Map(ids.map((id) => [id, { started: true, ready: true }]));
const never = { restartPolicy: 'Never' } as const;
const init = { initContainers: [{ name: 'one' }] };
const overdue = podOf({ activeDeadlineSeconds: 5 }, { status: { startTime: '2026-01-01T11:59:55Z' } });
const leaving = { metadata: { ...podOf().metadata, deletionTimestamp: '2026-01-01T12:00:30Z' } };

describe('src/node-agent/pod/status.plan.ts', () => {
  it.each<[string, Partial<PodSnapshot>, string, string]>([
    ['nothing runs yet', {}, 'Pending', 'False'],
    ['a container runs and is ready', { containers: [containerOf()], probes: good('app-0') }, 'Running', 'True'],
    ['it runs, and its probe has not said so', { containers: [containerOf()] }, 'Running', 'False'],
    ['it ended and will be restarted', { containers: [exitedOf()] }, 'Running', 'False'],
    ['it ended well, for good', { pod: podOf(never), containers: [exitedOf({ exitCode: 0 })] }, 'Succeeded', 'False'],
    ['it failed for good', { pod: podOf(never), containers: [exitedOf()] }, 'Failed', 'False'],
    ['an init container runs', { pod: podOf(init), containers: [containerOf({ name: 'one' })] }, 'Pending', 'False'],
    ['one failed, and is repeated', { pod: podOf(init), containers: [exitedOf({ name: 'one' })] }, 'Pending', 'False'],
    [
      'one failed for good',
      { pod: podOf({ ...init, ...never }), containers: [exitedOf({ name: 'one' })] },
      'Failed',
      'False',
    ],
    [
      'one of two has not started',
      {
        pod: podOf({ containers: [{ name: 'app' }, { name: 'late' }] }),
        containers: [containerOf()],
        probes: good('app-0'),
      },
      'Pending',
      'False',
    ],
    [
      'the pod leaves, and still runs',
      { pod: podOf({}, leaving), containers: [containerOf()], probes: good('app-0') },
      'Running',
      'True',
    ],
    ['it has left well', { pod: podOf({}, leaving), containers: [exitedOf({ exitCode: 0 })] }, 'Succeeded', 'False'],
    ['it had to be killed', { pod: podOf({}, leaving), containers: [exitedOf({ exitCode: 137 })] }, 'Failed', 'False'],
    ['it had ended before', { pod: podOf({}, { status: { phase: 'Succeeded' } }) }, 'Succeeded', 'False'],
  ])('%s', (_, more, phase, ready) => {
    const status = statusOf(more);
    expect(status.phase).toBe(phase);
    expect(status.conditions?.find(({ type }) => type === 'Ready')?.status).toBe(ready);
  });

  it.each([
    ['runs', containerOf({ name: 'one' }), false],
    ['ended well', exitedOf({ name: 'one', exitCode: 0 }), true],
  ])('holds the pod for initialised once the init container is done: it %s', (_, one, done) => {
    const { conditions, initContainerStatuses } = statusOf({
      pod: podOf(init),
      containers: [one],
      probes: good('one-0'),
    });
    expect(initContainerStatuses?.[0]?.ready).toBe(done);
    expect(conditions?.find(({ type }) => type === 'Initialized')?.status).toBe(done ? 'True' : 'False');
  });

  it('shows an end as such first, then the wait for the next start, with its length and how the last run ended', () => {
    const waits = exitedOf({ attempt: 3, annotations: { [ANNOTATION.backoffMs]: '80000' } });
    const at = (ms: number) => statusOf({ containers: [waits], nowMs: NOW + ms }).containerStatuses?.[0];
    expect(at(999)).toMatchObject({ state: { terminated: { reason: 'Error' } } });
    expect(at(1_000)).toMatchObject({
      restartCount: 3,
      state: {
        waiting: {
          reason: 'CrashLoopBackOff',
          message: 'back-off 1m20s restarting failed container=app pod=web_default(uid-1)',
        },
      },
      lastState: { terminated: { exitCode: 1, reason: 'Error', containerID: 'docker://app-3' } },
    });
  });

  it.each([
    [exitedOf({ oomKilled: true, exitCode: 137 }), 'OOMKilled'],
    [exitedOf({ exitCode: 0 }), 'Completed'],
    [exitedOf({ exitCode: 7 }), 'Error'],
    [{ ...exitedOf({ exitCode: 127 }), startedAtMs: undefined } as unknown as RuntimeContainer, 'ContainerCannotRun'],
    [exitedOf({ exitCode: 127, sandboxId: NO_SANDBOX, message: 'cannot run /x' }), 'ContainerCannotRun'],
    [exitedOf({ exitCode: 127, message: 'cannot run /x' }), 'Error'],
    [exitedOf({ exitCode: 1, sandboxId: NO_SANDBOX, message: 'cannot run /x' }), 'Error'],
  ])('names the reason of an end (%#)', (container, reason) => {
    const { state } = statusOf({ pod: podOf(never), containers: [container] }).containerStatuses?.[0] ?? {};
    expect(state?.terminated?.reason).toBe(reason);
  });

  it('shows a failed pull as an error first, then as a back-off', () => {
    const problems = new Map([
      ['app', { reason: 'ErrImagePull', message: 'denied', failedAtMs: NOW, retryAtMs: NOW + 10_000 }],
    ]);
    const at = (ms: number) => statusOf({ problems, nowMs: NOW + ms }).containerStatuses?.[0]?.state?.waiting;
    expect(at(0)).toEqual({ reason: 'ErrImagePull', message: 'denied' });
    expect(at(2_000)).toEqual({
      reason: 'ImagePullBackOff',
      message: 'Back-off pulling image "app:1": ErrImagePull: denied',
    });
  });

  it('tells of no containers where the node refused the pod, then and later', () => {
    const refusal = { reason: 'SysctlForbidden', message: 'no' };
    const first = statusOf({ refusal, sandboxes: [] });
    expect(first.containerStatuses).toBeUndefined();
    const next = statusOf({ pod: podOf({}, { status: first }), refusal, sandboxes: [] });
    expect(next).toEqual(first);
  });

  it('gives the last words of all containers 12 KiB together, in equal shares', () => {
    const containers = ['a', 'b', 'c', 'd'].map((name) => ({ name }));
    const ended = containers.map(({ name }) => exitedOf({ name, message: 'é'.repeat(4_000) }));
    const { containerStatuses = [] } = statusOf({ pod: podOf({ ...never, containers }), containers: ended });
    const lengths = containerStatuses.map(({ state }) => Buffer.byteLength(state?.terminated?.message ?? ''));
    expect(lengths).toEqual([3_072, 3_072, 3_072, 3_072]);
    const [alone] =
      statusOf({ pod: podOf(never), containers: [exitedOf({ message: 'x'.repeat(4_096) })] }).containerStatuses ?? [];
    expect(alone?.state?.terminated?.message).toHaveLength(4_096);
  });

  it('is not ready before its start hook has ended', () => {
    const running = { containers: [containerOf()], probes: good('app-0') };
    const work = { sandbox: false, starting: new Set(['app']), stopping: new Map(), removing: new Set<string>() };
    const [status] = statusOf({ ...running, work }).containerStatuses ?? [];
    expect(status).toMatchObject({ started: false, ready: false });
  });

  it('tells what is mounted, and that reading only does not reach below', () => {
    const volumeMounts = [
      { name: 'data', mountPath: '/data' },
      { name: 'conf', mountPath: '/conf', readOnly: true },
    ];
    expect(
      statusOf({ pod: podOf({ containers: [{ name: 'app', volumeMounts }] }) }).containerStatuses?.[0],
    ).toMatchObject({
      volumeMounts: [
        { name: 'data', mountPath: '/data' },
        { name: 'conf', mountPath: '/conf', readOnly: true, recursiveReadOnly: 'Disabled' },
      ],
    });
  });

  it.each<[string, Partial<PodSnapshot>, object]>([
    [
      'it was refused',
      { refusal: { reason: 'SysctlForbidden', message: 'Pod was rejected: no' }, sandboxes: [] },
      { phase: 'Failed', reason: 'SysctlForbidden', message: 'Pod was rejected: no' },
    ],
    [
      'its time is up, and it still runs',
      { pod: overdue, containers: [containerOf()] },
      { phase: 'Running', reason: undefined },
    ],
    [
      'its time is up, and it has ended, to be restarted otherwise',
      { pod: overdue, containers: [exitedOf({ exitCode: 137 })] },
      {
        phase: 'Failed',
        reason: 'DeadlineExceeded',
        message: 'Pod was active on the node longer than the specified deadline',
        containerStatuses: [{ state: { terminated: { exitCode: 137 } } }],
      },
    ],
  ])('says why the node ends a pod: %s', (_, more, expected) => {
    expect({ reason: undefined, ...statusOf(more) }).toMatchObject(expected);
  });

  it('is ready only when the conditions the pod itself names hold too', () => {
    const gates = { readinessGates: [{ conditionType: 'example.com/ok' }] };
    const running = { containers: [containerOf()], probes: good('app-0') };
    const ready = (pod: Pod) => statusOf({ ...running, pod }).conditions?.find(({ type }) => type === 'Ready');
    expect(ready(podOf(gates))).toMatchObject({ status: 'False', reason: 'ReadinessGatesNotReady' });
    const met = { type: 'example.com/ok', status: 'True' };
    expect(ready(podOf(gates, { status: { conditions: [met] } }))).toMatchObject({ status: 'True' });
  });

  it("keeps others' conditions, and times of what did not change", () => {
    const others = { type: 'PodScheduled', status: 'True', lastTransitionTime: '2026-01-01T00:00:01Z' };
    const before = { type: 'Ready', status: 'False', lastTransitionTime: '2026-01-01T00:00:02Z' };
    const { conditions } = statusOf({ pod: podOf({}, { status: { conditions: [others, before] } }) });
    expect(conditions).toContainEqual(others);
    expect(conditions?.find(({ type }) => type === 'Ready')?.lastTransitionTime).toBe('2026-01-01T00:00:02Z');
  });

  it('remembers the end before from the status when the record is gone', () => {
    const terminated = { exitCode: 9, reason: 'Error', containerID: 'docker://app-0' };
    const status = {
      containerStatuses: [
        {
          name: 'app',
          image: 'app:1',
          imageID: '',
          ready: false,
          restartCount: 0,
          state: { terminated },
          containerID: 'docker://app-0',
        },
      ],
    };
    const next = statusOf({ pod: podOf({}, { status }), containers: [containerOf({ attempt: 1 })] });
    expect(next.containerStatuses?.[0]).toMatchObject({ restartCount: 1, lastState: { terminated } });
  });

  it('says nothing new when a container is made and has not begun: that would be a write for nobody', () => {
    expect(statusOf({ containers: [containerOf({ state: 'created' })] })).toEqual(statusOf());
    const status = statusOf({ containers: [exitedOf()] });
    const again = statusOf({
      pod: podOf({}, { status }),
      containers: [exitedOf(), containerOf({ attempt: 1, state: 'created' })],
    });
    expect(again.containerStatuses?.[0]?.containerID).toBe('docker://app-0');
  });

  it('settles: the status of a pod that has this very status is the same', () => {
    const container = fc.constantFrom(
      [],
      [containerOf()],
      [exitedOf()],
      [exitedOf(), containerOf({ attempt: 1 })],
      [containerOf({ state: 'created' })],
      [exitedOf({ annotations: { [ANNOTATION.backoffMs]: '10000' } })],
    );
    const spec = fc.constantFrom({}, never, init, { restartPolicy: 'OnFailure' } as const);
    const problem = fc.constantFrom(
      new Map(),
      new Map([['app', { reason: 'ErrImagePull', message: 'm', failedAtMs: NOW }]]),
    );
    fc.assert(
      fc.property(container, spec, problem, fc.boolean(), (containers, more, problems, isReady) => {
        const rest = { containers, problems, probes: isReady ? good('app-0', 'app-1') : new Map() };
        const first = statusOf({ ...rest, pod: podOf(more) });
        const second = statusOf({ ...rest, pod: podOf(more, { status: first }), nowMs: NOW + 100 });
        expect(second).toEqual(first);
      }),
    );
  });

  describe('a pod that this node ends', () => {
    const verdict = { reason: 'Evicted', message: 'The node was low.', graceSeconds: 1, disrupted: true };
    const conditionOf = (status: ReturnType<typeof statusOf>, type: string) =>
      status.conditions?.find((one) => one.type === type);

    it('runs on in its status until nothing of it runs any more, and has failed then', () => {
      const going = statusOf({ containers: [containerOf()], verdict });
      expect(going).toMatchObject({ phase: 'Running' });
      expect(going).not.toHaveProperty('reason');
      const gone = statusOf({ containers: [exitedOf({ exitCode: 137 })], verdict });
      expect(gone).toMatchObject({ phase: 'Failed', reason: 'Evicted', message: 'The node was low.' });
      expect(conditionOf(gone, 'Ready')).toMatchObject({ status: 'False', reason: 'PodFailed' });
    });

    it('says from the beginning that it goes for the sake of the node, where it does', () => {
      const told = { status: 'True', reason: 'TerminationByKubelet', message: 'The node was low.' };
      expect(conditionOf(statusOf({ containers: [containerOf()], verdict }), 'DisruptionTarget')).toMatchObject(told);
      const { disrupted: _, ...own } = verdict;
      expect(conditionOf(statusOf({ containers: [containerOf()], verdict: own }), 'DisruptionTarget')).toBeUndefined();
    });

    it('tells of no containers where it was not taken in', () => {
      const status = statusOf({ verdict: { ...verdict, rejected: true } });
      expect(status).toMatchObject({ phase: 'Failed', reason: 'Evicted', message: 'The node was low.' });
      expect(status).not.toHaveProperty('containerStatuses');
    });
  });
});
