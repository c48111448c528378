import { cpus, freemem, totalmem } from 'node:os';
import type { MachineSample } from './stats.plan.ts';

const NANOS_PER_MS = 1_000_000;

/** What the machine has worked and holds: all of it, as the kubelet tells of a node. Memory that could be had at once is not counted. */
export function readMachine(): MachineSample {
  const workedMs = cpus().reduce((sum, { times }) => sum + times.user + times.nice + times.sys + times.irq, 0);
  return { cpuNanos: workedMs * NANOS_PER_MS, memoryBytes: totalmem() - freemem() };
}
