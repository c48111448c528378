import { describe, expect, it } from 'vitest';
import { issuesOf, updateIssuesOf } from '../../../test/support/issues.ts';
import { JOBS } from '../kinds/resources.ts';
import { generatedLabels } from './job.ts';
import { countIndexes } from './job-policies.ts';

const template = { spec: { containers: [{ name: 'main', image: 'a:1' }], restartPolicy: 'Never' } };
const job = (fields: object) => ({ spec: { template, ...fields } });
const indexed = (fields: object) => job({ completionMode: 'Indexed', completions: 3, ...fields });
const failing = (...rules: object[]) => job({ podFailurePolicy: { rules } });
const exitCodes = (onExitCodes: object) => failing({ action: 'FailJob', onExitCodes });
const succeeding = (...rules: object[]) => indexed({ successPolicy: { rules } });
const RULE = 'spec.podFailurePolicy.rules[0]';

/** A Job as the server has made it. */
const made = (fields: object, labels: object = generatedLabels('web', 'u')) => ({
  metadata: { uid: 'u' },
  spec: {
    selector: { matchLabels: { 'batch.kubernetes.io/controller-uid': 'u' } },
    template: { ...template, metadata: { labels } },
    ...fields,
  },
});

describe('src/api/validation/job', () => {
  it.each<[string, object]>([
    ['of Git, without a selector', job({})],
    ['that was made', made({})],
    ['that chooses its pods', made({ manualSelector: true, selector: { matchLabels: { a: 'b' } } }, { a: 'b' })],
    ['of many numbered pods', indexed({ backoffLimitPerIndex: 1, maxFailedIndexes: 2 })],
    ['that somebody else runs', job({ managedBy: 'acme.io/queue' })],
    ['with a policy', exitCodes({ operator: 'In', values: [1, 2, 42], containerName: 'main' })],
    ['that is done early', succeeding({ succeededIndexes: '0,2', succeededCount: 1 })],
  ])('accepts a Job %s', (_name, fields) => {
    expect(issuesOf(JOBS, { ...fields })).toEqual([]);
  });

  it.each<[string, object, string[]]>([
    ['of nothing', { spec: {} }, ['spec.template: Required value']],
    [
      'that never ends',
      job({ template: { spec: { containers: template.spec.containers } } }),
      ['spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"'],
    ],
    [
      'of fewer than none',
      job({
        parallelism: -1,
        completions: -1,
        backoffLimit: -1,
        activeDeadlineSeconds: -1,
        ttlSecondsAfterFinished: -1,
      }),
      ['parallelism', 'completions', 'activeDeadlineSeconds', 'backoffLimit', 'ttlSecondsAfterFinished'].map(
        (field) => `spec.${field}: Invalid value: -1: must be greater than or equal to 0`,
      ),
    ],
    [
      'with a limit per index but no index',
      job({ backoffLimitPerIndex: 1, successPolicy: { rules: [] } }),
      [
        'spec.backoffLimitPerIndex: Invalid value: 1: requires indexed completion mode',
        'spec.successPolicy: Invalid value: {"rules":[]}: requires indexed completion mode',
      ],
    ],
    [
      'of numbered pods without a number',
      job({ completionMode: 'Indexed', parallelism: 100_001, maxFailedIndexes: 1 }),
      [
        'spec.backoffLimitPerIndex: Required value: when maxFailedIndexes is specified',
        'spec.completions: Required value: when completion mode is Indexed',
        'spec.parallelism: Invalid value: 100001: must be less than or equal to 100000 when completion mode is Indexed',
      ],
    ],
    [
      'of too many numbered pods',
      indexed({ completions: 100_001, backoffLimitPerIndex: 1, parallelism: 10_001 }),
      [
        'spec.maxFailedIndexes: Required value: must be specified when completions is above 100000',
        'spec.parallelism: Invalid value: 10001: must be less than or equal to 10000 when completions are above 100000 and used with backoff limit per index',
      ],
    ],
    [
      'whose last pod has no name',
      { ...indexed({}), metadata: { name: 'a'.repeat(63) } },
      [
        `metadata.name: Invalid value: "${'a'.repeat(63)}": will not able to create pod with invalid DNS label: ${'a'.repeat(63)}-2`,
      ],
    ],
    [
      'of words of its own',
      job({ completionMode: 'Some', podReplacementPolicy: 'Never', managedBy: 'queue' }),
      [
        'spec.managedBy: Invalid value: "queue": must be a domain-prefixed path (such as "acme.io/foo")',
        'spec.completionMode: Unsupported value: "Some": supported values: "Indexed", "NonIndexed"',
        'spec.podReplacementPolicy: Unsupported value: "Never": supported values: "Failed", "TerminatingOrFailed"',
      ],
    ],
    [
      'with a policy of nothing',
      failing({ action: 'Panic' }),
      [
        `${RULE}.action: Unsupported value: "Panic": supported values: "Count", "FailIndex", "FailJob", "Ignore"`,
        `${RULE}: Invalid value: specifying one of OnExitCodes and OnPodConditions is required`,
      ],
    ],
    [
      'with wrong exit codes',
      exitCodes({ operator: 'In', values: [2, 0, 2], containerName: 'other' }),
      [
        `${RULE}.onExitCodes.containerName: Invalid value: "other": must be one of the container or initContainer names in the pod template`,
        `${RULE}.onExitCodes.values[1]: Invalid value: 0: must not be 0 for the In operator`,
        `${RULE}.onExitCodes.values[2]: Duplicate value: 2`,
        `${RULE}.onExitCodes.values: Invalid value: [2,0,2]: must be ordered`,
      ],
    ],
    [
      'with a rule of two kinds, for an index that has none',
      failing({
        action: 'FailIndex',
        onExitCodes: { operator: 'NotIn', values: [0] },
        onPodConditions: [{ type: 'Disrupted' }],
      }),
      [
        `${RULE}.action: Invalid value: "FailIndex": requires the backoffLimitPerIndex to be set`,
        `${RULE}: Invalid value: specifying both OnExitCodes and OnPodConditions is not supported`,
      ],
    ],
    [
      'whose pods start again in spite of a policy',
      job({
        ...exitCodes({ operator: 'NotIn', values: [0] }).spec,
        template: { spec: { ...template.spec, restartPolicy: 'OnFailure' } },
      }),
      [
        'spec.template.spec.restartPolicy: Invalid value: "OnFailure": only "Never" is supported when podFailurePolicy is specified',
      ],
    ],
    [
      'that is never done',
      succeeding({}, { succeededIndexes: '0-3' }, { succeededIndexes: '0,1', succeededCount: 3 }),
      [
        'spec.successPolicy.rules[0]: Required value: at least one of succeededCount or succeededIndexes must be specified',
        'spec.successPolicy.rules[1].succeededIndexes: Invalid value: "0-3": error parsing succeededIndexes: too large index: "3"',
        'spec.successPolicy.rules[2].succeededCount: Invalid value: 3: must be less than or equal to 2 (the number of indexes in the specified succeededIndexes field)',
      ],
    ],
    [
      'that was made for the pods of another',
      made({}, { ...generatedLabels('web', 'u'), 'controller-uid': 'other' }),
      [
        `spec.template.metadata.labels[controller-uid]: Invalid value: ${JSON.stringify({ ...generatedLabels('web', 'u'), 'controller-uid': 'other' })}: must be 'u'`,
      ],
    ],
    [
      'with a selector of its own that nobody asked for',
      made({ selector: { matchLabels: { a: 'b' } } }, { ...generatedLabels('web', 'u'), a: 'b' }),
      ['spec.selector: Invalid value: {"matchLabels":{"a":"b"}}: `selector` not auto-generated'],
    ],
    [
      'that chooses no pods',
      made({ manualSelector: true, selector: undefined }, {}),
      ['spec.selector: Required value'],
    ],
    [
      'that both failed and is complete',
      {
        ...job({}),
        status: { active: -1, conditions: ['Complete', 'Failed'].map((type) => ({ type, status: 'True' })) },
      },
      [
        'status.active: Invalid value: -1: must be greater than or equal to 0',
        'status.conditions: Invalid value: cannot set Complete=True and Failed=true conditions',
      ],
    ],
  ])('refuses a Job %s', (_name, fields, expected) => {
    expect(issuesOf(JOBS, { ...fields })).toEqual(expected);
  });

  const moved = { spec: { ...template.spec, nodeSelector: { disk: 'fast' }, tolerations: [{ operator: 'Exists' }] } };
  it.each<[string, object, object, string[]]>([
    ['parallelism and suspend', job({}), job({ completions: 1, parallelism: 5, suspend: true, backoffLimit: 1 }), []],
    [
      'completions',
      job({ completions: 1 }),
      job({ completions: 2 }),
      ['spec.completions: Invalid value: 2: field is immutable'],
    ],
    ['completions of numbered pods', indexed({ parallelism: 3 }), indexed({ completions: 5, parallelism: 5 }), []],
    [
      'completions of numbered pods alone',
      indexed({ parallelism: 3 }),
      indexed({ completions: 5, parallelism: 3 }),
      ['spec.completions: Invalid value: 5: can only be modified in tandem with spec.parallelism'],
    ],
    [
      'completion mode',
      job({ completions: 3 }),
      indexed({}),
      ['spec.completionMode: Invalid value: "Indexed": field is immutable'],
    ],
    [
      'selector',
      made({ manualSelector: true, selector: { matchLabels: { a: 'b' } } }, { a: 'b', c: 'd' }),
      made({ manualSelector: true, selector: { matchLabels: { c: 'd' } } }, { a: 'b', c: 'd' }),
      ['spec.selector: Invalid value: {"matchLabels":{"c":"d"}}: field is immutable'],
    ],
    ['place of one that waits', job({ suspend: true }), job({ suspend: true, template: moved }), []],
    [
      'keeper',
      job({ managedBy: 'a.io/b' }),
      job({ managedBy: 'a.io/c' }),
      ['spec.managedBy: Invalid value: "a.io/c": field is immutable'],
    ],
  ])('lets an update of the %s pass, or says why not', (_name, before, after, expected) => {
    expect(updateIssuesOf(JOBS, { ...before }, { ...after })).toEqual(expected);
  });

  const started = { status: { startTime: '2026-01-01T00:00:00Z' } };
  const image = { spec: { ...template.spec, containers: [{ name: 'main', image: 'a:2' }] } };
  it.each<[string, object, object]>([
    ['runs', job({}), job({ template: moved })],
    ['began once', { ...job({ suspend: true }), ...started }, job({ suspend: true, template: moved })],
    ['waits, in its image', job({ suspend: true }), job({ suspend: true, template: image })],
  ])('does not let an update change the template of one that %s', (_name, before, after) => {
    const issues = updateIssuesOf(JOBS, { ...before }, { ...after });
    expect(issues).toEqual([expect.stringMatching(/^spec\.template: Invalid value: .*: field is immutable$/)]);
  });

  it.each<[string, number | string]>([
    ['', 0],
    ['0', 1],
    ['1,3-5,7', 5],
    ['5-3', 'non-increasing order, previous: 5, current: 3'],
    ['1,1', 'non-increasing order, previous: 1, current: 1'],
    [
      '1-2-3',
      'the fragment "1-2-3" violates the requirement that an index interval can have at most two parts separated by \'-\'',
    ],
    ['x', 'cannot convert string to integer for index: "x"'],
    ['10', 'too large index: "10"'],
  ])('counts the indexes of %j', (text, expected) => {
    expect(countIndexes(text, 10)).toEqual(expected);
  });
});
