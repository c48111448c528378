import { type Pod, quantityToBytes } from '#api';
import type { PodVerdict } from '../pod/pod.types.ts';
import { qosOf } from '../pod/resources.plan.ts';
import {
  amountText,
  bytesText,
  factsOf,
  type Observations,
  type PressureType,
  type Signal,
  type Starved,
  type Threshold,
} from './threshold.plan.ts';

/** What one container uses; what was not measured is absent. */
export interface ContainerUse {
  readonly name: string;
  readonly memoryBytes?: number;
  /** Its own layer and its log. */
  readonly diskBytes?: number;
  readonly processes?: number;
}

/** What one pod uses. */
export interface PodUse {
  readonly containers: readonly ContainerUse[];
  /** Volumes on this node's disk whose content is the pod's own, by name. */
  readonly volumes: ReadonlyMap<string, { readonly bytes: number; readonly inodes: number }>;
}

export interface RankedPod {
  readonly pod: Pod;
  readonly use: PodUse | undefined;
}

export interface EvictionSnapshot {
  /** Active pods of this node, in any order. */
  readonly pods: readonly RankedPod[];
  /** What is to be relieved. */
  readonly threshold: Threshold;
  readonly observations: Observations;
  /** Longest time a pod gets when it goes for a soft threshold, in seconds. */
  readonly maxGraceSeconds: number;
}

export interface EvictionPlan {
  /** One pod at a time: what it held comes back before the next is chosen. */
  readonly evict: { readonly pod: Pod; readonly verdict: PodVerdict } | undefined;
  /** Every pod that may go, first to go first. */
  readonly order: readonly Pod[];
  readonly reason: string;
}

/** Source: kubelet eviction_manager.go, immediateEvictionGracePeriodSeconds (v1.32). */
export const IMMEDIATE_GRACE_SECONDS = 1;
/** Source: kubernetes pkg/apis/scheduling/types.go, SystemCriticalPriority (v1.32). */
const CRITICAL_PRIORITY = 2_000_000_000;
/** Source: kubelet types/pod_update.go, ConfigSourceAnnotationKey and ConfigMirrorAnnotationKey (v1.32). */
const STATIC_ANNOTATIONS = ['kubernetes.io/config.source', 'kubernetes.io/config.mirror'];

/** Pods that the node itself needs: never evicted for pressure. Source: kubelet types/pod_update.go, IsCriticalPod (v1.32). */
export function isCritical({ metadata, spec }: Pod): boolean {
  const annotations = metadata.annotations ?? {};
  const isStatic = STATIC_ANNOTATIONS.some((key) => annotations[key] !== undefined && annotations[key] !== 'api');
  return isStatic || (spec.priority ?? 0) >= CRITICAL_PRIORITY;
}

/** Which pod goes for a threshold, and with which words. Source: kubelet eviction_manager.go and helpers.go (v1.32). */
export function planEviction({ pods, threshold, observations, maxGraceSeconds }: EvictionSnapshot): EvictionPlan {
  const { resource } = factsOf(threshold.signal);
  const order = [...pods].sort((left, right) => compare(left, right, resource)).filter(({ pod }) => !isCritical(pod));
  const [first] = order;
  const plan = { order: order.map(({ pod }) => pod) };
  if (first === undefined) return { ...plan, evict: undefined, reason: `short of ${resource}, and no pod may go` };
  const verdict: PodVerdict = {
    reason: 'Evicted',
    message: evictionMessage(first, threshold, observations),
    graceSeconds: graceOf(first.pod, threshold, maxGraceSeconds),
    disrupted: true,
  };
  return { ...plan, evict: { pod: first.pod, verdict }, reason: verdict.message };
}

function graceOf({ spec }: Pod, { graceMs }: Threshold, maxGraceSeconds: number): number {
  if (graceMs === 0) return IMMEDIATE_GRACE_SECONDS;
  return Math.min(maxGraceSeconds, spec.terminationGracePeriodSeconds ?? maxGraceSeconds);
}

/** Who uses more than it asked for, then the least important, then who uses most beyond what it asked for. */
function compare(left: RankedPod, right: RankedPod, resource: Starved): number {
  const byPriority = (left.pod.spec.priority ?? 0) - (right.pod.spec.priority ?? 0);
  if (resource === 'pids') return byPriority || usedOf(right, resource) - usedOf(left, resource);
  const excess = (ranked: RankedPod) => usedOf(ranked, resource) - requestedOf(ranked.pod, resource);
  const exceeds = (ranked: RankedPod) => Number(excess(ranked) > 0);
  return exceeds(right) - exceeds(left) || byPriority || excess(right) - excess(left);
}

function usedOf({ use }: RankedPod, resource: Starved): number {
  if (use === undefined) return 0;
  const ofContainers = sum(use.containers.map((container) => containerUse(container, resource) ?? 0));
  const volumes = [...use.volumes.values()];
  if (resource === 'ephemeral-storage') return ofContainers + sum(volumes.map(({ bytes }) => bytes));
  return resource === 'inodes' ? sum(volumes.map(({ inodes }) => inodes)) : ofContainers;
}

function containerUse(container: ContainerUse, resource: Starved): number | undefined {
  switch (resource) {
    case 'memory':
      return container.memoryBytes;
    case 'ephemeral-storage':
      return container.diskBytes;
    case 'pids':
      return container.processes;
    case 'inodes':
      return undefined;
  }
}

/** All its containers' requests, and what its init containers ask for at once where that is more. */
function requestedOf({ spec }: Pod, resource: Starved): number {
  const of = (containers: Pod['spec']['containers']) =>
    containers.map(({ resources }) => quantityToBytes(resources?.requests?.[resource] ?? '0'));
  const inits = spec.initContainers ?? [];
  const sidecars = inits.filter(({ restartPolicy }) => restartPolicy === 'Always');
  return Math.max(sum(of([...spec.containers, ...sidecars])), ...of(inits), 0);
}

function evictionMessage({ pod, use }: RankedPod, { signal, limit }: Threshold, observations: Observations): string {
  const { resource } = factsOf(signal);
  const seen = observations.get(signal);
  const numbers =
    seen === undefined
      ? ''
      : `Threshold quantity: ${amountText(limit, seen.capacity)}, available: ${resourceText(signal, seen.available)}. `;
  const containers = (use?.containers ?? []).map((container) => {
    const used = containerUse(container, resource);
    const spec = pod.spec.containers.find(({ name }) => name === container.name);
    const request = spec?.resources?.requests?.[resource] ?? '0';
    if (spec === undefined || used === undefined || used <= quantityToBytes(request)) return '';
    const amounts = `was using ${bytesText(used)}, request is ${request}`;
    return `Container ${container.name} ${amounts}, has larger consumption of ${resource}. `;
  });
  return `The node was low on resource: ${resource}. ${numbers}${containers.join('')}`;
}

/** Bytes are told in binary units, all else is counted. */
function resourceText(signal: Signal, amount: number): string {
  return signal.endsWith('.available') && signal !== 'pid.available' ? bytesText(amount) : String(Math.floor(amount));
}

const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0);

/**
 * Whether a node under pressure takes in a pod that is new to it; the verdict where it does not.
 * Source: kubelet eviction_manager.go, Admit (v1.32).
 */
export function planPressureAdmission(pod: Pod, pressure: ReadonlySet<PressureType>): PodVerdict | undefined {
  if (pressure.size === 0 || isCritical(pod)) return undefined;
  if (pressure.size === 1 && pressure.has('MemoryPressure')) {
    if (qosOf(pod) !== 'BestEffort' || toleratesMemoryPressure(pod)) return undefined;
  }
  const message = `Pod was rejected: The node had condition: [${[...pressure].sort().join(' ')}]. `;
  return { reason: 'Evicted', message, graceSeconds: IMMEDIATE_GRACE_SECONDS, rejected: true };
}

function toleratesMemoryPressure({ spec }: Pod): boolean {
  return (spec.tolerations ?? []).some(({ key = '', operator = 'Equal', value = '', effect = '' }) => {
    if (effect !== '' && effect !== 'NoSchedule') return false;
    if (key === '') return operator === 'Exists';
    return key === 'node.kubernetes.io/memory-pressure' && (operator === 'Exists' || value === '');
  });
}
