import {
  factsOf,
  isMet,
  type Observations,
  type PressureType,
  type Starved,
  type Threshold,
} from './threshold.plan.ts';

/** What is remembered from one look to the next. Times are monotonic, in ms: a jump of the clock ends no wait. */
export interface PressureMemory {
  /** Since when each threshold is crossed without a break. */
  readonly sinceMs: ReadonlyMap<Threshold, number>;
  /** When each kind of pressure was seen last. */
  readonly seenMs: ReadonlyMap<PressureType, number>;
  /** Thresholds whose grace was over at the last look: these hold until their minimum is reclaimed. */
  readonly met: readonly Threshold[];
}

export const NO_MEMORY: PressureMemory = { sinceMs: new Map(), seenMs: new Map(), met: [] };

export interface PressureSnapshot {
  readonly memory: PressureMemory;
  readonly thresholds: readonly Threshold[];
  readonly observations: Observations;
  readonly nowMs: number;
  /** How long pressure is told after it was seen last, in ms. */
  readonly transitionMs: number;
}

export interface PressurePlan {
  readonly memory: PressureMemory;
  /** What the node is to say of itself. */
  readonly pressure: ReadonlySet<PressureType>;
  /** The threshold to do something about; undefined while there is none whose grace is over. */
  readonly act: Threshold | undefined;
  readonly starved: Starved | undefined;
  readonly reason: string;
}

/** What the machine is short of, and whether it is time to act. Source: kubelet eviction_manager.go, synchronize (v1.32). */
export function planPressure({
  memory,
  thresholds,
  observations,
  nowMs,
  transitionMs,
}: PressureSnapshot): PressurePlan {
  const crossed = thresholds.filter(
    (threshold) =>
      isMet(threshold, observations, false) || (memory.met.includes(threshold) && isMet(threshold, observations, true)),
  );
  const sinceMs = new Map(crossed.map((threshold) => [threshold, memory.sinceMs.get(threshold) ?? nowMs]));
  const seenMs = new Map(memory.seenMs);
  for (const { signal } of crossed) seenMs.set(factsOf(signal).pressure, nowMs);
  for (const [type, atMs] of seenMs) if (nowMs - atMs >= transitionMs && atMs !== nowMs) seenMs.delete(type);
  const met = crossed.filter((threshold) => nowMs - (sinceMs.get(threshold) ?? nowMs) >= threshold.graceMs);
  const act = [...met].sort(byUrgency)[0];
  return {
    memory: { sinceMs, seenMs, met },
    pressure: new Set(seenMs.keys()),
    act,
    starved: act === undefined ? undefined : factsOf(act.signal).resource,
    reason: act === undefined ? 'no threshold has been crossed for its grace' : `${act.signal} is below its threshold`,
  };
}

/** Memory first: it does not wait. Source: kubelet eviction/helpers.go, byEvictionPriority (v1.32). */
function byUrgency(left: Threshold, right: Threshold): number {
  const isMemory = ({ signal }: Threshold) => signal === 'memory.available';
  return Number(isMemory(right)) - Number(isMemory(left));
}
