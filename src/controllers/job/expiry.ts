/** Deletes Jobs that are over once `spec.ttlSecondsAfterFinished` has passed, and with them their pods. */
import { JOBS, type Job } from '#api';
import type { Clock } from '#base';
import type { Client } from '#client';
import { type Controller, type Informer, type KeySource, keysFrom } from '#reconcile';
import { expiresAtMs } from './job.plan.ts';

export interface ExpiryDeps {
  readonly client: Pick<Client, 'delete'>;
  readonly clock: Clock;
  readonly jobs: Informer<Job>;
}

/** Source: kubernetes pkg/controller/ttlafterfinished/ttlafterfinished_controller.go (v1.32). */
export function createExpiryController({ client, clock, jobs }: ExpiryDeps): Controller {
  return {
    name: 'job-expiry',
    async reconcile(key) {
      const job = jobs.get(key);
      const atMs = job === undefined ? undefined : expiresAtMs(job);
      if (job === undefined || atMs === undefined) return {};
      const leftMs = atMs - clock.nowMs();
      if (leftMs > 0) return { requeueAfterMs: leftMs };
      const { uid, resourceVersion } = job.metadata;
      // The very version that was looked at: it may have been given more time.
      const preconditions = { uid, resourceVersion };
      await client.delete(JOBS, job.metadata, { propagationPolicy: 'Foreground', preconditions });
      return {};
    },
  };
}

export function expirySources({ jobs }: Pick<ExpiryDeps, 'jobs'>): KeySource[] {
  return [keysFrom(jobs)];
}
