import type { Endpoint, EndpointSlice, Service, ServicesSnapshot } from './services.types.ts';

/** Label that ties a slice to its Service. Source: discovery/v1 LabelServiceName. */
const SERVICE_LABEL = 'kubernetes.io/service-name';
/** Backends of one port of one Service that are used. */
export const MAX_BACKENDS = 1_000;

/** Slices by `namespace/service`. */
export function slicesByService(slices: readonly EndpointSlice[]): ReadonlyMap<string, readonly EndpointSlice[]> {
  const found = new Map<string, EndpointSlice[]>();
  for (const slice of slices) {
    const service = slice.metadata.labels?.[SERVICE_LABEL];
    if (service === undefined || slice.addressType !== 'IPv4') continue;
    const key = `${slice.metadata.namespace ?? ''}/${service}`;
    const known = found.get(key);
    if (known === undefined) found.set(key, [slice]);
    else known.push(slice);
  }
  return found;
}

export function serviceKey({ metadata }: Service): string {
  return `${metadata.namespace ?? ''}/${metadata.name}`;
}

/** An endpoint that may get connections, with its address and the port of one name. */
export interface Target {
  readonly ip: string;
  readonly port: number;
  readonly hostname: string | undefined;
}

/**
 * Where connections to one port of a Service may end: ready endpoints; when there are none, those that are leaving but
 * still serve. Source: KEP-1669, kubernetes pkg/proxy/topology.go (v1.32).
 */
export function targetsOf(slices: readonly EndpointSlice[], portName: string): readonly Target[] {
  const ready = new Map<string, Target>();
  const leaving = new Map<string, Target>();
  for (const slice of slices) {
    const port = slice.ports?.find(({ name = '' }) => name === portName)?.port;
    if (port === undefined || port === null) continue;
    for (const endpoint of slice.endpoints ?? []) {
      const ip = endpoint.addresses[0];
      if (ip === undefined || !isUsable(ip)) continue;
      const target: Target = { ip, port, hostname: endpoint.hostname };
      if (isReady(endpoint)) ready.set(`${ip}:${port}`, target);
      else if (isLeaving(endpoint)) leaving.set(`${ip}:${port}`, target);
    }
  }
  const chosen = ready.size > 0 ? ready : leaving;
  return [...chosen.values()].sort(byAddress).slice(0, MAX_BACKENDS);
}

function isReady({ conditions }: Endpoint): boolean {
  return conditions?.ready !== false;
}

function isLeaving({ conditions }: Endpoint): boolean {
  return conditions?.terminating === true && conditions.serving === true;
}

/** This host, the link, and nowhere are no backends: such an endpoint would reach what a pod must not. */
function isUsable(ip: string): boolean {
  const parts = ip.split('.').map(Number);
  if (parts.length !== 4 || !parts.every((part) => Number.isInteger(part) && part >= 0 && part <= 255)) return false;
  const [first = 0, second = 0] = parts;
  return first !== 0 && first !== 127 && first < 224 && !(first === 169 && second === 254);
}

function byAddress(left: Target, right: Target): number {
  return left.ip < right.ip ? -1 : left.ip > right.ip ? 1 : left.port - right.port;
}

/**
 * The slices with the endpoints of these pods neither ready nor serving. For what the node itself knows of its pods: it
 * knows it first, and while the control plane is down it alone does. Services that publish their pods ready or not
 * keep them.
 */
export function withoutPods(
  { services, slices }: ServicesSnapshot,
  podUids: ReadonlySet<string>,
): ServicesSnapshot['slices'] {
  if (podUids.size === 0) return slices;
  const publishes = ({ spec }: Service) => spec.publishNotReadyAddresses === true;
  const kept = new Set(services.filter(publishes).map(serviceKey));
  return slices.map((slice) => {
    const { namespace = '', labels } = slice.metadata;
    if (kept.has(`${namespace}/${labels?.[SERVICE_LABEL] ?? ''}`)) return slice;
    const isDown = ({ targetRef }: Endpoint) => targetRef?.uid !== undefined && podUids.has(targetRef.uid);
    if (!slice.endpoints?.some(isDown)) return slice;
    const endpoints = slice.endpoints.map((endpoint) =>
      isDown(endpoint)
        ? { ...endpoint, conditions: { ...endpoint.conditions, ready: false, serving: false } }
        : endpoint,
    );
    return { ...slice, endpoints };
  });
}
