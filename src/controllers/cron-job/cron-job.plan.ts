/** What a CronJob's controller does next. Source of the rules and reasons: kubernetes pkg/controller/cronjob/cronjob_controllerv2.go (v1.32). */
import type { CronJob, CronJobStatus, Job, KubeObject } from '#api';
import { formatTime } from '#base';
import type { PlannedEvent } from '../shared/events.plan.ts';
import { outlived } from './history.plan.ts';
import { endOf, jobAt, jobNameAt, referenceTo, scheduledAt } from './runs.plan.ts';
import { type Due, planDue, timesOf } from './schedule.plan.ts';

export interface CronJobSnapshot {
  readonly cronJob: CronJob;
  /** All Jobs that it controls. */
  readonly jobs: readonly Job[];
  /** When its schedule became what it is, as far as that was seen: what was due before is no business of the new one. */
  readonly changedMs?: number;
  readonly nowMs: number;
}

export interface CronJobPlan {
  readonly reason: string;
  /** Deleted before anything is started. */
  readonly replace: readonly Job[];
  readonly start?: Start;
  /** As it is before the start. */
  readonly status: CronJobStatus;
  /** Old Jobs, deleted once the status is written: it remembers what they were started for. */
  readonly expire: readonly Job[];
  /** What is the case now; told once while it is. */
  readonly events: readonly PlannedEvent[];
  readonly nextMs?: number;
}

export interface Start {
  readonly scheduledMs: number;
  readonly job: KubeObject;
}

export function planCronJob(snapshot: CronJobSnapshot): CronJobPlan {
  const { cronJob, jobs } = snapshot;
  const { status, events } = observe(cronJob, jobs);
  const expire = outlived(cronJob, jobs);
  const rest = (reason: string, more: readonly PlannedEvent[] = [], nextMs?: number): CronJobPlan => {
    const next = nextMs === undefined ? {} : { nextMs };
    return { reason, replace: [], status, expire, events: [...events, ...more], ...next };
  };
  if (cronJob.metadata.deletionTimestamp !== undefined) return rest('it is going');
  const times = timesOf(cronJob);
  if ('reason' in times) return rest('its times cannot be told', [{ type: 'Warning', ...times }]);
  if (cronJob.spec.suspend === true) return rest('it is suspended');

  const due = planDue({ cronJob, times, sinceMs: since(snapshot, status), nowMs: snapshot.nowMs });
  const { scheduledMs, nextMs } = due;
  if (scheduledMs === undefined) return rest('nothing is due', nextMs === undefined ? [never(cronJob)] : [], nextMs);
  const refusal = refuse(cronJob, jobs, status, due);
  if (refusal !== undefined) return rest(refusal.reason, refusal.events, nextMs);

  const replace = cronJob.spec.concurrencyPolicy === 'Replace' ? activeOf(status, jobs) : [];
  const replaced = new Set(replace.map(({ metadata }) => metadata.uid));
  const left = (status.active ?? []).filter(({ uid = '' }) => !replaced.has(uid));
  return {
    reason: 'a start is due',
    replace,
    start: { scheduledMs, job: jobAt(cronJob, scheduledMs) },
    status: withActive(status, left),
    expire,
    events: [...events, ...(due.manyMissed ? [TOO_MANY] : [])],
    ...(nextMs === undefined ? {} : { nextMs }),
  };
}

/** The status once a Job runs for a time, be it new or found. */
export function withStarted(status: CronJobStatus, scheduledMs: number, job: Job): CronJobStatus {
  const active = status.active ?? [];
  const isKnown = endOf(job) !== undefined || active.some(({ uid }) => uid === job.metadata.uid);
  const all = isKnown ? active : [...active, referenceTo(job)];
  return { ...withActive(status, all), lastScheduleTime: formatTime(scheduledMs) };
}

/** What the Jobs say by themselves, whatever the time. */
function observe(cronJob: CronJob, jobs: readonly Job[]): { status: CronJobStatus; events: readonly PlannedEvent[] } {
  const { status: before = {} } = cronJob;
  const byUid = new Map(jobs.map((job) => [job.metadata.uid, job]));
  const events: PlannedEvent[] = [];
  const active = (before.active ?? []).filter(({ uid = '', name = '' }) => {
    const job = byUid.get(uid);
    const end = job === undefined ? undefined : endOf(job);
    if (job !== undefined && end === undefined) return true;
    events.push(
      end === undefined
        ? { type: 'Normal', reason: 'MissingJob', message: `Active job went missing: ${name}` }
        : { type: 'Normal', reason: 'SawCompletedJob', message: `Saw completed job: ${name}, condition: ${end}` },
    );
    return false;
  });
  const known = new Set(active.map(({ uid }) => uid));
  // A start of ours that died before it was noted is taken up again; what anybody else started stays out.
  for (const job of jobs) {
    if (endOf(job) !== undefined || known.has(job.metadata.uid)) continue;
    if (isUnnoted(cronJob, job)) active.push(referenceTo(job));
    else {
      const message = `Saw a job that the controller did not create or forgot: ${job.metadata.name}`;
      events.push({ type: 'Warning', reason: 'UnexpectedJob', message });
    }
  }
  const lastScheduleTime = latest([before.lastScheduleTime, ...jobs.map((job) => timeOf(scheduledAt(cronJob, job)))]);
  const succeeded = jobs.filter((job) => endOf(job) === 'Complete').map(({ status }) => status?.completionTime);
  const lastSuccessfulTime = latest([before.lastSuccessfulTime, ...succeeded]);
  const status = {
    ...withActive(before, active),
    ...(lastScheduleTime === undefined ? {} : { lastScheduleTime }),
    ...(lastSuccessfulTime === undefined ? {} : { lastSuccessfulTime }),
  };
  return { status, events };
}

/** Whether a Job was started for a time that the status does not know of yet. */
function isUnnoted(cronJob: CronJob, job: Job): boolean {
  const atMs = scheduledAt(cronJob, job);
  const notedMs = Date.parse(cronJob.status?.lastScheduleTime ?? '');
  return atMs !== undefined && (Number.isNaN(notedMs) || atMs > notedMs);
}

function refuse(cronJob: CronJob, jobs: readonly Job[], status: CronJobStatus, { scheduledMs = 0, tooLate }: Due) {
  if (tooLate) {
    const time = new Date(scheduledMs).toUTCString().replace('GMT', '+0000');
    const message = `Missed scheduled time to start a job: ${time}`;
    return { reason: 'its time is past', events: [{ type: 'Warning', reason: 'MissSchedule', message } as const] };
  }
  const name = jobNameAt(cronJob, scheduledMs);
  if (jobs.some(({ metadata }) => metadata.name === name)) return { reason: 'it was started already', events: [] };
  if (cronJob.spec.concurrencyPolicy === 'Forbid' && (status.active ?? []).length > 0) {
    const message = 'Not starting job because prior execution is running and concurrency policy is Forbid';
    const event = { type: 'Normal', reason: 'JobAlreadyActive', message } as const;
    return { reason: 'the one before still runs', events: [event] };
  }
  return undefined;
}

/** Nothing up to here is due: it was dealt with, or lies before the CronJob or its schedule. */
function since(
  { cronJob, changedMs = Number.NEGATIVE_INFINITY }: CronJobSnapshot,
  { lastScheduleTime }: CronJobStatus,
) {
  return Math.max(Date.parse(lastScheduleTime ?? cronJob.metadata.creationTimestamp), changedMs);
}

function activeOf({ active = [] }: CronJobStatus, jobs: readonly Job[]): readonly Job[] {
  const uids = new Set(active.map(({ uid }) => uid));
  return jobs.filter(({ metadata }) => uids.has(metadata.uid));
}

function withActive(
  { active: _, ...rest }: CronJobStatus,
  active: NonNullable<CronJobStatus['active']>,
): CronJobStatus {
  return active.length === 0 ? rest : { ...rest, active };
}

const timeOf = (atMs: number | undefined) => (atMs === undefined ? undefined : formatTime(atMs));

/** Of times that are all written alike. */
function latest(times: readonly (string | undefined)[]): string | undefined {
  return times.reduce((one, other) => ((other ?? '') > (one ?? '') ? other : one), undefined);
}

const TOO_MANY: PlannedEvent = {
  type: 'Warning',
  reason: 'TooManyMissedTimes',
  message: 'too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew',
};

const never = ({ spec }: CronJob): PlannedEvent => ({
  type: 'Warning',
  reason: 'InvalidSchedule',
  message: `invalid schedule: ${spec.schedule} : it has no start within five years`,
});
