import { type Clock, sleep } from '#base';
import type { Runtime } from '#runtime';
import { type MachineSample, planStats, type StatsReport, type StatsSample } from './stats.plan.ts';

export interface NodeStatsDeps {
  readonly runtime: Pick<Runtime, 'stats'>;
  readonly machine: () => MachineSample;
  readonly clock: Clock;
}

export const statsLimits = {
  /** The engine is asked no more often than this, however often somebody asks us, in ms: the least that metrics-server takes as its --metric-resolution (v0.7), so that each look of an autoscaler finds new figures. */
  sampleMs: 10_000,
  /** An older sample says nothing of now: a rate begins anew, in ms. */
  staleMs: 60_000,
  /** The time of the first rate after a silence, in ms. */
  firstWindowMs: 1_000,
} as const;

/** The use of processors and memory on this node, read only while somebody asks. Keeps two samples, in memory. */
export interface NodeStats {
  read(): Promise<StatsReport>;
}

export function createNodeStats({ runtime, machine, clock }: NodeStatsDeps): NodeStats {
  let before: StatsSample | undefined;
  let now: StatsSample | undefined;
  let reading: Promise<StatsReport> | undefined;

  async function sample(): Promise<StatsSample> {
    const containers = await runtime.stats();
    return { atMs: clock.nowMs(), machine: machine(), containers };
  }

  async function read(): Promise<StatsReport> {
    const ageMs = now === undefined ? Number.POSITIVE_INFINITY : clock.nowMs() - now.atMs;
    if (before !== undefined && now !== undefined && ageMs >= 0 && ageMs < statsLimits.sampleMs)
      return planStats(before, now);
    if (now === undefined || ageMs < 0 || ageMs > statsLimits.staleMs) {
      now = undefined;
      before = await sample();
      await sleep(clock, statsLimits.firstWindowMs);
    } else before = now;
    now = await sample();
    return planStats(before, now);
  }

  return {
    read() {
      reading ??= read().finally(() => {
        reading = undefined;
      });
      return reading;
    },
  };
}
