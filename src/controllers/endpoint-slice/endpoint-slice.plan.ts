import type { Endpoint, EndpointPort, EndpointSlice, KubeObject, Pod, Service } from '#api';
import { apiVersionOf, ENDPOINT_SLICES, SERVICES } from '#api';
import { canonicalJson, equalJson } from '#base';
import { controllerReference } from '../shared/owners.plan.ts';
import { endpointOf } from './endpoints.plan.ts';

export interface EndpointSliceSnapshot {
  readonly service: Service;
  /** The pods it selects. */
  readonly pods: readonly Pod[];
  /** The slices that are ours. */
  readonly slices: readonly EndpointSlice[];
  /** Endpoints a slice may hold. */
  readonly limit: number;
}

export interface EndpointSlicePlan {
  readonly create: readonly KubeObject[];
  readonly update: readonly EndpointSlice[];
  readonly delete: readonly EndpointSlice[];
  readonly reason: string;
}

export const SERVICE_NAME = 'kubernetes.io/service-name';
export const MANAGED_BY = 'endpointslice.kubernetes.io/managed-by';
export const OURS = 'endpointslice-controller.k8s.io';
/** Source: core/v1 IsHeadlessService. */
export const HEADLESS = 'service.kubernetes.io/headless';

/**
 * Slices that hold exactly the Service's pods, with the fewest changes: an endpoint stays in its slice, new ones fill
 * what has room, and a slice that has become empty goes. Pods that offer other ports go to other slices. A Service
 * without endpoints keeps one empty slice. Source: kubernetes endpointslice/reconciler.go (v0.32).
 */
export function planEndpointSlices({ service, pods, slices, limit }: EndpointSliceSnapshot): EndpointSlicePlan {
  if (!hasEndpoints(service)) {
    return { create: [], update: [], delete: slices, reason: 'it has no endpoints of ours' };
  }
  const groups = byPorts(service, pods);
  const plans = [...groups.values()].map((group) => planGroup({ service, group, slices, limit }));
  const wantedPorts = new Set(groups.keys());
  const stale = slices.filter((slice) => !wantedPorts.has(portsKey(slice.ports ?? [])));
  return {
    create: plans.flatMap(({ create }) => create),
    update: plans.flatMap(({ update }) => update),
    delete: [...plans.flatMap((plan) => plan.delete), ...stale],
    reason: `${pods.length} pods`,
  };
}

/** Only Services that select pods; the others' endpoints are somebody else's. */
function hasEndpoints({ spec, metadata }: Service): boolean {
  const selects = Object.keys(spec.selector ?? {}).length > 0;
  return selects && spec.type !== 'ExternalName' && metadata.deletionTimestamp === undefined;
}

interface Group {
  readonly ports: readonly EndpointPort[];
  readonly endpoints: Map<string, Endpoint>;
}

function byPorts(service: Service, pods: readonly Pod[]): Map<string, Group> {
  const groups = new Map<string, Group>();
  for (const pod of [...pods].sort((left, right) => (left.metadata.name < right.metadata.name ? -1 : 1))) {
    const offered = endpointOf(service, pod);
    if (offered === undefined) continue;
    const key = portsKey(offered.ports);
    const group = groups.get(key) ?? { ports: offered.ports, endpoints: new Map() };
    group.endpoints.set(pod.metadata.uid, offered.endpoint);
    groups.set(key, group);
  }
  if (groups.size === 0) groups.set(portsKey([]), { ports: [], endpoints: new Map() });
  return groups;
}

function planGroup({
  service,
  group,
  slices,
  limit,
}: Omit<EndpointSliceSnapshot, 'pods'> & { readonly group: Group }): Omit<EndpointSlicePlan, 'reason'> {
  const mine = slices
    .filter((slice) => portsKey(slice.ports ?? []) === portsKey(group.ports))
    .sort((left, right) => (left.metadata.name < right.metadata.name ? -1 : 1));
  const left = new Map(group.endpoints);
  const kept = mine.map((slice) => ({ slice, endpoints: take(slice, left) }));
  // A slice that changes anyway is filled first, then the fullest.
  const fillable = [...kept].sort(
    (a, b) => Number(isSame(a)) - Number(isSame(b)) || b.endpoints.length - a.endpoints.length,
  );
  for (const each of fillable) {
    for (const [uid, endpoint] of left) {
      if (each.endpoints.length >= limit) break;
      each.endpoints.push(endpoint);
      left.delete(uid);
    }
  }
  const create: KubeObject[] = [];
  const rest = [...left.values()];
  for (let from = 0; from < rest.length; from += limit)
    create.push(sliceOf(service, group.ports, rest.slice(from, from + limit)));
  const used = kept.filter(({ endpoints }) => endpoints.length > 0);
  const placeholder = used.length === 0 && create.length === 0 ? kept.slice(0, 1) : [];
  if (kept.length === 0 && create.length === 0) create.push(sliceOf(service, group.ports, []));
  const stay = [...used, ...placeholder];
  return {
    create,
    update: stay
      .map(({ slice, endpoints }) => withContents(service, slice, endpoints))
      .filter((next, at) => !equalJson(next, stay[at]?.slice)),
    delete: kept.filter((each) => !stay.includes(each)).map(({ slice }) => slice),
  };
}

/** Takes the endpoints out of `left` that the slice holds already, as they are now. */
function take(slice: EndpointSlice, left: Map<string, Endpoint>): Endpoint[] {
  const taken: Endpoint[] = [];
  for (const { targetRef } of slice.endpoints ?? []) {
    const uid = targetRef?.uid ?? '';
    const now = left.get(uid);
    if (now === undefined) continue;
    taken.push(now);
    left.delete(uid);
  }
  return taken;
}

function isSame({
  slice,
  endpoints,
}: {
  readonly slice: EndpointSlice;
  readonly endpoints: readonly Endpoint[];
}): boolean {
  return equalJson(slice.endpoints ?? [], endpoints);
}

function withContents(service: Service, slice: EndpointSlice, endpoints: readonly Endpoint[]): EndpointSlice {
  return { ...slice, metadata: { ...slice.metadata, labels: labelsOf(service) }, endpoints: [...endpoints] };
}

function sliceOf(service: Service, ports: readonly EndpointPort[], endpoints: readonly Endpoint[]): KubeObject {
  const { name, namespace } = service.metadata;
  return {
    apiVersion: apiVersionOf(ENDPOINT_SLICES),
    kind: ENDPOINT_SLICES.kind,
    metadata: {
      generateName: `${name}-`,
      ...(namespace === undefined ? {} : { namespace }),
      labels: labelsOf(service),
      ownerReferences: [controllerReference(service, SERVICES)],
    },
    addressType: 'IPv4',
    endpoints: [...endpoints],
    ports: [...ports],
  };
}

function labelsOf({ metadata, spec }: Service): Record<string, string> {
  const { [HEADLESS]: _, ...inherited } = metadata.labels ?? {};
  const headless = spec.clusterIP === 'None' ? { [HEADLESS]: '' } : {};
  return { ...inherited, ...headless, [SERVICE_NAME]: metadata.name, [MANAGED_BY]: OURS };
}

function portsKey(ports: readonly EndpointPort[]): string {
  return canonicalJson([...ports].map((port) => canonicalJson(port)).sort());
}
