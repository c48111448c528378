import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseCron } from './cron.ts';
import { type CronTimes, cronTimes } from './cron-times.ts';
import { formatInZone } from './time-zone.ts';

function timesOf(schedule: string, zone = 'UTC'): CronTimes {
  const parsed = parseCron(schedule);
  if (typeof parsed === 'string') throw new Error(parsed);
  return cronTimes(parsed, zone);
}

/** `n` starts after a time, as the zone's clocks show them. */
function starts(schedule: string, zone: string, after: string, n: number): readonly string[] {
  const times = timesOf(schedule, zone);
  const found: string[] = [];
  let atMs: number | undefined = Date.parse(after);
  while (atMs !== undefined && found.length < n) {
    atMs = times.next(atMs);
    if (atMs !== undefined) found.push(formatInZone(atMs, zone));
  }
  return found;
}

const NEW_YORK = 'America/New_York';
const SAO_PAULO = 'America/Sao_Paulo';

describe('src/api/values/cron-times', () => {
  // Source of the answers: robfig/cron v3 spec_test.go, with the first field (seconds) left off.
  it.each<[string, string, string, readonly string[]]>([
    ['0/15 * * * *', 'UTC', '2012-07-09T14:45:00Z', ['2012-07-09T15:00:00Z', '2012-07-09T15:15:00Z']],
    ['20-35/15 * * * *', 'UTC', '2012-07-09T15:45:00Z', ['2012-07-09T16:20:00Z', '2012-07-09T16:35:00Z']],
    ['*/15 * * * *', 'UTC', '2012-07-09T23:46:00Z', ['2012-07-10T00:00:00Z']],
    ['20-35/15 1/2 */2 * *', 'UTC', '2012-07-09T23:45:00Z', ['2012-07-11T01:20:00Z', '2012-07-11T01:35:00Z']],
    ['20-35/15 10-12 * * *', 'UTC', '2012-07-09T23:45:00Z', ['2012-07-10T10:20:00Z', '2012-07-10T10:35:00Z']],
    ['0 0 9 Apr-Oct ?', 'UTC', '2012-07-09T23:35:00Z', ['2012-08-09T00:00:00Z', '2012-09-09T00:00:00Z']],
    ['0 0 */5 Apr,Aug,Oct Mon', 'UTC', '2012-07-09T23:35:00Z', ['2012-08-01T00:00:00Z', '2012-08-06T00:00:00Z']],
    ['0 0 */5 Oct Mon', 'UTC', '2012-07-09T23:35:00Z', ['2012-10-01T00:00:00Z', '2012-10-06T00:00:00Z']],
    ['0 0 * Feb Mon', 'UTC', '2012-07-09T23:35:00Z', ['2013-02-04T00:00:00Z', '2013-02-11T00:00:00Z']],
    ['0 0 * Feb Mon/2', 'UTC', '2012-07-09T23:35:00Z', ['2013-02-01T00:00:00Z', '2013-02-04T00:00:00Z']],
    ['0 0 29 Feb ?', 'UTC', '2012-07-09T23:35:00Z', ['2016-02-29T00:00:00Z', '2020-02-29T00:00:00Z']],
    ['59 23 31 12 ?', 'UTC', '2012-12-31T23:59:45Z', ['2013-12-31T23:59:00Z']],
    ['30 2 11 Mar ?', NEW_YORK, '2012-03-11T00:00:00-05:00', ['2013-03-11T02:30:00-04:00']],
    [
      '0 * * * ?',
      NEW_YORK,
      '2012-03-11T00:00:00-05:00',
      ['2012-03-11T01:00:00-05:00', '2012-03-11T03:00:00-04:00', '2012-03-11T04:00:00-04:00'],
    ],
    ['0 1 * * ?', NEW_YORK, '2012-03-11T00:00:00-05:00', ['2012-03-11T01:00:00-05:00', '2012-03-12T01:00:00-04:00']],
    ['0 2 * * ?', NEW_YORK, '2012-03-11T00:00:00-05:00', ['2012-03-12T02:00:00-04:00']],
    ['30 2 04 Nov ?', NEW_YORK, '2012-11-04T00:00:00-04:00', ['2012-11-04T02:30:00-05:00']],
    ['30 1 04 Nov ?', NEW_YORK, '2012-11-04T01:45:00-04:00', ['2012-11-04T01:30:00-05:00']],
    [
      '0 * * * ?',
      NEW_YORK,
      '2012-11-04T00:00:00-04:00',
      ['2012-11-04T01:00:00-04:00', '2012-11-04T01:00:00-05:00', '2012-11-04T02:00:00-05:00'],
    ],
    [
      '0 1 * * ?',
      NEW_YORK,
      '2012-11-04T00:00:00-04:00',
      ['2012-11-04T01:00:00-04:00', '2012-11-04T01:00:00-05:00', '2012-11-05T01:00:00-05:00'],
    ],
    ['0 2 * * ?', NEW_YORK, '2012-11-04T00:00:00-04:00', ['2012-11-04T02:00:00-05:00', '2012-11-05T02:00:00-05:00']],
    ['0 3 3 * ?', NEW_YORK, '2012-11-04T00:00:00-04:00', ['2012-12-03T03:00:00-05:00']],
    // Where midnight does not exist.
    ['0 9 10 * ?', SAO_PAULO, '2018-10-17T05:00:00-04:00', ['2018-11-10T09:00:00-02:00']],
    ['0 9 22 * ?', SAO_PAULO, '2018-02-14T05:00:00-05:00', ['2018-02-22T09:00:00-03:00']],
    ['0 0 * * ?', SAO_PAULO, '2018-11-03T12:00:00-03:00', ['2018-11-05T00:00:00-02:00']],
    // Of half an hour, and of a quarter.
    ['0 3 * * *', 'Asia/Kathmandu', '2026-01-01T00:00:00Z', ['2026-01-02T03:00:00+05:45']],
    ['15 2 * * *', 'Australia/Lord_Howe', '2025-10-04T03:00:00+10:30', ['2025-10-06T02:15:00+11:00']],
    ['@hourly', 'UTC', '2012-07-09T14:45:00Z', ['2012-07-09T15:00:00Z', '2012-07-09T16:00:00Z']],
    ['@daily', NEW_YORK, '2012-07-09T14:45:00Z', ['2012-07-10T00:00:00-04:00']],
    ['@weekly', 'UTC', '2012-07-09T14:45:00Z', ['2012-07-15T00:00:00Z']],
    ['@monthly', 'UTC', '2012-07-09T14:45:00Z', ['2012-08-01T00:00:00Z']],
    ['@yearly', 'UTC', '2012-07-09T14:45:00Z', ['2013-01-01T00:00:00Z']],
    // Source: robfig/cron v3 constantdelay_test.go.
    ['@every 15m', 'UTC', '2012-07-09T14:45:00Z', ['2012-07-09T15:00:00Z']],
    ['@every 44m24s', 'UTC', '2012-07-09T15:45:00Z', ['2012-07-09T16:29:24Z']],
    ['@every 25h44m24s', 'UTC', '2012-07-09T15:45:00Z', ['2012-07-10T17:29:24Z']],
    ['@every 1ms', 'UTC', '2012-07-09T14:45:00Z', ['2012-07-09T14:45:01Z']],
    ['@every 15m', 'UTC', '2012-07-09T14:45:00.005Z', ['2012-07-09T15:00:00Z']],
  ])('%s in %s after %s starts at %j', (schedule, zone, after, expected) => {
    expect(starts(schedule, zone, after, expected.length)).toEqual(expected);
  });

  it.each(['0 0 30 Feb ?', '0 0 31 Apr ?', '59 23 31 2 *'])('never starts at %s', (schedule) => {
    const times = timesOf(schedule);
    const atMs = Date.parse('2012-07-09T23:35:00Z');
    expect(times.next(atMs)).toBeUndefined();
    expect(times.last(0, atMs)).toBeUndefined();
  });

  const part = (min: number, max: number) =>
    fc.oneof(
      fc.constantFrom('*', '?'),
      fc.integer({ min, max }).map(String),
      fc.integer({ min: 2, max: 9 }).map((step) => `*/${step}`),
      fc.tuple(fc.integer({ min, max }), fc.integer({ min, max })).map((ends) => ends.sort((a, b) => a - b).join('-')),
    );
  const schedules = fc
    .tuple(part(0, 59), part(0, 23), part(1, 31), fc.constant('*'), part(0, 6))
    .map((fields) => fields.join(' '));
  /** Around the days on which the clocks change. */
  const moments = fc
    .tuple(
      fc.constantFrom('2026-03-08', '2026-03-29', '2026-10-25', '2026-11-01'),
      fc.integer({ min: -1440, max: 1440 }),
    )
    .map(([day, minutes]) => Date.parse(`${day}T00:00:00Z`) + minutes * 60_000 + 30_000);
  const zones = fc.constantFrom('UTC', NEW_YORK, 'Europe/Berlin', 'Asia/Kolkata');

  /** Read off the zone's clock, minute by minute. */
  function isStart(schedule: string, zone: string, atMs: number): boolean {
    const [date = '', time = ''] = formatInZone(atMs, zone).split('T');
    const [minute = '', hour = '', day = '', , weekday = ''] = schedule.split(' ');
    const fits = (field: string, value: number, min: number) => {
      const [low = '', high = low] = field.split('-');
      if (field === '*' || field === '?') return true;
      if (field.startsWith('*/')) return (value - min) % Number(field.slice(2)) === 0;
      return value >= Number(low) && value <= Number(high);
    };
    const isAny = (field: string) => field === '*' || field === '?';
    const onDay = fits(day, Number(date.slice(8)), 1);
    const onWeekday = fits(weekday, new Date(`${date}T00:00:00Z`).getUTCDay(), 0);
    return (
      fits(minute, Number(time.slice(3, 5)), 0) &&
      fits(hour, Number(time.slice(0, 2)), 0) &&
      (isAny(day) || isAny(weekday) ? onDay && onWeekday : onDay || onWeekday)
    );
  }

  it('starts at every minute that its fields allow, and at no other, also where the clocks change', () => {
    fc.assert(
      fc.property(schedules, zones, moments, (schedule, zone, fromMs) => {
        const untilMs = fromMs + 6 * 3_600_000;
        const expected: number[] = [];
        for (let atMs = Math.ceil(fromMs / 60_000) * 60_000; atMs <= untilMs; atMs += 60_000) {
          if (isStart(schedule, zone, atMs)) expected.push(atMs);
        }
        const times = timesOf(schedule, zone);
        expect(times.last(fromMs, untilMs)).toBe(expected.at(-1));
        const next = times.next(fromMs);
        expect(next !== undefined && next <= untilMs ? next : undefined).toBe(expected[0]);
      }),
      { numRuns: 50 },
    );
  });
});
