/**
 * How pods that ended are counted, so that none is lost or counted twice wherever the controller stops: a pod keeps its
 * finalizer until its uid stands in the status; once the finalizer is gone, the uid becomes a number.
 * Source: kubernetes pkg/controller/job/job_controller.go, trackJobStatusAndRemoveFinalizers (v1.32).
 */
import type { Job, JobStatus, Pod } from '#api';
import { isActive } from '../shared/pods.plan.ts';
import {
  countOf,
  formatIndexes,
  hasIndex,
  type Indexes,
  indexOf,
  isIndexed,
  parseIndexes,
  withIndexes,
} from './indexes.plan.ts';
import { endedAtMs, hasFailed, hasSucceeded, isGoing, isTracked } from './job-pods.plan.ts';
import { matchFailure } from './policies.plan.ts';

/** How often the index of a pod had failed before the pod was made: failures that count, and those that do not. */
export const FAILURE_COUNT = 'batch.kubernetes.io/job-index-failure-count';
export const IGNORED_COUNT = 'batch.kubernetes.io/job-index-ignored-failure-count';

/** Pods that may wait in a status to be counted. Source: kubernetes pkg/controller/job/job_controller.go, MaxUncountedPods (v1.32). */
const MAX_UNCOUNTED = 500;

export interface Tally {
  /** Ended, and in no status yet. */
  readonly newlySucceeded: readonly Pod[];
  readonly newlyFailed: readonly Pod[];
  /** All that ever ended, counted or not. */
  readonly succeeded: number;
  readonly failed: number;
  /** Of an Indexed Job. */
  readonly indexes: IndexTally | undefined;
}

export interface IndexTally {
  readonly succeeded: Indexes;
  /** Where failures are limited by index. */
  readonly failed: Indexes | undefined;
  /** The last failure of each index that is to be tried again: it is kept until then, for it knows how often that was. */
  readonly retried: ReadonlyMap<number, Pod>;
}

interface Uncounted {
  readonly succeeded: readonly string[];
  readonly failed: readonly string[];
}

export function tallyOf(job: Job, pods: readonly Pod[]): Tally {
  const uncounted = uncountedOf(job);
  const known = new Set([...uncounted.succeeded, ...uncounted.failed]);
  const fresh = pods.filter((pod) => isTracked(pod) && !known.has(pod.metadata.uid) && isPart(job, pod));
  const newlySucceeded = fresh.filter(hasSucceeded);
  const newlyFailed = fresh.filter((pod) => hasFailed(job, pod));
  const indexes = isIndexed(job) ? indexesOf(job, pods) : undefined;
  const counted = newlyFailed.filter((pod) => matchFailure(job, pod).counts).length;
  const succeeded = (job.status?.succeeded ?? 0) + newlySucceeded.length + uncounted.succeeded.length;
  return {
    newlySucceeded,
    newlyFailed,
    succeeded: indexes === undefined ? succeeded : countOf(indexes.succeeded),
    failed: (job.status?.failed ?? 0) + counted + uncounted.failed.length,
    indexes,
  };
}

/** Whether a pod counts at all: not where its index is none of the Job's. */
function isPart(job: Job, pod: Pod): boolean {
  return !isIndexed(job) || indexOf(job, pod) !== undefined;
}

/** Source: kubernetes pkg/controller/job/indexed_job_utils.go (v1.32). */
function indexesOf(job: Job, pods: readonly Pod[]): IndexTally {
  const { completions = 0, backoffLimitPerIndex } = job.spec;
  const tracked = pods.filter((pod) => isTracked(pod) && isPart(job, pod));
  const indexesAmong = (some: readonly Pod[]) => some.flatMap((pod) => indexOf(job, pod) ?? []);
  const succeeded = withIndexes(
    parseIndexes(job.status?.completedIndexes, completions),
    indexesAmong(tracked.filter(hasSucceeded)),
  );
  if (backoffLimitPerIndex === undefined) return { succeeded, failed: undefined, retried: new Map() };
  const lost = tracked.filter((pod) => hasFailed(job, pod));
  const failed = withIndexes(
    parseIndexes(job.status?.failedIndexes, completions),
    indexesAmong(lost.filter((pod) => failsIndex(job, pod, backoffLimitPerIndex))),
  );
  const busy = withIndexes([], indexesAmong(pods.filter(isActive)));
  const retried = new Map<number, Pod>();
  for (const pod of lost) {
    const index = indexOf(job, pod) ?? 0;
    if (hasIndex(succeeded, index) || hasIndex(failed, index) || hasIndex(busy, index)) continue;
    const other = retried.get(index);
    if (other === undefined || isLater(pod, other)) retried.set(index, pod);
  }
  return { succeeded, failed, retried };
}

function failsIndex(job: Job, pod: Pod, limit: number): boolean {
  const { action, counts } = matchFailure(job, pod);
  return action === 'FailIndex' || (counts && failuresBefore(pod).counted >= limit);
}

function failuresBefore({ metadata }: Pod): { readonly counted: number; readonly ignored: number } {
  const read = (key: string) => Number.parseInt(metadata.annotations?.[key] ?? '0', 10) || 0;
  return { counted: read(FAILURE_COUNT), ignored: read(IGNORED_COUNT) };
}

/** How often its index had failed once this pod had. */
export function failuresWith(job: Job, pod: Pod): { readonly counted: number; readonly ignored: number } {
  const { counted, ignored } = failuresBefore(pod);
  return matchFailure(job, pod).counts ? { counted: counted + 1, ignored } : { counted, ignored: ignored + 1 };
}

function isLater(pod: Pod, other: Pod): boolean {
  const total = (of: Pod) => failuresBefore(of).counted + failuresBefore(of).ignored;
  return total(pod) >= total(other) && endedAtMs(pod) >= endedAtMs(other);
}

export interface Counting {
  readonly status: Pick<
    JobStatus,
    'succeeded' | 'failed' | 'uncountedTerminatedPods' | 'completedIndexes' | 'failedIndexes'
  >;
  /** Pods to let go once the status is written. */
  readonly release: readonly Pod[];
  /** Whether every pod is counted and let go. */
  readonly done: boolean;
}

export interface CountingSnapshot {
  readonly job: Job;
  readonly pods: readonly Pod[];
  readonly tally: Tally;
  /** How the Job ends, if it does: then its pods are not waited for. */
  readonly over: 'success' | 'failure' | undefined;
}

export function planCounting({ job, pods, tally: { indexes }, over }: CountingSnapshot): Counting {
  const before = uncountedOf(job);
  const tracked = new Set(pods.filter(isTracked).map(({ metadata }) => metadata.uid));
  const isKept = (uid: string) => tracked.has(uid);
  const succeeded = before.succeeded.filter(isKept);
  const failed = before.failed.filter(isKept);
  const known = new Set([...succeeded, ...failed]);
  const finishes = over !== undefined || isGoing(job);
  const retried = new Set(finishes ? [] : indexes?.retried.values());
  let completed = parseIndexes(job.status?.completedIndexes, job.spec.completions ?? 0);
  const completedNow: number[] = [];
  const release: Pod[] = [];
  for (const pod of pods.filter(isTracked)) {
    const { uid } = pod.metadata;
    const lost = hasFailed(job, pod);
    if ((!lost && !hasSucceeded(pod) && !finishes) || retried.has(pod)) continue;
    const isNew = !known.has(uid) && isPart(job, pod);
    const index = indexes === undefined ? undefined : indexOf(job, pod);
    if (isNew && completedNow.length + succeeded.length + failed.length >= MAX_UNCOUNTED) continue;
    release.push(pod);
    if (!isNew) continue;
    if (hasSucceeded(pod)) {
      // The index itself says that it is counted.
      if (index === undefined) succeeded.push(uid);
      else if (!hasIndex(completed, index)) completedNow.push(index);
    } else if ((lost || over === 'failure') && matchFailure(job, pod).counts) failed.push(uid);
  }
  completed = withIndexes(completed, completedNow);
  const { status = {} } = job;
  const counted = (all: number | undefined, gone: number) => (all ?? 0) + gone || undefined;
  const goneOf = (uids: readonly string[]) => uids.filter((uid) => !isKept(uid)).length;
  const byIndex =
    indexes === undefined
      ? { succeeded: counted(status.succeeded, goneOf(before.succeeded)) }
      : {
          succeeded: countOf(completed) || undefined,
          completedIndexes: formatIndexes(completed) || undefined,
          failedIndexes: indexes.failed === undefined ? undefined : formatIndexes(indexes.failed),
        };
  return {
    status: {
      ...byIndex,
      failed: counted(status.failed, goneOf(before.failed)),
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
