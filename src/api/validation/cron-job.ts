/** Rules of CronJobs. Source: kubernetes pkg/apis/batch/validation/validation.go (v1.32). */
import type { CronJob } from '../kinds/types.ts';
import { cronProblem } from '../values/cron.ts';
import { isTimeZone } from '../values/time-zone.ts';
import { checked, type Issues, type Loose, notNegativeNumber, requiredOneOf, requiredText } from './checks.ts';
import { invalid, required, unsupported } from './issues.ts';
import { validateJobSpec } from './job.ts';

/** The controller adds a dash and ten digits to the name of each Job, which has to stay a DNS label. */
const MAX_NAME = 63 - 11;

export function* validateCronJob({ spec = {} }: Loose<CronJob>): Issues {
  yield* requiredText('spec.schedule', spec.schedule, cronProblem);
  yield* notNegativeNumber('spec.startingDeadlineSeconds', spec.startingDeadlineSeconds);
  yield* requiredOneOf('spec.concurrencyPolicy', spec.concurrencyPolicy, ['Allow', 'Forbid', 'Replace']);
  const job = spec.jobTemplate?.spec;
  if (job === undefined) yield required('spec.jobTemplate.spec');
  else {
    const path = 'spec.jobTemplate.spec';
    yield* validateJobSpec(job, path);
    if (job.selector !== undefined)
      yield invalid(`${path}.selector`, job.selector, '`selector` will be auto-generated');
    if (job.manualSelector === true) yield unsupported(`${path}.manualSelector`, true, ['nil', 'false']);
  }
  yield* notNegativeNumber('spec.successfulJobsHistoryLimit', spec.successfulJobsHistoryLimit);
  yield* notNegativeNumber('spec.failedJobsHistoryLimit', spec.failedJobsHistoryLimit);
}

export function* validateCronJobCreate({ metadata, spec }: Loose<CronJob>): Issues {
  const name = metadata?.name ?? '';
  if (name.length > MAX_NAME) yield invalid('metadata.name', name, `must be no more than ${MAX_NAME} characters`);
  yield* checked('spec.schedule', spec?.schedule, zoneInSchedule);
  yield* checked('spec.timeZone', spec?.timeZone, timeZoneProblem);
}

/** What was let in once may stay. */
export function* validateCronJobUpdate({ spec = {} }: Loose<CronJob>, { spec: old = {} }: Loose<CronJob>): Issues {
  const { schedule = '', timeZone } = spec;
  if (!(old.schedule ?? '').includes('TZ')) yield* checked('spec.schedule', schedule, zoneInSchedule);
  else if (schedule.includes('TZ') && timeZone !== undefined) {
    yield invalid('spec.schedule', schedule, 'cannot use both timeZone field and TZ or CRON_TZ in schedule');
  }
  if (timeZone !== old.timeZone) yield* checked('spec.timeZone', timeZone, timeZoneProblem);
}

function zoneInSchedule(schedule: string): string | undefined {
  return schedule.includes('TZ') ? 'cannot use TZ or CRON_TZ in schedule, use timeZone field instead' : undefined;
}

/** Source: https://data.iana.org/time-zones/theory.html#naming. */
const ZONE_PART = /^(?!-)(?!\.{1,2}$)[A-Za-z._0-9+-]{1,14}$/;

function timeZoneProblem(name: string): string | undefined {
  if (name === '') return 'timeZone must be nil or non-empty string';
  if (!name.split('/').every((part) => ZONE_PART.test(part))) return `unknown time zone ${name}`;
  if (name.toLowerCase() === 'local') {
    return 'timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones';
  }
  return isTimeZone(name) ? undefined : `unknown time zone ${name}`;
}
