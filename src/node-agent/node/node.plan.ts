import type { Node, NodeCondition, NodeStatus } from '#api';
import { formatTime } from '#base';
import type { HostImage } from '../garbage/image.types.ts';
import type { PressureType } from '../pressure/threshold.plan.ts';

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
  /** Of the machine's firmware, or its own id where that is not told. */
  readonly systemUuid: string;
  readonly bootId: string;
  readonly cpus: number;
  readonly memoryBytes: number;
  readonly ephemeralStorageBytes: number;
  readonly maxPods: number;
  /** Kept from pods: for the system, and so that pods go before the machine runs dry. */
  readonly kept: { readonly cpuMillis: number; readonly memoryBytes: number; readonly storageBytes: number };
}

/** How the host is doing. */
export interface HostHealth {
  readonly pressure: ReadonlySet<PressureType>;
  readonly images: readonly HostImage[];
  readonly runtime: { readonly ok: boolean; readonly message: string };
  /** `taken`: ports of Services and pods that another program holds on loopback, with their addresses. */
  readonly network: { readonly ok: boolean; readonly message: string; readonly taken?: readonly string[] };
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
  const { kept } = facts;
  const cpuMillis = Math.max(0, facts.cpus * 1000 - kept.cpuMillis);
  return {
    capacity: {
      cpu: String(facts.cpus),
      memory: kibibytes(facts.memoryBytes),
      'ephemeral-storage': kibibytes(facts.ephemeralStorageBytes),
      pods: String(facts.maxPods),
    },
    allocatable: {
      cpu: cpuMillis % 1000 === 0 ? String(cpuMillis / 1000) : `${cpuMillis}m`,
      memory: kibibytes(facts.memoryBytes - kept.memoryBytes),
      'ephemeral-storage': kibibytes(facts.ephemeralStorageBytes - kept.storageBytes),
      pods: String(facts.maxPods),
    },
    addresses: [
      { type: 'InternalIP', address: facts.address },
      { type: 'Hostname', address: facts.name },
    ],
    conditions: conditions(node?.status?.conditions ?? [], health, nowMs),
    nodeInfo: {
      machineID: facts.machineId,
      systemUUID: facts.systemUuid,
      bootID: facts.bootId,
      kernelVersion: facts.kernelVersion,
      osImage: facts.osImage,
      containerRuntimeVersion: facts.runtimeVersion,
      kubeletVersion: facts.agentVersion,
      kubeProxyVersion: facts.agentVersion,
      operatingSystem: facts.operatingSystem,
      architecture: facts.architecture,
    },
    images: planNodeImages(health.images),
  };
}

const kibibytes = (bytes: number) => `${Math.max(0, Math.floor(bytes / 1024))}Ki`;

/** Source: kubelet apis/config/v1beta1/defaults.go, NodeStatusMaxImages, and nodestatus/setters.go, MaxNamesPerImageInNodeStatus (v1.32). */
const MAX_IMAGES = 50;
const MAX_NAMES = 5;

/** The largest images: the scheduler prefers nodes that have them. */
export function planNodeImages(images: readonly HostImage[]): NonNullable<NodeStatus['images']> {
  return images
    .toSorted((left, right) => right.sizeBytes - left.sizeBytes || (left.id < right.id ? -1 : 1))
    .slice(0, MAX_IMAGES)
    .map(({ digests, tags, sizeBytes }) => ({
      names: [...digests.toSorted(), ...tags.toSorted()].slice(0, MAX_NAMES),
      sizeBytes,
    }));
}

interface PressureWords {
  readonly type: PressureType;
  readonly yes: readonly [reason: string, message: string];
  readonly no: readonly [reason: string, message: string];
}

/** Source: kubelet nodestatus/setters.go (v1.32). */
const PRESSURES: readonly PressureWords[] = [
  {
    type: 'MemoryPressure',
    yes: ['KubeletHasInsufficientMemory', 'kubelet has insufficient memory available'],
    no: ['KubeletHasSufficientMemory', 'kubelet has sufficient memory available'],
  },
  {
    type: 'DiskPressure',
    yes: ['KubeletHasDiskPressure', 'kubelet has disk pressure'],
    no: ['KubeletHasNoDiskPressure', 'kubelet has no disk pressure'],
  },
  {
    type: 'PIDPressure',
    yes: ['KubeletHasInsufficientPID', 'kubelet has insufficient PID available'],
    no: ['KubeletHasSufficientPID', 'kubelet has sufficient PID available'],
  },
];

function conditions(
  before: readonly NodeCondition[],
  { runtime, network, pressure }: HostHealth,
  nowMs: number,
): NodeCondition[] {
  const taken = network.taken ?? [];
  const ours: readonly Omit<NodeCondition, 'lastTransitionTime' | 'lastHeartbeatTime'>[] = [
    ...PRESSURES.map(({ type, yes, no }) => {
      const isUnder = pressure.has(type);
      const [reason, message] = isUnder ? yes : no;
      return { type, status: isUnder ? 'True' : 'False', reason, message };
    }),
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

function withoutHeartbeats({
  capacity,
  allocatable,
  addresses,
  conditions: told,
  nodeInfo,
  images,
}: NodeStatus): unknown {
  const sorted = (map: object | undefined) => Object.entries(map ?? {}).sort();
  const judged = (told ?? []).map(({ type, status, reason, message }) => [type, status, reason, message]).sort();
  return [sorted(capacity), sorted(allocatable), addresses, judged, sorted(nodeInfo), images ?? []];
}
