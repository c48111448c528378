import {
  CLUSTER_ROLE_BINDINGS,
  CLUSTER_ROLES,
  type ClusterRole,
  type ClusterRoleBinding,
  isApiError,
  type KubeObject,
  type ResourceType,
} from '#api';
import type { Api, RequestContext } from '../../registry/api.ts';
import { rowOf } from '../../registry/mirror.ts';
import { planBinding, planRole } from './bootstrap.plan.ts';
import { bootstrapBindings, bootstrapRoles } from './bootstrap-roles.plan.ts';

type BootstrapApi = Pick<Api, 'create' | 'get' | 'row' | 'rows' | 'update'>;

/** Makes the roles and bindings that must exist, and gives back to them what they lack. Twice changes nothing. */
export async function ensureBootstrapRoles(api: BootstrapApi, context: RequestContext): Promise<void> {
  for (const role of bootstrapRoles(api.rows)) {
    await ensure(api, context, CLUSTER_ROLES, role, (live) => planRole(live as ClusterRole, role));
  }
  for (const binding of bootstrapBindings()) {
    const wanted = binding as ClusterRoleBinding;
    await ensure(api, context, CLUSTER_ROLE_BINDINGS, wanted, (live) =>
      planBinding(live as ClusterRoleBinding, wanted),
    );
  }
}

async function ensure(
  api: BootstrapApi,
  context: RequestContext,
  type: ResourceType,
  wanted: KubeObject,
  change: (live: KubeObject) => KubeObject | undefined,
): Promise<void> {
  const row = rowOf(api, type);
  const name = wanted.metadata.name ?? '';
  const target = { context, row, namespace: '' };
  try {
    const live = await api.get({ ...target, name });
    const changed = change(live);
    if (changed !== undefined) await api.update({ ...target, name, object: changed });
  } catch (error) {
    if (!isApiError(error, 'NotFound')) throw error;
    await api.create({ ...target, object: wanted });
  }
}
