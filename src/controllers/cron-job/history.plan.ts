/** Which Jobs of a CronJob that are over make room for newer ones. */
import type { CronJob, Job } from '#api';
import { endOf } from './runs.plan.ts';

/** The oldest beyond the limits; where a limit is not set, all are kept. Source: cronjob_controllerv2.go, cleanupFinishedJobs (v1.32). */
export function outlived({ spec }: CronJob, jobs: readonly Job[]): readonly Job[] {
  return [
    ...oldest(jobs, 'Complete', spec.successfulJobsHistoryLimit),
    ...oldest(jobs, 'Failed', spec.failedJobsHistoryLimit),
  ];
}

function oldest(jobs: readonly Job[], type: string, limit: number | undefined): readonly Job[] {
  if (limit === undefined) return [];
  const over = jobs.filter((job) => endOf(job) === type && job.metadata.deletionTimestamp === undefined);
  return over.sort(byStart).slice(0, Math.max(0, over.length - limit));
}

/** What never started comes last; then by name. Source: pkg/controller/cronjob/utils.go, byJobStartTime (v1.32). */
function byStart(one: Job, other: Job): number {
  const startOf = ({ status }: Job) => Date.parse(status?.startTime ?? '9999-12-31T00:00:00Z');
  return startOf(one) - startOf(other) || (one.metadata.name < other.metadata.name ? -1 : 1);
}
