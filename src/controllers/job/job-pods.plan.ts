import type { Job, Pod } from '#api';
import { conditionOf, isFinished } from '../shared/pods.plan.ts';

/** Holds a pod until its Job has counted it. */
export const TRACKING_FINALIZER = 'batch.kubernetes.io/job-tracking';

export function isTracked({ metadata }: Pod): boolean {
  return metadata.finalizers?.includes(TRACKING_FINALIZER) === true;
}

export function isGoing({ metadata }: Pick<Pod, 'metadata'>): boolean {
  return metadata.deletionTimestamp !== undefined;
}

/** Going, but its containers may still run. */
export function isTerminating(pod: Pod): boolean {
  return isGoing(pod) && !isFinished(pod);
}

/** Whether a pod is replaced only once its containers have ended for certain. */
export function replacesOnlyFailed({ spec }: Job): boolean {
  return spec.podReplacementPolicy === 'Failed';
}

/**
 * Whether a pod counts as a failure. One that goes does, as it may never come to say so, unless the Job waits for that;
 * one without a node never will.
 * Source: kubernetes pkg/controller/job/job_controller.go, isPodFailed (v1.32).
 */
export function hasFailed(job: Job, pod: Pod): boolean {
  if (pod.status?.phase === 'Failed') return true;
  const mayRun = replacesOnlyFailed(job) && pod.spec.nodeName !== undefined;
  return !mayRun && isGoing(pod) && pod.status?.phase !== 'Succeeded';
}

export function hasSucceeded({ status }: Pod): boolean {
  return status?.phase === 'Succeeded';
}

/**
 * When a pod ended, in Unix ms: by its containers, of which sidecars are the last, else by its condition, its deletion, its creation, whichever is known.
 * Source: kubernetes pkg/controller/job/backoff_utils.go, getFinishedTime (v1.32).
 */
export function endedAtMs(pod: Pod): number {
  const { metadata } = pod;
  const { initContainers = [] } = pod.spec;
  const sidecars = new Set(initContainers.filter((each) => each.restartPolicy === 'Always').map(({ name }) => name));
  const beside = (pod.status?.initContainerStatuses ?? []).filter(({ name }) => sidecars.has(name));
  const ends = [...(pod.status?.containerStatuses ?? []), ...beside].map(({ state }) =>
    Date.parse(state?.terminated?.finishedAt ?? ''),
  );
  if (ends.length > 0 && !ends.some(Number.isNaN)) return Math.max(...ends);
  const ready = conditionOf(pod, 'Ready');
  const unready = ready?.status === 'False' ? Date.parse(ready.lastTransitionTime ?? '') : Number.NaN;
  if (!Number.isNaN(unready)) return unready;
  const graceMs = (metadata.deletionGracePeriodSeconds ?? 0) * 1_000;
  if (metadata.deletionTimestamp !== undefined) return Date.parse(metadata.deletionTimestamp) - graceMs;
  return Date.parse(metadata.creationTimestamp);
}

/** How often containers of a pod were started again in their place. */
export function restartsOf({ status }: Pod): number {
  const all = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])];
  return all.reduce((sum, { restartCount }) => sum + restartCount, 0);
}
