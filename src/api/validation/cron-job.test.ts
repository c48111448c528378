import { describe, expect, it } from 'vitest';
import { issuesOf, updateIssuesOf } from '../../../test/support/issues.ts';
import { CRON_JOBS } from '../kinds/resources.ts';

const template = { spec: { containers: [{ name: 'main', image: 'a:1' }], restartPolicy: 'Never' } };
const cronJob = (fields: object, spec: object = {}) => ({
  spec: { schedule: '0 3 * * *', jobTemplate: { spec: { template, ...spec } }, ...fields },
});
const IN_SCHEDULE = 'cannot use TZ or CRON_TZ in schedule, use timeZone field instead';

describe('src/api/validation/cron-job', () => {
  it.each<[string, object]>([
    ['of every night', cronJob({})],
    ['of a city', cronJob({ timeZone: 'Europe/Paris' })],
    ['with a name of 52 characters', { ...cronJob({}), metadata: { name: 'a'.repeat(52) } }],
  ])('accepts a CronJob %s', (_name, fields) => {
    expect(issuesOf(CRON_JOBS, { ...fields })).toEqual([]);
  });

  it.each<[string, object, string[]]>([
    ['of no time', cronJob({ schedule: '' }), ['spec.schedule: Required value']],
    [
      'of a time that never comes',
      cronJob({ schedule: '61 * * * *' }),
      ['spec.schedule: Invalid value: "61 * * * *": end of range (61) above maximum (59): 61'],
    ],
    [
      'of a zone within the schedule',
      cronJob({ schedule: 'TZ=UTC 0 3 * * *' }),
      [`spec.schedule: Invalid value: "TZ=UTC 0 3 * * *": ${IN_SCHEDULE}`],
    ],
    ...['Nowhere/Land', '../etc', 'a'.repeat(15), 'Europe/Paris;'].map((timeZone): [string, object, string[]] => [
      `of the zone ${timeZone}`,
      cronJob({ timeZone }),
      [`spec.timeZone: Invalid value: ${JSON.stringify(timeZone)}: unknown time zone ${timeZone}`],
    ]),
    [
      'of wherever it is',
      cronJob({ timeZone: 'Local' }),
      [
        'spec.timeZone: Invalid value: "Local": timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones',
      ],
    ],
    [
      'with too long a name',
      { ...cronJob({}), metadata: { name: 'a'.repeat(53) } },
      [`metadata.name: Invalid value: "${'a'.repeat(53)}": must be no more than 52 characters`],
    ],
    [
      'of words and numbers of its own',
      cronJob({
        concurrencyPolicy: 'Maybe',
        startingDeadlineSeconds: -1,
        successfulJobsHistoryLimit: -1,
        failedJobsHistoryLimit: -1,
      }),
      [
        'spec.startingDeadlineSeconds: Invalid value: -1: must be greater than or equal to 0',
        'spec.concurrencyPolicy: Unsupported value: "Maybe": supported values: "Allow", "Forbid", "Replace"',
        'spec.successfulJobsHistoryLimit: Invalid value: -1: must be greater than or equal to 0',
        'spec.failedJobsHistoryLimit: Invalid value: -1: must be greater than or equal to 0',
      ],
    ],
    [
      'of Jobs that choose their pods',
      cronJob({}, { selector: { matchLabels: { a: 'b' } }, manualSelector: true }),
      [
        'spec.jobTemplate.spec.selector: Invalid value: {"matchLabels":{"a":"b"}}: `selector` will be auto-generated',
        'spec.jobTemplate.spec.manualSelector: Unsupported value: true: supported values: "false", "nil"',
      ],
    ],
    [
      'of Jobs that never end',
      cronJob({}, { template: { spec: { containers: template.spec.containers } } }),
      ['spec.jobTemplate.spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"'],
    ],
  ])('refuses a CronJob %s', (_name, fields, expected) => {
    expect(issuesOf(CRON_JOBS, { ...fields })).toEqual(expected);
  });

  const zoned = (zone: string, fields: object = {}) => cronJob({ schedule: `TZ=${zone} 0 3 * * *`, ...fields });
  it.each<[string, object, object, string[]]>([
    ['anything', cronJob({}), cronJob({ schedule: '@daily', suspend: true, concurrencyPolicy: 'Forbid' }), []],
    ['a zone that was let in once', zoned('UTC'), zoned('Europe/Paris'), []],
    [
      'a zone to two',
      zoned('UTC'),
      zoned('UTC', { timeZone: 'Etc/UTC' }),
      [
        'spec.schedule: Invalid value: "TZ=UTC 0 3 * * *": cannot use both timeZone field and TZ or CRON_TZ in schedule',
      ],
    ],
    [
      'no zone to one in the schedule',
      cronJob({}),
      zoned('UTC'),
      [`spec.schedule: Invalid value: "TZ=UTC 0 3 * * *": ${IN_SCHEDULE}`],
    ],
    [
      'the zone to none that is',
      cronJob({ timeZone: 'Etc/UTC' }),
      cronJob({ timeZone: 'Mars/Base' }),
      ['spec.timeZone: Invalid value: "Mars/Base": unknown time zone Mars/Base'],
    ],
    [
      'other things beside a zone long gone',
      cronJob({ timeZone: 'Mars/Base' }),
      cronJob({ timeZone: 'Mars/Base', suspend: true }),
      [],
    ],
  ])('lets an update change %s, or says why not', (_name, before, after, expected) => {
    expect(updateIssuesOf(CRON_JOBS, { ...before }, { ...after })).toEqual(expected);
  });
});
