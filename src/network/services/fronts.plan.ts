import { isBackendAddress, parseIPv4 } from '../address.plan.ts';
import type { ServiceBackend, ServicePortRoute } from '../network.types.ts';

/** Backends of one port that get traffic; more are left out. Each is an element of two maps. */
export const BACKENDS_PER_FRONT = 1_024;

/** One address and port that connections are taken at, with where they go. */
export interface Front {
  /** Unique among fronts. */
  readonly id: string;
  readonly kind: 'cluster' | 'node';
  readonly protocol: 'tcp' | 'udp';
  /** Of a `cluster` front; '' for `node`, which is any address of the host. */
  readonly ip: string;
  readonly port: number;
  /** Sorted, without duplicates. */
  readonly backends: readonly ServiceBackend[];
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
  readonly refused: readonly Refusal[];
  /** For the next plan: what did not change is not worked out again, and its fronts are the very same objects. */
  readonly requests: ReadonlyMap<string, Request>;
}

export interface FrontsOptions {
  /** Queries to the nameserver's address never get a front: they end at our own server. */
  readonly dnsIP: string;
}

/**
 * The fronts that the routes ask for. Two routes at one address and port: the first, by name of its Service, has it,
 * even while it has no backends.
 */
export function planFronts(
  routes: readonly ServicePortRoute[],
  options: FrontsOptions,
  before?: Pick<FrontsPlan, 'requests'>,
): FrontsPlan {
  const fronts = new Map<string, Front>();
  const refused: Refusal[] = [];
  const requests = new Map<string, Request>();
  const owners = new Map<string, string>();
  for (const route of inOrder(routes)) {
    const { service } = route;
    const id = `${service} ${route.protocol} ${route.clusterIP}:${route.port}`;
    const known = before?.requests.get(id);
    const request = known !== undefined && sameRoute(known.route, route) ? known : planRoute(route, options);
    requests.set(id, request);
    refused.push(...request.refused);
    for (const front of request.fronts) {
      const owner = owners.get(front.id);
      if (owner !== undefined) refused.push({ service, reason: `${front.id} belongs to ${owner}` });
      else {
        owners.set(front.id, service);
        if (front.backends.length > 0) fronts.set(front.id, front);
      }
    }
  }
  return { fronts, refused, requests };
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
  const backends = usableBackends(route, refused);
  if (clusterIP !== dnsIP) {
    fronts.push({ id: `${protocol}/${clusterIP}:${port}`, kind: 'cluster', protocol, ip: clusterIP, port, backends });
  }
  if (nodePort !== undefined && isPort(nodePort)) {
    fronts.push({ id: `${protocol}/*:${nodePort}`, kind: 'node', protocol, ip: '', port: nodePort, backends });
  } else if (nodePort !== undefined) refused.push({ service, reason: `${nodePort} is no node port` });
  return { route, fronts, refused };
}

function sameRoute(a: ServicePortRoute, b: ServicePortRoute): boolean {
  if (a === b) return true;
  if (a.nodePort !== b.nodePort || a.backends.length !== b.backends.length) return false;
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
