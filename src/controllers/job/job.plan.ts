import type { Job, JobCondition, JobStatus, Pod } from '#api';
import { formatTime } from '#base';
import { inOrderOfDeletion } from '../replica-set/ranking.plan.ts';
import { withCondition } from '../shared/conditions.plan.ts';
import { isActive, isReady } from '../shared/pods.plan.ts';
import { type Failures, NO_FAILURES, waitMs, withEnded } from './backoff.plan.ts';
import {
  hasFailed,
  hasSucceeded,
  isGoing,
  isTerminating,
  isTracked,
  replacesOnlyFailed,
  restartsOf,
} from './job-pods.plan.ts';
import { planCounting, type Tally, tallyOf } from './tracking.plan.ts';

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
  /** Number of pods to make. */
  readonly create: number;
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
  readonly create: number;
  /** Until the pods that are missing may be made. */
  readonly waitMs: number;
}

const NOTHING: Sizing = { drop: [], create: 0, waitMs: 0 };

/** Whether a Job has come to its end: nothing of it changes any more. */
export function isOver({ status }: Pick<Job, 'status'>): boolean {
  return conditionHolds(status, 'Complete') || conditionHolds(status, 'Failed');
}

/** Source: kubernetes pkg/controller/job/job_controller.go, syncJob (v1.32). */
export function planJob(snapshot: JobSnapshot): JobPlan {
  const { job, pods, nowMs } = snapshot;
  const tally = tallyOf(job, pods);
  const failures = failuresAfter(snapshot, tally);
  const active = pods.filter(isActive);
  const judged = judge(snapshot, tally);
  const sizing = judged === undefined && !isGoing(job) ? planSize(snapshot, tally, failures) : NOTHING;
  const left = active.length - sizing.drop.length + sizing.create;
  const verdict = judged ?? (left === 0 && isComplete(job, tally) ? COMPLETED : undefined);

  const end = verdict === undefined ? [] : active;
  const dropped = new Set(sizing.drop);
  const remaining = pods.filter((pod) => !dropped.has(pod));
  const counting = planCounting(job, remaining, verdict && (verdict.type === 'FailureTarget' ? 'failure' : 'success'));
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

/** What ends a Job whatever its pods do: what was judged before stays. */
function judge({ job, pods, nowMs }: JobSnapshot, { failed }: Tally): Verdict | undefined {
  const before = verdictOf(job, 'SuccessCriteriaMet') ?? verdictOf(job, 'FailureTarget');
  if (before !== undefined) return before;
  const backoffLimit = job.spec.backoffLimit ?? 6;
  if (failed > backoffLimit || restartedTooOften(job, pods, backoffLimit)) return BACKOFF_LIMIT_EXCEEDED;
  return (deadlineInMs(job, nowMs) ?? 1) <= 0 ? DEADLINE_EXCEEDED : undefined;
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
function planSize({ job, pods, nowMs, burst }: JobSnapshot, { succeeded }: Tally, failures: Failures): Sizing {
  const active = pods.filter(isActive);
  if (job.spec.suspend === true) return { ...NOTHING, drop: active.slice(0, burst) };
  const wanted = wantedActive(job, active.length, succeeded);
  const surplus = Math.min(burst, active.length - wanted);
  if (surplus > 0) return { ...NOTHING, drop: inOrderOfDeletion(active, nowMs).slice(0, surplus) };
  const occupied = replacesOnlyFailed(job) ? pods.filter(isTerminating).length : 0;
  const missing = Math.min(burst, wanted - active.length - occupied);
  if (missing <= 0) return NOTHING;
  const delayMs = waitMs(failures, nowMs);
  return delayMs > 0 ? { ...NOTHING, waitMs: delayMs } : { ...NOTHING, create: missing };
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
