import { isApiError, NAMESPACES } from '#api';
import type { Api, RequestContext, ResourceRow } from './api.ts';

/** The namespaces that always exist: Kubernetes' own, and the one Applications live in. */
export const SYSTEM_NAMESPACES = ['default', 'kube-system', 'kube-public', 'kube-node-lease', 'argocd'] as const;

/** The server itself as a caller: for what must exist before anybody can call. */
const SERVER: RequestContext = {
  user: { name: 'system:plumbline:server', groups: ['system:masters'] },
  defaultManager: 'plumbline-server',
};

export async function createMissingNamespaces(api: Pick<Api, 'create'>, rows: readonly ResourceRow[]): Promise<void> {
  const row = rows.find(({ type }) => type === NAMESPACES);
  if (row === undefined) return;
  for (const name of SYSTEM_NAMESPACES) {
    const object = { apiVersion: 'v1', kind: 'Namespace', metadata: { name } };
    try {
      await api.create({ context: SERVER, row, namespace: '', object });
    } catch (error) {
      if (!isApiError(error, 'AlreadyExists')) throw error;
    }
  }
}
