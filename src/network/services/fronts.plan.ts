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

export interface FrontsPlan {
  readonly fronts: ReadonlyMap<string, Front>;
  /** Routes or backends that were left out, and why. */
  readonly refused: readonly { readonly service: string; readonly reason: string }[];
}

/**
 * The fronts that the routes ask for. Two routes at one address and port: the first, by name of its Service, has it.
 * Queries to the nameserver's address never get a front: they end at our own server.
 */
export function planFronts(routes: readonly ServicePortRoute[], { dnsIP }: { readonly dnsIP: string }): FrontsPlan {
  const fronts = new Map<string, Front>();
  const refused: { service: string; reason: string }[] = [];
  const owners = new Map<string, string>();
  const add = (service: string, front: Front) => {
    const owner = owners.get(front.id);
    if (owner !== undefined) {
      refused.push({ service, reason: `${front.id} belongs to ${owner}` });
      return;
    }
    owners.set(front.id, service);
    if (front.backends.length > 0) fronts.set(front.id, front);
  };
  for (const route of inOrder(routes)) {
    const { service, clusterIP, port, nodePort } = route;
    const protocol = route.protocol === 'UDP' ? 'udp' : 'tcp';
    const backends = usableBackends(route, refused);
    if (!isPort(port) || parseIPv4(clusterIP) === undefined) {
      refused.push({ service, reason: `${clusterIP}:${port} is no address and port` });
      continue;
    }
    if (clusterIP !== dnsIP) {
      add(service, {
        id: `${protocol}/${clusterIP}:${port}`,
        kind: 'cluster',
        protocol,
        ip: clusterIP,
        port,
        backends,
      });
    }
    if (nodePort === undefined) continue;
    if (isPort(nodePort))
      add(service, { id: `${protocol}/*:${nodePort}`, kind: 'node', protocol, ip: '', port: nodePort, backends });
    else refused.push({ service, reason: `${nodePort} is no node port` });
  }
  return { fronts, refused };
}

/** Sorted by Service, without a copy if they are already, as they are when nothing but backends changed. */
function inOrder(routes: readonly ServicePortRoute[]): readonly ServicePortRoute[] {
  const sorted = routes.every((route, index) => index === 0 || (routes[index - 1]?.service ?? '') <= route.service);
  return sorted ? routes : routes.toSorted((a, b) => compareText(a.service, b.service) || a.port - b.port);
}

/** Those of a route's backends that may get traffic, sorted; what is left out is told. */
function usableBackends(
  { service, backends }: ServicePortRoute,
  refused: { service: string; reason: string }[],
): readonly ServiceBackend[] {
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
