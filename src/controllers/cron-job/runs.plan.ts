/** The Jobs of a CronJob, and the times that they were started for. */
import { apiVersionOf, CRON_JOBS, type CronJob, formatInZone, JOBS, type Job, type KubeObject } from '#api';
import { controllerReference } from '../shared/owners.plan.ts';

/** Source: k8s.io/api batch/v1 types.go, CronJobScheduledTimestampAnnotation (v0.32). */
export const SCHEDULED_AT = 'batch.kubernetes.io/cronjob-scheduled-timestamp';

/** How a Job has ended, if it has. */
export function endOf({ status }: Pick<Job, 'status'>): 'Complete' | 'Failed' | undefined {
  const ended = status?.conditions?.find(
    ({ type, status: holds }) => holds === 'True' && (type === 'Complete' || type === 'Failed'),
  );
  return ended?.type as 'Complete' | 'Failed' | undefined;
}

/**
 * The name of the Job for one time, in whole minutes of Unix time: however often it is tried, there is one Job for it.
 * Source: kubernetes pkg/controller/cronjob/utils.go, getJobName (v1.32).
 */
export function jobNameAt({ metadata }: CronJob, scheduledMs: number): string {
  return `${metadata.name}-${Math.floor(scheduledMs / 60_000)}`;
}

/** The time that a CronJob started a Job for; undefined for those that a person started by hand. */
export function scheduledAt(cronJob: CronJob, { metadata }: Job): number | undefined {
  const atMs = Date.parse(metadata.annotations?.[SCHEDULED_AT] ?? '');
  return Number.isNaN(atMs) || metadata.name !== jobNameAt(cronJob, atMs) ? undefined : atMs;
}

/** The Job for one time. Source: pkg/controller/cronjob/utils.go, getJobFromTemplate2 (v1.32). */
export function jobAt(cronJob: CronJob, scheduledMs: number): KubeObject {
  const { metadata = {}, spec } = cronJob.spec.jobTemplate;
  const timestamp = formatInZone(scheduledMs, cronJob.spec.timeZone ?? 'UTC');
  return {
    apiVersion: apiVersionOf(JOBS),
    kind: JOBS.kind,
    metadata: {
      name: jobNameAt(cronJob, scheduledMs),
      namespace: cronJob.metadata.namespace ?? '',
      ...(metadata.labels === undefined ? {} : { labels: metadata.labels }),
      annotations: { ...metadata.annotations, [SCHEDULED_AT]: timestamp },
      ownerReferences: [controllerReference(cronJob, CRON_JOBS)],
    },
    spec: spec ?? {},
  } as KubeObject;
}

/** What `status.active` says of a Job. */
export function referenceTo({ metadata }: Job) {
  const { namespace = '', name, uid, resourceVersion } = metadata;
  return { apiVersion: apiVersionOf(JOBS), kind: JOBS.kind, namespace, name, uid, resourceVersion };
}
