import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type CronJob, type CronTimes, cronTimes, parseCron } from '#api';
import { type Due, planDue, timesOf } from './schedule.plan.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const NOON = Date.parse('2026-03-01T12:00:00Z');

const cronJobOf = (schedule: string, more: object = {}): CronJob =>
  ({ metadata: { name: 'c' }, spec: { schedule, ...more } }) as object as CronJob;
const times = (schedule: string, zone?: string): CronTimes => {
  const parsed = parseCron(schedule);
  if (typeof parsed === 'string') throw new Error(parsed);
  return cronTimes(parsed, zone);
};
const due = (schedule: string, sinceMs: number, nowMs: number, startingDeadlineSeconds?: number): Due =>
  planDue({
    cronJob: cronJobOf(schedule, startingDeadlineSeconds === undefined ? {} : { startingDeadlineSeconds }),
    times: times(schedule),
    sinceMs,
    nowMs,
  });

describe('src/controllers/cron-job/schedule.plan.ts', () => {
  const none = { tooLate: false, manyMissed: false };
  const one = { scheduledMs: NOON, nextMs: NOON + HOUR };
  it.each<[string, Due, Due]>([
    ['before its time', due('0 * * * *', NOON, NOON + 59 * MINUTE), { ...none, nextMs: NOON + HOUR }],
    ['at its time', due('0 * * * *', NOON - 1, NOON), { ...none, ...one }],
    ['not what was dealt with at that very time', due('0 * * * *', NOON, NOON), { ...none, nextMs: NOON + HOUR }],
    ['the latest of several', due('0 * * * *', NOON - 9 * HOUR, NOON + MINUTE), { ...none, ...one }],
    ['in time by a second', due('0 * * * *', NOON - 1, NOON + 10_000, 10), { ...none, ...one }],
    ['late by a millisecond', due('0 * * * *', NOON - 1, NOON + 10_001, 10), { ...none, ...one, tooLate: true }],
    [
      'with a hundred missed',
      due('* * * * *', NOON - 100 * MINUTE, NOON),
      { ...none, scheduledMs: NOON, nextMs: NOON + MINUTE },
    ],
    [
      'with one more',
      due('* * * * *', NOON - 101 * MINUTE, NOON),
      { scheduledMs: NOON, nextMs: NOON + MINUTE, tooLate: false, manyMissed: true },
    ],
    [
      'with many missed, of which the deadline lets only some count',
      due('* * * * *', NOON - 5_000 * MINUTE, NOON, 100 * 60),
      { ...none, scheduledMs: NOON, nextMs: NOON + MINUTE },
    ],
    ['on a day that never comes', due('0 0 30 2 *', NOON, NOON + HOUR), none],
  ])('finds what is due %s', (_what, found, expected) => {
    expect(found).toEqual(expected);
  });

  it.each([
    ['no schedule', cronJobOf('often'), 'UnparseableSchedule'],
    ['a zone that is none', cronJobOf('0 * * * *', { timeZone: 'Mars/Base' }), 'UnknownTimeZone'],
  ])('says why there are no times of %s', (_what, cronJob, reason) => {
    expect(timesOf(cronJob)).toMatchObject({ reason });
  });

  it('finds what counting the minutes finds, whatever was missed', () => {
    const schedule = fc.constantFrom('* * * * *', '*/7 * * * *', '30 */5 * * *', '15 3 * * 1');
    const deadline = fc.option(fc.integer({ min: 1, max: 40_000 }), { nil: undefined });
    fc.assert(
      fc.property(schedule, fc.nat(300 * MINUTE), fc.nat(400 * MINUTE), deadline, (cron, offset, awayMs, seconds) => {
        const sinceMs = NOON + offset;
        const nowMs = sinceMs + awayMs;
        // The next of each minute, asked of the times one by one.
        const all: number[] = [];
        for (let at = times(cron).next(sinceMs); at !== undefined && at <= nowMs; at = times(cron).next(at))
          all.push(at);
        const latest = all.at(-1);
        const deadlineMs = (seconds ?? Number.POSITIVE_INFINITY) * 1_000;
        const found = due(cron, sinceMs, nowMs, seconds);
        expect(found.scheduledMs).toBe(latest);
        expect(found.tooLate).toBe(latest !== undefined && nowMs - latest > deadlineMs);
        expect(found.manyMissed).toBe(all.filter((at) => at > nowMs - deadlineMs).length > 100);
        expect(found.nextMs).toBeGreaterThan(nowMs - 1);
        // Once dealt with, it is due no more.
        if (latest !== undefined) expect(due(cron, latest, nowMs, seconds).scheduledMs).toBeUndefined();
      }),
    );
  });
});
