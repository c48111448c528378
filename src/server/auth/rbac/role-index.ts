import {
  CLUSTER_ROLE_BINDINGS,
  CLUSTER_ROLES,
  type ClusterRole,
  type ClusterRoleBinding,
  ROLE_BINDINGS,
  ROLES,
  type Role,
  type RoleBinding,
  type Subject,
} from '#api';
import { Mirror, type MirrorDeps } from '../../registry/mirror.ts';
import type { Binding, RoleSource, UserInfo } from '../authorization.types.ts';
import { serviceAccountUser } from '../groups.plan.ts';

/**
 * Roles by name and bindings by whom they name, kept true by the store's watch: a request costs as much as the caller
 * has bindings, however many there are.
 */
export class RoleIndex implements RoleSource {
  readonly #roles: Mirror<Role>;
  readonly #clusterRoles: Mirror<ClusterRole>;
  readonly #roleBindings: Mirror<RoleBinding>;
  readonly #clusterRoleBindings: Mirror<ClusterRoleBinding>;
  /** Namespace → identity → bindings by name. */
  readonly #bindings = new Map<string, Map<string, Map<string, Binding>>>();

  constructor(deps: MirrorDeps) {
    this.#roles = new Mirror(deps, ROLES, () => undefined);
    this.#clusterRoles = new Mirror(deps, CLUSTER_ROLES, () => undefined);
    this.#roleBindings = new Mirror(deps, ROLE_BINDINGS, (now, before) => this.#replace(now, before));
    this.#clusterRoleBindings = new Mirror(deps, CLUSTER_ROLE_BINDINGS, (now, before) => this.#replace(now, before));
  }

  /** Resolves when everything is read; follows until the signal aborts. */
  async start(signal: AbortSignal): Promise<void> {
    const mirrors = [this.#roles, this.#clusterRoles, this.#roleBindings, this.#clusterRoleBindings];
    await Promise.all(mirrors.map((mirror) => mirror.start(signal)));
    for (const binding of [...this.#roleBindings.values(), ...this.#clusterRoleBindings.values()]) this.#note(binding);
  }

  role(namespace: string, name: string): Role | undefined {
    return this.#roles.get(namespace, name);
  }

  clusterRole(name: string): ClusterRole | undefined {
    return this.#clusterRoles.get('', name);
  }

  *bindingsOf(user: UserInfo, namespace: string): Iterable<Binding> {
    const byIdentity = this.#bindings.get(namespace);
    if (byIdentity === undefined) return;
    const seen = new Set<string>();
    for (const identity of [userIdentity(user.name), ...user.groups.map(groupIdentity)]) {
      for (const [name, binding] of byIdentity.get(identity) ?? []) {
        if (seen.has(name)) continue;
        seen.add(name);
        yield binding;
      }
    }
  }

  #replace(now: Binding | undefined, before: Binding | undefined): void {
    if (before !== undefined) this.#forget(before);
    if (now !== undefined) this.#note(now);
  }

  #note(binding: Binding): void {
    const { name, namespace = '' } = binding.metadata;
    const byIdentity = this.#bindings.get(namespace) ?? new Map<string, Map<string, Binding>>();
    this.#bindings.set(namespace, byIdentity);
    for (const identity of identitiesOf(binding)) {
      const byName = byIdentity.get(identity) ?? new Map<string, Binding>();
      byIdentity.set(identity, byName.set(name, binding));
    }
  }

  #forget(binding: Binding): void {
    const { name, namespace = '' } = binding.metadata;
    const byIdentity = this.#bindings.get(namespace);
    for (const identity of identitiesOf(binding)) {
      const byName = byIdentity?.get(identity);
      byName?.delete(name);
      if (byName?.size === 0) byIdentity?.delete(identity);
    }
    if (byIdentity?.size === 0) this.#bindings.delete(namespace);
  }
}

const userIdentity = (name: string) => `u:${name}`;
const groupIdentity = (name: string) => `g:${name}`;

function identitiesOf({ subjects, metadata: { namespace = '' } }: Binding): readonly string[] {
  return (subjects ?? []).flatMap((subject) => identityOf(subject, namespace));
}

function identityOf({ kind, name, namespace: own = '' }: Subject, namespace: string): readonly string[] {
  if (kind === 'User') return [userIdentity(name)];
  if (kind === 'Group') return [groupIdentity(name)];
  const home = own === '' ? namespace : own;
  return kind === 'ServiceAccount' && home !== '' ? [userIdentity(serviceAccountUser(home, name))] : [];
}
