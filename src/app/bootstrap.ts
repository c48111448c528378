import { isApiError, type KubeObject, type ResourceType, SERVICES } from '#api';
import type { Client } from '#client';
import { clusterNetwork } from './config.ts';

const MANAGER = 'plumbline-bootstrap';

/** Services that always exist: the API itself, and cluster DNS, whose address every pod is given. */
function systemServices(apiPort: number): readonly KubeObject[] {
  return [
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: {
        name: 'kubernetes',
        namespace: 'default',
        labels: { component: 'apiserver', provider: 'kubernetes' },
      },
      spec: {
        clusterIP: clusterNetwork.apiServiceIP,
        ports: [{ name: 'https', port: 443, targetPort: apiPort, protocol: 'TCP' }],
      },
    },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: {
        name: 'kube-dns',
        namespace: 'kube-system',
        labels: { 'k8s-app': 'kube-dns', 'kubernetes.io/cluster-service': 'true' },
      },
      spec: {
        clusterIP: clusterNetwork.dnsServiceIP,
        ports: [
          { name: 'dns', port: 53, protocol: 'UDP' },
          { name: 'dns-tcp', port: 53, protocol: 'TCP' },
        ],
      },
    },
  ];
}

async function ensure(client: Client, resource: ResourceType, object: KubeObject): Promise<void> {
  const { name = '', namespace } = object.metadata;
  const found = await client.get(resource, { name, ...(namespace === undefined ? {} : { namespace }) });
  if (found !== undefined) return;
  try {
    await client.create(resource, object, { fieldManager: MANAGER });
  } catch (error) {
    if (!isApiError(error, 'AlreadyExists')) throw error;
  }
}

/** Makes what a cluster must hold and does not hold yet. Running it again changes nothing. */
export async function bootstrapCluster(client: Client, apiPort: number): Promise<void> {
  for (const service of systemServices(apiPort)) await ensure(client, SERVICES, service);
}
