import {
  apiVersionOf,
  ENDPOINT_SLICES,
  ENDPOINTS,
  type Endpoint,
  type EndpointAddress,
  type EndpointPort,
  type EndpointSlice,
  type EndpointSubset,
  type Endpoints,
  type KubeObject,
  type Service,
} from '#api';
import { canonicalJson, equalJson } from '#base';
import { MANAGED_BY, SERVICE_NAME } from '../endpoint-slice/endpoint-slice.plan.ts';
import { controllerReference } from '../shared/owners.plan.ts';

export interface MirroringSnapshot {
  readonly endpoints: Endpoints | undefined;
  readonly service: Service | undefined;
  /** The slices that are mirrored from Endpoints of this name. */
  readonly slices: readonly EndpointSlice[];
  /** Addresses of one subset, and endpoints of one slice, that are mirrored. */
  readonly limit: number;
}

export interface MirroringPlan {
  readonly create: readonly KubeObject[];
  readonly update: readonly EndpointSlice[];
  readonly delete: readonly EndpointSlice[];
  readonly reason: string;
}

export const MIRRORED = 'endpointslicemirroring-controller.k8s.io';
/** Source: discovery/v1 LabelSkipMirror. */
const SKIP = 'endpointslice.kubernetes.io/skip-mirror';
/** Annotations of Endpoints that say nothing of a slice. Source: core/v1 annotation_key_constants.go, client-go resourcelock. */
const LEADER = 'control-plane.alpha.kubernetes.io/leader';
const NOT_COPIED = [
  'endpoints.kubernetes.io/last-change-trigger-time',
  'kubectl.kubernetes.io/last-applied-configuration',
] as const;

type AddressType = 'IPv4' | 'IPv6';

/**
 * Slices that say what Endpoints written by hand say, so that readers of slices see them too: one for each set of ports
 * and family of addresses. Only for Services without a selector; those with one have slices of their own.
 * Source: kubernetes pkg/controller/endpointslicemirroring/reconciler.go (v1.32).
 */
export function planMirroring({ endpoints, service, slices, limit }: MirroringSnapshot): MirroringPlan {
  const none = (reason: string): MirroringPlan => ({ create: [], update: [], delete: slices, reason });
  if (endpoints === undefined || endpoints.metadata.deletionTimestamp !== undefined) return none('no Endpoints');
  if (endpoints.metadata.labels?.[SKIP] === 'true') return none('a label says that they are not mirrored');
  if (endpoints.metadata.annotations?.[LEADER] !== undefined) return none('they are a lock');
  if (service === undefined) return none('no Service');
  if (service.spec.selector !== undefined) return none('the Service selects its own pods');
  const create: KubeObject[] = [];
  const update: EndpointSlice[] = [];
  const kept = new Set<EndpointSlice>();
  const desired = desiredSlices(endpoints, limit);
  for (const wanted of desired) {
    const [existing] = slices
      .filter((slice) => keyOf(slice.addressType, slice.ports ?? []) === keyOf(wanted.addressType, wanted.ports))
      .sort((left, right) => (left.metadata.name < right.metadata.name ? -1 : 1));
    if (existing === undefined) {
      create.push(newSlice(endpoints, wanted));
      continue;
    }
    kept.add(existing);
    const next = withContents(existing, endpoints, wanted);
    if (!equalJson(next, existing)) update.push(next);
  }
  return {
    create,
    update,
    delete: slices.filter((slice) => !kept.has(slice)),
    reason: `${desired.length} sets of ports and addresses`,
  };
}

interface Wanted {
  readonly addressType: AddressType;
  readonly ports: readonly EndpointPort[];
  readonly endpoints: readonly Endpoint[];
}

function desiredSlices({ subsets = [] }: Endpoints, limit: number): readonly Wanted[] {
  const found = new Map<string, Wanted & { readonly byAddress: Map<string, Endpoint> }>();
  for (const subset of subsets) {
    const ports = portsOf(subset);
    for (const [address, ready] of addressesOf(subset, limit)) {
      const addressType = address.ip.includes(':') ? 'IPv6' : 'IPv4';
      const key = keyOf(addressType, ports);
      const group = found.get(key) ?? { addressType, ports, endpoints: [], byAddress: new Map<string, Endpoint>() };
      found.set(key, group);
      const id = canonicalJson([address.ip, address.targetRef?.uid ?? '']);
      if (!group.byAddress.has(id)) group.byAddress.set(id, endpointOf(address, ready));
    }
  }
  return [...found.values()].map(({ addressType, ports, byAddress }) => ({
    addressType,
    ports,
    endpoints: [...byAddress.values()].slice(0, limit),
  }));
}

/** With whether each is ready; those that are count first towards the limit. */
function addressesOf(
  { addresses = [], notReadyAddresses = [] }: EndpointSubset,
  limit: number,
): readonly (readonly [EndpointAddress, boolean])[] {
  const all = [
    ...addresses.map((address) => [address, true] as const),
    ...notReadyAddresses.map((address) => [address, false] as const),
  ];
  return all.slice(0, limit);
}

function portsOf({ ports = [] }: EndpointSubset): readonly EndpointPort[] {
  return ports.map(({ name = '', port, protocol = 'TCP', appProtocol }) => ({
    name,
    port,
    protocol,
    ...(appProtocol === undefined ? {} : { appProtocol }),
  }));
}

function endpointOf({ ip, hostname, nodeName, targetRef }: EndpointAddress, ready: boolean): Endpoint {
  return {
    addresses: [ip],
    conditions: { ready },
    ...(hostname === undefined || hostname === '' ? {} : { hostname }),
    ...(nodeName === undefined ? {} : { nodeName }),
    ...(targetRef === undefined ? {} : { targetRef }),
  };
}

function newSlice(endpoints: Endpoints, { addressType, ports, endpoints: list }: Wanted): KubeObject {
  const { name, namespace } = endpoints.metadata;
  return {
    apiVersion: apiVersionOf(ENDPOINT_SLICES),
    kind: ENDPOINT_SLICES.kind,
    metadata: {
      generateName: `${name}-`,
      ...(namespace === undefined ? {} : { namespace }),
      ...copiedMetadata(endpoints),
      ownerReferences: [controllerReference(endpoints, ENDPOINTS)],
    },
    addressType,
    endpoints: [...list],
    ports: [...ports],
  };
}

function withContents(slice: EndpointSlice, endpoints: Endpoints, { endpoints: list }: Wanted): EndpointSlice {
  const { annotations: _, ...rest } = slice.metadata;
  const metadata = { ...rest, ...copiedMetadata(endpoints) };
  return {
    ...slice,
    metadata: { ...metadata, ownerReferences: [controllerReference(endpoints, ENDPOINTS)] },
    endpoints: [...list],
  };
}

function copiedMetadata({ metadata }: Endpoints) {
  const annotations = { ...metadata.annotations };
  for (const name of NOT_COPIED) delete annotations[name];
  return {
    labels: { ...metadata.labels, [SERVICE_NAME]: metadata.name, [MANAGED_BY]: MIRRORED },
    ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
  };
}

function keyOf(addressType: string, ports: readonly EndpointPort[]): string {
  return canonicalJson([addressType, ...ports.map((port) => canonicalJson(port)).sort()]);
}
