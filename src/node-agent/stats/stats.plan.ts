/** Figures of one pass over the machine and its containers. */
export interface StatsSample {
  readonly atMs: number;
  readonly machine: MachineSample;
  readonly containers: readonly ContainerSample[];
}

export interface MachineSample {
  /** Nanoseconds that all processors together have worked since the start. */
  readonly cpuNanos: number;
  readonly memoryBytes: number;
}

export interface ContainerSample extends MachineSample {
  readonly id: string;
  readonly pod: { readonly uid: string };
  readonly name: string;
  /** When this one was looked at: a pass over many takes its time. */
  readonly atMs: number;
}

/** What is told of a node: the use of processors as a rate over the time between two passes. */
export interface StatsReport {
  readonly atMs: number;
  readonly windowMs: number;
  readonly node: Usage;
  readonly containers: readonly (Usage & { readonly pod: string; readonly name: string })[];
}

export interface Usage {
  /** In billionths of a processor. */
  readonly cpuNanocores: number;
  readonly memoryBytes: number;
}

/**
 * The use between two passes. A pod of which one container was not there before is left out, as whole figures only are
 * told. Source: metrics-server pkg/storage/pod.go, GetMetrics (v0.7).
 */
export function planStats(before: StatsSample, now: StatsSample): StatsReport {
  const known = new Map(before.containers.map((sample) => [sample.id, sample]));
  const incomplete = new Set<string>();
  const containers = now.containers.flatMap((sample) => {
    const old = known.get(sample.id);
    const use = old === undefined ? undefined : usageOf(old, sample, sample.atMs - old.atMs);
    if (use === undefined) incomplete.add(sample.pod.uid);
    return use === undefined ? [] : [{ pod: sample.pod.uid, name: sample.name, ...use }];
  });
  const windowMs = now.atMs - before.atMs;
  return {
    atMs: now.atMs,
    windowMs,
    node: usageOf(before.machine, now.machine, windowMs) ?? {
      cpuNanocores: 0,
      memoryBytes: now.machine.memoryBytes,
    },
    containers: containers.filter(({ pod }) => !incomplete.has(pod)),
  };
}

/** Undefined for a counter that went back, or for no time between: then there is no rate. */
function usageOf(old: MachineSample, now: MachineSample, windowMs: number): Usage | undefined {
  const nanos = now.cpuNanos - old.cpuNanos;
  if (nanos < 0 || windowMs <= 0) return undefined;
  return { cpuNanocores: Math.round((nanos * 1000) / windowMs), memoryBytes: now.memoryBytes };
}
