/**
 * The times of a cron schedule: every minute whose date and time of day in the zone fit its fields.
 * So a time of day that the clocks leap over has no start that day, and one that they show twice has two.
 * Source: robfig/cron v3 spec.go, SpecSchedule.Next, as Kubernetes v1.32 uses it.
 */
import type { CronFields, CronSchedule } from './cron.ts';
import { zoneOffset } from './time-zone.ts';

export interface CronTimes {
  /** The first time after this one, in Unix ms; undefined when there is none within five years. */
  next(afterMs: number): number | undefined;
  /** The last time after the first of these and not after the second; undefined when there is none. */
  last(afterMs: number, untilMs: number): number | undefined;
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** Source: robfig/cron v3 spec.go, yearLimit. */
const HORIZON_DAYS = 5 * 366;

/** Throws `RangeError` where there is no such zone. */
export function cronTimes(schedule: CronSchedule, zone = 'UTC'): CronTimes {
  return 'everyMs' in schedule ? everyTimes(schedule.everyMs) : fieldTimes(schedule, zoneOffset(zone));
}

function everyTimes(everyMs: number): CronTimes {
  const whole = (ms: number) => Math.floor(ms / 1000) * 1000;
  return {
    next: (afterMs) => whole(afterMs) + everyMs,
    last(afterMs, untilMs) {
      const times = Math.floor((untilMs - whole(afterMs)) / everyMs);
      return times < 1 ? undefined : whole(afterMs) + times * everyMs;
    },
  };
}

function fieldTimes(fields: CronFields, offsetAt: (ms: number) => number): CronTimes {
  /** Midnight of the day that the zone shows, as if it were of UTC. */
  const dayOf = (ms: number) => Math.floor((ms + offsetAt(ms)) / DAY) * DAY;
  const within = (dayMs: number, afterMs: number, untilMs: number, better: (a: number, b: number) => boolean) => {
    if (!isOnDay(fields, dayMs)) return undefined;
    let best: number | undefined;
    for (const atMs of minutesOf(fields, dayMs, offsetAt, (ms) => {
      return ms > afterMs && ms <= untilMs && (best === undefined || better(ms, best));
    })) {
      best = atMs;
    }
    return best;
  };
  return {
    next(afterMs) {
      const first = dayOf(afterMs);
      for (let day = 0; day <= HORIZON_DAYS; day += 1) {
        const found = within(first + day * DAY, afterMs, Number.POSITIVE_INFINITY, (a, b) => a < b);
        if (found !== undefined) return found;
      }
      return undefined;
    },
    last(afterMs, untilMs) {
      const first = Math.max(dayOf(afterMs), dayOf(untilMs) - HORIZON_DAYS * DAY);
      for (let dayMs = dayOf(untilMs); dayMs >= first; dayMs -= DAY) {
        const found = within(dayMs, afterMs, untilMs, (a, b) => a > b);
        if (found !== undefined) return found;
      }
      return undefined;
    },
  };
}

/** Where both fields of the day are restricted, one of them is enough. Source: robfig/cron v3 spec.go, dayMatches. */
function isOnDay({ days, months, weekdays }: CronFields, dayMs: number): boolean {
  const date = new Date(dayMs);
  if (!months.values.has(date.getUTCMonth() + 1)) return false;
  const day = days.values.has(date.getUTCDate());
  const weekday = weekdays.values.has(date.getUTCDay());
  return days.any || weekdays.any ? day && weekday : day || weekday;
}

/** The times of one day that are asked for, in no order. Asks before it makes sure, as that costs. */
function* minutesOf(
  { hours, minutes }: CronFields,
  dayMs: number,
  offsetAt: (ms: number) => number,
  isAskedFor: (ms: number) => boolean,
): Generator<number> {
  // Clocks are put forward or back once within three days at most.
  const offsets = new Set([offsetAt(dayMs - DAY), offsetAt(dayMs + 2 * DAY)]);
  for (const hour of hours.values) {
    for (const minute of minutes.values) {
      const wallMs = dayMs + hour * HOUR + minute * MINUTE;
      for (const offsetMs of offsets) {
        const atMs = wallMs - offsetMs;
        if (isAskedFor(atMs) && (offsets.size === 1 || offsetAt(atMs) === offsetMs)) yield atMs;
      }
    }
  }
}
