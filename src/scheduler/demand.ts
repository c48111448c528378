import { type Container, type Pod, type PodSpec, quantityToBytes, quantityToMillis } from '#api';

/** A port of the node itself. `ip` `0.0.0.0` is every address. */
export interface HostPort {
  readonly ip: string;
  readonly protocol: string;
  readonly port: number;
}

/** What a pod takes of a node. CPU is counted in thousandths of a core, everything else in whole units. */
export interface PodDemand {
  /** Resource → amount; always holds `pods`: 1. Amounts of 0 are left out. */
  readonly amounts: ReadonlyMap<string, number>;
  /** What scoring assumes: a pod that asks for nothing still counts as a small one. */
  readonly scoredCpu: number;
  readonly scoredMemory: number;
  readonly hostPorts: readonly HostPort[];
}

/** Source: kubernetes pkg/scheduler/util/pod_resources.go, DefaultMilliCPURequest and DefaultMemoryRequest (v1.32). */
const SCORED_CPU_MILLIS = 100;
const SCORED_MEMORY_BYTES = 200 * 1024 * 1024;

export function demandOf(pod: Pod): PodDemand {
  const amounts = requestsOf(pod.spec);
  const scoredCpu = amounts.get('cpu') ?? SCORED_CPU_MILLIS;
  const scoredMemory = amounts.get('memory') ?? SCORED_MEMORY_BYTES;
  amounts.set('pods', 1);
  for (const [resource, amount] of amounts) if (amount <= 0) amounts.delete(resource);
  return { amounts, scoredCpu, scoredMemory, hostPorts: hostPortsOf(pod.spec) };
}

/** An amount in the scheduler's units. */
export function amountOf(resource: string, quantity: string | number): number {
  return resource === 'cpu' ? quantityToMillis(quantity) : quantityToBytes(quantity);
}

/**
 * Containers and sidecars run together; init containers run one by one, each beside the sidecars started before it.
 * Source: kubernetes component-helpers resource/helpers.go, PodRequests (v1.32).
 */
function requestsOf(spec: PodSpec): Map<string, number> {
  const running = new Map<string, number>();
  const starting = new Map<string, number>();
  const sidecars = new Map<string, number>();
  for (const container of spec.containers) addTo(running, requestedBy(container));
  for (const container of spec.initContainers ?? []) {
    const requested = requestedBy(container);
    if (container.restartPolicy === 'Always') {
      addTo(running, requested);
      addTo(sidecars, requested);
      raiseTo(starting, sidecars);
    } else {
      const together = new Map(sidecars);
      addTo(together, requested);
      raiseTo(starting, together);
    }
  }
  raiseTo(running, starting);
  addTo(running, toAmounts(spec.overhead));
  return running;
}

/** A limit without a request is the request. Admission fills that in too; a pod of another API server may lack it. */
function requestedBy({ resources }: Container): Map<string, number> {
  return toAmounts({ ...resources?.limits, ...resources?.requests });
}

function toAmounts(quantities: Readonly<Record<string, string | number>> | undefined): Map<string, number> {
  return new Map(Object.entries(quantities ?? {}).map(([name, quantity]) => [name, amountOf(name, quantity)]));
}

function addTo(sum: Map<string, number>, more: ReadonlyMap<string, number>): void {
  for (const [resource, amount] of more) sum.set(resource, (sum.get(resource) ?? 0) + amount);
}

function raiseTo(floor: Map<string, number>, other: ReadonlyMap<string, number>): void {
  for (const [resource, amount] of other) floor.set(resource, Math.max(floor.get(resource) ?? 0, amount));
}

function hostPortsOf(spec: PodSpec): HostPort[] {
  const containers = [
    ...spec.containers,
    ...(spec.initContainers ?? []).filter((each) => each.restartPolicy === 'Always'),
  ];
  return containers.flatMap(({ ports = [] }) =>
    ports
      .map((port) => ({ ...port, hostPort: spec.hostNetwork ? (port.hostPort ?? port.containerPort) : port.hostPort }))
      .filter((port) => (port.hostPort ?? 0) > 0)
      .map(({ hostIP, hostPort = 0, protocol }) => ({
        ip: hostIP || '0.0.0.0',
        protocol: protocol ?? 'TCP',
        port: hostPort,
      })),
  );
}
