/** Rules of roles and their bindings. Source: kubernetes pkg/apis/rbac/validation/validation.go (v1.32). */
import type { PolicyRule, RoleRef, Subject } from 'kubernetes-types/rbac/v1.js';
import { equalJson } from '#base';
import type { ClusterRole, ClusterRoleBinding, Role, RoleBinding } from '../kinds/types.ts';
import { checkedText, type Issues, itemsOf, type Loose, requiredOneOf, requiredText } from './checks.ts';
import { invalid, required, unsupported } from './issues.ts';
import { dns1123Subdomain, pathSegment } from './names.ts';
import { validateSelector } from './selector.ts';

const RBAC_GROUP = 'rbac.authorization.k8s.io';

export function* validateRole({ rules }: Loose<Role>): Issues {
  yield* itemsOf('rules', rules, (rule, at) => validatePolicyRule(rule, at, true));
}

export function* validateClusterRole({ rules, aggregationRule }: Loose<ClusterRole>): Issues {
  yield* itemsOf('rules', rules, (rule, at) => validatePolicyRule(rule, at, false));
  if (aggregationRule === undefined) return;
  const selectors = aggregationRule.clusterRoleSelectors ?? [];
  const path = 'aggregationRule.clusterRoleSelectors';
  if (selectors.length === 0) {
    yield required(path, 'at least one clusterRoleSelector required if aggregationRule is non-nil');
  }
  yield* itemsOf(path, selectors, validateSelector);
}

const isEmpty = (list: readonly string[] | undefined) => (list ?? []).length === 0;

function* validatePolicyRule(rule: Loose<PolicyRule>, path: string, isNamespaced: boolean): Issues {
  const { verbs, nonResourceURLs, apiGroups, resources, resourceNames } = rule;
  if (isEmpty(verbs)) yield required(`${path}.verbs`, 'verbs must contain at least one value');
  if (!isEmpty(nonResourceURLs)) {
    const at = `${path}.nonResourceURLs`;
    if (isNamespaced) yield invalid(at, nonResourceURLs, 'namespaced rules cannot apply to non-resource URLs');
    if (!isEmpty(apiGroups) || !isEmpty(resources) || !isEmpty(resourceNames)) {
      yield invalid(at, nonResourceURLs, 'rules cannot apply to both regular resources and non-resource URLs');
    }
    return;
  }
  if (isEmpty(apiGroups)) yield required(`${path}.apiGroups`, 'resource rules must supply at least one api group');
  if (isEmpty(resources)) yield required(`${path}.resources`, 'resource rules must supply at least one resource');
}

export function* validateRoleBinding({ roleRef, subjects }: Loose<RoleBinding>): Issues {
  yield* validateRoleRef(roleRef ?? {}, ['ClusterRole', 'Role']);
  yield* itemsOf('subjects', subjects, (subject, at) => validateSubject(subject, at, true));
}

export function* validateClusterRoleBinding({ roleRef, subjects }: Loose<ClusterRoleBinding>): Issues {
  yield* validateRoleRef(roleRef ?? {}, ['ClusterRole']);
  yield* itemsOf('subjects', subjects, (subject, at) => validateSubject(subject, at, false));
}

function* validateRoleRef({ apiGroup, kind, name }: Loose<RoleRef>, kinds: readonly string[]): Issues {
  yield* requiredOneOf('roleRef.apiGroup', apiGroup, [RBAC_GROUP]);
  yield* requiredOneOf('roleRef.kind', kind, kinds);
  yield* requiredText('roleRef.name', name, pathSegment);
}

function* validateSubject(subject: Loose<Subject>, path: string, isNamespaced: boolean): Issues {
  const { kind, name, namespace, apiGroup = '' } = subject;
  yield* requiredText(`${path}.name`, name);
  if (kind === 'ServiceAccount') {
    yield* checkedText(`${path}.name`, name, dns1123Subdomain);
    if (apiGroup !== '') yield unsupported(`${path}.apiGroup`, apiGroup, ['']);
    if (!isNamespaced) yield* requiredText(`${path}.namespace`, namespace);
  } else if (kind === 'User' || kind === 'Group') {
    if (apiGroup !== RBAC_GROUP) yield unsupported(`${path}.apiGroup`, apiGroup, [RBAC_GROUP]);
  } else yield* requiredOneOf(`${path}.kind`, kind, ['Group', 'ServiceAccount', 'User']);
}

/** Who was given one role is not to hold another all of a sudden: delete the binding and make a new one. */
export function* validateRoleRefUpdate({ roleRef }: Loose<RoleBinding>, { roleRef: old }: Loose<RoleBinding>): Issues {
  if (!equalJson(roleRef ?? {}, old ?? {})) yield invalid('roleRef', roleRef ?? {}, 'cannot change roleRef');
}
