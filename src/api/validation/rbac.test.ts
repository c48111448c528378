import { describe, expect, it } from 'vitest';
import { issuesOf, updateIssuesOf } from '../../../test/support/issues.ts';
import { CLUSTER_ROLE_BINDINGS, CLUSTER_ROLES, ROLE_BINDINGS, ROLES } from '../kinds/resources.ts';

const rule = (fields: object) => ({ rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get'], ...fields }] });
const RBAC = 'rbac.authorization.k8s.io';
const roleRef = { kind: 'ClusterRole', name: 'view' };
const subject = (fields: object) => ({ roleRef, subjects: [fields] });

describe('src/api/validation/rbac', () => {
  it.each<[string, object]>([
    ['the name of a system role', { metadata: { name: 'system:node-Proxier' } }],
    ['every verb of everything', rule({ apiGroups: ['*'], resources: ['*'], verbs: ['*'] })],
    ['one object of a kind', rule({ resourceNames: ['web'] })],
  ])('accepts a role with %s', (_name, fields) => {
    expect(issuesOf(ROLES, { ...fields })).toEqual([]);
    expect(issuesOf(CLUSTER_ROLES, { ...fields })).toEqual([]);
  });

  it.each<[string, object, string[]]>([
    [
      'a name that leads out of a path',
      { metadata: { name: '..' } },
      ['metadata.name: Invalid value: "..": may not be \'..\''],
    ],
    [
      'a name of two parts',
      { metadata: { name: 'a/b%' } },
      ["metadata.name: Invalid value: \"a/b%\": may not contain '/', may not contain '%'"],
    ],
    ['no verbs', rule({ verbs: [] }), ['rules[0].verbs: Required value: verbs must contain at least one value']],
    [
      'no groups',
      rule({ apiGroups: [] }),
      ['rules[0].apiGroups: Required value: resource rules must supply at least one api group'],
    ],
    [
      'no resources',
      rule({ resources: undefined }),
      ['rules[0].resources: Required value: resource rules must supply at least one resource'],
    ],
  ])('refuses a role with %s', (_name, fields, expected) => {
    expect(issuesOf(ROLES, { ...fields })).toEqual(expected);
    expect(issuesOf(CLUSTER_ROLES, { ...fields })).toEqual(expected);
  });

  it('knows paths only for the whole cluster, and never beside resources', () => {
    const paths = { rules: [{ nonResourceURLs: ['/healthz'], verbs: ['get'] }] };
    expect(issuesOf(CLUSTER_ROLES, paths)).toEqual([]);
    expect(issuesOf(ROLES, paths)).toEqual([
      'rules[0].nonResourceURLs: Invalid value: ["/healthz"]: namespaced rules cannot apply to non-resource URLs',
    ]);
    expect(issuesOf(CLUSTER_ROLES, rule({ nonResourceURLs: ['/healthz'] }))).toEqual([
      'rules[0].nonResourceURLs: Invalid value: ["/healthz"]: rules cannot apply to both regular resources and non-resource URLs',
    ]);
  });

  it('gathers roles by selectors that are right', () => {
    const aggregated = (clusterRoleSelectors: object[]) => ({ aggregationRule: { clusterRoleSelectors } });
    expect(issuesOf(CLUSTER_ROLES, aggregated([{ matchLabels: { a: 'b' } }]))).toEqual([]);
    expect(issuesOf(CLUSTER_ROLES, aggregated([]))).toEqual([
      'aggregationRule.clusterRoleSelectors: Required value: at least one clusterRoleSelector required if aggregationRule is non-nil',
    ]);
    expect(issuesOf(CLUSTER_ROLES, aggregated([{ matchExpressions: [{ key: 'a', operator: 'Is' }] }]))).toEqual([
      'aggregationRule.clusterRoleSelectors[0].matchExpressions[0].operator: Invalid value: "Is": not a valid selector operator',
    ]);
  });

  it.each<[string, object]>([
    [
      'a user and a group',
      {
        roleRef,
        subjects: [
          { kind: 'User', name: 'vera' },
          { kind: 'Group', name: 'system:masters' },
        ],
      },
    ],
    ['a service account', subject({ kind: 'ServiceAccount', name: 'bot', namespace: 'ci' })],
    ['nobody', { roleRef }],
  ])('accepts a binding to %s', (_name, fields) => {
    expect(issuesOf(ROLE_BINDINGS, { ...fields })).toEqual([]);
    expect(issuesOf(CLUSTER_ROLE_BINDINGS, { ...fields })).toEqual([]);
  });

  it.each<[string, object, string[]]>([
    [
      'no role',
      {},
      [
        'roleRef: Required value',
        'roleRef.apiGroup: Required value',
        'roleRef.kind: Required value',
        'roleRef.name: Required value',
      ],
    ],
    [
      'a role of another group',
      { roleRef: { ...roleRef, apiGroup: 'a.example' } },
      [`roleRef.apiGroup: Unsupported value: "a.example": supported values: "${RBAC}"`],
    ],
    ['a role without a name', { roleRef: { kind: 'ClusterRole', name: '' } }, ['roleRef.name: Required value']],
    [
      'somebody of another kind',
      subject({ kind: 'Robot', name: 'a' }),
      ['subjects[0].kind: Unsupported value: "Robot": supported values: "Group", "ServiceAccount", "User"'],
    ],
    ['somebody without a name', subject({ kind: 'User', name: '' }), ['subjects[0].name: Required value']],
    [
      'a user of another group',
      subject({ kind: 'User', name: 'a', apiGroup: 'a.example' }),
      [`subjects[0].apiGroup: Unsupported value: "a.example": supported values: "${RBAC}"`],
    ],
    [
      'a service account of a group',
      subject({ kind: 'ServiceAccount', name: 'a', namespace: 'b', apiGroup: RBAC }),
      [`subjects[0].apiGroup: Unsupported value: "${RBAC}": supported values: ""`],
    ],
  ])('refuses a binding to %s', (_name, fields, expected) => {
    expect(issuesOf(ROLE_BINDINGS, { ...fields })).toEqual(expected);
    expect(issuesOf(CLUSTER_ROLE_BINDINGS, { ...fields })).toEqual(expected);
  });

  it('binds Roles only within their namespace', () => {
    const binding = { roleRef: { kind: 'Role', name: 'a' }, subjects: [{ kind: 'ServiceAccount', name: 'bot' }] };
    expect(issuesOf(ROLE_BINDINGS, binding)).toEqual([]);
    expect(issuesOf(CLUSTER_ROLE_BINDINGS, binding)).toEqual([
      'roleRef.kind: Unsupported value: "Role": supported values: "ClusterRole"',
      'subjects[0].namespace: Required value',
    ]);
  });

  it('keeps the role of a binding, not who holds it', () => {
    const before = subject({ kind: 'User', name: 'vera' });
    for (const resource of [ROLE_BINDINGS, CLUSTER_ROLE_BINDINGS]) {
      expect(updateIssuesOf(resource, before, { ...before, roleRef: { ...roleRef, name: 'admin' } })).toEqual([
        `roleRef: Invalid value: {"kind":"ClusterRole","name":"admin","apiGroup":"${RBAC}"}: cannot change roleRef`,
      ]);
      expect(updateIssuesOf(resource, before, subject({ kind: 'User', name: 'anna' }))).toEqual([]);
    }
  });
});
