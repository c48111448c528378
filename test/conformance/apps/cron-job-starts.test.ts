/** Source: kubernetes test/e2e/apps/cronjob.go (v1.32). */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { CRON_JOBS, type CronJob, JOBS, type Job } from '#api';
import { hastyClock } from '../../support/hasty-clock.ts';
import { until } from '../../support/until.ts';
import { type ConformanceBed, startConformanceBed } from '../support/bed.ts';
import type { Resource } from '../support/resource.ts';
import { soon } from '../support/soon.ts';

/** The minutes of the official tests take half a second each. */
const clock = hastyClock(120);
/** Source: cronjob.go, cronJobTimeout. */
const TIMEOUT_MS = 5 * 60_000;

let bed: ConformanceBed;
beforeAll(async () => {
  // Without a node: no Job ends, as none of these ends in its time in the official tests.
  bed = await startConformanceBed({ nodes: 0, clock });
});
afterAll(() => bed.close());

interface Started {
  readonly cronJobs: Resource<CronJob>;
  readonly jobs: Resource<Job>;
  readonly name: string;
}

async function start(name: string, spec: object): Promise<Started> {
  const namespace = await bed.namespace('cronjob');
  const cronJobs = bed.of(CRON_JOBS, namespace);
  const containers = [{ name: 'c', image: 'busybox:1.36', command: ['sh', '-c', 'sleep 300'] }];
  const template = { spec: { restartPolicy: 'OnFailure', containers } };
  await cronJobs.create({
    metadata: { name },
    spec: { schedule: '*/1 * * * ?', jobTemplate: { spec: { parallelism: 1, completions: 1, template } }, ...spec },
  });
  return { cronJobs, jobs: bed.of(JOBS, namespace), name };
}

const running = async ({ jobs }: Started) =>
  (await jobs.list()).items.filter(
    ({ metadata, status }) =>
      metadata.deletionTimestamp === undefined && (status?.conditions ?? []).every(({ status: is }) => is !== 'True'),
  );
const active = async ({ cronJobs, name }: Started) => (await cronJobs.get(name)).status?.active ?? [];
const isActive = (of: Started, count: number) =>
  soon(`${count} of its Jobs are active`, async () => (await active(of)).length >= count);

/** Holds for as long as the official test waits in vain. */
async function stays(holds: () => Promise<void>): Promise<void> {
  const startMs = clock.nowMs();
  await until('the time of the official test is over', async () => {
    await holds();
    return clock.nowMs() - startMs > TIMEOUT_MS;
  });
}

it('[sig-apps] CronJob should schedule multiple jobs concurrently [Conformance]', async () => {
  const of = await start('concurrent', { concurrencyPolicy: 'Allow' });
  await isActive(of, 2);
  expect((await running(of)).length).toBeGreaterThanOrEqual(2);
  await of.cronJobs.delete(of.name);
});

it('[sig-apps] CronJob should not schedule jobs when suspended [Slow] [Conformance]', async () => {
  const of = await start('suspended', { concurrencyPolicy: 'Allow', suspend: true });
  await stays(async () => expect(await active(of)).toEqual([]));
  expect((await of.jobs.list()).items).toEqual([]);
  await of.cronJobs.delete(of.name);
});

it('[sig-apps] CronJob should not schedule new jobs when ForbidConcurrent [Slow] [Conformance]', async () => {
  const of = await start('forbid', { concurrencyPolicy: 'Forbid' });
  await isActive(of, 1);
  expect(await active(of)).toHaveLength(1);
  expect(await running(of)).toHaveLength(1);
  await stays(async () => expect(await running(of)).toHaveLength(1));
  await of.cronJobs.delete(of.name);
});

it('[sig-apps] CronJob should replace jobs when ReplaceConcurrent [Conformance]', async () => {
  const of = await start('replace', { concurrencyPolicy: 'Replace' });
  await isActive(of, 1);
  expect(await active(of)).toHaveLength(1);
  const [first] = await running(of);
  await soon('the Job is replaced with a new one', async () => {
    const now = await running(of);
    expect(now.length).toBeLessThanOrEqual(1);
    return now.length === 1 && now[0]?.metadata.uid !== first?.metadata.uid;
  });
  await of.cronJobs.delete(of.name);
});
