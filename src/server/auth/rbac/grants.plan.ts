/** Who holds which rules. Source: kubernetes plugin/pkg/auth/authorizer/rbac and pkg/registry/rbac/validation/rule.go (v1.32). */
import type { PolicyRule, Subject } from '#api';
import type { Attributes, AuthorizationPlan, Binding, RoleSource, UserInfo } from '../authorization.types.ts';
import { serviceAccountUser } from '../groups.plan.ts';
import { compact, describeRule, quoted, ruleAllows, uncovered } from './rule.plan.ts';

/** Rules that a binding gives, or why it gives none. */
export interface Grant {
  readonly rules: readonly PolicyRule[];
  /** `RoleBinding "x/y" of ClusterRole "z" to User "a"`. */
  readonly source: string;
  readonly problem?: string;
}

/** Everything a user holds in a namespace (with '' : everywhere), the cluster's bindings first. */
export function* grantsOf(user: UserInfo, namespace: string, roles: RoleSource): Iterable<Grant> {
  for (const binding of roles.bindingsOf(user, '')) yield grantOf(binding, user, roles);
  if (namespace === '') return;
  for (const binding of roles.bindingsOf(user, namespace)) yield grantOf(binding, user, roles);
}

function grantOf({ metadata, roleRef, subjects }: Binding, user: UserInfo, roles: RoleSource): Grant {
  const { name, namespace = '' } = metadata;
  const rules = rulesOfRef(roleRef, namespace, roles);
  const subject = (subjects ?? []).find((each) => isSubject(each, user, namespace));
  const binding = namespace === '' ? `ClusterRoleBinding "${name}"` : `RoleBinding "${name}/${namespace}"`;
  const source = `${binding} of ${roleRef.kind} "${roleRef.name}" to ${describeSubject(subject)}`;
  if (rules !== undefined) return { rules, source };
  const plural = roleRef.kind === 'Role' ? 'role' : 'clusterrole';
  return { rules: [], source, problem: `${plural}.rbac.authorization.k8s.io "${roleRef.name}" not found` };
}

/** The rules of the role that a binding in `namespace` refers to; undefined when there is no such role. */
export function rulesOfRef(
  { kind, name }: { readonly kind: string; readonly name: string },
  namespace: string,
  roles: RoleSource,
): readonly PolicyRule[] | undefined {
  const role = kind === 'Role' ? roles.role(namespace, name) : roles.clusterRole(name);
  return role === undefined ? undefined : (role.rules ?? []);
}

/** Whether a subject of a binding in `namespace` is this user, one of his groups, or the service account he is. */
export function isSubject({ kind, name, namespace: own = '' }: Subject, user: UserInfo, namespace: string): boolean {
  if (kind === 'User') return user.name === name;
  if (kind === 'Group') return user.groups.includes(name);
  const home = own === '' ? namespace : own;
  return kind === 'ServiceAccount' && home !== '' && user.name === serviceAccountUser(home, name);
}

function describeSubject(subject: Subject | undefined): string {
  if (subject === undefined) return 'nobody';
  const { kind, name, namespace } = subject;
  return kind === 'ServiceAccount' ? `ServiceAccount "${name}/${namespace ?? ''}"` : `${kind} "${name}"`;
}

/** Whether any rule the user holds allows it. */
export function planRbac(user: UserInfo, asked: Attributes, roles: RoleSource): AuthorizationPlan {
  const namespace = 'resource' in asked ? asked.namespace : '';
  const problems: string[] = [];
  for (const { rules, source, problem } of grantsOf(user, namespace, roles)) {
    if (rules.some((rule) => ruleAllows(rule, asked))) return { allowed: true, reason: `RBAC: allowed by ${source}` };
    if (problem !== undefined) problems.push(problem);
  }
  const said = problems.length > 1 ? `[${problems.join(', ')}]` : problems.join();
  return { allowed: false, reason: said === '' ? '' : `RBAC: ${said}` };
}

/**
 * Why a user may not give away rules in a namespace: he does not hold them himself. Undefined when he holds them all.
 * Source: pkg/registry/rbac/validation/rule.go, ConfirmNoEscalation (v1.32).
 */
export function planEscalation(
  user: UserInfo,
  given: readonly PolicyRule[],
  namespace: string,
  roles: RoleSource,
): string | undefined {
  const grants = [...grantsOf(user, namespace, roles)];
  const owned = grants.flatMap(({ rules }) => rules);
  const missing = compact(uncovered(owned, given));
  if (missing.length === 0) return undefined;
  const who = `user ${JSON.stringify(user.name)} (groups=${quoted(user.groups)})`;
  const what = missing.map(describeRule).join('\n');
  const problems = grants.flatMap(({ problem }) => (problem === undefined ? [] : [problem]));
  const why = problems.length === 0 ? '' : `; resolution errors: [${problems.join(', ')}]`;
  return `${who} is attempting to grant RBAC permissions not currently held:\n${what}${why}`;
}
