/** Which start of a CronJob is due. Source: kubernetes pkg/controller/cronjob/utils.go, mostRecentScheduleTime (v1.32). */
import { type CronJob, type CronTimes, cronTimes, parseCron } from '#api';
import { errorMessage } from '#base';

export interface Due {
  /** The latest start that is due and was not dealt with, in Unix ms; those before it are passed over. */
  readonly scheduledMs?: number;
  /** Whether it came later than the deadline allows. */
  readonly tooLate: boolean;
  /** Whether so many were missed that something must be wrong. */
  readonly manyMissed: boolean;
  /** The next start after now; undefined when there is none. */
  readonly nextMs?: number;
}

export interface DueQuestion {
  readonly cronJob: CronJob;
  readonly times: CronTimes;
  /** Nothing is due up to here. */
  readonly sinceMs: number;
  readonly nowMs: number;
}

/** Source: mostRecentScheduleTime: more than this many are told as a warning. */
const MANY = 100;

/** The times of a CronJob, or why there are none: reason and message of an event. */
export function timesOf({ spec }: CronJob): CronTimes | { readonly reason: string; readonly message: string } {
  const schedule = parseCron(spec.schedule);
  if (typeof schedule === 'string') {
    const message = `unparseable schedule: ${JSON.stringify(spec.schedule)} : ${schedule}`;
    return { reason: 'UnparseableSchedule', message };
  }
  const zone = spec.timeZone ?? schedule.zone ?? 'UTC';
  try {
    return cronTimes(schedule, zone);
  } catch (error) {
    return { reason: 'UnknownTimeZone', message: `invalid timeZone: ${JSON.stringify(zone)}: ${errorMessage(error)}` };
  }
}

export function planDue({ cronJob, times, sinceMs, nowMs }: DueQuestion): Due {
  const scheduledMs = times.last(sinceMs, nowMs);
  const nextMs = times.next(scheduledMs ?? sinceMs);
  const next = nextMs === undefined ? {} : { nextMs };
  if (scheduledMs === undefined) return { tooLate: false, manyMissed: false, ...next };
  const deadlineMs = (cronJob.spec.startingDeadlineSeconds ?? Number.POSITIVE_INFINITY) * 1000;
  return {
    scheduledMs,
    tooLate: scheduledMs + deadlineMs < nowMs,
    manyMissed: isMany(times, Math.max(sinceMs, nowMs - deadlineMs), nowMs),
    ...next,
  };
}

function isMany(times: CronTimes, sinceMs: number, nowMs: number): boolean {
  let atMs: number | undefined = sinceMs;
  for (let count = 0; count <= MANY; count += 1) {
    atMs = times.next(atMs);
    if (atMs === undefined || atMs > nowMs) return false;
  }
  return true;
}
