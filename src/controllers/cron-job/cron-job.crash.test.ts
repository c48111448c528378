import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CRON_JOBS, type CronJob, JOBS } from '#api';
import { silentLog } from '#base';
import type { Client } from '#client';
import { createEventRecorder, createInformers, runController } from '#reconcile';
import { type Cluster, startCluster } from '../../../test/support/cluster.ts';
import { FakeClock } from '../../../test/support/fake-clock.ts';
import { finishJob } from '../../../test/support/finish-job.ts';
import { mortalClient } from '../../../test/support/mortal-client.ts';
import { until } from '../../../test/support/until.ts';
import { createCronJobController, cronJobSources } from './cron-job.ts';
import { endOf } from './runs.plan.ts';

const namespace = 'default';
const name = 'tick';

let clock: FakeClock;
let cluster: Cluster;
let client: Client;
/** Names of all Jobs that were ever made. */
let made: string[];
beforeEach(async () => {
  clock = new FakeClock(Date.UTC(2026, 0, 1, 0, 0, 30));
  cluster = await startCluster({ clock });
  client = cluster.client;
  made = [];
  cluster.informers.of(JOBS).onChange(({ previous, current }) => {
    if (previous === undefined && current !== undefined) made.push(current.metadata.name);
  });
  await cluster.run();
});
afterEach(() => cluster.close());

/** The controller as a process of its own: it knows nothing of the one before it. */
async function startController(by: Client) {
  const stop = new AbortController();
  const deps = { client: by, clock, log: silentLog };
  const informers = createInformers(deps);
  const kinds = { cronJobs: informers.of(CRON_JOBS), jobs: informers.of(JOBS) };
  const events = createEventRecorder(deps, { component: 'cronjob-controller' });
  const controller = createCronJobController({ client: by, clock, events, ...kinds });
  const running = [informers.run(stop.signal)];
  await informers.synced();
  running.push(runController({ controller, sources: cronJobSources(kinds), clock, log: silentLog }, stop.signal));
  return async () => {
    stop.abort();
    await Promise.all(running);
    await events.flush();
  };
}

const find = async () => (await client.get(CRON_JOBS, { namespace, name })) as CronJob;
const jobs = async () => (await client.list(JOBS, { namespace })).items;
const at = (minute: number) => `${name}-${Date.UTC(2026, 0, 1, 0, minute) / 60_000}`;
const template = { spec: { restartPolicy: 'Never', containers: [{ name: 'main', image: 'sample:1' }] } };

describe('src/controllers/cron-job/cron-job.ts, killed', () => {
  // Its writes: a Job, its status, the end in the status, the old Job away; then the one that runs away for the next.
  it.each(Array.from({ length: 10 }, (_, index) => index + 1))(
    'starts one Job for each time, and notes it, dying at write %i',
    async (point) => {
      await client.create(CRON_JOBS, {
        apiVersion: 'batch/v1',
        kind: 'CronJob',
        metadata: { name, namespace },
        spec: {
          schedule: '* * * * *',
          concurrencyPolicy: 'Replace',
          successfulJobsHistoryLimit: 0,
          jobTemplate: { spec: { template } },
        },
      });
      const { by, dead } = mortalClient(client, point);
      let stop = await startController(by);
      let revived = false;
      /** Waits for it; a controller that has died on the way is followed by another. */
      const reached = (what: string, holds: () => Promise<boolean>) =>
        until(what, async () => {
          if (dead() && !revived) {
            revived = true;
            await stop();
            stop = await startController(client);
          }
          await clock.advance(100); // Its back-off passes.
          return await holds();
        });
      const starts = async (minute: number) => {
        await clock.advance(Date.UTC(2026, 0, 1, 0, minute, 1) - clock.nowMs());
        await reached(`the Job of minute ${minute} is noted`, async () => {
          const { status } = await find();
          return status?.active?.length === 1 && status.active[0]?.name === at(minute);
        });
      };

      await starts(1);
      await finishJob(client, { namespace, name: at(1) }, 'Complete', clock.nowMs());
      await reached('it is cleared away', async () => (await jobs()).length === 0);
      await reached('its end is noted', async () => (await find()).status?.active === undefined);
      await starts(2);
      await starts(3);
      await stop();

      expect(made).toEqual([at(1), at(2), at(3)]);
      expect((await jobs()).filter((job) => endOf(job) === undefined).map(({ metadata }) => metadata.name)).toEqual([
        at(3),
      ]);
      expect((await find()).status).toMatchObject({
        lastScheduleTime: '2026-01-01T00:03:00Z',
        lastSuccessfulTime: expect.stringMatching(/^2026-01-01T00:01:/),
      });
    },
  );
});
