import { isBackendAddress, parseIPv4 } from '../address.plan.ts';
import type { HostPortRoute, ServiceBackend, ServicePortRoute } from '../network.types.ts';

/** Backends of one port that get traffic; more are left out. Each is an element of two maps. */
export const BACKENDS_PER_FRONT = 1_024;

/** One address and port that connections are taken at by the kernel, with where they go. */
export interface Front {
  /** Unique among fronts. */
  readonly id: string;
  readonly kind: FrontKind;
  readonly protocol: 'tcp' | 'udp';
  /** '' for `node`. */
  readonly ip: string;
  readonly port: number;
  /** Sorted, without duplicates. */
  readonly backends: readonly ServiceBackend[];
  /** Set: each client stays with the backend it met. */
  readonly affinity?: Affinity;
}

/** The address of a Service, any address of the host, or one of them. */
export type FrontKind = 'cluster' | 'node' | 'host';

export interface Affinity {
  /** Fronts of one key share what they remember: a client that comes by another address meets the same backend. */
  readonly key: string;
  /** How long a client is remembered after its last connection. */
  readonly seconds: number;
}

/** One port on loopback, where the kernel cannot translate: TCP is carried from there by a relay. */
export interface RelayFront extends Pick<Front, 'port' | 'backends' | 'affinity'> {
  readonly address: string;
}

/** A route or backend that gets no traffic, and why. */
export interface Refusal {
  readonly service: string;
  readonly reason: string;
}

/** What one route asks for by itself. */
interface Request {
  readonly route: ServicePortRoute;
  readonly fronts: readonly Front[];
  readonly refused: readonly Refusal[];
}

export interface FrontsPlan {
  readonly fronts: ReadonlyMap<string, Front>;
  /** By address and port. */
  readonly relays: ReadonlyMap<string, RelayFront>;
  readonly refused: readonly Refusal[];
  /** For the next plan: what did not change is not worked out again, and its fronts are the very same objects. */
  readonly requests: ReadonlyMap<string, Request>;
}

export interface FrontsOptions {
  /** Queries to the nameserver's address never get a front: they end at our own server. */
  readonly dnsIP: string;
}

/** Everything that connections are to be taken for. */
export interface AllRoutes {
  readonly services: readonly ServicePortRoute[];
  readonly hostPorts?: readonly HostPortRoute[];
}

/**
 * The fronts that the routes ask for. Two routes at one address and port: the first, by name of its Service, has it,
 * even while it has no backends; Services go before pods.
 */
export function planFronts(
  { services: routes, hostPorts = [] }: AllRoutes,
  options: FrontsOptions,
  before?: Pick<FrontsPlan, 'requests'>,
): FrontsPlan {
  const fronts = new Map<string, Front>();
  const relays = new Map<string, RelayFront>();
  const refused: Refusal[] = [];
  const requests = new Map<string, Request>();
  const owners = new Map<string, string>();
  const take = (id: string, who: string): boolean => {
    const owner = owners.get(id);
    if (owner === undefined) owners.set(id, who);
    else refused.push({ service: who, reason: `${id} belongs to ${owner}` });
    return owner === undefined;
  };
  const put = (front: Front) => {
    fronts.set(front.id, front);
    if (front.kind === 'node' && front.protocol === 'tcp') relay(relays, { ...front, address: LOOPBACK });
  };
  for (const route of inOrder(routes)) {
    const { service } = route;
    const id = `${service} ${route.protocol} ${route.clusterIP}:${route.port}`;
    const known = before?.requests.get(id);
    const request = known !== undefined && sameRoute(known.route, route) ? known : planRoute(route, options);
    requests.set(id, request);
    refused.push(...request.refused);
    for (const front of request.fronts) {
      if (take(front.id, service) && front.backends.length > 0) put(front);
    }
  }
  for (const route of hostPorts.toSorted((a, b) => compareText(a.pod, b.pod) || a.hostPort - b.hostPort)) {
    const front = hostFront(route, options);
    if (typeof front === 'string') {
      refused.push({ service: route.pod, reason: front });
      continue;
    }
    // Whoever has a port at every address of the host has it at this one too; of loopback that is one address alone.
    const isOne = front.kind === 'host' && (!isLoopback(front.ip) || front.ip === LOOPBACK);
    const everywhere = isOne ? owners.get(`${front.protocol}/*:${front.port}`) : undefined;
    if (everywhere !== undefined) {
      refused.push({
        service: route.pod,
        reason: `${front.id} belongs to ${everywhere}, which has it at every address`,
      });
    } else if (take(front.id, route.pod)) {
      if (!isLoopback(front.ip)) put(front);
      else if (front.protocol === 'tcp') relay(relays, { ...front, address: front.ip });
    }
  }
  return { fronts, relays, refused, requests };
}

/** Any address of the host has given its port away before one of them is asked for. */
function relay(relays: Map<string, RelayFront>, { address, port, backends, affinity }: RelayFront): void {
  const key = `${address}:${port}`;
  if (relays.has(key)) return;
  relays.set(key, { address, port, backends, ...(affinity === undefined ? {} : { affinity }) });
}

/** Where a NodePort, or a host port without an address, is taken on loopback. */
const LOOPBACK = '127.0.0.1';
/** What people write for every address. */
const EVERY_ADDRESS: readonly string[] = ['', '0.0.0.0'];

function isLoopback(ip: string): boolean {
  return ip.startsWith('127.');
}

/** The front of a host port; why there is none. */
function hostFront(route: HostPortRoute, { dnsIP }: FrontsOptions): Front | string {
  const { hostIP = '', hostPort: port, backend } = route;
  const protocol = route.protocol === 'UDP' ? 'udp' : 'tcp';
  const isAny = EVERY_ADDRESS.includes(hostIP);
  const ip = isAny ? '' : hostIP;
  const place = `${isAny ? '*' : ip}:${port}`;
  if (!isPort(port) || (!isAny && parseIPv4(ip) === undefined)) return `${place} is no IPv4 address and port`;
  if (ip === dnsIP) return `${place} belongs to the cluster DNS`;
  if (isLoopback(ip) && protocol === 'udp') return `udp/${place} is not carried: on loopback only TCP is`;
  if (!isBackendAddress(backend.ip) || !isPort(backend.port)) {
    return `${backend.ip}:${backend.port} may not be a backend`;
  }
  const { ip: to, port: toPort } = backend;
  const backends = [{ ip: to, port: toPort }];
  return { id: `${protocol}/${place}`, kind: isAny ? 'node' : 'host', protocol, ip, port, backends };
}

/** The routes, with the one of an address leading to these backends whatever its endpoints are. */
export function leadTo(
  routes: readonly ServicePortRoute[],
  clusterIP: string,
  backends: readonly ServiceBackend[],
): readonly ServicePortRoute[] {
  return routes.map((route) => (route.clusterIP === clusterIP ? { ...route, backends } : route));
}

function planRoute(route: ServicePortRoute, { dnsIP }: FrontsOptions): Request {
  const { service, clusterIP, port, nodePort } = route;
  if (!isPort(port) || parseIPv4(clusterIP) === undefined) {
    return { route, fronts: [], refused: [{ service, reason: `${clusterIP}:${port} is no address and port` }] };
  }
  const refused: Refusal[] = [];
  const fronts: Front[] = [];
  const protocol = route.protocol === 'UDP' ? 'udp' : 'tcp';
  const same = { protocol, backends: usableBackends(route, refused), ...affinityOf(route) } as const;
  if (clusterIP !== dnsIP) {
    fronts.push({ id: `${protocol}/${clusterIP}:${port}`, kind: 'cluster', ip: clusterIP, port, ...same });
  }
  if (nodePort !== undefined && isPort(nodePort)) {
    fronts.push({ id: `${protocol}/*:${nodePort}`, kind: 'node', ip: '', port: nodePort, ...same });
  } else if (nodePort !== undefined) refused.push({ service, reason: `${nodePort} is no node port` });
  return { route, fronts, refused };
}

function affinityOf({ service, protocol, affinitySeconds: seconds }: ServicePortRoute): { affinity?: Affinity } {
  if (seconds === undefined) return {};
  return { affinity: { key: `${service} ${protocol}`, seconds: Math.min(Math.max(1, seconds), MAX_AFFINITY_SECONDS) } };
}

/** A day. Source: kubernetes pkg/apis/core/types.go, MaxClientIPServiceAffinitySeconds (v1.32). */
const MAX_AFFINITY_SECONDS = 86_400;

function sameRoute(a: ServicePortRoute, b: ServicePortRoute): boolean {
  if (a === b) return true;
  if (a.nodePort !== b.nodePort || a.affinitySeconds !== b.affinitySeconds) return false;
  if (a.backends.length !== b.backends.length) return false;
  return a.backends.every(({ ip, port }, index) => b.backends[index]?.ip === ip && b.backends[index]?.port === port);
}

/** Sorted by Service, without a copy if they are already, as they are when nothing but backends changed. */
function inOrder(routes: readonly ServicePortRoute[]): readonly ServicePortRoute[] {
  const sorted = routes.every((route, index) => index === 0 || (routes[index - 1]?.service ?? '') <= route.service);
  return sorted ? routes : routes.toSorted((a, b) => compareText(a.service, b.service) || a.port - b.port);
}

/** Those of a route's backends that may get traffic, sorted; what is left out is told. */
function usableBackends({ service, backends }: ServicePortRoute, refused: Refusal[]): readonly ServiceBackend[] {
  const usable = new Map<string, ServiceBackend>();
  for (const backend of backends) {
    if (isBackendAddress(backend.ip) && isPort(backend.port)) usable.set(`${backend.ip}:${backend.port}`, backend);
    else refused.push({ service, reason: `${backend.ip}:${backend.port} may not be a backend` });
  }
  const sorted = [...usable].sort(([a], [b]) => compareText(a, b)).map(([, { ip, port }]) => ({ ip, port }));
  if (sorted.length > BACKENDS_PER_FRONT) {
    refused.push({ service, reason: `only the first ${BACKENDS_PER_FRONT} of ${sorted.length} backends get traffic` });
  }
  return sorted.slice(0, BACKENDS_PER_FRONT);
}

function isPort(port: number): boolean {
  return Number.isInteger(port) && port >= 1 && port <= 65_535;
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
