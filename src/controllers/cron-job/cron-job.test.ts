import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CRON_JOBS, type CronJob, EVENTS, JOBS } from '#api';
import { type Clock, formatTime } from '#base';
import { createInformers } from '#reconcile';
import { type Cluster, startCluster } from '../../../test/support/cluster.ts';
import { FakeClock, settle } from '../../../test/support/fake-clock.ts';
import { finishJob } from '../../../test/support/finish-job.ts';
import { createCronJobController, cronJobSources } from './cron-job.ts';

const namespace = 'default';
const name = 'tick';

let steady: FakeClock;
/** How far somebody has put the clock of the machine forward, or back. */
let jumpMs: number;
let cluster: Cluster;
/** Names of all Jobs that were ever made, in order. */
let made: string[];
beforeEach(async () => {
  steady = new FakeClock(Date.UTC(2026, 0, 1, 0, 0, 30));
  jumpMs = 0;
  const clock: Clock = {
    nowMs: () => steady.nowMs() + jumpMs,
    monotonicMs: () => steady.monotonicMs(),
    after: (delayMs, callback) => steady.after(delayMs, callback),
  };
  cluster = await startCluster({ clock });
  made = [];
  const { client, informers, events } = cluster;
  const kinds = { cronJobs: informers.of(CRON_JOBS), jobs: informers.of(JOBS) };
  kinds.jobs.onChange(({ previous, current }) => {
    if (previous === undefined && current !== undefined) made.push(current.metadata.name);
  });
  const controller = createCronJobController({ client, clock, events, ...kinds });
  await cluster.run(cluster.loop(controller, cronJobSources(kinds)));
});
afterEach(() => cluster.close());

const template = { spec: { restartPolicy: 'Never', containers: [{ name: 'main', image: 'sample:1' }] } };
const create = (spec: object = {}) =>
  cluster.client.create<CronJob>(CRON_JOBS, {
    apiVersion: 'batch/v1',
    kind: 'CronJob',
    metadata: { name, namespace },
    spec: { schedule: '* * * * *', jobTemplate: { spec: { template } }, ...spec },
  });
const patch = (spec: object) =>
  cluster.client.patch(CRON_JOBS, { namespace, name }, { type: 'merge', body: { spec } as never });
const find = async () => (await cluster.client.get(CRON_JOBS, { namespace, name })) as CronJob;
const jobs = async () => (await cluster.client.list(JOBS, { namespace })).items;
/** Lets so many minutes pass, and the controller come to rest. */
const pass = async (minutes: number) => {
  for (let minute = 0; minute < minutes; minute += 1) {
    await steady.advance(60_000);
    await rest();
  }
};
const rest = async () => {
  for (let before = -1, now = 0; before !== now; ) {
    before = await cluster.revision();
    for (let turn = 0; turn < 8; turn += 1) await settle();
    now = await cluster.revision();
  }
};
const at = (minute: number) => `${name}-${Date.UTC(2026, 0, 1, 0, minute) / 60_000}`;
const finish = async (job: string, end: 'Complete' | 'Failed' = 'Complete') => {
  await finishJob(cluster.client, { namespace, name: job }, end, cluster.clock.nowMs());
  await rest();
};
const told = async () => {
  await cluster.events.flush();
  const { items } = await cluster.client.list(EVENTS, { namespace });
  return items.map((event) => event as unknown as { reason: string; count: number }).map(({ reason }) => reason);
};

describe('src/controllers/cron-job/cron-job.ts', () => {
  it('starts a Job at each time, notes it, sees it end, and keeps as many as it is to', async () => {
    await create({ successfulJobsHistoryLimit: 1, failedJobsHistoryLimit: 1 });
    await rest();
    expect(made).toEqual([]);
    await pass(1);
    expect(made).toEqual([at(1)]);
    const [job] = await jobs();
    const { uid = '' } = job?.metadata ?? {};
    expect(await find()).toMatchObject({
      status: { active: [{ kind: 'Job', name: at(1), uid }], lastScheduleTime: '2026-01-01T00:01:00Z' },
    });
    await finish(at(1));
    expect((await find()).status).toEqual({
      lastScheduleTime: '2026-01-01T00:01:00Z',
      lastSuccessfulTime: '2026-01-01T00:01:30Z',
    });
    await pass(1);
    await finish(at(2), 'Failed');
    await pass(1);
    await finish(at(3));
    expect((await jobs()).map(({ metadata }) => metadata.name)).toEqual([at(2), at(3)]);
    const reasons = await told();
    expect(new Set(reasons)).toEqual(new Set(['SuccessfulCreate', 'SawCompletedJob', 'SuccessfulDelete']));
  });

  it('writes nothing while nothing is due, and tells each thing once', async () => {
    await create({ schedule: '0 * * * *', suspend: false });
    await cluster.client.create(JOBS, {
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: {
        name: 'by-hand',
        namespace,
        ownerReferences: [
          {
            apiVersion: 'batch/v1',
            kind: 'CronJob',
            name,
            uid: (await find()).metadata.uid,
            controller: true,
          },
        ],
      },
      spec: { template },
    });
    await rest();
    const before = await cluster.revision();
    await pass(30);
    expect(await cluster.revision()).toBe(before);
    expect(await told()).toEqual(['UnexpectedJob']);
  });

  it('replaces what runs, with its time', async () => {
    await create({ concurrencyPolicy: 'Replace' });
    await pass(2);
    expect(made).toEqual([at(1), at(2)]);
    expect((await jobs()).map(({ metadata }) => metadata.name)).toEqual([at(2)]);
    expect((await find()).status?.active).toHaveLength(1);
  });

  it('starts once for an hour that the clock leaps over, within a minute, and not again when it is put back', async () => {
    await create({ schedule: '0 * * * *' });
    await pass(2);
    jumpMs = 3_600_000;
    await pass(1);
    expect(made).toEqual([at(60)]);
    jumpMs = 0;
    await pass(60);
    expect(made).toEqual([at(60)]);
    await pass(60);
    expect(made).toEqual([at(60), at(120)]);
  });

  it('takes the Job that it finds for a time, and makes no second one', async () => {
    const { client, clock, events, log } = cluster;
    await create();
    const blind = createInformers({ client, clock, log }).of(JOBS);
    const kinds = { cronJobs: cluster.informers.of(CRON_JOBS), jobs: blind };
    const other = createCronJobController({ client, clock, events, ...kinds });
    await pass(1);
    const { resourceVersion } = (await find()).metadata;
    await client.patch(
      CRON_JOBS,
      { namespace, name },
      { type: 'merge', body: { status: { active: null, lastScheduleTime: null } } },
      { subresource: 'status' },
    );
    await other.reconcile(`${namespace}/${name}`, AbortSignal.timeout(5_000));
    await rest();
    const { metadata, status } = await find();
    expect(metadata.resourceVersion).not.toBe(resourceVersion);
    expect(status?.active?.map((each) => each.name)).toEqual([at(1)]);
    expect(made).toEqual([at(1)]);
    expect(await told()).not.toContain('FailedCreate');
  });

  it('counts a new schedule from when it came, and starts what was missed while it was suspended', async () => {
    await create({ schedule: '0 12 * * *' });
    await pass(20);
    await patch({ schedule: '10 * * * *' });
    await pass(1);
    expect(made).toEqual([]);
    await pass(49);
    expect(made).toEqual([at(70)]);
    await patch({ suspend: true });
    await pass(60);
    expect(made).toHaveLength(1);
    await patch({ suspend: false });
    await rest();
    expect(made).toEqual([at(70), at(130)]);
  });

  it('leaves the Job of another under its name alone, and says so', async () => {
    await create();
    const job = { apiVersion: 'batch/v1', kind: 'Job', metadata: { name: at(1), namespace }, spec: { template } };
    await cluster.client.create(JOBS, job);
    await pass(1);
    expect((await find()).status).toEqual({});
    expect(await told()).toEqual(['FailedCreate']);
    await pass(1);
    expect(made).toEqual([at(1), at(2)]);
  });

  it('says what it cannot start, and still notes what has ended', async () => {
    await create({ schedule: '*/2 * * * *' });
    await pass(2);
    await cluster.client.patch(
      CRON_JOBS,
      { namespace, name },
      {
        type: 'merge',
        body: { spec: { jobTemplate: { metadata: { labels: { 'not a label': 'x' } } } } },
      },
    );
    await finish(at(2));
    await pass(2);
    expect(made).toEqual([at(2)]);
    expect((await find()).status?.lastSuccessfulTime).toBe(formatTime(Date.UTC(2026, 0, 1, 0, 2, 30)));
    expect(await told()).toContain('FailedCreate');
  });
});
