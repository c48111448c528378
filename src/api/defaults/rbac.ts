/** Defaults of role bindings. Source: Kubernetes v1.32, pkg/apis/rbac/v1/defaults.go. */
import type { JsonObject } from '../schema/json.ts';
import { partOf, partsOf, setDefault } from './fields.ts';

const RBAC_GROUP = 'rbac.authorization.k8s.io';

/** Of RoleBindings and ClusterRoleBindings. Changes the object it is given. */
export function defaultRoleBinding(binding: JsonObject): void {
  const roleRef = partOf(binding, 'roleRef');
  if (roleRef !== undefined) setDefault(roleRef, 'apiGroup', RBAC_GROUP);
  for (const subject of partsOf(binding, 'subjects')) {
    const { kind } = subject;
    if (kind === 'User' || kind === 'Group') setDefault(subject, 'apiGroup', RBAC_GROUP);
  }
}
