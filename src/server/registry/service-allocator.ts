import { ApiError, type KubeObject, SERVICES, type Service, type ServicePort, type StoredObject } from '#api';
import type { Operation, Store } from '#store';
import { invalid } from './errors.ts';
import { parseIpRange } from './ip-range.ts';
import { objectName } from './keys.ts';
import { apiLimits } from './limits.ts';
import { type AllocationPlan, planAllocation } from './service-allocation.plan.ts';

export interface NodePortRange {
  readonly from: number;
  /** Included. */
  readonly to: number;
}

export interface Allocated {
  readonly object: KubeObject;
  /** To be committed together with the object: they fail when somebody else took the same. */
  readonly operations: readonly Operation[];
}

/** Gives Services their addresses and node ports. Each is one key of the store, so that it can be held only once. */
export interface ServiceAllocator {
  /** Throws `Invalid` for an address or port that is out of range or taken. */
  allocate(service: KubeObject, old: StoredObject | undefined): Promise<Allocated>;
  /** What gives back all that a Service holds. */
  release(service: StoredObject): readonly Operation[];
}

const IP_PREFIX = '/allocations/service-ip/';
const PORT_PREFIX = '/allocations/node-port/';

interface AllocatorDeps {
  readonly store: Store;
  random(): number;
}

interface Pool {
  readonly prefix: string;
  readonly lowest: number;
  /** Places that are given out by chance; those before are left for who asks by name. */
  readonly first: number;
  readonly end: number;
  nameAt(place: number): string;
}

export function createServiceAllocator(
  { store, random }: AllocatorDeps,
  { serviceCidr, nodePorts }: { readonly serviceCidr: string; readonly nodePorts: NodePortRange },
): ServiceAllocator {
  const range = parseIpRange(serviceCidr);
  const ips: Pool = {
    prefix: IP_PREFIX,
    lowest: 1,
    first: staticBand(range.size, 16, 256),
    end: range.size - 1,
    nameAt: (place) => range.at(place),
  };
  const portCount = nodePorts.to - nodePorts.from + 1;
  const ports: Pool = {
    prefix: PORT_PREFIX,
    lowest: 0,
    first: staticBand(portCount, 32, 128),
    end: portCount,
    nameAt: (place) => String(nodePorts.from + place),
  };

  async function allocate(object: KubeObject, old: StoredObject | undefined): Promise<Allocated> {
    const service = object as unknown as Service;
    const plan = planAllocation((old as Service | undefined)?.spec, service.spec);
    assertInRange(service, plan);
    const spec = { ...service.spec };
    if (plan.findClusterIp) spec.clusterIP = await find(ips, new Set());
    if (spec.clusterIP && spec.type !== 'ExternalName') spec.clusterIPs = [spec.clusterIP];
    if (plan.findNodePorts.length > 0) spec.ports = await withNodePorts(spec.ports ?? [], plan);
    const holder = Buffer.from(objectName(object.metadata.namespace ?? '', object.metadata.name ?? ''));
    const next = planAllocation((old as Service | undefined)?.spec, spec);
    const operations: Operation[] = [
      ...keysOf(next.take).map((key) => ({ type: 'put', key, value: holder, ifRevision: 0 }) as const),
      ...keysOf(next.release).map((key) => ({ type: 'delete', key }) as const),
    ];
    await assertFree(service, plan);
    return { object: { ...object, spec }, operations };
  }

  function assertInRange(service: Service, { take }: AllocationPlan): void {
    for (const ip of take.clusterIps) {
      const offset = range.offsetOf(ip);
      if (offset === undefined || offset === 0 || offset === range.size - 1) {
        throw ipRefused(
          service,
          ip,
          `the provided IP (${ip}) is not in the valid range. The range of valid IPs is ${range.cidr}`,
        );
      }
    }
    for (const port of take.nodePorts) {
      if (port < nodePorts.from || port > nodePorts.to) {
        const valid = `${nodePorts.from}-${nodePorts.to}`;
        throw portRefused(
          service,
          port,
          `provided port is not in the valid range. The range of valid ports is ${valid}`,
        );
      }
    }
  }

  /** Tells by name what is taken; the commit itself still decides. */
  async function assertFree(service: Service, { take }: AllocationPlan): Promise<void> {
    for (const ip of take.clusterIps)
      if ((await store.get(IP_PREFIX + ip)) !== undefined)
        throw ipRefused(service, ip, 'provided IP is already allocated');
    for (const port of take.nodePorts)
      if ((await store.get(PORT_PREFIX + port)) !== undefined)
        throw portRefused(service, port, 'provided port is already allocated');
  }

  async function withNodePorts(sent: readonly ServicePort[], plan: AllocationPlan): Promise<ServicePort[]> {
    const chosen = new Set(sent.flatMap(({ nodePort }) => (nodePort ? [String(nodePort)] : [])));
    const given = [...sent];
    for (const index of plan.findNodePorts) {
      const nodePort = await find(ports, chosen);
      chosen.add(nodePort);
      given[index] = { ...(sent[index] as ServicePort), nodePort: Number(nodePort) };
    }
    return given;
  }

  /** By chance while most are free; then by looking at all that are taken. */
  async function find(pool: Pool, chosen: ReadonlySet<string>): Promise<string> {
    const { lowest, first, end, prefix } = pool;
    for (let attempt = 0; attempt < apiLimits.allocationTries; attempt += 1) {
      const name = pool.nameAt(first + Math.floor(random() * (end - first)));
      if (!chosen.has(name) && (await store.get(prefix + name)) === undefined) return name;
    }
    const listed = await store.list({ prefix });
    const taken = new Set(listed.ok ? listed.items.map(({ key }) => key.slice(prefix.length)) : []);
    const places = [span(first, end), span(lowest, first)].flat();
    const free = places.map((place) => pool.nameAt(place)).find((name) => !taken.has(name) && !chosen.has(name));
    if (free === undefined) throw new ApiError('InternalError', `Internal error occurred: range is full: ${prefix}`);
    return free;
  }

  return {
    allocate,
    release: (service) =>
      keysOf(planAllocation((service as unknown as Service).spec, undefined).release).map((key) => ({
        type: 'delete',
        key,
      })),
  };
}

/** Whether a commit failed because somebody else took the same address or port. */
export function isAllocationKey(key: string): boolean {
  return key.startsWith(IP_PREFIX) || key.startsWith(PORT_PREFIX);
}

function keysOf({ clusterIps, nodePorts }: AllocationPlan['take']): string[] {
  return [...clusterIps.map((ip) => IP_PREFIX + ip), ...nodePorts.map((port) => PORT_PREFIX + port)];
}

/**
 * How many places at the start of a range are only given to who names them, so that fixed ones seldom collide with
 * those given by chance. Source: kubernetes pkg/registry/core/service/ipallocator and portallocator (v1.32).
 */
function staticBand(size: number, divisor: number, max: number): number {
  return Math.min(Math.max(16, Math.floor(size / divisor)), max, Math.floor(size / 2));
}

function span(from: number, to: number): number[] {
  return Array.from({ length: Math.max(0, to - from) }, (_, index) => from + index);
}

function ipRefused(service: Service, ip: string, why: string): ApiError {
  const message = `Invalid value: ["${ip}"]: failed to allocate IP ${ip}: ${why}`;
  return invalid(SERVICES, service.metadata.name, [{ reason: 'FieldValueInvalid', path: 'spec.clusterIPs', message }]);
}

function portRefused(service: Service, port: number, why: string): ApiError {
  const index = (service.spec.ports ?? []).findIndex(({ nodePort }) => nodePort === port);
  const issue = {
    reason: 'FieldValueInvalid',
    path: `spec.ports[${index}].nodePort`,
    message: `Invalid value: ${port}: ${why}`,
  };
  return invalid(SERVICES, service.metadata.name, [issue]);
}
