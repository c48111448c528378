import { canonicalJson, shortHash } from '#base';
import {
  ANNOTATION,
  type ContainerConfig,
  type ContainerSpec,
  type ContainerStatus,
  type EphemeralSpec,
  type Grace,
  NO_SANDBOX,
  type Pod,
  type PodSnapshot,
  type RuntimeContainer,
  type Sandbox,
} from './pod.types.ts';

/** First wait before a restart, in ms; the first restart itself is immediate. Source: kubelet.go, backOffPeriod (v1.32). */
export const RESTART_BACKOFF_MS = 10_000;
/** Longest wait before a restart, in ms. Source: kubelet.go, MaxContainerBackOff (v1.32). */
export const MAX_RESTART_BACKOFF_MS = 300_000;
/** A container that ran so long begins again without a wait, in ms. Source: client-go flowcontrol/backoff.go, hasExpired. */
export const RESTART_RESET_MS = 600_000;

/** An init container that goes on beside the others. Source: core/v1 ContainerRestartPolicyAlways. */
export function isSidecar(spec: ContainerSpec): boolean {
  return spec.restartPolicy === 'Always';
}

export function initContainersOf({ spec }: Pod): readonly ContainerSpec[] {
  return spec.initContainers ?? [];
}

export function ephemeralContainersOf({ spec }: Pod): readonly EphemeralSpec[] {
  return spec.ephemeralContainers ?? [];
}

export function isEphemeral(pod: Pod, name: string): boolean {
  return ephemeralContainersOf(pod).some((spec) => spec.name === name);
}

/** Every container of the spec, whatever its part is. */
export function allContainersOf(pod: Pod): readonly ContainerSpec[] {
  return [...pod.spec.containers, ...initContainersOf(pod), ...ephemeralContainersOf(pod)];
}

/** What was told of every container, whatever its part is. */
export function toldOf({ status }: Pod): readonly ContainerStatus[] {
  return [
    ...(status?.containerStatuses ?? []),
    ...(status?.initContainerStatuses ?? []),
    ...(status?.ephemeralContainerStatuses ?? []),
  ];
}

/** What a container shares beyond its sandbox. */
export type Sharing = Pick<ContainerConfig, 'networkOf' | 'processesOf' | 'hostIpc'>;

/**
 * What the container shares; undefined while what it is to share does not run. An ephemeral one joins the
 * processes of its target, and, in a pod without a sandbox, the network of the only other container: until that ends.
 */
export function sharingOf(
  pod: Pod,
  spec: ContainerSpec,
  sandboxId: string,
  containers: readonly RuntimeContainer[],
): Sharing | undefined {
  const { hostPID, hostIPC, shareProcessNamespace } = pod.spec;
  const running = (name: string | undefined) =>
    newest(containers.filter((one) => one.name === name && one.state === 'running'))?.id;
  const joins = isEphemeral(pod, spec.name);
  const { targetContainerName: target } = spec as EphemeralSpec;
  const targeted = joins && target !== undefined && target !== '';
  const networkOf = joins && sandboxId === NO_SANDBOX ? running(pod.spec.containers[0]?.name) : undefined;
  if (joins && sandboxId === NO_SANDBOX && networkOf === undefined) return undefined;
  const processesOf = targeted
    ? running(target)
    : hostPID === true
      ? 'host'
      : shareProcessNamespace === true
        ? sandboxId
        : undefined;
  if (targeted && processesOf === undefined) return undefined;
  return {
    ...(networkOf === undefined ? {} : { networkOf }),
    ...(processesOf === undefined ? {} : { processesOf }),
    ...(hostIPC === true ? { hostIpc: true } : {}),
  };
}

/**
 * Whether the pod's only container can do without a sandbox: half the containers to start, and the same address after a
 * restart, for it is the pod's. Pods that share anything between containers need one.
 */
export function canStandAlone({ spec }: Pod): boolean {
  const hasOne = spec.containers.length === 1 && (spec.initContainers ?? []).length === 0;
  const shares = [spec.hostNetwork, spec.hostPID, spec.hostIPC, spec.shareProcessNamespace];
  return hasOne && !shares.includes(true);
}

/** The newest by attempt; undefined of none. */
export function newest<T extends { readonly attempt: number }>(items: readonly T[]): T | undefined {
  return items.reduce<T | undefined>(
    (best, one) => (best === undefined || one.attempt > best.attempt ? one : best),
    undefined,
  );
}

/** The sandbox the pod lives in: its newest, if it stands. */
export function currentSandbox(sandboxes: readonly Sandbox[]): Sandbox | undefined {
  const last = newest(sandboxes);
  return last?.state === 'ready' ? last : undefined;
}

export function named(containers: readonly RuntimeContainer[], name: string): readonly RuntimeContainer[] {
  return containers.filter((container) => container.name === name);
}

/** Changes when the container must be made anew. Source: kubelet container/helpers.go, pickFieldsToHash (v1.32). */
export function specHash({ name, image }: ContainerSpec): string {
  return shortHash(canonicalJson({ name, image }));
}

export function hasChanged(container: RuntimeContainer, spec: ContainerSpec): boolean {
  const hash = container.annotations[ANNOTATION.specHash];
  return hash !== undefined && hash !== specHash(spec);
}

/** Whether a container that ended is started again. */
export function restarts(pod: Pod, spec: ContainerSpec, container: RuntimeContainer): boolean {
  if (isEphemeral(pod, spec.name)) return false;
  // A changed definition restarts whatever the policy says. Source: kuberuntime_manager.go, computePodActions (v1.32).
  if (isSidecar(spec) || hasChanged(container, spec)) return true;
  switch (pod.spec.restartPolicy) {
    case 'Never':
      return false;
    case 'OnFailure':
      return container.exitCode !== 0;
    default:
      return true;
  }
}

/** How long after its end the successor of this container may start, in ms. */
export function restartDelayMs(container: RuntimeContainer, spec: ContainerSpec): number {
  if (hasChanged(container, spec) || ranLong(container)) return 0;
  const kept = Number(container.annotations[ANNOTATION.backoffMs] ?? 0);
  return Number.isFinite(kept) ? Math.min(MAX_RESTART_BACKOFF_MS, Math.max(0, kept)) : 0;
}

/** What the successor of `previous` keeps: 0 for the first, then 10 s, 20 s, … 5 min. */
export function nextBackoffMs(previous: RuntimeContainer | undefined, spec: ContainerSpec): number {
  if (previous === undefined || hasChanged(previous, spec)) return 0;
  const before = restartDelayMs(previous, spec);
  return before === 0 ? RESTART_BACKOFF_MS : Math.min(MAX_RESTART_BACKOFF_MS, 2 * before);
}

function ranLong({ startedAtMs, finishedAtMs }: RuntimeContainer): boolean {
  return startedAtMs !== undefined && finishedAtMs !== undefined && finishedAtMs - startedAtMs >= RESTART_RESET_MS;
}

/** Least time to stop, in seconds. Source: kubelet pod_workers.go, calculateEffectiveGracePeriod (v1.32). */
const LEAST_GRACE_SECONDS = 1;

/** Seconds a pod's containers get to stop, counted from when they are told. */
export function graceSeconds({ metadata, spec }: Pod): number {
  const whole = metadata.deletionGracePeriodSeconds ?? spec.terminationGracePeriodSeconds ?? DEFAULT_GRACE_SECONDS;
  return Math.max(LEAST_GRACE_SECONDS, whole);
}

/**
 * What is granted to a pod that is being deleted, counted from when this node saw it by a clock that nobody sets; what was
 * granted only gets less. One that was being deleted and has left the API before it was down was deleted by force.
 * Source: kubelet pod_workers.go, calculateEffectiveGracePeriod (v1.32); by force a kubelet hastens nothing.
 */
export function planGrace(
  before: Grace | undefined,
  { pod, gone, monotonicMs }: Pick<PodSnapshot, 'pod' | 'gone' | 'monotonicMs'>,
): Grace | undefined {
  if (!isTerminating(pod)) return before;
  const seconds = gone ? LEAST_GRACE_SECONDS : graceSeconds(pod);
  if (before !== undefined && seconds >= before.seconds) return before;
  const endsAtMs = monotonicMs + seconds * 1000;
  return { seconds, endsAtMs: Math.min(endsAtMs, before?.endsAtMs ?? endsAtMs) };
}

/** Seconds that are left to the pod's containers; all of them while nobody deletes it. */
export function graceLeft({ pod, grace, monotonicMs }: Pick<PodSnapshot, 'pod' | 'grace' | 'monotonicMs'>): number {
  if (grace === undefined) return graceSeconds(pod);
  return Math.max(LEAST_GRACE_SECONDS, Math.ceil((grace.endsAtMs - monotonicMs) / 1000));
}

/** Source: core/v1 DefaultTerminationGracePeriodSeconds. */
export const DEFAULT_GRACE_SECONDS = 30;

/** When the pod has had its time, in ms; undefined for one that has none, or has not begun. */
export function deadlineMs({ spec, status }: Pod): number | undefined {
  if (spec.activeDeadlineSeconds === undefined || status?.startTime === undefined) return undefined;
  return Date.parse(status.startTime) + spec.activeDeadlineSeconds * 1000;
}

/**
 * Why the node itself ends the pod: it does not run such pods, is short of something, or the pod has had its time; undefined when it does not.
 * Source: kubelet active_deadline.go (v1.32).
 */
export function endedByNode({
  pod,
  refusal,
  verdict,
  nowMs,
}: Pick<PodSnapshot, 'pod' | 'refusal' | 'verdict' | 'nowMs'>):
  | { readonly reason: string; readonly message: string }
  | undefined {
  if (hasEnded(pod)) return undefined;
  if (refusal !== undefined) return refusal;
  if (verdict !== undefined) return { reason: verdict.reason, message: verdict.message };
  if ((deadlineMs(pod) ?? Number.POSITIVE_INFINITY) > nowMs) return undefined;
  return { reason: 'DeadlineExceeded', message: 'Pod was active on the node longer than the specified deadline' };
}

/** A pod that has come to its end by itself stays so, whatever is found on the host. */
export function hasEnded({ status }: Pick<Pod, 'status'>): boolean {
  return status?.phase === 'Succeeded' || status?.phase === 'Failed';
}

export function isTerminating({ metadata }: Pod): boolean {
  return metadata.deletionTimestamp !== undefined;
}
