import { errorCode } from '#base';
import { isRuntimeError } from '../errors.ts';
import type { ContainerStats } from '../runtime.ts';
import type { Engine } from './engine.ts';
import { fromLabels, type Labels } from './labels.ts';

/** The part of Docker's stats answer that we read. Source: Docker Engine API v1.41, ContainerStats. */
interface DockerStats {
  /** When it was read; the year 1 for a container that just ended. */
  readonly read: string;
  readonly cpu_stats: { readonly cpu_usage: { readonly total_usage: number } };
  readonly pids_stats?: { readonly current?: number };
  readonly memory_stats: {
    readonly usage?: number;
    readonly stats?: { readonly inactive_file?: number; readonly total_inactive_file?: number };
  };
}

/** One sample; undefined when the container is gone. */
export async function statsOf(engine: Engine, id: string, labels: Labels): Promise<ContainerStats | undefined> {
  const ours = fromLabels(labels);
  if (ours?.containerName === undefined) return undefined;
  try {
    const sample = await engine.get<DockerStats>(`/containers/${id}/stats`, { stream: 'false', 'one-shot': 'true' });
    if (sample.read.startsWith('0001-')) return undefined;
    const { usage = 0, stats } = sample.memory_stats;
    // What could be dropped at once does not count, as in cAdvisor's working set. v1 control groups say total_*.
    const cache = stats?.inactive_file ?? stats?.total_inactive_file ?? 0;
    return {
      id,
      pod: ours.pod,
      name: ours.containerName,
      atMs: Date.parse(sample.read),
      cpuNanos: sample.cpu_stats.cpu_usage.total_usage,
      memoryBytes: Math.max(0, usage - cache),
      processes: sample.pids_stats?.current ?? 0,
    };
  } catch (error) {
    if (isRuntimeError(error, 'ContainerNotFound') || errorCode(error) === 'EngineRefused') return undefined;
    throw error;
  }
}
