import type { ClusterRole, KubeObject, Role } from '#api';
import type { Binding, RoleSource } from '../../src/server/auth/authorization.types.ts';
import { isSubject } from '../../src/server/auth/rbac/grants.plan.ts';

/** Roles and bindings from objects, looked up one by one: what the index of the server must agree with. */
export function rolesFrom(objects: readonly KubeObject[]): RoleSource {
  const find = <T>(kind: string, namespace: string, name: string) =>
    objects.find(
      ({ kind: its, metadata }) =>
        its === kind && metadata.name === name && (kind === 'ClusterRole' || metadata.namespace === namespace),
    ) as T | undefined;
  return {
    role: (namespace, name) => find<Role>('Role', namespace, name),
    clusterRole: (name) => find<ClusterRole>('ClusterRole', '', name),
    bindingsOf: (user, namespace) =>
      (objects as readonly Binding[]).filter(
        ({ kind, metadata, subjects }) =>
          kind.endsWith('RoleBinding') &&
          (metadata.namespace ?? '') === namespace &&
          (subjects ?? []).some((subject) => isSubject(subject, user, namespace)),
      ),
  };
}
