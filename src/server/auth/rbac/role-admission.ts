import type { ClusterRole, PolicyRule, Role, RoleRef, StoredObject, Subject } from '#api';
import { equalJson } from '#base';
import type { AdmissionPlugin, AdmissionRequest } from '../../registry/admission-chain.ts';
import { forbidden } from '../../registry/errors.ts';
import type { AuthorizationPlan, ResourceAttributes, RoleSource, UserInfo } from '../authorization.types.ts';
import { GROUP_MASTERS } from '../groups.plan.ts';
import { planEscalation, rulesOfRef } from './grants.plan.ts';

export interface RoleAdmissionDeps {
  readonly roles: RoleSource;
  readonly decide: (user: UserInfo, attributes: ResourceAttributes) => Promise<AuthorizationPlan>;
}

const GROUP = 'rbac.authorization.k8s.io';
const KINDS: ReadonlySet<string> = new Set(['Role', 'ClusterRole', 'RoleBinding', 'ClusterRoleBinding']);
const EVERYTHING: readonly PolicyRule[] = [
  { apiGroups: ['*'], resources: ['*'], verbs: ['*'] },
  { nonResourceURLs: ['*'], verbs: ['*'] },
];

interface Parts {
  readonly rules?: readonly PolicyRule[];
  readonly aggregationRule?: object;
  readonly roleRef?: RoleRef;
  readonly subjects?: readonly Subject[];
}

/**
 * Nobody gives away more than he holds: who writes a role must hold its rules or the verb `escalate` on it, who binds
 * one must hold its rules or the verb `bind`. Source: kubernetes pkg/registry/rbac/…/policybased (v1.32).
 */
export function createRoleAdmission({ roles, decide }: RoleAdmissionDeps): AdmissionPlugin {
  async function holds(request: AdmissionRequest, verb: 'bind' | 'escalate', plural: string, name: string) {
    const { context, namespace } = request;
    return (await decide(context.user, { verb, group: GROUP, resource: plural, namespace, name })).allowed;
  }

  async function refuseRole(request: AdmissionRequest): Promise<void> {
    const { context, row, namespace, name, object, old } = request;
    const { rules = [], aggregationRule } = object as Pick<ClusterRole | Role, 'rules'> & Parts;
    const before: Parts = old === undefined ? {} : (old as StoredObject & Parts);
    const isSame = old !== undefined && equalJson(rules, before.rules ?? []);
    if (isSame && equalJson(aggregationRule, before.aggregationRule)) return;
    if (await holds(request, 'escalate', row.type.plural, name)) return;
    if (aggregationRule !== undefined && planEscalation(context.user, EVERYTHING, namespace, roles) !== undefined) {
      throw forbidden(row.type, name, 'must have cluster-admin privileges to use the aggregationRule');
    }
    const why = planEscalation(context.user, rules, namespace, roles);
    if (why !== undefined) throw forbidden(row.type, name, why);
  }

  async function refuseBinding(request: AdmissionRequest): Promise<void> {
    const { context, row, namespace, name, object, old } = request;
    const { roleRef, subjects } = object as Parts;
    const before: Parts = old === undefined ? {} : (old as StoredObject & Parts);
    if (
      roleRef === undefined ||
      (old !== undefined && equalJson([roleRef, subjects], [before.roleRef, before.subjects]))
    )
      return;
    const plural = roleRef.kind === 'Role' ? 'roles' : 'clusterroles';
    if (await holds(request, 'bind', plural, roleRef.name)) return;
    const rules = rulesOfRef(roleRef, namespace, roles);
    if (rules === undefined) {
      const singular = plural.slice(0, -1);
      throw forbidden(
        row.type,
        name,
        `${singular}.${GROUP} "${roleRef.name}" not found: only who may bind it can bind it`,
      );
    }
    const why = planEscalation(context.user, rules, namespace, roles);
    if (why !== undefined) throw forbidden(row.type, name, why);
  }

  return {
    name: 'RBAC escalation',
    async validate(request) {
      const { row, operation, context } = request;
      if (operation === 'DELETE' || row.type.group !== GROUP || !KINDS.has(row.type.kind)) return;
      if (context.user.groups.includes(GROUP_MASTERS)) return;
      return row.type.kind.endsWith('Binding') ? refuseBinding(request) : refuseRole(request);
    },
  };
}
