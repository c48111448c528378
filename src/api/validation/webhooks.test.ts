import { describe, expect, it } from 'vitest';
import { issuesOf, updateIssuesOf } from '../../../test/support/issues.ts';
import type { ResourceType } from '../kinds/resource.ts';
import { API_SERVICES, CSI_NODES, MUTATING_WEBHOOKS, VALIDATING_WEBHOOKS } from '../kinds/resources.ts';

type Fields = Readonly<Record<string, unknown>>;

const rule = { operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['pods'] };
const right = {
  name: 'a.example.com',
  admissionReviewVersions: ['v1', 'v2'],
  sideEffects: 'None',
  clientConfig: { url: 'https://web.example.com/check' },
  rules: [rule],
};
/** A configuration whose one webhook differs in these fields. */
const webhook = (fields: Fields) => ({ webhooks: [{ ...right, ...fields }] });
const withRule = (fields: Fields) => webhook({ rules: [{ ...rule, ...fields }] });
const service = (fields: Fields) =>
  webhook({ clientConfig: { service: { namespace: 'site', name: 'web', ...fields } } });
const apiService = (spec: Fields, name = 'v1.example.com') => ({
  metadata: { name },
  spec: { group: 'example.com', version: 'v1', groupPriorityMinimum: 20_000, versionPriority: 1_000, ...spec },
});
const driver = { name: 'disk.example.com', nodeID: 'n1' };
const csiNode = (...drivers: readonly Fields[]) => ({ spec: { drivers } });
const FORM = '; desired format: https://host[/path]';

describe('src/api/validation/webhooks', () => {
  it.each<[string, ResourceType, Fields]>([
    ['no webhooks', VALIDATING_WEBHOOKS, {}],
    ['a webhook by URL', VALIDATING_WEBHOOKS, webhook({})],
    ['a webhook by Service', VALIDATING_WEBHOOKS, service({ path: '/a/b/', port: 8443 })],
    [
      'a rule of everything',
      MUTATING_WEBHOOKS,
      withRule({ operations: ['*'], apiGroups: ['*'], apiVersions: ['*'], resources: ['*', '*/scale'], scope: '*' }),
    ],
    ['a condition', MUTATING_WEBHOOKS, webhook({ matchConditions: [{ name: 'a', expression: 'true' }] })],
    ['an API of this server', API_SERVICES, apiService({})],
    [
      'the API of another',
      API_SERVICES,
      apiService({ service: { namespace: 'a', name: 'b', port: 443 }, insecureSkipTLSVerify: true }),
    ],
    ['the core API', API_SERVICES, apiService({ group: '' }, 'v1.')],
    ['a node without drivers', CSI_NODES, csiNode()],
    ['a driver', CSI_NODES, csiNode({ ...driver, allocatable: { count: 0 }, topologyKeys: ['example.com/zone'] })],
  ])('accepts %s', (_name, resource, fields) => {
    expect(issuesOf(resource, fields)).toEqual([]);
  });

  it.each<[string, ResourceType, Fields, string[]]>([
    [
      'a short name',
      VALIDATING_WEBHOOKS,
      webhook({ name: 'example.com' }),
      [
        'webhooks[0].name: Invalid value: "example.com": should be a domain with at least three segments separated by dots',
      ],
    ],
    [
      'two of one name',
      VALIDATING_WEBHOOKS,
      { webhooks: [right, right] },
      ['webhooks[1].name: Duplicate value: "a.example.com"'],
    ],
    [
      'no version of the review',
      VALIDATING_WEBHOOKS,
      webhook({ admissionReviewVersions: [] }),
      ['webhooks[0].admissionReviewVersions: Required value: must specify one of v1, v1beta1'],
    ],
    [
      'strange versions, twice',
      VALIDATING_WEBHOOKS,
      webhook({ admissionReviewVersions: ['v3', 'v3'] }),
      [
        'webhooks[0].admissionReviewVersions[1]: Invalid value: "v3": duplicate version',
        'webhooks[0].admissionReviewVersions: Invalid value: ["v3","v3"]: must include at least one of v1, v1beta1',
      ],
    ],
    [
      'side effects',
      VALIDATING_WEBHOOKS,
      webhook({ sideEffects: 'Some' }),
      ['webhooks[0].sideEffects: Unsupported value: "Some": supported values: "None", "NoneOnDryRun"'],
    ],
    [
      'silence about side effects',
      VALIDATING_WEBHOOKS,
      webhook({ sideEffects: '' }),
      ['webhooks[0].sideEffects: Required value: must specify one of None, NoneOnDryRun'],
    ],
    [
      'a long wait',
      VALIDATING_WEBHOOKS,
      webhook({ timeoutSeconds: 31 }),
      ['webhooks[0].timeoutSeconds: Invalid value: 31: the timeout value must be between 1 and 30 seconds'],
    ],
    [
      'policies nobody knows',
      MUTATING_WEBHOOKS,
      webhook({ failurePolicy: 'a', matchPolicy: 'b', reinvocationPolicy: 'c' }),
      [
        'webhooks[0].failurePolicy: Unsupported value: "a": supported values: "Fail", "Ignore"',
        'webhooks[0].matchPolicy: Unsupported value: "b": supported values: "Equivalent", "Exact"',
        'webhooks[0].reinvocationPolicy: Unsupported value: "c": supported values: "IfNeeded", "Never"',
      ],
    ],
    [
      'an empty rule',
      VALIDATING_WEBHOOKS,
      webhook({ rules: [{}] }),
      ['operations', 'apiGroups', 'apiVersions', 'resources'].map(
        (field) => `webhooks[0].rules[0].${field}: Required value`,
      ),
    ],
    [
      'a star and more',
      VALIDATING_WEBHOOKS,
      withRule({ operations: ['*', 'CREATE'], resources: ['*', 'pods'] }),
      [
        'webhooks[0].rules[0].operations: Invalid value: ["*","CREATE"]: if \'*\' is present, must not specify other operations',
        'webhooks[0].rules[0].resources: Invalid value: ["*","pods"]: if \'*\' is present, must not specify other resources without subresources',
      ],
    ],
    [
      'parts that are named twice',
      VALIDATING_WEBHOOKS,
      withRule({ resources: ['pods/*', 'pods/log'], operations: ['LOOK'], scope: 'All' }),
      [
        'webhooks[0].rules[0].operations[0]: Unsupported value: "LOOK": supported values: "*", "CONNECT", "CREATE", "DELETE", "UPDATE"',
        'webhooks[0].rules[0].resources[1]: Invalid value: "pods/log": if \'pods/*\' is present, must not specify pods/log',
        'webhooks[0].rules[0].scope: Unsupported value: "All": supported values: "*", "Cluster", "Namespaced"',
      ],
    ],
    [
      'nobody to ask',
      VALIDATING_WEBHOOKS,
      webhook({ clientConfig: {} }),
      ['webhooks[0].clientConfig: Required value: exactly one of url or service is required'],
    ],
    [
      'an open URL',
      VALIDATING_WEBHOOKS,
      webhook({ clientConfig: { url: 'http://u@example.com/?a#b' } }),
      [
        `webhooks[0].clientConfig.url: Invalid value: "http://u@example.com/?a#b": 'https' is the only allowed URL scheme${FORM}`,
        'webhooks[0].clientConfig.url: Invalid value: "": user information is not permitted in the URL',
        'webhooks[0].clientConfig.url: Invalid value: "b": fragments are not permitted in the URL',
        'webhooks[0].clientConfig.url: Invalid value: "a": query parameters are not permitted in the URL',
      ],
    ],
    [
      'no URL',
      VALIDATING_WEBHOOKS,
      webhook({ clientConfig: { url: '' } }),
      [`webhooks[0].clientConfig.url: Required value: url must be a valid URL${FORM}`],
    ],
    [
      'a Service without a name',
      VALIDATING_WEBHOOKS,
      service({ name: '', namespace: '' }),
      [
        'webhooks[0].clientConfig.service.name: Required value',
        'webhooks[0].clientConfig.service.namespace: Required value',
      ],
    ],
    [
      'a hole in a path',
      VALIDATING_WEBHOOKS,
      service({ path: '/a//b' }),
      ['webhooks[0].clientConfig.service.path: Invalid value: "/a//b": segment[1] may not be empty'],
    ],
    [
      'a condition that says nothing',
      VALIDATING_WEBHOOKS,
      webhook({ matchConditions: [{ name: '', expression: ' ' }] }),
      [
        'webhooks[0].matchConditions[0].expression: Required value',
        'webhooks[0].matchConditions[0].name: Required value',
      ],
    ],
    [
      'another name than that of the version',
      API_SERVICES,
      apiService({}, 'v2.example.com'),
      ['metadata.name: Invalid value: "v2.example.com": must be `spec.version+"."+spec.group`: "v1.example.com"'],
    ],
    [
      'no group',
      API_SERVICES,
      apiService({ group: '', version: 'v2' }, 'v2.'),
      ['spec.group: Required value: only v1 may have an empty group and it better be legacy kube'],
    ],
    [
      'too important an API',
      API_SERVICES,
      apiService({ groupPriorityMinimum: 20_001, versionPriority: 0 }),
      [
        'spec.groupPriorityMinimum: Invalid value: 20001: must be positive and less than 20000',
        'spec.versionPriority: Invalid value: 0: must be positive and less than 1000',
      ],
    ],
    [
      'trust in oneself',
      API_SERVICES,
      apiService({ caBundle: 'AAAA', insecureSkipTLSVerify: true }),
      [
        'spec.caBundle: Invalid value: local APIServices may not have a caBundle',
        'spec.insecureSkipTLSVerify: Invalid value: true: local APIServices may not have insecureSkipTLSVerify',
      ],
    ],
    [
      'trust that is not checked',
      API_SERVICES,
      apiService({ service: { name: 'a', namespace: 'b' }, caBundle: 'AAAA', insecureSkipTLSVerify: true }),
      ['spec.insecureSkipTLSVerify: Invalid value: true: may not be true if caBundle is present'],
    ],
    [
      'a driver that says nothing',
      CSI_NODES,
      csiNode({}),
      ['spec.drivers[0].name: Required value', 'spec.drivers[0].nodeID: Required value'],
    ],
    [
      'a driver twice, with keys twice',
      CSI_NODES,
      csiNode(driver, { ...driver, topologyKeys: ['a', 'a'] }),
      [
        'spec.drivers[1].topologyKeys[1]: Duplicate value: "a"',
        'spec.drivers[1].name: Duplicate value: "disk.example.com"',
      ],
    ],
    [
      'less than no volumes',
      CSI_NODES,
      csiNode({ ...driver, allocatable: { count: -1 } }),
      ['spec.drivers[0].allocatable.count: Invalid value: -1: must be greater than or equal to 0'],
    ],
  ])('refuses %s', (_name, resource, fields, expected) => {
    const issues = issuesOf(resource, fields);
    expect(issues).toEqual(expect.arrayContaining(expected));
    // What the shape says is missing is told besides.
    expect(issues.filter((issue) => !issue.endsWith(': Required value'))).toEqual(
      expected.filter((issue) => !issue.endsWith(': Required value')),
    );
  });

  it('lets a driver go, but not change', () => {
    expect(updateIssuesOf(CSI_NODES, csiNode(driver), csiNode())).toEqual([]);
    expect(updateIssuesOf(CSI_NODES, csiNode(driver), csiNode({ ...driver, nodeID: 'n2' }))).toEqual([
      'spec.drivers: Invalid value: field is immutable: the driver "disk.example.com" may go, but not change',
    ]);
  });
});
