/**
 * How pods that ended are counted, so that none is lost or counted twice wherever the controller stops: a pod keeps its
 * finalizer until its uid stands in the status; once the finalizer is gone, the uid becomes a number.
 * Source: kubernetes pkg/controller/job/job_controller.go, trackJobStatusAndRemoveFinalizers (v1.32).
 */
import type { Job, JobStatus, Pod } from '#api';
import { hasFailed, hasSucceeded, isGoing, isTracked } from './job-pods.plan.ts';

/** Pods that may wait in a status to be counted. Source: kubernetes pkg/controller/job/job_controller.go, MaxUncountedPods (v1.32). */
const MAX_UNCOUNTED = 500;

export interface Tally {
  /** Ended, and in no status yet. */
  readonly newlySucceeded: readonly Pod[];
  readonly newlyFailed: readonly Pod[];
  /** All that ever ended, counted or not. */
  readonly succeeded: number;
  readonly failed: number;
}

interface Uncounted {
  readonly succeeded: readonly string[];
  readonly failed: readonly string[];
}

export function tallyOf(job: Job, pods: readonly Pod[]): Tally {
  const uncounted = uncountedOf(job);
  const known = new Set([...uncounted.succeeded, ...uncounted.failed]);
  const fresh = pods.filter((pod) => isTracked(pod) && !known.has(pod.metadata.uid));
  const newlySucceeded = fresh.filter(hasSucceeded);
  const newlyFailed = fresh.filter((pod) => hasFailed(job, pod));
  return {
    newlySucceeded,
    newlyFailed,
    succeeded: (job.status?.succeeded ?? 0) + newlySucceeded.length + uncounted.succeeded.length,
    failed: (job.status?.failed ?? 0) + newlyFailed.length + uncounted.failed.length,
  };
}

export interface Counting {
  readonly status: Pick<JobStatus, 'succeeded' | 'failed' | 'uncountedTerminatedPods'>;
  /** Pods to let go once the status is written. */
  readonly release: readonly Pod[];
  /** Whether every pod is counted and let go. */
  readonly done: boolean;
}

/** `over`: how the Job ends, if it does: then its pods are not waited for. */
export function planCounting(job: Job, pods: readonly Pod[], over: 'success' | 'failure' | undefined): Counting {
  const before = uncountedOf(job);
  const tracked = new Set(pods.filter(isTracked).map(({ metadata }) => metadata.uid));
  const isKept = (uid: string) => tracked.has(uid);
  const succeeded = before.succeeded.filter(isKept);
  const failed = before.failed.filter(isKept);
  const known = new Set([...succeeded, ...failed]);
  const release: Pod[] = [];
  for (const pod of pods.filter(isTracked)) {
    const { uid } = pod.metadata;
    const lost = hasFailed(job, pod);
    if (!lost && !hasSucceeded(pod) && over === undefined && !isGoing(job)) continue;
    const isNew = !known.has(uid);
    if (isNew && succeeded.length + failed.length >= MAX_UNCOUNTED) continue;
    release.push(pod);
    if (!isNew) continue;
    if (hasSucceeded(pod)) succeeded.push(uid);
    else if (lost || over === 'failure') failed.push(uid);
  }
  const { status = {} } = job;
  const counted = (all: number | undefined, gone: number) => (all ?? 0) + gone || undefined;
  return {
    status: {
      succeeded: counted(status.succeeded, before.succeeded.filter((uid) => !isKept(uid)).length),
      failed: counted(status.failed, before.failed.filter((uid) => !isKept(uid)).length),
      uncountedTerminatedPods: {
        ...(succeeded.length === 0 ? {} : { succeeded }),
        ...(failed.length === 0 ? {} : { failed }),
      },
    } as Counting['status'],
    release,
    done: succeeded.length + failed.length === 0 && tracked.size === 0,
  };
}

function uncountedOf({ status }: Job): Uncounted {
  const { succeeded = [], failed = [] } = status?.uncountedTerminatedPods ?? {};
  return { succeeded, failed };
}
