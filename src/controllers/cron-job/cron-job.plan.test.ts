import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CronJob, CronJobStatus, Job } from '#api';
import { equalJson } from '#base';
import { planCronJob, withStarted } from './cron-job.plan.ts';
import { jobAt, referenceTo, SCHEDULED_AT } from './runs.plan.ts';

const DAY = '2026-01-05';
const ms = (time: string) => Date.parse(`${DAY}T${time}Z`);
const utc = (time: string) => `${DAY}T${time}Z`;

const cronJob = (spec: object = {}, status: CronJobStatus = {}, metadata: object = {}): CronJob => ({
  apiVersion: 'batch/v1',
  kind: 'CronJob',
  metadata: {
    name: 'c',
    namespace: 'd',
    uid: 'c',
    resourceVersion: '1',
    creationTimestamp: utc('09:30:00'),
    ...metadata,
  },
  spec: {
    schedule: '0 * * * *',
    concurrencyPolicy: 'Allow',
    jobTemplate: { metadata: { labels: { app: 'c' } }, spec: { template: {} } },
    successfulJobsHistoryLimit: 3,
    failedJobsHistoryLimit: 1,
    ...spec,
  },
  status,
});

type End = 'Complete' | 'Failed' | undefined;

/** The Job that was started at a time, and how it ended. */
function run(time: string, end?: End, metadata: object = {}): Job {
  const made = jobAt(cronJob(), ms(time)) as unknown as Job;
  const conditions = end === undefined ? [] : [{ type: end, status: 'True' }];
  const completed = end === 'Complete' ? { completionTime: utc(time.replace(/\d\d$/, '30')) } : {};
  return {
    ...made,
    metadata: { ...made.metadata, uid: made.metadata.name, resourceVersion: '1', ...metadata },
    status: { startTime: utc(time), conditions, ...completed },
  };
}

const manual: Job = {
  ...run('09:40:00'),
  metadata: { ...run('09:40:00').metadata, name: 'by-hand', uid: 'by-hand', annotations: {} },
};
const active = (...jobs: readonly Job[]) => ({ active: jobs.map(referenceTo) });
const minutes = (time: string) => `c-${ms(time) / 60_000}`;

interface Expected {
  readonly start?: string;
  readonly events?: readonly string[];
  readonly active?: readonly string[];
  readonly replace?: readonly string[];
  readonly expire?: readonly string[];
  readonly next?: string;
  readonly last?: string;
  readonly succeeded?: string;
}

const names = (jobs: readonly Job[]) => jobs.map(({ metadata }) => metadata.name);

describe('src/controllers/cron-job/cron-job.plan.ts', () => {
  it.each<[string, string, CronJob, readonly Job[], Expected]>([
    ['waits for its first time', '09:59:59', cronJob(), [], { next: '10:00:00' }],
    ['starts at its time', '10:00:00', cronJob(), [], { start: '10:00:00', next: '11:00:00' }],
    ['starts once for all that it missed', '13:20:00', cronJob(), [], { start: '13:00:00', next: '14:00:00' }],
    [
      'does not start twice for one time',
      '10:30:00',
      cronJob({}, { lastScheduleTime: utc('10:00:00') }),
      [],
      { last: '10:00:00', next: '11:00:00' },
    ],
    [
      'takes up a start that died before it was noted',
      '10:30:00',
      cronJob({ concurrencyPolicy: 'Forbid' }),
      [run('10:00:00')],
      { active: [minutes('10:00:00')], last: '10:00:00', next: '11:00:00' },
    ],
    [
      'notes such a start though it is over already, before it may go',
      '10:30:00',
      cronJob({ successfulJobsHistoryLimit: 0 }),
      [run('10:00:00', 'Complete')],
      { last: '10:00:00', next: '11:00:00', succeeded: '10:00:30', expire: [minutes('10:00:00')] },
    ],
    [
      'starts beside one that runs',
      '11:00:00',
      cronJob({}, { ...active(run('10:00:00')), lastScheduleTime: utc('10:00:00') }),
      [run('10:00:00')],
      { start: '11:00:00', active: [minutes('10:00:00')], last: '10:00:00', next: '12:00:00' },
    ],
    [
      'forbids a second one',
      '11:00:00',
      cronJob({ concurrencyPolicy: 'Forbid' }, { ...active(run('10:00:00')), lastScheduleTime: utc('10:00:00') }),
      [run('10:00:00')],
      { events: ['JobAlreadyActive'], active: [minutes('10:00:00')], last: '10:00:00', next: '12:00:00' },
    ],
    [
      'starts what was forbidden once there is room',
      '11:25:00',
      cronJob({ concurrencyPolicy: 'Forbid' }, { ...active(run('10:00:00')), lastScheduleTime: utc('10:00:00') }),
      [run('10:00:00', 'Complete')],
      { start: '11:00:00', events: ['SawCompletedJob'], last: '10:00:00', next: '12:00:00', succeeded: '10:00:30' },
    ],
    [
      'replaces one that runs',
      '11:00:00',
      cronJob({ concurrencyPolicy: 'Replace' }, { ...active(run('10:00:00')), lastScheduleTime: utc('10:00:00') }),
      [run('10:00:00'), manual],
      {
        start: '11:00:00',
        replace: [minutes('10:00:00')],
        last: '10:00:00',
        next: '12:00:00',
        events: ['UnexpectedJob'],
      },
    ],
    [
      'starts within the deadline',
      '10:00:30',
      cronJob({ startingDeadlineSeconds: 30 }),
      [],
      { start: '10:00:00', next: '11:00:00' },
    ],
    [
      'does not start past the deadline',
      '10:00:31',
      cronJob({ startingDeadlineSeconds: 30 }),
      [],
      { events: ['MissSchedule'], next: '11:00:00' },
    ],
    ['does nothing while it is suspended', '12:00:00', cronJob({ suspend: true }), [], {}],
    [
      'still counts what ends while it is suspended',
      '12:00:00',
      cronJob({ suspend: true }, active(run('10:00:00'))),
      [run('10:00:00', 'Failed')],
      { events: ['SawCompletedJob'], last: '10:00:00' },
    ],
    ['starts nothing on its way out', '12:00:00', cronJob({}, {}, { deletionTimestamp: utc('11:00:00') }), [], {}],
    [
      'says that it knows no such zone',
      '12:00:00',
      cronJob({ timeZone: 'Mars/Base' }),
      [],
      { events: ['UnknownTimeZone'] },
    ],
    [
      'says that it cannot read a schedule',
      '12:00:00',
      cronJob({ schedule: 'soon' }),
      [],
      { events: ['UnparseableSchedule'] },
    ],
    [
      'says that a time never comes',
      '12:00:00',
      cronJob({ schedule: '0 0 30 2 *' }),
      [],
      { events: ['InvalidSchedule'] },
    ],
    [
      'warns of more than a hundred missed starts, and starts once',
      '11:11:30',
      cronJob({ schedule: '* * * * *' }),
      [],
      { start: '11:11:00', events: ['TooManyMissedTimes'], next: '11:12:00' },
    ],
    [
      'does not warn of a hundred',
      '11:10:30',
      cronJob({ schedule: '* * * * *' }),
      [],
      { start: '11:10:00', next: '11:11:00' },
    ],
    [
      'does not warn of those before the deadline',
      '11:11:30',
      cronJob({ schedule: '* * * * *', startingDeadlineSeconds: 600 }),
      [],
      { start: '11:11:00', next: '11:12:00' },
    ],
    [
      'waits for the clock that was put back to come to where it was',
      '09:15:00',
      cronJob({}, { lastScheduleTime: utc('10:00:00') }),
      [],
      { last: '10:00:00', next: '11:00:00' },
    ],
    [
      'misses a Job that is gone',
      '10:30:00',
      cronJob({}, { ...active(run('10:00:00')), lastScheduleTime: utc('10:00:00') }),
      [],
      { events: ['MissingJob'], last: '10:00:00', next: '11:00:00' },
    ],
    [
      'leaves the Jobs of others out of what runs',
      '09:45:00',
      cronJob({ concurrencyPolicy: 'Forbid' }),
      [manual],
      { events: ['UnexpectedJob'], next: '10:00:00' },
    ],
    [
      'every so often counts from its creation',
      '10:01:00',
      cronJob({ schedule: '@every 20m' }),
      [],
      { start: '09:50:00', next: '10:10:00' },
    ],
    [
      'keeps the newest of its history',
      '10:30:00',
      cronJob({ successfulJobsHistoryLimit: 1, failedJobsHistoryLimit: 0 }, { lastScheduleTime: utc('10:00:00') }),
      [
        run('09:58:00', 'Complete'),
        run('09:57:00', 'Failed'),
        run('09:59:00', 'Complete'),
        run('10:00:00', 'Complete'),
      ],
      {
        expire: [minutes('09:58:00'), minutes('09:59:00'), minutes('09:57:00')],
        last: '10:00:00',
        succeeded: '10:00:30',
        next: '11:00:00',
      },
    ],
  ])('%s (at %s)', (_name, now, of, jobs, expected) => {
    const plan = planCronJob({ cronJob: of, jobs, nowMs: ms(now) });
    expect({
      start: plan.start?.scheduledMs,
      events: plan.events.map(({ reason }) => reason),
      active: plan.status.active?.map(({ name }) => name),
      replace: names(plan.replace),
      expire: names(plan.expire),
      next: plan.nextMs,
      last: plan.status.lastScheduleTime,
      succeeded: plan.status.lastSuccessfulTime,
    }).toEqual({
      start: expected.start && ms(expected.start),
      events: expected.events ?? [],
      active: expected.active,
      replace: expected.replace ?? [],
      expire: expected.expire ?? [],
      next: expected.next && ms(expected.next),
      last: expected.last && utc(expected.last),
      succeeded: expected.succeeded && utc(expected.succeeded),
    });
  });

  it('does not hold a new schedule to times before it', () => {
    const of = cronJob({ schedule: '45 9 * * *' });
    expect(planCronJob({ cronJob: of, jobs: [], nowMs: ms('11:00:00') }).start).toBeDefined();
    const plan = planCronJob({ cronJob: of, jobs: [], changedMs: ms('11:00:00'), nowMs: ms('11:00:00') });
    expect(plan.start).toBeUndefined();
    expect(plan.nextMs).toBe(ms('09:45:00') + 24 * 3_600_000);
  });

  it('makes a Job out of the template, with the time as the zone shows it', () => {
    const template = { metadata: { labels: { a: 'b' }, annotations: { c: 'd' } }, spec: { backoffLimit: 2 } };
    const of = cronJob({ timeZone: 'Europe/Berlin', jobTemplate: template });
    expect(planCronJob({ cronJob: of, jobs: [], nowMs: ms('10:00:00') }).start?.job).toEqual({
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: {
        name: minutes('10:00:00'),
        namespace: 'd',
        labels: { a: 'b' },
        annotations: { c: 'd', [SCHEDULED_AT]: '2026-01-05T11:00:00+01:00' },
        ownerReferences: [
          { apiVersion: 'batch/v1', kind: 'CronJob', name: 'c', uid: 'c', controller: true, blockOwnerDeletion: true },
        ],
      },
      spec: { backoffLimit: 2 },
    });
  });

  it('tells a miss in the words of Kubernetes', () => {
    const of = cronJob({ startingDeadlineSeconds: 1 });
    const message = 'Missed scheduled time to start a job: Mon, 05 Jan 2026 10:00:00 +0000';
    expect(planCronJob({ cronJob: of, jobs: [], nowMs: ms('10:30:00') }).events[0]?.message).toBe(message);
  });

  /** One hour, minute by minute, with looks and ends as chance has it; what was started, in order. */
  interface History {
    readonly policy: 'Allow' | 'Forbid' | 'Replace';
    /** For each minute: whether the controller looks, whether it dies before it notes the start, and whether Jobs end. */
    readonly steps: readonly { readonly looks: boolean; readonly dies: boolean; readonly end: End }[];
  }
  const histories: fc.Arbitrary<History> = fc.record({
    policy: fc.constantFrom('Allow', 'Forbid', 'Replace'),
    steps: fc.array(
      fc.record({
        looks: fc.boolean(),
        dies: fc.boolean(),
        end: fc.constantFrom<End>(undefined, undefined, 'Complete', 'Failed'),
      }),
      { maxLength: 60 },
    ),
  });

  it('never starts twice for one time, keeps to its policy and limits, and is at rest when nothing happens', () => {
    fc.assert(
      fc.property(histories, ({ policy, steps }) => {
        let of = cronJob({ schedule: '* * * * *', concurrencyPolicy: policy, successfulJobsHistoryLimit: 2 });
        let jobs: readonly Job[] = [];
        const started: number[] = [];
        for (const [minute, { looks, dies, end }] of steps.entries()) {
          const nowMs = ms('09:31:00') + minute * 60_000 + 5_000;
          const ended = end === undefined ? undefined : { conditions: [{ type: end, status: 'True' }] };
          if (ended !== undefined) jobs = jobs.map((job) => ({ ...job, status: { ...ended, ...job.status } as never }));
          if (!looks) continue;
          const plan = planCronJob({ cronJob: of, jobs, nowMs });
          const gone = new Set([...plan.replace, ...(dies ? [] : plan.expire)]);
          jobs = jobs.filter((job) => !gone.has(job));
          let { status } = plan;
          if (plan.start !== undefined) {
            const { scheduledMs, job } = plan.start;
            started.push(scheduledMs);
            const startTime = new Date(scheduledMs).toISOString();
            const made = {
              ...job,
              metadata: { ...job.metadata, uid: job.metadata.name, resourceVersion: '1' },
              status: { startTime },
            };
            jobs = [...jobs, made as unknown as Job];
            status = withStarted(status, scheduledMs, made as unknown as Job);
          }
          if (dies) continue;
          of = { ...of, status };
          const running = jobs.filter(({ status: is }) => (is?.conditions ?? []).length === 0).length;
          if (policy !== 'Allow') expect(running).toBeLessThanOrEqual(1);
          const again = planCronJob({ cronJob: of, jobs, nowMs });
          expect(again.start).toBeUndefined();
          expect(again.replace).toEqual([]);
          expect(equalJson(again.status as never, status as never)).toBe(true);
        }
        expect(new Set(started).size).toBe(started.length);
        expect(started).toEqual([...started].sort((one, other) => one - other));
      }),
    );
  });
});
