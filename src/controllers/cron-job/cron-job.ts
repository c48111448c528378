/** Starts Jobs at the times of their CronJob and clears old ones away. Sole writer of CronJob status. */
import { CRON_JOBS, type CronJob, type CronJobStatus, isApiError, JOBS, type Job, type KubeObject } from '#api';
import { type Clock, errorMessage } from '#base';
import type { Client } from '#client';
import { type Controller, type EventRecorder, Expectations, type Informer, type KeySource, keysFrom } from '#reconcile';
import { isNamespaceGoing } from '../shared/namespace-going.plan.ts';
import { BY_CONTROLLER, controllerIndex, controllerOf, isControlledBy } from '../shared/owners.plan.ts';
import { Teller } from '../shared/teller.ts';
import { writeStatus } from '../shared/write-status.ts';
import { type CronJobPlan, planCronJob, type Start, withStarted } from './cron-job.plan.ts';

export interface CronJobDeps {
  readonly client: Client;
  readonly clock: Clock;
  readonly events: EventRecorder;
  readonly cronJobs: Informer<CronJob>;
  readonly jobs: Informer<Job>;
}

export interface CronJobOptions {
  /** Longest time between two looks at the clock, ms: one that was put forward is noticed within it. */
  readonly longestWaitMs: number;
}

export const cronJobDefaults: CronJobOptions = { longestWaitMs: 60_000 };

export function createCronJobController(deps: CronJobDeps, options = cronJobDefaults): Controller {
  const { client, clock, events, cronJobs, jobs } = deps;
  const expectations = new Expectations(clock);
  const teller = new Teller(events);
  /** When the schedules of CronJobs that there are were changed, by their uids; may be lost. */
  const changes = new Map<string, number>();
  jobs.addIndex(BY_CONTROLLER, controllerIndex);
  cronJobs.onChange(({ previous, current }) => {
    if (previous === undefined) return;
    const { uid } = previous.metadata;
    if (uid !== current?.metadata.uid) {
      changes.delete(uid);
      teller.forget(uid);
    } else if (!startsAlike(previous, current)) changes.set(uid, clock.nowMs());
  });

  return {
    name: 'cron-job',
    async reconcile(key, signal) {
      await expectations.settled(key, signal);
      const cronJob = cronJobs.get(key);
      if (cronJob === undefined) return {};
      const changedMs = changes.get(cronJob.metadata.uid);
      const changed = changedMs === undefined ? {} : { changedMs };
      const plan = planCronJob({ cronJob, jobs: await jobsOf(cronJob), ...changed, nowMs: clock.nowMs() });
      teller.tell(cronJob, plan.events, String(plan.nextMs));
      await carryOut(key, cronJob, plan);
      if (plan.nextMs === undefined) return {};
      const waitMs = Math.max(1, plan.nextMs - clock.nowMs());
      return { requeueAfterMs: Math.min(waitMs, options.longestWaitMs) };
    },
  };

  /** All that it controls, and those it has noted that the cache does not know yet. */
  async function jobsOf(cronJob: CronJob): Promise<readonly Job[]> {
    const seen = jobs.byIndex(BY_CONTROLLER, cronJob.metadata.uid);
    const uids = new Set(seen.map(({ metadata }) => metadata.uid));
    const unseen = (cronJob.status?.active ?? []).filter(({ uid = '' }) => !uids.has(uid));
    const { namespace = '' } = cronJob.metadata;
    const found = await Promise.all(unseen.map(({ name = '' }) => client.get(JOBS, { namespace, name })));
    const noted = found.filter((job) => job !== undefined);
    return [...seen, ...noted.filter((job) => isControlledBy(job, cronJob) && !uids.has(job.metadata.uid))];
  }

  async function carryOut(key: string, cronJob: CronJob, plan: CronJobPlan): Promise<void> {
    for (const job of plan.replace) await remove(key, cronJob, job);
    const { status, error } = await start(key, cronJob, plan);
    const written = await writeStatus(client, CRON_JOBS, cronJob, { status });
    if (written !== undefined) expectations.wrote(key, cronJobs, written);
    for (const job of plan.expire) await remove(key, cronJob, job);
    if (error !== undefined) throw error;
  }

  /** The status after the start, also of one that failed. */
  async function start(
    key: string,
    cronJob: CronJob,
    { start: due, status }: CronJobPlan,
  ): Promise<{ readonly status: CronJobStatus; readonly error?: unknown }> {
    if (due === undefined) return { status };
    try {
      const job = await run(key, cronJob, due);
      return { status: job === undefined ? status : withStarted(status, due.scheduledMs, job) };
    } catch (error) {
      return { status, error };
    }
  }

  /** The Job that runs for a time: a new one, or the one that was made before. Undefined when there can be none. */
  async function run(key: string, cronJob: CronJob, { job }: Start): Promise<Job | undefined> {
    try {
      const made = expectations.wrote(key, jobs, await client.create<Job>(JOBS, job));
      events.record(cronJob, {
        type: 'Normal',
        reason: 'SuccessfulCreate',
        message: `Created job ${made.metadata.name}`,
      });
      return made;
    } catch (error) {
      if (isNamespaceGoing(error)) return undefined;
      const found = isApiError(error, 'AlreadyExists') ? await find(job) : undefined;
      if (found !== undefined && isControlledBy(found, cronJob)) return found;
      const message = `Error creating job: ${errorMessage(error)}`;
      events.record(cronJob, { type: 'Warning', reason: 'FailedCreate', message });
      if (found !== undefined) return undefined; // Somebody else's, as long as it is there.
      throw error;
    }
  }

  function find({ metadata }: KubeObject): Promise<Job | undefined> {
    return client.get(JOBS, { namespace: metadata.namespace ?? '', name: metadata.name ?? '' });
  }

  async function remove(key: string, cronJob: CronJob, job: Job): Promise<void> {
    try {
      const preconditions = { uid: job.metadata.uid };
      const left = await client.delete(JOBS, job.metadata, { propagationPolicy: 'Background', preconditions });
      expectations.removed(key, jobs, job, left);
      events.record(cronJob, {
        type: 'Normal',
        reason: 'SuccessfulDelete',
        message: `Deleted job ${job.metadata.name}`,
      });
    } catch (error) {
      if (isApiError(error, 'Conflict')) throw error; // Two writers met: the pass is made again, and nobody is told.
      events.record(cronJob, {
        type: 'Warning',
        reason: 'FailedDelete',
        message: `Deleted job: ${errorMessage(error)}`,
      });
      throw error;
    }
  }
}

const startsAlike = ({ spec: one }: CronJob, { spec: other }: CronJob) =>
  one.schedule === other.schedule && one.timeZone === other.timeZone;

/** Which CronJobs a change concerns: itself, and a Job's. */
export function cronJobSources({ cronJobs, jobs }: Pick<CronJobDeps, 'cronJobs' | 'jobs'>): KeySource[] {
  const toKeys = (job: Job): Iterable<string> => {
    const controller = controllerOf(job);
    return controller?.kind === CRON_JOBS.kind ? [`${job.metadata.namespace}/${controller.name}`] : [];
  };
  return [keysFrom(cronJobs), keysFrom(jobs, { toKeys })];
}
