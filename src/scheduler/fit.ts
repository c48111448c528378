import type { NodeColumns } from './node-table.ts';
import { type PodRequests, UNASKED_CPU_MILLIS, UNASKED_MEMORY_BYTES } from './requests.ts';

/** What of a pod does not fit beside what is used; empty when it fits. A request of nothing always fits. */
export function shortages(
  capacity: NodeColumns,
  used: NodeColumns,
  row: number,
  { cpuMillis, memoryBytes, ephemeralBytes }: PodRequests,
): readonly string[] {
  const free = (column: keyof NodeColumns) => (capacity[column][row] ?? 0) - (used[column][row] ?? 0);
  const short: string[] = [];
  if (free('pods') < 1) short.push('Too many pods');
  if (cpuMillis > 0 && free('cpuMillis') < cpuMillis) short.push('Insufficient cpu');
  if (memoryBytes > 0 && free('memoryBytes') < memoryBytes) short.push('Insufficient memory');
  if (ephemeralBytes > 0 && free('ephemeralBytes') < ephemeralBytes) short.push('Insufficient ephemeral-storage');
  return short;
}

const share = (used: number, capacity: number) => (capacity <= 0 ? 1 : Math.min(1, used / capacity));

/**
 * How much a node is liked, 0 to 200: how much stays free (LeastAllocated) and how evenly CPU and memory are used
 * (BalancedAllocation). Source: kube-scheduler plugins/noderesources (v0.32).
 */
export function freeness(
  capacity: NodeColumns,
  used: NodeColumns,
  row: number,
  { cpuMillis, memoryBytes }: PodRequests,
): number {
  const cpu = share((used.cpuMillis[row] ?? 0) + (cpuMillis || UNASKED_CPU_MILLIS), capacity.cpuMillis[row] ?? 0);
  const memory = share(
    (used.memoryBytes[row] ?? 0) + (memoryBytes || UNASKED_MEMORY_BYTES),
    capacity.memoryBytes[row] ?? 0,
  );
  return 100 * (1 - (cpu + memory) / 2) + 100 * (1 - Math.abs(cpu - memory) / 2);
}
