import {
  apiVersionOf,
  ENDPOINT_SLICES,
  ENDPOINTS,
  type EndpointSlice,
  type Endpoints,
  type KubeObject,
  SERVICES,
  type Service,
} from '#api';
import { equalJson } from '#base';
import { SERVICE_NAME } from '../endpoint-slice/endpoint-slice.plan.ts';

/** How the API is called from inside the cluster. */
export interface ApiServiceOptions {
  readonly clusterIP: string;
  /** The port the API listens at. */
  readonly targetPort: number;
  /** Where a connection to the Service ends, as far as the whole cluster can say. */
  readonly endpoint: { readonly ip: string; readonly port: number };
}

export interface ApiServiceSnapshot {
  readonly service: Service | undefined;
  readonly endpoints: Endpoints | undefined;
  readonly slice: EndpointSlice | undefined;
  readonly options: ApiServiceOptions;
}

/** What is to be made, and what is to be written over what stands. Empty: all is right. */
export interface ApiServicePlan {
  readonly create: readonly KubeObject[];
  readonly update: readonly (Service | Endpoints | EndpointSlice)[];
  readonly reason: string;
}

export const API_SERVICE = { namespace: 'default', name: 'kubernetes' } as const;

/** Tells the mirroring controller that the slice is written already. */
const NOT_MIRRORED = { 'endpointslice.kubernetes.io/skip-mirror': 'true' };

/**
 * Service `default/kubernetes`, its Endpoints and its EndpointSlice as they must be; nobody else's word on them lasts.
 * Labels and annotations beside ours are left. Source: kubernetes pkg/controlplane/controller/kubernetesservice and
 * pkg/controlplane/reconcilers/endpointsadapter.go (v1.32).
 */
export function planApiService({ service, endpoints, slice, options }: ApiServiceSnapshot): ApiServicePlan {
  const objects = apiServiceObjects(options);
  const wanted = [settle(service, objects.service), settle(endpoints, objects.endpoints), settle(slice, objects.slice)];
  const create = wanted.flatMap((each) => each.create ?? []);
  const update = wanted.flatMap((each) => each.update ?? []);
  return { create, update, reason: `${create.length} missing, ${update.length} changed` };
}

/** The three as they are made. */
export function apiServiceObjects(options: ApiServiceOptions) {
  return { service: serviceOf(options), endpoints: endpointsOf(options), slice: sliceOf(options) };
}

function settle<T extends Service | Endpoints | EndpointSlice>(
  existing: T | undefined,
  wanted: KubeObject,
): { readonly create?: KubeObject; readonly update?: T } {
  if (existing === undefined) return { create: wanted };
  if (existing.metadata.deletionTimestamp !== undefined) return {};
  const labels = { ...existing.metadata.labels, ...wanted.metadata.labels };
  const next = { ...existing, ...withinSpec(existing, wanted), metadata: { ...existing.metadata, labels } };
  return equalJson(next, existing) ? {} : { update: next as T };
}

/** A Service has much in its spec that the server fills in: only what is ours is put right. */
function withinSpec(
  existing: object,
  { apiVersion: _, kind: _kind, metadata: _metadata, ...fields }: KubeObject,
): object {
  const { spec } = fields as { readonly spec?: object };
  return spec === undefined ? fields : { spec: { ...(existing as { spec?: object }).spec, ...spec } };
}

function serviceOf({ clusterIP, targetPort }: ApiServiceOptions): KubeObject {
  return {
    apiVersion: apiVersionOf(SERVICES),
    kind: SERVICES.kind,
    metadata: { ...API_SERVICE, labels: { component: 'apiserver', provider: 'kubernetes' } },
    spec: { type: 'ClusterIP', clusterIP, ports: [{ name: 'https', port: 443, targetPort, protocol: 'TCP' }] },
  };
}

function endpointsOf({ endpoint: { ip, port } }: ApiServiceOptions): KubeObject {
  return {
    apiVersion: apiVersionOf(ENDPOINTS),
    kind: ENDPOINTS.kind,
    metadata: { ...API_SERVICE, labels: NOT_MIRRORED },
    subsets: [{ addresses: [{ ip }], ports: [{ name: 'https', port, protocol: 'TCP' }] }],
  };
}

function sliceOf({ endpoint: { ip, port } }: ApiServiceOptions): KubeObject {
  return {
    apiVersion: apiVersionOf(ENDPOINT_SLICES),
    kind: ENDPOINT_SLICES.kind,
    metadata: { ...API_SERVICE, labels: { [SERVICE_NAME]: API_SERVICE.name } },
    addressType: 'IPv4',
    endpoints: [{ addresses: [ip], conditions: { ready: true } }],
    ports: [{ name: 'https', port, protocol: 'TCP' }],
  };
}
