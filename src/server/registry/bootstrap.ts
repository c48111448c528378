import { isApiError, type KubeObject, NAMESPACES, PRIORITY_CLASSES, type ResourceType } from '#api';
import type { Api, RequestContext, ResourceRow } from './api.ts';

/** The namespaces that always exist: Kubernetes' own, and the one Applications live in. */
export const SYSTEM_NAMESPACES = ['default', 'kube-system', 'kube-public', 'kube-node-lease', 'argocd'] as const;

/** The server itself as a caller: for what must exist before anybody can call. */
export const SERVER: RequestContext = {
  user: { name: 'system:plumbline:server', groups: ['system:masters'] },
  defaultManager: 'plumbline-server',
};

/** Source: kubernetes pkg/apis/scheduling/v1/helpers.go, SystemPriorityClasses (v1.32). */
const SYSTEM_PRIORITY_CLASSES: readonly (readonly [name: string, value: number, description: string])[] = [
  [
    'system-cluster-critical',
    2_000_000_000,
    'Used for system critical pods that must run in the cluster, but can be moved to another node if necessary.',
  ],
  [
    'system-node-critical',
    2_000_001_000,
    'Used for system critical pods that must not be moved from their current node.',
  ],
];

/** Makes the namespaces and priority classes that every cluster has. */
export async function createMissingObjects(api: Pick<Api, 'create'>, rows: readonly ResourceRow[]): Promise<void> {
  const create = async (type: ResourceType, object: KubeObject) => {
    const row = rows.find((each) => each.type === type);
    if (row === undefined) return;
    try {
      await api.create({ context: SERVER, row, namespace: '', object });
    } catch (error) {
      if (!isApiError(error, 'AlreadyExists')) throw error;
    }
  };
  for (const name of SYSTEM_NAMESPACES) {
    await create(NAMESPACES, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
  }
  for (const [name, value, description] of SYSTEM_PRIORITY_CLASSES) {
    const identity = { apiVersion: 'scheduling.k8s.io/v1', kind: 'PriorityClass', metadata: { name } };
    await create(PRIORITY_CLASSES, { ...identity, value, description });
  }
}
