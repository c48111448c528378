import {
  apiVersionOf,
  ENDPOINTS,
  type EndpointAddress,
  type EndpointSubset,
  type Endpoints,
  type KubeObject,
  type Pod,
  type Service,
} from '#api';
import { canonicalJson, equalJson } from '#base';
import { HEADLESS } from '../endpoint-slice/endpoint-slice.plan.ts';
import { isFinished, isReady } from '../shared/pods.plan.ts';
import { targetPort } from '../shared/target-port.plan.ts';

export interface EndpointsSnapshot {
  readonly service: Service;
  /** The pods it selects. */
  readonly pods: readonly Pod[];
  /** What stands by the Service's name. */
  readonly existing: Endpoints | undefined;
  /** Addresses that one object may hold. */
  readonly limit: number;
}

/** At most one of `create` and `update`; none where all is as it should be. */
export interface EndpointsPlan {
  readonly create?: KubeObject;
  readonly update?: Endpoints;
  readonly reason: string;
}

type Port = NonNullable<EndpointSubset['ports']>[number];

/** Says that addresses were left out. Source: core/v1 EndpointsOverCapacity. */
export const OVER_CAPACITY = 'endpoints.kubernetes.io/over-capacity';

/**
 * The Endpoints of a Service: the pods it selects, ready or not, by the ports they offer. One without a selector is
 * somebody else's to write. Source: kubernetes pkg/controller/endpoint/endpoints_controller.go, syncService (v1.32).
 */
export function planEndpoints({ service, pods, existing, limit }: EndpointsSnapshot): EndpointsPlan {
  const { spec, metadata } = service;
  if (spec.type === 'ExternalName' || Object.keys(spec.selector ?? {}).length === 0) {
    return { reason: 'it selects no pods: its endpoints are not ours' };
  }
  const all = subsetsOf(service, pods);
  const { subsets, cut } = truncate(all, limit);
  const { [OVER_CAPACITY]: _, ...annotations } = existing?.metadata.annotations ?? {};
  const wanted = {
    labels: { ...metadata.labels, ...(spec.clusterIP === 'None' ? { [HEADLESS]: '' } : {}) },
    annotations: { ...annotations, ...(cut ? { [OVER_CAPACITY]: 'truncated' } : {}) },
  };
  const reason = `${pods.length} pods${cut ? ', of which some are left out' : ''}`;
  if (existing === undefined) {
    const { name, namespace } = metadata;
    const named = { name, ...(namespace === undefined ? {} : { namespace }), ...wanted };
    return {
      create: { apiVersion: apiVersionOf(ENDPOINTS), kind: ENDPOINTS.kind, metadata: named, subsets },
      reason,
    };
  }
  const { labels = {}, annotations: before = {} } = existing.metadata;
  const stands = equalJson([labels, before, existing.subsets ?? []], [wanted.labels, wanted.annotations, subsets]);
  if (stands) return { reason: `${reason}, as it stands` };
  return { update: { ...existing, metadata: { ...existing.metadata, ...wanted }, subsets: [...subsets] }, reason };
}

interface Gathered {
  readonly ports: readonly Port[];
  readonly addresses: EndpointAddress[];
  readonly notReadyAddresses: EndpointAddress[];
}

/** Pods that offer the same ports share a subset. Source: kubernetes pkg/api/v1/endpoints/util.go, RepackSubsets (v1.32). */
function subsetsOf(service: Service, pods: readonly Pod[]): EndpointSubset[] {
  const groups = new Map<string, Gathered>();
  const anyway = service.spec.publishNotReadyAddresses === true;
  for (const pod of pods) {
    const address = addressOf(service, pod, anyway);
    const ports = portsOf(service, pod);
    if (address === undefined || ports === undefined) continue;
    const key = canonicalJson(ports);
    const group = groups.get(key) ?? { ports, addresses: [], notReadyAddresses: [] };
    groups.set(key, group);
    if (anyway || isReady(pod)) group.addresses.push(address);
    else group.notReadyAddresses.push(address);
  }
  return [...groups.keys()].sort().map((key) => {
    const { ports, addresses, notReadyAddresses } = groups.get(key) as Gathered;
    return {
      ...(addresses.length === 0 ? {} : { addresses: addresses.sort(byAddress) }),
      ...(notReadyAddresses.length === 0 ? {} : { notReadyAddresses: notReadyAddresses.sort(byAddress) }),
      ...(ports.length === 0 ? {} : { ports: [...ports] }),
    };
  });
}

/** Undefined for a pod without an address, one that has ended, and one that goes, unless such are published too. */
function addressOf({ metadata }: Service, pod: Pod, anyway: boolean): EndpointAddress | undefined {
  const ip = pod.status?.podIP;
  if (ip === undefined || ip === '' || isFinished(pod)) return undefined;
  if (pod.metadata.deletionTimestamp !== undefined && !anyway) return undefined;
  const { hostname, subdomain, nodeName } = pod.spec;
  const named = hostname !== undefined && hostname !== '' && subdomain === metadata.name;
  return {
    ip,
    ...(named ? { hostname } : {}),
    ...(nodeName === undefined ? {} : { nodeName }),
    targetRef: {
      kind: 'Pod',
      ...(pod.metadata.namespace === undefined ? {} : { namespace: pod.metadata.namespace }),
      name: pod.metadata.name,
      uid: pod.metadata.uid,
    },
  };
}

/** Undefined where the pod has none of the Service's ports; empty for a headless Service that names none. */
function portsOf({ spec }: Service, pod: Pod): readonly Port[] | undefined {
  const wanted = spec.ports ?? [];
  if (wanted.length === 0) return spec.clusterIP === 'None' ? [] : undefined;
  const ports = wanted.flatMap((servicePort): Port[] => {
    const port = targetPort(servicePort, pod);
    if (port === undefined) return [];
    const { name, protocol = 'TCP', appProtocol } = servicePort;
    return [
      {
        ...(name === undefined || name === '' ? {} : { name }),
        port,
        protocol,
        ...(appProtocol === undefined ? {} : { appProtocol }),
      },
    ];
  });
  if (ports.length === 0) return undefined;
  return ports.sort((a, b) => a.port - b.port || compareText(canonicalJson(a), canonicalJson(b)));
}

/**
 * Leaves out what is beyond the limit: those not ready first, then each subset's share of the ready ones.
 * Source: kubernetes pkg/controller/endpoint/endpoints_controller.go, truncateEndpoints (v1.32).
 */
function truncate(
  subsets: readonly EndpointSubset[],
  limit: number,
): { readonly subsets: readonly EndpointSubset[]; readonly cut: boolean } {
  const count = (of: 'addresses' | 'notReadyAddresses') =>
    subsets.reduce((sum, subset) => sum + (subset[of]?.length ?? 0), 0);
  const ready = count('addresses');
  const notReady = count('notReadyAddresses');
  if (ready + notReady <= limit) return { subsets, cut: false };
  const shortens = ready > limit ? ('addresses' as const) : ('notReadyAddresses' as const);
  const total = ready > limit ? ready : notReady;
  const room = ready > limit ? limit : limit - ready;
  let left = room;
  const kept = subsets.map((subset): EndpointSubset => {
    const list = subset[shortens] ?? [];
    const share = Math.min(Math.ceil((list.length / total) * room), left);
    left -= share;
    const { notReadyAddresses: _, ...readyOnly } = subset;
    return { ...(shortens === 'addresses' ? readyOnly : subset), [shortens]: list.slice(0, share) };
  });
  // A subset must hold an address.
  const held = kept.filter((each) => (each.addresses ?? []).length + (each.notReadyAddresses ?? []).length > 0);
  return { subsets: held.map(withoutEmpty), cut: true };
}

function withoutEmpty({ addresses = [], notReadyAddresses = [], ports }: EndpointSubset): EndpointSubset {
  return {
    ...(addresses.length === 0 ? {} : { addresses }),
    ...(notReadyAddresses.length === 0 ? {} : { notReadyAddresses }),
    ...(ports === undefined ? {} : { ports }),
  };
}

function byAddress(left: EndpointAddress, right: EndpointAddress): number {
  return compareText(left.ip, right.ip) || compareText(left.targetRef?.uid ?? '', right.targetRef?.uid ?? '');
}

function compareText(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}
