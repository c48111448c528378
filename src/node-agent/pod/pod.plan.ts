import {
  currentSandbox,
  deadlineMs,
  endedByNode,
  ephemeralContainersOf,
  graceLeft,
  graceSeconds,
  hasChanged,
  hasEnded,
  initContainersOf,
  isSidecar,
  isTerminating,
  named,
  newest,
  nextBackoffMs,
  restartDelayMs,
  restarts,
  sharingOf,
  toldOf,
} from './containers.plan.ts';
import {
  ANNOTATION,
  type ContainerSpec,
  type PodAction,
  type PodPlan,
  type PodSnapshot,
  type RuntimeContainer,
  type Sandbox,
  type StartProblem,
} from './pod.types.ts';

/** A stop under way is hastened only when that gains at least so much, in ms. */
const HASTEN_MS = 1_000;

/** What to do next for one pod. Level-driven: from what is declared and what is there, never from what happened. */
export function planPod(snapshot: PodSnapshot): PodPlan {
  const plan = planNow(snapshot);
  const deadline = deadlineMs(snapshot.pod) ?? 0;
  if (deadline <= snapshot.nowMs) return plan;
  return { ...plan, wakeAtMs: Math.min(deadline, plan.wakeAtMs ?? deadline) };
}

function planNow(snapshot: PodSnapshot): PodPlan {
  const { pod, gone } = snapshot;
  if (gone) return tearDown(snapshot, 'the pod is no longer in the API');
  if (isTerminating(pod)) return tearDown(snapshot, 'the pod is being deleted');
  if (hasEnded(pod)) return tearDown(snapshot, 'the pod has ended');
  const end = endedByNode(snapshot);
  if (end !== undefined) return tearDown(snapshot, end.message);

  if (snapshot.work.sandbox) return { actions: [], down: false, reason: 'the sandbox is being made' };
  const sandbox = currentSandbox(snapshot.sandboxes);
  if (sandbox === undefined) return planWithoutSandbox(snapshot);
  const plan = planInSandbox(snapshot, sandbox);
  if (plan.finished) return tearDown(snapshot, 'every container has ended for good');
  const actions = [...removeLeftovers(snapshot, sandbox), ...plan.actions];
  return {
    actions,
    down: false,
    reason: plan.reason,
    ...(plan.wakeAtMs === undefined ? {} : { wakeAtMs: plan.wakeAtMs }),
  };
}

/**
 * Stops what runs, then removes the sandboxes. Records of dead containers stay. All are told at once, and their stop
 * hooks run; a sidecar gets its signal when those that were started after it have ended.
 * Source: kuberuntime_termination_order.go (v1.32).
 */
function tearDown(snapshot: PodSnapshot, reason: string): PodPlan {
  const { pod, containers, sandboxes, work, verdict } = snapshot;
  const running = containers.filter(({ state }) => state === 'running');
  const made = containers.filter(({ state }) => state === 'created');
  const sidecars = initContainersOf(pod)
    .filter(isSidecar)
    .map(({ name }) => name);
  const turn = ({ name }: RuntimeContainer) => (sidecars.includes(name) ? sidecars.indexOf(name) : sidecars.length);
  const own = graceLeft(snapshot);
  const graceSecondsLeft =
    verdict === undefined ? own : isTerminating(pod) ? Math.min(own, verdict.graceSeconds) : verdict.graceSeconds;
  const actions: PodAction[] = [
    ...running.flatMap((container) => {
      const after = running.filter((other) => turn(other) > turn(container)).map(({ id }) => id);
      return stop(snapshot, container, { graceSeconds: graceSecondsLeft, why: reason, after });
    }),
    ...made.flatMap(({ id, name }) => (work.starting.has(name) ? [] : remove(snapshot, 'removeContainer', id))),
  ];
  const busy = work.sandbox || work.starting.size > 0 || work.stopping.size > 0;
  if (running.length === 0 && made.length === 0 && !busy) {
    actions.push(...sandboxes.flatMap(({ id }) => remove(snapshot, 'removeSandbox', id)));
  }
  const down = running.length === 0 && made.length === 0 && sandboxes.length === 0 && !busy && work.removing.size === 0;
  return { actions, down, reason };
}

/** The sandbox is missing or dead: what lived in it is stopped, it is removed, then a new one is made. */
function planWithoutSandbox(snapshot: PodSnapshot): PodPlan {
  const { sandboxes, containers, sandboxProblem, nowMs } = snapshot;
  if (!anyWouldRun(snapshot)) return tearDown(snapshot, 'every container has ended for good');

  const left = tearDown(snapshot, 'the sandbox has died');
  const alive = containers.some(({ state }) => state !== 'exited');
  if (alive || sandboxes.length > 0) return { ...left, down: false };
  const retryAtMs = retryTime(sandboxProblem, nowMs);
  if (retryAtMs > nowMs)
    return { actions: [], down: false, wakeAtMs: retryAtMs, reason: 'the sandbox could not be made' };
  // A removed sandbox leaves its number with the containers that lived in it.
  const before = containers.map(({ annotations }) => Number(annotations[ANNOTATION.sandboxAttempt] ?? -1));
  return {
    actions: [{ type: 'startSandbox', attempt: Math.max(-1, ...before) + 1 }],
    down: false,
    reason: 'the pod needs a sandbox',
  };
}

/** Whether a new sandbox would have anything to run. */
function anyWouldRun({ pod, containers }: PodSnapshot): boolean {
  const initFailed = initContainersOf(pod).some((spec) => {
    const last = newest(named(containers, spec.name));
    return last?.state === 'exited' && last.exitCode !== 0 && !restarts(pod, spec, last);
  });
  if (initFailed) return false;
  return pod.spec.containers.some((spec) => {
    const last = newest(named(containers, spec.name));
    return last === undefined || last.state !== 'exited' || restarts(pod, spec, last);
  });
}

interface SandboxPlan {
  readonly actions: readonly PodAction[];
  readonly finished: boolean;
  readonly wakeAtMs: number | undefined;
  readonly reason: string;
}

function planInSandbox(snapshot: PodSnapshot, sandbox: Sandbox): SandboxPlan {
  const { pod } = snapshot;
  const actions: PodAction[] = [];
  const wakes: number[] = [];
  const take = (step: ContainerStep) => {
    actions.push(...step.actions);
    if (step.wakeAtMs !== undefined) wakes.push(step.wakeAtMs);
  };
  const consider = (spec: ContainerSpec, allowedToStart: boolean) =>
    take(planContainer(snapshot, sandbox, spec, allowedToStart));
  const result = (finished: boolean, reason: string): SandboxPlan => ({
    actions,
    finished,
    wakeAtMs: wakes.length === 0 ? undefined : Math.min(...wakes),
    reason,
  });

  // They wait for nothing else. Source: kuberuntime_manager.go, computePodActions (v1.32).
  for (const spec of ephemeralContainersOf(pod)) take(planEphemeral(snapshot, sandbox, spec));
  let initialised = true;
  for (const spec of initContainersOf(pod)) {
    consider(spec, initialised);
    if (!initialised) continue;
    const state = initState(snapshot, sandbox, spec);
    if (state === 'failed') return result(true, `the init container ${spec.name} failed`);
    if (state === 'pending') initialised = false;
  }
  if (!initialised) return result(false, 'init containers have not ended');
  for (const spec of pod.spec.containers) consider(spec, true);
  if (pod.spec.containers.every((spec) => endedForGood(snapshot, sandbox, spec))) {
    return result(true, 'every container has ended for good');
  }
  return result(false, actions.length === 0 ? 'nothing to do' : 'containers differ from their specs');
}

type InitState = 'done' | 'pending' | 'failed';

/** Init containers count only in the sandbox that stands: a new one runs them again. */
function initState({ pod, containers, probes }: PodSnapshot, sandbox: Sandbox, spec: ContainerSpec): InitState {
  const last = newest(named(containers, spec.name).filter(({ sandboxId }) => sandboxId === sandbox.id));
  // Once a later one was made in this sandbox, this one had ended well there, or had started.
  const inits = initContainersOf(pod);
  const later = new Set([...inits.slice(inits.indexOf(spec) + 1), ...pod.spec.containers].map(({ name }) => name));
  const passed = containers.some(({ sandboxId, name }) => sandboxId === sandbox.id && later.has(name));
  if (isSidecar(spec)) {
    if (passed) return 'done';
    return last?.state === 'running' && (probes.get(last.id)?.started ?? false) ? 'done' : 'pending';
  }
  if (last === undefined) return passed ? 'done' : 'pending';
  if (last.state !== 'exited') return 'pending';
  if (last.exitCode === 0) return 'done';
  return pod.spec.restartPolicy === 'Never' ? 'failed' : 'pending';
}

function endedForGood({ pod, containers }: PodSnapshot, sandbox: Sandbox, spec: ContainerSpec): boolean {
  const last = newest(named(containers, spec.name));
  if (last === undefined || last.state !== 'exited') return false;
  return !restarts(pod, spec, last) && (last.sandboxId === sandbox.id || pod.spec.restartPolicy !== 'Always');
}

interface ContainerStep {
  readonly actions: readonly PodAction[];
  readonly wakeAtMs?: number;
}

const NOTHING: ContainerStep = { actions: [] };

/** One container: made when missing, made anew when its spec changed or a probe gave it up, restarted by policy. */
function planContainer(
  snapshot: PodSnapshot,
  sandbox: Sandbox,
  spec: ContainerSpec,
  allowedToStart: boolean,
): ContainerStep {
  const { pod, containers, probes, problems, work, nowMs } = snapshot;
  if (work.starting.has(spec.name)) return NOTHING;
  const ofName = named(containers, spec.name);
  const last = newest(ofName);

  if (last?.state === 'running') {
    const whole = { graceSeconds: graceSeconds(pod) };
    if (last.sandboxId !== sandbox.id) {
      return { actions: stop(snapshot, last, { ...whole, why: 'its sandbox has died' }) };
    }
    if (hasChanged(last, spec)) {
      const why = `Container ${spec.name} definition changed, will be restarted`;
      return { actions: stop(snapshot, last, { ...whole, why, event: why }) };
    }
    const failure = probes.get(last.id)?.failure;
    if (failure === undefined) return NOTHING;
    const restarted = isSidecar(spec) || pod.spec.restartPolicy !== 'Never';
    const why = `${failure.message}${restarted ? ', will be restarted' : ''}`;
    const grace = failure.graceSeconds ?? whole.graceSeconds;
    return { actions: stop(snapshot, last, { graceSeconds: grace, why, event: why }) };
  }
  // Made but never started: the agent ended in between. Its attempt was not used up.
  if (last?.state === 'created') return { actions: remove(snapshot, 'removeContainer', last.id) };

  const here = newest(ofName.filter(({ sandboxId }) => sandboxId === sandbox.id));
  const isRegularInit = !isSidecar(spec) && initContainersOf(pod).includes(spec);
  if (isRegularInit && here?.exitCode === 0) return NOTHING;
  if (isRegularInit && here === undefined && initState(snapshot, sandbox, spec) === 'done') return NOTHING;
  if (last !== undefined && !restarts(pod, spec, last) && !(isRegularInit && here === undefined)) return NOTHING;
  if (!allowedToStart) return NOTHING;

  const problem = problems.get(spec.name);
  if (problem !== undefined && problem.retryAtMs === undefined) return NOTHING;
  // A new sandbox is a new beginning; only restarts within one wait.
  const notBeforeMs = Math.max(
    retryTime(problem, nowMs),
    here === undefined ? 0 : waited(here.finishedAtMs ?? 0, restartDelayMs(here, spec), nowMs),
  );
  if (notBeforeMs > nowMs) return { actions: [], wakeAtMs: notBeforeMs };
  return {
    actions: [
      {
        type: 'startContainer',
        name: spec.name,
        attempt: nextAttempt(snapshot, spec, last),
        sandboxId: sandbox.id,
        nextBackoffMs: nextBackoffMs(here, spec),
      },
    ],
  };
}

/** Clocks of the engine and of ours differ by this at most, in ms, unless somebody sets them. */
const CLOCK_HAIR_MS = 5_000;

/** When a wait is over; at once when the clock was set back since it began: nobody waits an hour for ten seconds. */
function waited(sinceMs: number, delayMs: number, nowMs: number): number {
  return sinceMs > nowMs + CLOCK_HAIR_MS ? 0 : sinceMs + delayMs;
}

function retryTime(problem: StartProblem | undefined, nowMs: number): number {
  if (problem?.retryAtMs === undefined) return 0;
  return waited(problem.failedAtMs, problem.retryAtMs - problem.failedAtMs, nowMs);
}

/** An ephemeral container runs once, as soon as what it joins runs. */
function planEphemeral(snapshot: PodSnapshot, sandbox: Sandbox, spec: ContainerSpec): ContainerStep {
  const { pod, containers, problems, work, nowMs } = snapshot;
  if (work.starting.has(spec.name)) return NOTHING;
  const last = newest(named(containers, spec.name));
  if (last?.state === 'created') return { actions: remove(snapshot, 'removeContainer', last.id) };
  const hasRun = toldOf(pod).some(({ name, state }) => name === spec.name && (state?.running ?? state?.terminated));
  if (last !== undefined || hasRun || sharingOf(pod, spec, sandbox.id, containers) === undefined) return NOTHING;
  const problem = problems.get(spec.name);
  if (problem !== undefined && problem.retryAtMs === undefined) return NOTHING;
  const retryAtMs = retryTime(problem, nowMs);
  if (retryAtMs > nowMs) return { actions: [], wakeAtMs: retryAtMs };
  return {
    actions: [{ type: 'startContainer', name: spec.name, attempt: 0, sandboxId: sandbox.id, nextBackoffMs: 0 }],
  };
}

/** One more than the last, even when the last was removed by hand: the status remembers. */
function nextAttempt({ pod }: PodSnapshot, spec: ContainerSpec, last: RuntimeContainer | undefined): number {
  const statuses = [...(pod.status?.containerStatuses ?? []), ...(pod.status?.initContainerStatuses ?? [])];
  const told = statuses.find(({ name }) => name === spec.name);
  const ran = told?.containerID !== undefined && told.containerID !== '';
  return Math.max((last?.attempt ?? -1) + 1, ran ? told.restartCount + 1 : 0);
}

/** Sandboxes that died, and dead containers beyond the last of each name (`logs --previous` reads that one). */
function removeLeftovers(snapshot: PodSnapshot, sandbox: Sandbox): readonly PodAction[] {
  const { sandboxes, containers } = snapshot;
  const oldSandboxes = sandboxes.filter(
    ({ id }) =>
      id !== sandbox.id && !containers.some(({ sandboxId, state }) => sandboxId === id && state === 'running'),
  );
  const dead = containers.filter(({ state }) => state === 'exited');
  const kept = new Set([...new Set(dead.map(({ name }) => name))].map((name) => newest(named(dead, name))?.id));
  return [
    ...oldSandboxes.flatMap(({ id }) => remove(snapshot, 'removeSandbox', id)),
    ...dead.filter(({ id }) => !kept.has(id)).flatMap(({ id }) => remove(snapshot, 'removeContainer', id)),
  ];
}

type Stop = Omit<Extract<PodAction, { type: 'stopContainer' }>, 'type' | 'id' | 'name'>;

function stop({ work, monotonicMs }: PodSnapshot, { id, name }: RuntimeContainer, how: Stop): PodAction[] {
  const killedAtMs = work.stopping.get(id);
  if (killedAtMs !== undefined && monotonicMs + how.graceSeconds * 1000 > killedAtMs - HASTEN_MS) return [];
  return [{ type: 'stopContainer', id, name, ...how }];
}

function remove({ work }: PodSnapshot, type: 'removeContainer' | 'removeSandbox', id: string): PodAction[] {
  return work.removing.has(id) ? [] : [{ type, id }];
}
