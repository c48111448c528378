import { quantityToBytes, quantityToMillis } from '#api';
import { isSidecar } from './containers.plan.ts';
import type { ContainerResources, ContainerSpec, Pod } from './pod.types.ts';

/** Source: kubelet/cm/helpers_linux.go, MilliCPUToShares and MilliCPUToQuota (v1.32). */
const SHARES_PER_CPU = 1024;
const MIN_SHARES = 2;
const MAX_SHARES = 262_144;
const QUOTA_PERIOD_MICROS = 100_000;
const MIN_QUOTA_MICROS = 1_000;
/** Smallest limit the engine takes, in bytes. */
const MIN_MEMORY = 6 * 2 ** 20;

export type QosClass = 'Guaranteed' | 'Burstable' | 'BestEffort';

/** Source: kubernetes pkg/apis/core/v1/helper/qos/qos.go (v1.32). */
export function qosOf({ spec }: Pod): QosClass {
  const containers = [...spec.containers, ...(spec.initContainers ?? [])];
  const amounts = containers.flatMap(({ resources }) => [resources?.requests ?? {}, resources?.limits ?? {}]);
  const counted = (name: string) => name === 'cpu' || name === 'memory';
  const asksForSomething = amounts.some((list) =>
    Object.entries(list).some(([name, value]) => counted(name) && quantityToMillis(value) > 0),
  );
  if (!asksForSomething) return 'BestEffort';
  const isGuaranteed = containers.every(({ resources }) =>
    ['cpu', 'memory'].every((name) => {
      const limit = resources?.limits?.[name];
      if (limit === undefined || quantityToMillis(limit) <= 0) return false;
      const request = resources?.requests?.[name] ?? limit;
      return quantityToMillis(request) === quantityToMillis(limit);
    }),
  );
  return isGuaranteed ? 'Guaranteed' : 'Burstable';
}

/** What of its node counts for a container. */
export interface NodeLimits {
  readonly memoryBytes: number;
  /** Processes of each container; without end when absent. */
  readonly podPidsLimit?: number;
}

/**
 * What the kernel is told about one container: share and ceiling of CPU, ceilings of memory and processes, who is killed
 * first.
 */
export function containerResources(pod: Pod, spec: ContainerSpec, node: NodeLimits): ContainerResources {
  const { requests = {}, limits = {} } = spec.resources ?? {};
  const cpuLimit = limits['cpu'] === undefined ? undefined : quantityToMillis(limits['cpu']);
  const cpuRequest = requests['cpu'] === undefined ? cpuLimit : quantityToMillis(requests['cpu']);
  const memoryLimit = limits['memory'] === undefined ? undefined : quantityToBytes(limits['memory']);
  return {
    cpuShares: cpuShares(cpuRequest ?? 0),
    ...(cpuLimit === undefined || cpuLimit === 0
      ? {}
      : { cpuQuotaMicros: cpuQuota(cpuLimit), cpuPeriodMicros: QUOTA_PERIOD_MICROS }),
    ...(memoryLimit === undefined || memoryLimit === 0
      ? {}
      : { memoryLimitBytes: Math.max(MIN_MEMORY, Math.floor(memoryLimit)) }),
    ...(node.podPidsLimit === undefined ? {} : { pidsLimit: node.podPidsLimit }),
    oomScoreAdj: oomScore(pod, spec, node.memoryBytes),
  };
}

function cpuShares(millis: number): number {
  return Math.min(MAX_SHARES, Math.max(MIN_SHARES, Math.floor((millis * SHARES_PER_CPU) / 1000)));
}

function cpuQuota(millis: number): number {
  return Math.max(MIN_QUOTA_MICROS, Math.floor((millis * QUOTA_PERIOD_MICROS) / 1000));
}

/**
 * Who the kernel kills first when memory is short: 0 last, 1000 first. Source: kubelet/qos/policy.go (v1.32), which
 * gives a Guaranteed pod −997; an engine without CAP_SYS_RESOURCE cannot go below its own.
 */
function oomScore(pod: Pod, spec: ContainerSpec, nodeMemoryBytes: number): number {
  const qos = qosOf(pod);
  if (qos === 'Guaranteed') return 0;
  if (qos === 'BestEffort') return 1000;
  // A sidecar is killed no sooner than those that it helps.
  const asked = isSidecar(spec)
    ? Math.max(memoryOf(spec), Math.min(...pod.spec.containers.map(memoryOf)))
    : memoryOf(spec);
  return Math.min(999, Math.max(2, 1000 - Math.floor((1000 * asked) / Math.max(1, nodeMemoryBytes))));
}

function memoryOf({ resources }: ContainerSpec): number {
  const memory = resources?.requests?.['memory'] ?? resources?.limits?.['memory'];
  return memory === undefined ? 0 : quantityToBytes(memory);
}
