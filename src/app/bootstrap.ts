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
import { planUpgrade } from './bootstrap.plan.ts';
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

/** An installation of an older version has the class of its time. Someone who writes meanwhile has the last word until the next start. */
async function upgradeClass(client: Client, wanted: KubeObject): Promise<void> {
  const { name = '' } = wanted.metadata;
  const live = await client.get(STORAGE_CLASSES, { name });
  const patch = live === undefined ? undefined : planUpgrade(live, wanted, { manager: MANAGER, mark: 'provisioner' });
  if (live === undefined || patch === undefined) return;
  const { resourceVersion } = live.metadata;
  const body = { ...patch, metadata: { resourceVersion } };
  try {
    await client.patch(STORAGE_CLASSES, { name }, { type: 'merge', body }, { fieldManager: MANAGER });
  } catch (error) {
    if (!isApiError(error, 'Conflict')) throw error;
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

/** Makes what a cluster must hold and does not hold yet, also what is new in this version. Running it again changes nothing. */
export async function bootstrapCluster(client: Client, apiPort: number, listenHost?: string): Promise<void> {
  const objects = systemObjects(apiServiceAt(apiPort, listenHost));
  for (const [resource, object] of objects) await ensure(client, resource, object);
  const { items } = await client.list(STORAGE_CLASSES);
  const nodeLocal = nodeLocalClass(defaultStorageClassOf(items) === undefined);
  await ensure(client, STORAGE_CLASSES, nodeLocal);
  await upgradeClass(client, nodeLocal);
}
