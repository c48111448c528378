import { equalJson, formatTime } from '#base';
import {
  allContainersOf,
  currentSandbox,
  endedByNode,
  ephemeralContainersOf,
  hasEnded,
  initContainersOf,
  isSidecar,
  isTerminating,
  named,
  newest,
  restartDelayMs,
  restarts,
  toldOf,
} from './containers.plan.ts';
import {
  type ContainerSpec,
  type ContainerStatus,
  NO_SANDBOX,
  type Pod,
  type PodCondition,
  type PodSnapshot,
  type PodStatus,
  type RuntimeContainer,
  type StartProblem,
} from './pod.types.ts';

/** How long a failed pull, or an end, is shown as such before it is shown as waiting for the next, in ms. */
export const SHOW_ERROR_MS = 1_000;

/** The conditions this agent writes; all others are somebody else's and are kept. */
const OURS: ReadonlySet<string> = new Set(['PodReadyToStartContainers', 'Initialized', 'Ready', 'ContainersReady']);

/**
 * The status to report. Times of what did not change are kept from the status before, so that an unchanged pod gives
 * an equal status. Source: kubelet_pods.go generateAPIPodStatus, getPhase (v1.32).
 */
export function planStatus(snapshot: PodSnapshot): PodStatus {
  const { pod, podIP, hostIP, nowMs } = snapshot;
  const before = pod.status ?? {};
  const { verdict } = snapshot;
  const startTime = before.startTime ?? formatTime(nowMs);
  if (verdict?.rejected) return { ...before, phase: 'Failed', ...endedByNode(snapshot), startTime };
  const share = Math.floor(MAX_MESSAGES / allContainersOf(pod).length);
  const inits = initContainersOf(pod).map((spec) => cut(containerStatus(snapshot, spec, true), share));
  const containers = pod.spec.containers.map((spec) => cut(containerStatus(snapshot, spec, false), share));
  const ephemeral = ephemeralContainersOf(pod).map((spec) => cut(ephemeralStatus(snapshot, spec), share));
  const phase = phaseOf(snapshot, inits, containers);
  const ip = podIP ?? before.podIP;
  return {
    ...before,
    phase,
    ...(phase === 'Failed' ? endedByNode(snapshot) : {}),
    hostIP,
    hostIPs: [{ ip: hostIP }],
    ...(ip === undefined ? {} : { podIP: ip, podIPs: [{ ip }] }),
    startTime,
    conditions: conditionsOf(snapshot, phase, inits, containers),
    ...(inits.length === 0 || neverBegan(snapshot) ? {} : { initContainerStatuses: inits }),
    // Of a pod that the node refused there are none to tell of. Source: kubelet.go, rejectPod (v1.32).
    ...(neverBegan(snapshot) ? {} : { containerStatuses: containers }),
    ...(ephemeral.length === 0 ? {} : { ephemeralContainerStatuses: ephemeral }),
  };
}

function neverBegan({ pod, refusal, containers }: PodSnapshot): boolean {
  if (containers.length > 0) return false;
  return refusal !== undefined || (hasEnded(pod) && pod.status?.containerStatuses === undefined);
}

/** The last words of all containers of a pod together, in bytes; each has an equal share. Source: status_manager.go (v1.32). */
const MAX_MESSAGES = 12 * 1024;

function cut(status: ContainerStatus, share: number): ContainerStatus {
  const { state, lastState } = status;
  return {
    ...status,
    ...(state === undefined ? {} : { state: cutEnd(state, share) }),
    ...(lastState === undefined ? {} : { lastState: cutEnd(lastState, share) }),
  };
}

function cutEnd(state: State, share: number): State {
  const { terminated } = state;
  if (terminated?.message === undefined || Buffer.byteLength(terminated.message) <= share) return state;
  const message = Buffer.from(terminated.message).subarray(0, share).toString('utf8');
  return { ...state, terminated: { ...terminated, message } };
}

type Phase = 'Pending' | 'Running' | 'Succeeded' | 'Failed';

function phaseOf(
  snapshot: PodSnapshot,
  inits: readonly ContainerStatus[],
  containers: readonly ContainerStatus[],
): Phase {
  const { pod } = snapshot;
  if (pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed') return pod.status.phase;
  // It has ended when nothing of it runs any more: whoever replaces it is not to overlap with it.
  const anyRuns = snapshot.containers.some(({ state }) => state === 'running');
  if (endedByNode(snapshot) !== undefined && !anyRuns) return 'Failed';
  const policy = pod.spec.restartPolicy ?? 'Always';
  const regular = initContainersOf(pod).flatMap((spec, index) => (isSidecar(spec) ? [] : [inits[index]]));
  const started = containers.some(({ state, lastState }) => state?.waiting === undefined || lastState?.terminated);
  const failedInit = regular.some((status) => (ended(status)?.exitCode ?? 0) !== 0);
  if (failedInit && policy === 'Never') return 'Failed';
  if (!started && regular.some((status) => ended(status)?.exitCode !== 0)) return 'Pending';

  const isEnding = isTerminating(pod) && !anyRuns;
  const waiting = containers.filter(({ state, lastState }) => state?.waiting && lastState?.terminated === undefined);
  const running = containers.filter(({ state }) => state?.running);
  const stopped = containers.flatMap((status) => ended(status) ?? []);
  if (waiting.length > 0 && !(isEnding && stopped.length > 0)) return 'Pending';
  if (running.length > 0) return 'Running';
  if (stopped.length === 0) return 'Pending';
  const allWell = stopped.length === containers.length && stopped.every(({ exitCode }) => exitCode === 0);
  if (isEnding) return allWell ? 'Succeeded' : 'Failed';
  if (policy === 'Always' || anyRuns) return 'Running';
  if (allWell) return 'Succeeded';
  return policy === 'Never' && stopped.length === containers.length ? 'Failed' : 'Running';
}

/** How a container ended, when it is not running: now, or the time before if it waits for its next start. */
function ended(status: ContainerStatus | undefined) {
  return status?.state?.terminated ?? (status?.state?.waiting ? status.lastState?.terminated : undefined);
}

/** Nobody waits for one to be ready, and none is started again: its record may be gone by hand. */
function ephemeralStatus(snapshot: PodSnapshot, spec: ContainerSpec): ContainerStatus {
  const { started: _, ...status } = containerStatus(snapshot, spec, false);
  const before = toldOf(snapshot.pod).find(({ name }) => name === spec.name);
  const isLost = status.state?.waiting !== undefined && before?.state?.terminated !== undefined;
  return { ...status, ready: false, ...(isLost && before?.state !== undefined ? { state: before.state } : {}) };
}

function containerStatus(snapshot: PodSnapshot, spec: ContainerSpec, isInit: boolean): ContainerStatus {
  const { pod, containers, probes, problems, runtimeName } = snapshot;
  const before = toldOf(pod).find(({ name }) => name === spec.name);
  const ofName = named(containers, spec.name);
  const last = newest(ofName);
  const previous = newest(ofName.filter((container) => container !== last && container.state === 'exited'));
  const state = stateOf(snapshot, spec, last, problems.get(spec.name), before);
  const restarting = state.waiting !== undefined && last?.state === 'exited';
  const lastEnd = restarting ? terminated(last, runtimeName) : previous && terminated(previous, runtimeName);
  const probe = last?.state === 'running' ? probes.get(last.id) : undefined;
  // Not before its start hook has ended.
  const started = (probe?.started ?? false) && !snapshot.work.starting.has(spec.name);
  const runsOnce = isInit && !isSidecar(spec);
  // One that has not begun is not told of: a pod's start would cost a write more, and nobody can ask it anything.
  const begun = last?.state === 'created' ? undefined : last;
  return {
    name: spec.name,
    image: spec.image ?? '',
    imageID: begun === undefined ? (before?.imageID ?? '') : `${runtimeName}://${begun.imageId}`,
    ...(begun === undefined
      ? before?.containerID === undefined
        ? {}
        : { containerID: before.containerID }
      : { containerID: `${runtimeName}://${begun.id}` }),
    restartCount: Math.max(last?.attempt ?? 0, before?.restartCount ?? 0),
    // A step of the beginning is ready when it is done: until then the pod is not initialised.
    ready: runsOnce ? state.terminated?.exitCode === 0 : started && (probe?.ready ?? false),
    started,
    state,
    lastState: lastEnd === undefined ? keptLastState(before, last, runtimeName) : { terminated: lastEnd },
    ...volumeMountsOf(spec),
  };
}

/** What is mounted and how. Docker binds the whole tree: one below may be writable. Source: kubelet_pods.go (v1.32). */
function volumeMountsOf({ volumeMounts = [] }: ContainerSpec): Pick<ContainerStatus, 'volumeMounts'> {
  if (volumeMounts.length === 0) return {};
  return {
    volumeMounts: volumeMounts.map(({ name, mountPath, readOnly }) => ({
      name,
      mountPath,
      ...(readOnly === true ? { readOnly, recursiveReadOnly: 'Disabled' } : {}),
    })),
  };
}

/** The end before is remembered by the status when the record of that container is gone. */
function keptLastState(
  before: ContainerStatus | undefined,
  last: RuntimeContainer | undefined,
  runtimeName: string,
): NonNullable<ContainerStatus['lastState']> {
  const known = before?.state?.terminated ?? before?.lastState?.terminated;
  if (known === undefined || known.containerID === (last && `${runtimeName}://${last.id}`)) {
    return before?.lastState?.terminated === undefined ? {} : before.lastState;
  }
  return { terminated: known };
}

type State = NonNullable<ContainerStatus['state']>;

function stateOf(
  snapshot: PodSnapshot,
  spec: ContainerSpec,
  last: RuntimeContainer | undefined,
  problem: StartProblem | undefined,
  before: ContainerStatus | undefined,
): State {
  const { pod, gone, runtimeName, nowMs } = snapshot;
  const leaving = gone || isTerminating(pod) || endedByNode(snapshot) !== undefined;
  if (last?.state === 'running') return { running: { startedAt: formatTime(last.startedAtMs ?? last.createdAtMs) } };
  if (last?.state === 'exited') {
    if (!leaving && restarts(pod, spec, last)) {
      if (problem !== undefined) return { waiting: waitingFor(problem, spec, nowMs) };
      const delayMs = restartDelayMs(last, spec);
      const since = nowMs - (last.finishedAtMs ?? 0);
      if (since >= SHOW_ERROR_MS && since < delayMs) return { waiting: crashLoop(pod, spec, delayMs) };
    }
    return { terminated: terminated(last, runtimeName) };
  }
  if (problem !== undefined) return { waiting: waitingFor(problem, spec, nowMs) };
  // The record was removed, and nothing is to follow.
  if (last === undefined && (leaving || hasEnded(pod)) && before?.state?.terminated)
    return { terminated: before.state.terminated };
  if (snapshot.sandboxProblem !== undefined && currentSandbox(snapshot.sandboxes) === undefined) {
    return { waiting: { reason: snapshot.sandboxProblem.reason, message: snapshot.sandboxProblem.message } };
  }
  const initialising = initContainersOf(pod).length > 0 && last === undefined;
  return { waiting: { reason: initialising ? 'PodInitializing' : 'ContainerCreating' } };
}

/** A pull that failed is shown as failed first, then as waiting, as people know it. */
function waitingFor({ reason, message, failedAtMs }: StartProblem, spec: ContainerSpec, nowMs: number) {
  if (reason !== 'ErrImagePull' || nowMs - failedAtMs < SHOW_ERROR_MS) return { reason, message };
  return { reason: 'ImagePullBackOff', message: `Back-off pulling image "${spec.image}": ErrImagePull: ${message}` };
}

function crashLoop({ metadata }: Pod, spec: ContainerSpec, delayMs: number) {
  const pod = `${metadata.name}_${metadata.namespace ?? ''}(${metadata.uid})`;
  return {
    reason: 'CrashLoopBackOff',
    message: `back-off ${formatDelay(delayMs)} restarting failed container=${spec.name} pod=${pod}`,
  };
}

/** As Go prints a duration: `10s`, `1m20s`, `5m0s`. */
function formatDelay(ms: number): string {
  const seconds = Math.round(ms / 1000);
  return seconds < 60 ? `${seconds}s` : `${Math.floor(seconds / 60)}m${seconds % 60}s`;
}

/** What the gate of a pod without a sandbox says before it ends so. Source: runtime/image/gate.c. */
export const CANNOT_RUN = { words: 'cannot run ', exitCodes: [126, 127] } as const;

function couldNotRun({ sandboxId, exitCode = 0, message = '' }: RuntimeContainer): boolean {
  const { words, exitCodes } = CANNOT_RUN;
  return sandboxId === NO_SANDBOX && exitCodes.some((code) => code === exitCode) && message.startsWith(words);
}

function terminated(container: RuntimeContainer, runtimeName: string): NonNullable<State['terminated']> {
  const { exitCode = 0, oomKilled, message, startedAtMs, finishedAtMs, createdAtMs, id } = container;
  return {
    exitCode,
    reason: oomKilled
      ? 'OOMKilled'
      : startedAtMs === undefined || couldNotRun(container)
        ? 'ContainerCannotRun'
        : exitCode === 0
          ? 'Completed'
          : 'Error',
    ...(message === undefined || message === '' ? {} : { message }),
    startedAt: formatTime(startedAtMs ?? createdAtMs),
    finishedAt: formatTime(finishedAtMs ?? createdAtMs),
    containerID: `${runtimeName}://${id}`,
  };
}

interface Verdict {
  readonly holds: boolean;
  readonly reason?: string;
  readonly message?: string;
}

const YES: Verdict = { holds: true };

function conditionsOf(
  snapshot: PodSnapshot,
  phase: Phase,
  inits: readonly ContainerStatus[],
  containers: readonly ContainerStatus[],
): PodCondition[] {
  const { pod, podIP } = snapshot;
  const before = pod.status?.conditions ?? [];
  const hasSandbox = currentSandbox(snapshot.sandboxes) !== undefined && podIP !== undefined;
  const containersReady = readiness(phase, pod, inits, containers);
  const verdicts: readonly (readonly [string, Verdict])[] = [
    ['PodReadyToStartContainers', { holds: hasSandbox }],
    ['Initialized', initialised(phase, pod, inits, containers)],
    ['Ready', withGates(containersReady, pod)],
    ['ContainersReady', containersReady],
  ];
  const ours = verdicts.map(([type, verdict]) => condition(type, verdict, before, snapshot.nowMs));
  const { verdict } = snapshot;
  const told = verdict?.disrupted
    ? [
        condition(
          'DisruptionTarget',
          { holds: true, reason: 'TerminationByKubelet', message: verdict.message },
          before,
          snapshot.nowMs,
        ),
      ]
    : [];
  const kept = before.filter(({ type }) => !OURS.has(type) && !told.some((one) => one.type === type));
  return [...ours, ...kept, ...told];
}

function condition(type: string, verdict: Verdict, before: readonly PodCondition[], nowMs: number): PodCondition {
  const status = verdict.holds ? 'True' : 'False';
  const previous = before.find((one) => one.type === type);
  return {
    type,
    status,
    ...(verdict.reason === undefined ? {} : { reason: verdict.reason }),
    ...(verdict.message === undefined ? {} : { message: verdict.message }),
    lastTransitionTime:
      previous?.status === status && previous.lastTransitionTime !== undefined
        ? previous.lastTransitionTime
        : formatTime(nowMs),
  };
}

function initialised(
  phase: Phase,
  pod: Pod,
  inits: readonly ContainerStatus[],
  containers: readonly ContainerStatus[],
): Verdict {
  if (phase === 'Succeeded') return { holds: true, reason: 'PodCompleted' };
  // Once an app container has run, the init containers had all ended well.
  if (containers.some(({ state, lastState }) => state?.running || lastState?.terminated || state?.terminated))
    return YES;
  const pending = initContainersOf(pod)
    .filter((spec, index) => {
      const status = inits[index];
      return isSidecar(spec) ? status?.started !== true : status?.ready !== true;
    })
    .map(({ name }) => name);
  if (pending.length === 0) return YES;
  return {
    holds: false,
    reason: 'ContainersNotInitialized',
    message: `containers with incomplete status: [${pending.join(' ')}]`,
  };
}

function readiness(
  phase: Phase,
  pod: Pod,
  inits: readonly ContainerStatus[],
  containers: readonly ContainerStatus[],
): Verdict {
  if (phase === 'Succeeded') return { holds: false, reason: 'PodCompleted' };
  if (phase === 'Failed') return { holds: false, reason: 'PodFailed' };
  const sidecars = initContainersOf(pod).flatMap((spec, index) => (isSidecar(spec) ? (inits[index] ?? []) : []));
  const unready = [...sidecars, ...containers].filter(({ ready }) => !ready).map(({ name }) => name);
  if (unready.length === 0) return YES;
  return {
    holds: false,
    reason: 'ContainersNotReady',
    message: `containers with unready status: [${unready.join(' ')}]`,
  };
}

/** Ready means the containers are, and every condition the pod itself names is true. */
function withGates(containersReady: Verdict, { spec, status }: Pod): Verdict {
  if (!containersReady.holds) return containersReady;
  const unmet = (spec.readinessGates ?? []).filter(
    ({ conditionType }) => !status?.conditions?.some((one) => one.type === conditionType && one.status === 'True'),
  );
  if (unmet.length === 0) return YES;
  const words = unmet.map(
    ({ conditionType }) =>
      `corresponding condition of pod readiness gate "${conditionType}" does not exist or is not true.`,
  );
  return { holds: false, reason: 'ReadinessGatesNotReady', message: words.join(', ') };
}

/** Whether reporting `after` would change nothing. */
export function sameStatus(before: PodStatus | undefined, after: PodStatus): boolean {
  return before !== undefined && equalJson(before, after);
}
