import {
  defaultStorageClassOf,
  ENDPOINT_SLICES,
  ENDPOINTS,
  isApiError,
  type KubeObject,
  NODE_LOCAL,
  type ResourceType,
  SERVICES,
  STORAGE_CLASSES,
} from '#api';
import type { Client } from '#client';
import { type ApiServiceOptions, apiServiceObjects } from '#controllers';
import { apiEndpoint, clusterNetwork } from './config.ts';

const MANAGER = 'plumbline-bootstrap';

/** What always exists: the Service of the API itself, and that of cluster DNS, whose address every pod is given. */
function systemObjects(apiService: ApiServiceOptions): readonly (readonly [ResourceType, KubeObject])[] {
  const { service, endpoints, slice } = apiServiceObjects(apiService);
  return [
    [SERVICES, service],
    [ENDPOINTS, endpoints],
    [ENDPOINT_SLICES, slice],
    [SERVICES, dnsService],
  ];
}

const dnsService: KubeObject = {
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
};

/** Folders of the node where the pod goes: the class of claims that name none, unless there is such a class already. */
const nodeLocalClass = (isDefault: boolean): KubeObject => ({
  apiVersion: 'storage.k8s.io/v1',
  kind: 'StorageClass',
  metadata: {
    name: 'node-local',
    annotations: { 'storageclass.kubernetes.io/is-default-class': String(isDefault) },
  },
  provisioner: NODE_LOCAL,
  reclaimPolicy: 'Delete',
  volumeBindingMode: 'WaitForFirstConsumer',
  // The size of a folder is a matter of record.
  allowVolumeExpansion: true,
});

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

/** How pods call an API that listens there. */
export function apiServiceAt(apiPort: number, listenHost = '127.0.0.1'): ApiServiceOptions {
  return {
    clusterIP: clusterNetwork.apiServiceIP,
    targetPort: apiPort,
    endpoint: apiEndpoint(listenHost, apiPort),
  };
}

/** Makes what a cluster must hold and does not hold yet. Running it again changes nothing. */
export async function bootstrapCluster(client: Client, apiPort: number, listenHost?: string): Promise<void> {
  const objects = systemObjects(apiServiceAt(apiPort, listenHost));
  for (const [resource, object] of objects) await ensure(client, resource, object);
  const { items } = await client.list(STORAGE_CLASSES);
  await ensure(client, STORAGE_CLASSES, nodeLocalClass(defaultStorageClassOf(items) === undefined));
}
