import { describe, expect, it } from 'vitest';
import { issuesOf, updateIssuesOf } from '../../../test/support/issues.ts';
import { LIMIT_RANGES, RESOURCE_QUOTAS } from '../kinds/resources.ts';

const limits = (...items: object[]) => ({ spec: { limits: items } });
const limit = (fields: object) => limits({ type: 'Container', ...fields });
const quota = (spec: object) => ({ spec });
const selector = (...matchExpressions: object[]) => quota({ hard: { pods: '1' }, scopeSelector: { matchExpressions } });
const at = 'spec.limits[0]';
const scopes = 'spec.scopeSelector.matchExpressions';

describe('src/api/validation/limits', () => {
  it.each<[string, object]>([
    ['nothing', limits()],
    [
      'all kinds of limits',
      limits(
        { type: 'Pod', max: { cpu: '1' } },
        { type: 'Container' },
        { type: 'PersistentVolumeClaim', min: { storage: '1Gi' } },
      ),
    ],
    ['devices by their full name', limit({ max: { 'example.com/gpu': '1' } })],
    [
      'a ratio that can be kept to',
      limit({ min: { cpu: '100m' }, max: { cpu: '1' }, maxLimitRequestRatio: { cpu: '10' } }),
    ],
  ])('accepts a LimitRange of %s', (_name, fields) => {
    expect(issuesOf(LIMIT_RANGES, { ...fields })).toEqual([]);
  });

  it.each<[string, object, string[]]>([
    [
      'another type',
      limits({ type: 'Node' }),
      [`${at}.type: Invalid value: "Node": must be a standard limit type or fully qualified`],
    ],
    ['one type twice', limits({ type: 'Pod' }, { type: 'Pod' }), ['spec.limits[1].type: Duplicate value: "Pod"']],
    [
      'defaults of a pod',
      limits({ type: 'Pod', default: { cpu: '1' }, defaultRequest: { cpu: '1' } }),
      [
        `${at}.default: Forbidden: may not be specified when \`type\` is 'Pod'`,
        `${at}.defaultRequest: Forbidden: may not be specified when \`type\` is 'Pod'`,
      ],
    ],
    [
      'a claim without storage',
      limits({ type: 'PersistentVolumeClaim' }),
      [`${at}.limits: Required value: either minimum or maximum storage value is required, but neither was provided`],
    ],
    [
      'a resource of no known name',
      limits({ type: 'Pod', max: { gpu: '1' } }),
      [
        `${at}.max[gpu]: Invalid value: "gpu": must be a standard resource type or fully qualified`,
        `${at}.max[gpu]: Invalid value: "gpu": must be a standard resource for containers`,
      ],
    ],
    [
      'a device that sounds like a request',
      limits({ type: 'Pod', max: { 'requests.example.com/gpu': '1' } }),
      [
        `${at}.max[requests.example.com/gpu]: Invalid value: "requests.example.com/gpu": doesn't follow extended resource name standard`,
      ],
    ],
    [
      'least above most',
      limits({ type: 'Pod', min: { cpu: '2' }, max: { cpu: '1' } }),
      [`${at}.min[cpu]: Invalid value: "2": min value 2 is greater than max value 1`],
    ],
    [
      'a request below the least',
      limit({ min: { cpu: '2' }, defaultRequest: { cpu: '1' } }),
      [`${at}.defaultRequest[cpu]: Invalid value: "1": min value 2 is greater than default request value 1`],
    ],
    [
      'a request above the most',
      limit({ max: { cpu: '1' }, default: { cpu: '1' }, defaultRequest: { cpu: '2' } }),
      [
        `${at}.defaultRequest[cpu]: Invalid value: "2": default request value 2 is greater than max value 1`,
        `${at}.defaultRequest[cpu]: Invalid value: "2": default request value 2 is greater than default limit value 1`,
      ],
    ],
    [
      'a default out of bounds',
      limit({
        min: { cpu: '2' },
        max: { memory: '1Mi' },
        default: { cpu: '1', memory: '2Mi' },
        defaultRequest: { cpu: '2', memory: '1Mi' },
      }),
      [
        `${at}.default[memory]: Invalid value: "1Mi": default value 2Mi is greater than max value 1Mi`,
        `${at}.defaultRequest[cpu]: Invalid value: "2": default request value 2 is greater than default limit value 1`,
        `${at}.default[cpu]: Invalid value: "2": min value 2 is greater than default value 1`,
      ],
    ],
    [
      'a ratio below 1',
      limit({ maxLimitRequestRatio: { cpu: '500m' } }),
      [`${at}.maxLimitRequestRatio[cpu]: Invalid value: "500m": ratio 500m is less than 1`],
    ],
    [
      'a ratio that never holds',
      limits({ type: 'Pod', min: { cpu: '2' }, max: { cpu: '3' }, maxLimitRequestRatio: { cpu: '2' } }),
      [`${at}.maxLimitRequestRatio[cpu]: Invalid value: "2": ratio 2 is greater than max/min = 1.500000`],
    ],
    [
      'devices that are shared',
      limit({ default: { 'example.com/gpu': '2' }, defaultRequest: { 'example.com/gpu': '1' } }),
      [
        `${at}.defaultRequest[example.com/gpu]: Invalid value: "1": default value 2 must equal to defaultRequest value 1 in example.com/gpu`,
      ],
    ],
  ])('refuses a LimitRange of %s', (_name, fields, expected) => {
    expect(issuesOf(LIMIT_RANGES, { ...fields })).toEqual(expected);
  });

  it.each<[string, object]>([
    ['nothing', {}],
    [
      'counts of any kind',
      quota({ hard: { 'count/deployments.apps': '4', 'requests.storage': '1Ti', 'hugepages-2Mi': '4Mi' } }),
    ],
    ['pods that never end', quota({ hard: { pods: '4', 'limits.cpu': '2' }, scopes: ['NotTerminating'] })],
    ['pods of some priority', selector({ scopeName: 'PriorityClass', operator: 'In', values: ['high'] })],
  ])('accepts a ResourceQuota of %s', (_name, fields) => {
    expect(issuesOf(RESOURCE_QUOTAS, { ...fields })).toEqual([]);
  });

  it.each<[string, object, string[]]>([
    [
      'a resource of no known name',
      quota({ hard: { gpu: '1' } }),
      [
        'spec.hard[gpu]: Invalid value: "gpu": must be a standard resource type or fully qualified',
        'spec.hard[gpu]: Invalid value: "gpu": must be a standard resource for quota',
      ],
    ],
    [
      'storage without its requests',
      quota({ hard: { storage: '1' } }),
      ['spec.hard[storage]: Invalid value: "storage": must be a standard resource for quota'],
    ],
    ['half a pod', quota({ hard: { pods: '500m' } }), ['spec.hard[pods]: Invalid value: "500m": must be an integer']],
    [
      'less than nothing',
      quota({ hard: { cpu: '-1' } }),
      ['spec.hard[cpu]: Invalid value: "-1": must be greater than or equal to 0'],
    ],
    ['another scope', quota({ scopes: ['Weekend'] }), ['spec.scopes: Invalid value: ["Weekend"]: unsupported scope']],
    [
      'what the scope cannot count',
      quota({ hard: { 'requests.cpu': '1' }, scopes: ['BestEffort'] }),
      ['spec.scopes: Invalid value: ["BestEffort"]: unsupported scope applied to resource'],
    ],
    [
      'opposite scopes',
      quota({ scopes: ['Terminating', 'NotTerminating'] }),
      ['spec.scopes: Invalid value: ["Terminating","NotTerminating"]: conflicting scopes'],
    ],
    [
      'a selector of another scope',
      selector({ scopeName: 'Weekend', operator: 'Exists' }),
      [`${scopes}.scopeName: Invalid value: "Weekend": unsupported scope`],
    ],
    [
      'a selector without values',
      selector({ scopeName: 'PriorityClass', operator: 'In' }),
      [
        `${scopes}.values: Required value: must be at least one value when \`operator\` is 'In' or 'NotIn' for scope selector`,
      ],
    ],
    [
      'a selector with values too many',
      selector({ scopeName: 'PriorityClass', operator: 'Exists', values: ['a'] }),
      [
        `${scopes}.values: Invalid value: ["a"]: must be no value when \`operator\` is 'Exist' or 'DoesNotExist' for scope selector`,
      ],
    ],
    [
      'a selector by an operator of its own',
      selector({ scopeName: 'PriorityClass', operator: 'Is' }),
      [`${scopes}.operator: Invalid value: "Is": not a valid selector operator`],
    ],
    [
      'a selector of a scope without values',
      selector({ scopeName: 'BestEffort', operator: 'NotIn', values: ['a'] }),
      [
        `${scopes}.operator: Invalid value: "NotIn": must be 'Exist' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity`,
      ],
    ],
    [
      'a selector of opposites',
      selector({ scopeName: 'BestEffort', operator: 'Exists' }, { scopeName: 'NotBestEffort', operator: 'Exists' }),
      [`${scopes}: Invalid value: []: conflicting scopes`],
    ],
    [
      'a count that is none',
      { status: { used: { pods: '1.5' } } },
      ['status.used[pods]: Invalid value: "1500m": must be an integer'],
    ],
  ])('refuses a ResourceQuota of %s', (_name, fields, expected) => {
    expect(issuesOf(RESOURCE_QUOTAS, { ...fields })).toEqual(expected);
  });

  it('keeps the scopes of a ResourceQuota, in whatever order, not its amounts', () => {
    const before = quota({ hard: { pods: '1' }, scopes: ['Terminating', 'NotBestEffort'] });
    const after = quota({ hard: { pods: '2' }, scopes: ['NotBestEffort', 'Terminating'] });
    expect(updateIssuesOf(RESOURCE_QUOTAS, before, after)).toEqual([]);
    expect(updateIssuesOf(RESOURCE_QUOTAS, before, quota({ hard: { pods: '1' } }))).toEqual([
      'spec.scopes: Invalid value: []: field is immutable',
    ]);
  });
});
