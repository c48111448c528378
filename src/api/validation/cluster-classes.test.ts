import { describe, expect, it } from 'vitest';
import { issuesOf, updateIssuesOf } from '../../../test/support/issues.ts';
import type { ResourceType } from '../kinds/resource.ts';
import { POD_DISRUPTION_BUDGETS, PRIORITY_CLASSES, RUNTIME_CLASSES } from '../kinds/resources.ts';

type Fields = Readonly<Record<string, unknown>>;

const named = (name: string, fields: Fields) => ({ metadata: { name }, ...fields });
const PERCENT =
  "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')";

describe('src/api/validation/cluster-classes', () => {
  it.each<[string, ResourceType, Fields]>([
    ['a budget of everything', POD_DISRUPTION_BUDGETS, { spec: { maxUnavailable: 0, selector: {} } }],
    ['a budget that says nothing', POD_DISRUPTION_BUDGETS, {}],
    ['the highest priority of users', PRIORITY_CLASSES, { value: 1_000_000_000, preemptionPolicy: 'Never' }],
    ['a negative priority', PRIORITY_CLASSES, { value: -5 }],
    ['a priority of the system', PRIORITY_CLASSES, named('system-node-critical', { value: 2_000_001_000 })],
    [
      'a runtime that costs something',
      RUNTIME_CLASSES,
      {
        handler: 'runsc',
        overhead: { podFixed: { cpu: '10m' } },
        scheduling: { nodeSelector: { a: 'b' }, tolerations: [{ operator: 'Exists' }] },
      },
    ],
  ])('accepts %s', (_name, resource, fields) => {
    expect(issuesOf(resource, fields)).toEqual([]);
  });

  it.each<[string, ResourceType, Fields, string[]]>([
    [
      'two budgets in one',
      POD_DISRUPTION_BUDGETS,
      { spec: { minAvailable: 1, maxUnavailable: 1 } },
      [
        'spec: Invalid value: {"minAvailable":1,"maxUnavailable":1}: minAvailable and maxUnavailable cannot be both set',
      ],
    ],
    [
      'less than nothing',
      POD_DISRUPTION_BUDGETS,
      { spec: { minAvailable: -1 } },
      ['spec.minAvailable: Invalid value: -1: must be greater than or equal to 0'],
    ],
    [
      'more than all',
      POD_DISRUPTION_BUDGETS,
      { spec: { maxUnavailable: '101%' } },
      ['spec.maxUnavailable: Invalid value: "101%": must not be greater than 100%'],
    ],
    [
      'no share',
      POD_DISRUPTION_BUDGETS,
      { spec: { maxUnavailable: 'half', unhealthyPodEvictionPolicy: 'Never' } },
      [
        `spec.maxUnavailable: Invalid value: "half": ${PERCENT}`,
        'spec.unhealthyPodEvictionPolicy: Unsupported value: "Never": supported values: "AlwaysAllow", "IfHealthyBudget"',
      ],
    ],
    [
      'fewer pods than none',
      POD_DISRUPTION_BUDGETS,
      { status: { expectedPods: -1 } },
      ['status.expectedPods: Invalid value: -1: must be greater than or equal to 0'],
    ],
    [
      'a priority above all users',
      PRIORITY_CLASSES,
      { value: 1_000_000_001, preemptionPolicy: 'Sometimes' },
      [
        'value: Forbidden: maximum allowed value of a user defined priority is 1000000000',
        'preemptionPolicy: Unsupported value: "Sometimes": supported values: "Never", "PreemptLowerPriority"',
      ],
    ],
    ...[
      ['system-mine', 1, 'system-mine is not a known system priority class'],
      ['system-node-critical', 1, 'value of system-node-critical PriorityClass must be 2000001000'],
    ].map(([name, value, why]): [string, ResourceType, Fields, string[]] => [
      `the name ${name} for ${value}`,
      PRIORITY_CLASSES,
      named(String(name), { value }),
      [
        `metadata.name: Forbidden: priority class names with 'system-' prefix are reserved for system use only. error: ${why}`,
      ],
    ]),
    ['a runtime of no name', RUNTIME_CLASSES, {}, ['handler: Required value']],
    [
      'a runtime that is a path, at no price',
      RUNTIME_CLASSES,
      {
        handler: '/bin/sh',
        overhead: { podFixed: { cpu: '-1' } },
        scheduling: { tolerations: [{ operator: 'Exists' }, { operator: 'Exists' }] },
      },
      [
        "handler: Invalid value: \"/bin/sh\": a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')",
        'overhead.limits[cpu]: Invalid value: "-1": must be greater than or equal to 0',
        'scheduling.tolerations[1]: Duplicate value: {"operator":"Exists"}',
      ],
    ],
  ])('refuses %s', (_name, resource, fields, expected) => {
    expect(issuesOf(resource, fields)).toEqual(expected);
  });

  it.each<[string, ResourceType, Fields, Fields, string[]]>([
    ['value', PRIORITY_CLASSES, { value: 1 }, { value: 2 }, ['value: Forbidden: may not be changed in an update.']],
    [
      'preemption',
      PRIORITY_CLASSES,
      { value: 1 },
      { value: 1, preemptionPolicy: 'Never' },
      ['preemptionPolicy: Invalid value: "Never": field is immutable'],
    ],
    ['description', PRIORITY_CLASSES, { value: 1 }, { value: 1, description: 'x', globalDefault: true }, []],
    [
      'handler',
      RUNTIME_CLASSES,
      { handler: 'a' },
      { handler: 'b' },
      ['handler: Invalid value: "b": field is immutable'],
    ],
    ['size of a budget', POD_DISRUPTION_BUDGETS, { spec: { minAvailable: 1 } }, { spec: { maxUnavailable: 1 } }, []],
  ])('lets an update change the %s, or says why not', (_name, resource, before, after, expected) => {
    expect(updateIssuesOf(resource, before, after)).toEqual(expected);
  });
});
