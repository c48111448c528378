import type { Job, JobCondition, JobStatus, Pod } from '#api';
import { formatTime } from '#base';
import { inOrderOfDeletion } from '../replica-set/ranking.plan.ts';
import { withCondition } from '../shared/conditions.plan.ts';
import { isActive, isReady } from '../shared/pods.plan.ts';
import { type Failures, NO_FAILURES, waitMs, withEnded } from './backoff.plan.ts';
import { countOf, firstMissing, indexOf, union, withIndexes } from './indexes.plan.ts';
import {
  endedAtMs,
  hasFailed,
  hasSucceeded,
  isGoing,
  isTerminating,
  isTracked,
  replacesOnlyFailed,
  restartsOf,
} from './job-pods.plan.ts';
import type { NewPod } from './pod-template.plan.ts';
import { matchFailure, matchSuccess } from './policies.plan.ts';
import { failuresWith, type IndexTally, planCounting, type Tally, tallyOf } from './tracking.plan.ts';

export interface JobSnapshot {
  /** One that is not over. */
  readonly job: Job;
  /** All pods it controls. */
  readonly pods: readonly Pod[];
  /** As the last pass left them; absent in the first: then the pods that are still there tell. */
  readonly failures?: Failures;
  readonly nowMs: number;
  /** Most pods made or deleted in one pass. */
  readonly burst: number;
}

/** To be told to people. */
export interface JobEvent {
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly message: string;
}

export interface JobPlan {
  /** Pods that run untracked and would never be counted. */
  readonly track: readonly Pod[];
  /** Pods too many: they are let go uncounted, and deleted. */
  readonly drop: readonly Pod[];
  /** Pods to be deleted because the Job is over. */
  readonly end: readonly Pod[];
  readonly create: readonly NewPod[];
  readonly status: JobStatus;
  /** Pods to let go once the status is written. */
  readonly release: readonly Pod[];
  /** What happened by this status. */
  readonly events: readonly JobEvent[];
  readonly failures: Failures;
  readonly requeueAfterMs: number | undefined;
  readonly reason: string;
}

/** Why a Job ends, before it is told to have ended. */
interface Verdict {
  readonly type: 'SuccessCriteriaMet' | 'FailureTarget';
  readonly reason: string;
  readonly message: string;
}

interface Sizing {
  readonly drop: readonly Pod[];
  readonly create: readonly NewPod[];
  /** Until the pods that are missing may be made. */
  readonly waitMs: number;
}

const NOTHING: Sizing = { drop: [], create: [], waitMs: 0 };

const ENDS: readonly string[] = ['Complete', 'Failed'];

/** Whether a Job has come to its end: nothing of it changes any more. */
export function isOver({ status }: Pick<Job, 'status'>): boolean {
  return ENDS.some((type) => conditionHolds(status, type));
}

/** When a Job that is over is to be deleted, in Unix ms; undefined where it is not. */
export function expiresAtMs({ metadata, spec, status }: Job): number | undefined {
  const ends = status?.conditions?.filter(({ type, status: is }) => is === 'True' && ENDS.includes(type)) ?? [];
  const endMs = Date.parse(ends[0]?.lastTransitionTime ?? '');
  if (spec.ttlSecondsAfterFinished === undefined || Number.isNaN(endMs)) return undefined;
  return metadata.deletionTimestamp === undefined ? endMs + spec.ttlSecondsAfterFinished * 1_000 : undefined;
}

/** Source: kubernetes pkg/controller/job/job_controller.go, syncJob (v1.32). */
export function planJob(snapshot: JobSnapshot): JobPlan {
  const { job, pods, nowMs } = snapshot;
  const tally = tallyOf(job, pods);
  const failures = failuresAfter(snapshot, tally);
  const active = pods.filter(isActive);
  const judged = judge(snapshot, tally);
  const sizing = judged === undefined && !isGoing(job) ? planSize(snapshot, tally, failures) : NOTHING;
  const left = active.length - sizing.drop.length + sizing.create.length;
  const verdict = judged ?? (left === 0 && isComplete(job, tally) ? COMPLETED : undefined);

  const end = verdict === undefined ? [] : active;
  const dropped = new Set(sizing.drop);
  const remaining = pods.filter((pod) => !dropped.has(pod));
  const counting = planCounting({
    job,
    pods: remaining,
    tally,
    over: verdict && (verdict.type === 'FailureTarget' ? 'failure' : 'success'),
  });
  const terminating = pods.filter(isTerminating).length;
  const over = verdict !== undefined && counting.done && active.length + terminating === 0;
  const { status, events } = tell(job, { verdict, over, nowMs });
  return {
    track: verdict === undefined && !isGoing(job) ? remaining.filter((pod) => isActive(pod) && !isTracked(pod)) : [],
    drop: sizing.drop,
    end,
    create: sizing.create,
    status: {
      ...status,
      ...counting.status,
      active: active.length || undefined,
      ready: active.filter(isReady).length,
      terminating,
    } as JobStatus,
    release: counting.release,
    events: [...events, ...(over ? endEvents(job, verdict, tally) : [])],
    failures,
    requeueAfterMs: soonest(sizing.waitMs, verdict === undefined ? deadlineInMs(job, nowMs) : undefined),
    reason: verdict?.message ?? `${active.length} active, ${tally.succeeded} succeeded, ${tally.failed} failed`,
  };
}

function failuresAfter({ job, pods, failures }: JobSnapshot, { newlySucceeded, newlyFailed }: Tally): Failures {
  if (failures !== undefined) return withEnded(failures, newlySucceeded, newlyFailed);
  return withEnded(
    NO_FAILURES,
    pods.filter(hasSucceeded),
    pods.filter((pod) => hasFailed(job, pod)),
  );
}

const COMPLETED: Verdict = {
  type: 'SuccessCriteriaMet',
  reason: 'CompletionsReached',
  message: 'Reached expected number of succeeded pods',
};
const BACKOFF_LIMIT_EXCEEDED: Verdict = {
  type: 'FailureTarget',
  reason: 'BackoffLimitExceeded',
  message: 'Job has reached the specified backoff limit',
};
const DEADLINE_EXCEEDED: Verdict = {
  type: 'FailureTarget',
  reason: 'DeadlineExceeded',
  message: 'Job was active longer than specified deadline',
};
const MAX_FAILED_INDEXES_EXCEEDED: Verdict = {
  type: 'FailureTarget',
  reason: 'MaxFailedIndexesExceeded',
  message: 'Job has exceeded the specified maximal number of failed indexes',
};
const FAILED_INDEXES: Verdict = { type: 'FailureTarget', reason: 'FailedIndexes', message: 'Job has failed indexes' };

/** What ends a Job whatever its pods do: what was judged before stays. */
function judge({ job, pods, nowMs }: JobSnapshot, tally: Tally): Verdict | undefined {
  const before = verdictOf(job, 'SuccessCriteriaMet') ?? verdictOf(job, 'FailureTarget');
  if (before !== undefined) return before;
  const lost = pods.filter((pod) => hasFailed(job, pod)).map((pod) => matchFailure(job, pod).message);
  const message = lost.find((each) => each !== undefined);
  if (message !== undefined) return { type: 'FailureTarget', reason: 'PodFailurePolicy', message };
  const backoffLimit = job.spec.backoffLimit ?? 6;
  if (tally.failed > backoffLimit || restartedTooOften(job, pods, backoffLimit)) return BACKOFF_LIMIT_EXCEEDED;
  if ((deadlineInMs(job, nowMs) ?? 1) <= 0) return DEADLINE_EXCEEDED;
  return tally.indexes && judgeIndexes(job, tally.indexes);
}

function judgeIndexes(job: Job, { succeeded, failed = [] }: IndexTally): Verdict | undefined {
  const { completions = 0, maxFailedIndexes } = job.spec;
  const failures = countOf(failed);
  if (maxFailedIndexes !== undefined && failures > maxFailedIndexes) return MAX_FAILED_INDEXES_EXCEEDED;
  if (failures > 0 && failures + countOf(succeeded) >= completions) return FAILED_INDEXES;
  const message = matchSuccess(job, succeeded);
  return message === undefined ? undefined : { type: 'SuccessCriteriaMet', reason: 'SuccessPolicy', message };
}

function verdictOf({ status }: Job, type: Verdict['type']): Verdict | undefined {
  const found = status?.conditions?.find((each) => each.type === type && each.status === 'True');
  return found === undefined ? undefined : { type, reason: found.reason ?? '', message: found.message ?? '' };
}

/** Containers that are started again in their pods fail without their pods. Source: job_controller.go, pastBackoffLimitOnFailure. */
function restartedTooOften({ spec }: Job, pods: readonly Pod[], limit: number): boolean {
  if (spec.template.spec?.restartPolicy !== 'OnFailure') return false;
  const running = pods.filter(({ status }) => status?.phase === 'Running' || status?.phase === 'Pending');
  const restarts = running.reduce((sum, pod) => sum + restartsOf(pod), 0);
  return limit === 0 ? restarts > 0 : restarts >= limit;
}

/** Undefined without a deadline, and while none runs: it is as long as the Job is active at a stretch. */
function deadlineInMs({ spec, status }: Job, nowMs: number): number | undefined {
  if (spec.activeDeadlineSeconds === undefined || status?.startTime === undefined) return undefined;
  if (spec.suspend === true || conditionHolds(status, 'Suspended')) return undefined;
  return Date.parse(status.startTime) + spec.activeDeadlineSeconds * 1_000 - nowMs;
}

/** A Job without a number of completions is done when one of its pods says so. */
function isComplete({ spec }: Job, { succeeded }: Tally): boolean {
  return spec.completions === undefined ? succeeded > 0 : succeeded >= spec.completions;
}

/** Source: kubernetes pkg/controller/job/job_controller.go, manageJob (v1.32). */
function planSize(snapshot: JobSnapshot, tally: Tally, failures: Failures): Sizing {
  const { job, pods, nowMs, burst } = snapshot;
  const active = pods.filter(isActive);
  if (job.spec.suspend === true) return { ...NOTHING, drop: active.slice(0, burst) };
  const wanted = wantedActive(job, active.length, tally.succeeded);
  const ranked = inOrderOfDeletion(active, nowMs);
  const useless = tally.indexes === undefined ? [] : uselessOf(job, ranked);
  const surplus = Math.min(burst, Math.max(useless.length, active.length - wanted));
  if (surplus > 0) {
    const others = ranked.filter((pod) => !useless.includes(pod));
    return { ...NOTHING, drop: [...useless, ...others].slice(0, surplus) };
  }
  const occupied = replacesOnlyFailed(job) ? pods.filter(isTerminating).length : 0;
  const missing = Math.min(burst, wanted - active.length - occupied);
  if (missing <= 0) return NOTHING;
  if (job.spec.backoffLimitPerIndex !== undefined && tally.indexes) return retry(snapshot, tally.indexes, missing);
  const delayMs = waitMs(failures, nowMs);
  if (delayMs > 0) return { ...NOTHING, waitMs: delayMs };
  if (tally.indexes === undefined) return { ...NOTHING, create: Array.from({ length: missing }, () => ({})) };
  return { ...NOTHING, create: pendingIndexes(snapshot, tally.indexes, missing).map((index) => ({ index })) };
}

/** Pods whose index is none of the Job's, or has a better pod: the last of those given up first. */
function uselessOf(job: Job, ranked: readonly Pod[]): readonly Pod[] {
  const best = new Map(ranked.map((pod) => [indexOf(job, pod), pod]));
  return ranked.filter((pod) => indexOf(job, pod) === undefined || best.get(indexOf(job, pod)) !== pod);
}

function pendingIndexes({ job, pods }: JobSnapshot, { succeeded, failed = [] }: IndexTally, count: number): number[] {
  const occupying = (pod: Pod) => isActive(pod) || (replacesOnlyFailed(job) && isTerminating(pod));
  const occupied = pods.filter(occupying).flatMap((pod) => indexOf(job, pod) ?? []);
  return firstMissing(withIndexes(union(succeeded, failed), occupied), count, job.spec.completions ?? 0);
}

/** Where failures are limited by index, each index waits for itself. */
function retry(snapshot: JobSnapshot, indexes: IndexTally, missing: number): Sizing {
  const { job, nowMs } = snapshot;
  const waiting: number[] = [];
  const create: NewPod[] = [];
  for (const index of pendingIndexes(snapshot, indexes, missing)) {
    const pod = indexes.retried.get(index);
    const failures = pod === undefined ? { counted: 0, ignored: 0 } : failuresWith(job, pod);
    const delayMs =
      pod === undefined ? 0 : waitMs({ count: failures.counted + failures.ignored, lastMs: endedAtMs(pod) }, nowMs);
    if (delayMs > 0) waiting.push(delayMs);
    else create.push({ index, failures });
  }
  return { drop: [], create, waitMs: waiting.length === 0 ? 0 : Math.min(...waiting) };
}

/** Never more than are still to succeed; without a number of completions, no new ones once a pod has succeeded. */
function wantedActive({ spec }: Job, active: number, succeeded: number): number {
  const parallelism = spec.parallelism ?? 1;
  if (spec.completions !== undefined) return Math.max(0, Math.min(parallelism, spec.completions - succeeded));
  return succeeded > 0 ? active : parallelism;
}

interface Telling {
  readonly verdict: Verdict | undefined;
  readonly over: boolean;
  readonly nowMs: number;
}

/** The status with its conditions and times; the verdict stands in it before the end does. */
function tell(job: Job, { verdict, over, nowMs }: Telling) {
  const { status = {}, spec } = job;
  const now = formatTime(nowMs);
  const before = status.conditions ?? [];
  const started = status.startTime ?? (spec.suspend === true ? undefined : now);
  if (verdict !== undefined) {
    const judged = withCondition<JobCondition>(before, { ...verdict, status: 'True' }, nowMs);
    const type = verdict.type === 'FailureTarget' ? 'Failed' : 'Complete';
    const conditions = over ? withCondition(judged, { ...verdict, type, status: 'True' }, nowMs) : judged;
    const completed = over && type === 'Complete' ? { completionTime: now } : {};
    return { status: { ...status, startTime: started, conditions: probed(conditions, now), ...completed }, events: [] };
  }
  const was = conditionHolds(status, 'Suspended');
  const is = spec.suspend === true;
  if (was === is || isGoing(job)) return { status: { ...status, startTime: started }, events: [] };
  const [reason, message] = is ? ['JobSuspended', 'Job suspended'] : ['JobResumed', 'Job resumed'];
  const told = { type: 'Suspended', status: is ? 'True' : 'False', reason, message };
  const conditions = probed(withCondition<JobCondition>(before, told, nowMs), now);
  const event: JobEvent = { type: 'Normal', reason: is ? 'Suspended' : 'Resumed', message };
  return { status: { ...status, startTime: is ? started : now, conditions }, events: [event] };
}

/** Conditions of Jobs also say when they were last looked at: when they changed, as in Kubernetes. */
function probed(conditions: readonly JobCondition[], now: string): JobCondition[] {
  return conditions.map((each) => ({ ...each, lastProbeTime: each.lastProbeTime ?? now }));
}

function endEvents({ spec }: Job, { type, reason, message }: Verdict, { succeeded }: Tally): JobEvent[] {
  if (type === 'FailureTarget') return [{ type: 'Warning', reason, message }];
  const done: JobEvent = { type: 'Normal', reason: 'Completed', message: 'Job completed' };
  if (spec.completions === undefined || succeeded <= spec.completions) return [done];
  return [{ type: 'Warning', reason: 'TooManySucceededPods', message: 'Too many succeeded pods' }, done];
}

function conditionHolds(status: JobStatus | undefined, type: string): boolean {
  return status?.conditions?.some((each) => each.type === type && each.status === 'True') === true;
}

function soonest(delayMs: number, deadlineMs: number | undefined): number | undefined {
  const waits = [...(delayMs > 0 ? [delayMs] : []), ...(deadlineMs === undefined ? [] : [deadlineMs])];
  return waits.length === 0 ? undefined : Math.max(0, Math.min(...waits));
}
