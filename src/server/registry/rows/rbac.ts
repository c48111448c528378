import {
  CLUSTER_ROLE_BINDINGS,
  CLUSTER_ROLES,
  type ClusterRoleBinding,
  ROLE_BINDINGS,
  ROLES,
  type RoleBinding,
} from '#api';
import type { ResourceRow } from '../api.ts';
import { ageColumn, column, createdColumn, wide } from './column.ts';
import { allVerbs } from './shared.ts';

export const roleRow: ResourceRow = { type: ROLES, singular: 'role', verbs: allVerbs, columns: [createdColumn] };

export const clusterRoleRow: ResourceRow = {
  type: CLUSTER_ROLES,
  singular: 'clusterrole',
  verbs: allVerbs,
  columns: [createdColumn],
};

type Binding = RoleBinding | ClusterRoleBinding;

const subjectsOf = (kind: string) => (binding: Binding) =>
  (binding.subjects ?? [])
    .filter((subject) => subject.kind === kind)
    .map(({ namespace = '', name }) => (kind === 'ServiceAccount' ? `${namespace}/${name}` : name))
    .join(', ');

const bindingColumns = [
  column<Binding>('Role', 'string', ({ roleRef }) => `${roleRef.kind}/${roleRef.name}`),
  ageColumn,
  wide<Binding>('Users', 'string', subjectsOf('User')),
  wide<Binding>('Groups', 'string', subjectsOf('Group')),
  wide<Binding>('ServiceAccounts', 'string', subjectsOf('ServiceAccount')),
];

export const roleBindingRow: ResourceRow = {
  type: ROLE_BINDINGS,
  singular: 'rolebinding',
  verbs: allVerbs,
  columns: bindingColumns,
};

export const clusterRoleBindingRow: ResourceRow = {
  type: CLUSTER_ROLE_BINDINGS,
  singular: 'clusterrolebinding',
  verbs: allVerbs,
  columns: bindingColumns,
};
