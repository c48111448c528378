import {
  ageSince,
  CRON_JOBS,
  type CronJob,
  formatSelectorObject,
  generatedLabels,
  humanDuration,
  JOBS,
  type Job,
  type KubeObject,
} from '#api';
import type { ResourceRow } from '../api.ts';
import { NONE, UNSET } from '../format.ts';
import { ageColumn, column, wide } from './column.ts';
import { allVerbs, statusOf } from './shared.ts';
import { countGeneration, firstGeneration, keepStatus, onCreate, onUpdate, startStatus } from './strategy.ts';
import { templateColumns } from './workloads.ts';

export const jobRow: ResourceRow = {
  type: JOBS,
  singular: 'job',
  categories: ['all'],
  verbs: allVerbs,
  subresources: statusOf(JOBS),
  columns: [
    column<Job>('Status', 'string', jobStatus),
    column<Job>('Completions', 'string', completions),
    column<Job>('Duration', 'string', duration),
    ageColumn,
    ...templateColumns<Job>(({ spec }) => spec.template),
    wide<Job>('Selector', 'string', ({ spec }) => formatSelectorObject(spec.selector)),
  ],
  fieldSelectors: { 'status.successful': (object) => String((object as Job).status?.succeeded ?? 0) },
  prepareForCreate: onCreate(startStatus({}), firstGeneration, withGeneratedSelector),
  prepareForUpdate: onUpdate(keepStatus, countGeneration('spec')),
};

/** Source: pkg/printers/internalversion/printers.go, printJob (v1.32). */
function jobStatus({ metadata, status }: Job): string {
  const holds = (type: string) => status?.conditions?.some((each) => each.type === type && each.status === 'True');
  if (holds('Complete')) return 'Complete';
  if (holds('Failed')) return 'Failed';
  if (metadata.deletionTimestamp !== undefined) return 'Terminating';
  return ['Suspended', 'FailureTarget', 'SuccessCriteriaMet'].find(holds) ?? 'Running';
}

function completions({ spec, status }: Job): string {
  const succeeded = status?.succeeded ?? 0;
  if (spec.completions !== undefined) return `${succeeded}/${spec.completions}`;
  const parallelism = spec.parallelism ?? 0;
  return parallelism > 1 ? `${succeeded}/1 of ${parallelism}` : `${succeeded}/1`;
}

/** From the start to the end, or until now; empty before the start. */
function duration({ status }: Job, nowMs: number): string {
  if (status?.startTime === undefined) return '';
  const end = status.completionTime === undefined ? nowMs : Date.parse(status.completionTime);
  return humanDuration(end - Date.parse(status.startTime));
}

/**
 * A Job that does not choose its pods itself finds them by its own uid, so that no two Jobs share any.
 * Source: kubernetes pkg/registry/batch/job/strategy.go, generateSelector (v1.32).
 */
function withGeneratedSelector(object: KubeObject): KubeObject {
  const { spec, metadata } = object as Job;
  if (spec?.template === undefined) return object;
  const { template, selector } = spec;
  const { uid } = metadata;
  const own = generatedLabels(metadata.name, uid);
  const given = template.metadata?.labels ?? {};
  // Labels that a person wrote under these names stay: validation says what is wrong with them.
  const generated = Object.entries(own).filter(([key]) => !Object.hasOwn(given, key.replace(/^.*\//, '')));
  const templateLabels = spec.manualSelector === true ? given : { ...given, ...Object.fromEntries(generated) };
  const key = 'batch.kubernetes.io/controller-uid';
  const matchLabels = { [key]: uid, ...selector?.matchLabels };
  const labels = Object.keys(metadata.labels ?? {}).length === 0 ? templateLabels : metadata.labels;
  return {
    ...object,
    metadata: { ...metadata, ...(Object.keys(labels ?? {}).length === 0 ? {} : { labels }) },
    spec: {
      ...spec,
      ...(spec.manualSelector === true ? {} : { selector: { ...selector, matchLabels } }),
      template: { ...template, metadata: { ...template.metadata, labels: templateLabels } },
    },
  } as KubeObject;
}

export const cronJobRow: ResourceRow = {
  type: CRON_JOBS,
  singular: 'cronjob',
  shortNames: ['cj'],
  categories: ['all'],
  verbs: allVerbs,
  subresources: statusOf(CRON_JOBS),
  columns: [
    column<CronJob>('Schedule', 'string', ({ spec }) => spec.schedule),
    column<CronJob>('Timezone', 'string', ({ spec }) => spec.timeZone ?? NONE),
    column<CronJob>('Suspend', 'boolean', ({ spec }) => (spec.suspend === undefined ? UNSET : goBoolean(spec.suspend))),
    column<CronJob>('Active', 'integer', ({ status }) => status?.active?.length ?? 0),
    column<CronJob>('Last Schedule', 'string', ({ status }, nowMs) =>
      status?.lastScheduleTime === undefined ? NONE : ageSince(status.lastScheduleTime, nowMs),
    ),
    ageColumn,
    ...templateColumns<CronJob>(({ spec }) => spec.jobTemplate?.spec?.template),
    wide<CronJob>('Selector', 'string', ({ spec }) => formatSelectorObject(spec.jobTemplate?.spec?.selector)),
  ],
  prepareForCreate: onCreate(startStatus({}), firstGeneration),
  prepareForUpdate: onUpdate(keepStatus, countGeneration('spec')),
};

const goBoolean = (value: boolean) => (value ? 'True' : 'False');
