import type { Node, NodeCondition, NodeStatus } from '#api';
import { formatTime } from '#base';

/** What the host is, as the Node object tells it. */
export interface HostFacts {
  readonly name: string;
  readonly address: string;
  readonly architecture: string;
  readonly operatingSystem: string;
  readonly osImage: string;
  readonly kernelVersion: string;
  /** `docker://20.10.24`. */
  readonly runtimeVersion: string;
  readonly agentVersion: string;
  readonly machineId: string;
  readonly bootId: string;
  readonly cpus: number;
  readonly memoryBytes: number;
  readonly ephemeralStorageBytes: number;
  readonly maxPods: number;
}

/** How the host is doing. */
export interface HostHealth {
  readonly runtime: { readonly ok: boolean; readonly message: string };
  /** `taken`: NodePorts that another program holds on 127.0.0.1. */
  readonly network: { readonly ok: boolean; readonly message: string; readonly taken?: readonly number[] };
}

/** Labels that the scheduler and people select nodes by. Source: core/v1 well_known_labels.go (v1.32). */
export function nodeLabels({ name, architecture, operatingSystem }: HostFacts): Readonly<Record<string, string>> {
  return {
    'kubernetes.io/hostname': name,
    'kubernetes.io/os': operatingSystem,
    'kubernetes.io/arch': architecture,
    'beta.kubernetes.io/os': operatingSystem,
    'beta.kubernetes.io/arch': architecture,
  };
}

/** The status of the Node; times of conditions that did not change are kept. */
export function planNodeStatus(
  node: Node | undefined,
  facts: HostFacts,
  health: HostHealth,
  nowMs: number,
): NodeStatus {
  const resources = {
    cpu: String(facts.cpus),
    memory: `${Math.floor(facts.memoryBytes / 1024)}Ki`,
    'ephemeral-storage': `${Math.floor(facts.ephemeralStorageBytes / 1024)}Ki`,
    pods: String(facts.maxPods),
  };
  return {
    capacity: resources,
    allocatable: resources,
    addresses: [
      { type: 'InternalIP', address: facts.address },
      { type: 'Hostname', address: facts.name },
    ],
    conditions: conditions(node?.status?.conditions ?? [], health, nowMs),
    nodeInfo: {
      machineID: facts.machineId,
      systemUUID: facts.machineId,
      bootID: facts.bootId,
      kernelVersion: facts.kernelVersion,
      osImage: facts.osImage,
      containerRuntimeVersion: facts.runtimeVersion,
      kubeletVersion: facts.agentVersion,
      kubeProxyVersion: facts.agentVersion,
      operatingSystem: facts.operatingSystem,
      architecture: facts.architecture,
    },
  };
}

function conditions(
  before: readonly NodeCondition[],
  { runtime, network }: HostHealth,
  nowMs: number,
): NodeCondition[] {
  const taken = (network.taken ?? []).map((port) => `127.0.0.1:${port}`);
  const ours: readonly Omit<NodeCondition, 'lastTransitionTime' | 'lastHeartbeatTime'>[] = [
    { type: 'MemoryPressure', status: 'False', reason: 'NotMeasured', message: 'memory pressure is not measured' },
    { type: 'DiskPressure', status: 'False', reason: 'NotMeasured', message: 'disk pressure is not measured' },
    { type: 'PIDPressure', status: 'False', reason: 'NotMeasured', message: 'process pressure is not measured' },
    {
      type: 'NetworkUnavailable',
      status: network.ok ? 'False' : 'True',
      reason: !network.ok ? 'NetworkRightsMissing' : taken.length > 0 ? 'NodePortTaken' : 'NetworkReady',
      message: network.ok && taken.length > 0 ? `another program holds ${taken.join(', ')}` : network.message,
    },
    {
      type: 'Ready',
      status: runtime.ok ? 'True' : 'False',
      reason: runtime.ok ? 'AgentReady' : 'ContainerRuntimeNotReady',
      message: runtime.message,
    },
  ];
  const others = before.filter(({ type }) => !ours.some((one) => one.type === type));
  const told = ours.map((condition) => {
    const known = before.find(({ type }) => type === condition.type);
    const kept = known?.status === condition.status ? known.lastTransitionTime : undefined;
    return { ...condition, lastHeartbeatTime: formatTime(nowMs), lastTransitionTime: kept ?? formatTime(nowMs) };
  });
  return [...others, ...told];
}

/** Whether two statuses differ in more than when they were told. */
export function sameNodeStatus(left: NodeStatus | undefined, right: NodeStatus): boolean {
  return left !== undefined && JSON.stringify(withoutHeartbeats(left)) === JSON.stringify(withoutHeartbeats(right));
}

function withoutHeartbeats({ capacity, allocatable, addresses, conditions: told, nodeInfo }: NodeStatus): unknown {
  const sorted = (map: object | undefined) => Object.entries(map ?? {}).sort();
  const judged = (told ?? []).map(({ type, status, reason, message }) => [type, status, reason, message]).sort();
  return [sorted(capacity), sorted(allocatable), addresses, judged, sorted(nodeInfo)];
}
