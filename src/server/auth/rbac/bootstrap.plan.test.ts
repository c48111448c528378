import { describe, expect, it } from 'vitest';
import { aggregatedRules, type ClusterRole, type ClusterRoleBinding } from '#api';
import { rolesFrom } from '../../../../test/support/roles.ts';
import { RESOURCE_ROWS } from '../../registry/rows.ts';
import { planBinding, planRole } from './bootstrap.plan.ts';
import { bootstrapBindings, bootstrapRoles } from './bootstrap-roles.plan.ts';
import { planEscalation, planRbac } from './grants.plan.ts';

const ROLES = bootstrapRoles(RESOURCE_ROWS);
const named = (name: string) => ROLES.find(({ metadata }) => metadata.name === name) as ClusterRole;
const bindTo = (role: string, namespace: string) => ({
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'RoleBinding',
  metadata: { name: role, namespace },
  roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role },
  subjects: [{ kind: 'User', name: role }],
});

describe('src/server/auth/rbac/bootstrap-roles.plan.ts', () => {
  const roles = rolesFrom([
    ...ROLES,
    ...bootstrapBindings(),
    ...['admin', 'edit', 'view'].map((role) => bindTo(role, 'team')),
  ]);

  it.each<[user: string, can: string, cannot: string]>([
    ['view', 'list /pods team', 'list /secrets team'],
    ['view', 'get /pods/log team', 'create /pods/exec team'],
    ['view', 'watch apps/deployments team', 'update apps/deployments team'],
    ['view', 'get argoproj.io/applications team', 'list /pods other'],
    ['edit', 'update apps/deployments team', 'create rbac.authorization.k8s.io/rolebindings team'],
    ['edit', 'get /secrets team', 'create argoproj.io/applications team'],
    ['edit', 'list /pods team', 'create /namespaces '],
    ['admin', 'create rbac.authorization.k8s.io/rolebindings team', 'create rbac.authorization.k8s.io/clusterroles '],
    ['admin', 'list /pods team', 'update /resourcequotas team'],
  ])('%s may %s, and may not %s', (user, can, cannot) => {
    const may = (text: string) => {
      const [verb = '', what = '', namespace = ''] = text.split(' ');
      const [group = '', resource = '', subresource] = what.split('/');
      const part = subresource === undefined ? {} : { subresource };
      return planRbac({ name: user, groups: [] }, { verb, group, resource, namespace, ...part }, roles).allowed;
    };
    expect([may(can), may(cannot)]).toEqual([true, false]);
  });

  it('gives a viewer all but what is encrypted', () => {
    const viewer = { name: 'vera', groups: ['plumbline:viewers'] };
    for (const { type, encrypted = false } of RESOURCE_ROWS) {
      const asked = { verb: 'list', group: type.group, resource: type.plural, namespace: '' };
      expect([type.plural, planRbac(viewer, asked, roles).allowed]).toEqual([type.plural, !encrypted]);
    }
  });

  it('fills in what is gathered as its controller does', () => {
    for (const name of ['admin', 'edit', 'view']) {
      expect(aggregatedRules(named(name), ROLES)).toEqual(named(name).rules);
      expect(named(name).rules).not.toEqual([]);
    }
  });

  it('says which rules nobody holds, and what kept a role from being found', () => {
    const user = { name: 'edit', groups: ['a', 'b'] };
    expect(planEscalation(user, [{ apiGroups: [''], resources: ['nodes'], verbs: ['get'] }], 'team', roles)).toBe(
      'user "edit" (groups=["a" "b"]) is attempting to grant RBAC permissions not currently held:\n' +
        '{APIGroups:[""], Resources:["nodes"], Verbs:["get"]}',
    );
    const held = [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }];
    expect(planEscalation(user, held, 'team', roles)).toBeUndefined();
    expect(planEscalation(user, held, 'other', roles)).toContain('not currently held');
    const lost = rolesFrom([bindTo('gone', 'team')]);
    const asked = { verb: 'get', group: '', resource: 'pods', namespace: 'team' };
    expect(planRbac({ name: 'gone', groups: [] }, asked, lost)).toEqual({
      allowed: false,
      reason: 'RBAC: clusterrole.rbac.authorization.k8s.io "gone" not found',
    });
  });
});

describe('src/server/auth/rbac/bootstrap.plan.ts', () => {
  const wanted = named('system:basic-user');
  const binding = bootstrapBindings()[1] as ClusterRoleBinding;
  const extra = { apiGroups: ['x.example'], resources: ['y'], verbs: ['get'] };

  it('leaves alone what has all it must have', () => {
    for (const role of ROLES) expect(planRole(role, role)).toBeUndefined();
    expect(planRole({ ...wanted, rules: [...(wanted.rules ?? []), extra] }, wanted)).toBeUndefined();
    expect(planBinding(binding, binding)).toBeUndefined();
  });

  it('puts back what is missing and keeps what was added', () => {
    const back = planRole({ ...wanted, rules: [extra] }, wanted);
    expect(back?.rules?.[0]).toEqual(extra);
    expect(planRole(back as ClusterRole, wanted)).toBeUndefined();
    expect(planBinding({ ...binding, subjects: [] }, binding)?.subjects).toEqual(binding.subjects);
  });

  it('does nothing where its annotation says so, or where the binding leads elsewhere', () => {
    const off = { 'rbac.authorization.kubernetes.io/autoupdate': 'false' };
    const metadata = { ...wanted.metadata, annotations: off };
    expect(planRole({ ...wanted, metadata, rules: [] }, wanted)).toBeUndefined();
    const roleRef = { ...binding.roleRef, name: 'other' };
    expect(planBinding({ ...binding, roleRef, subjects: [] }, binding)).toBeUndefined();
  });
});
