import { SEEDED_BUGS } from './sabotage.ts';
import { scriptOf } from './script.ts';
import { type Outcome, simulate } from './simulation.ts';

/** What one process is asked for. */
export interface Job {
  readonly seed: number;
  readonly steps: number;
  readonly nodes: number;
  readonly loops: readonly string[];
  readonly faults?: number;
  /** The promise of a seeded bug that is put in. */
  readonly bug?: string;
}

export interface Played extends Outcome {
  readonly seed: number;
  readonly bug?: string;
  readonly cpuMs: number;
}

/** Plays a seed. */
export async function play({ seed, steps, nodes, loops, faults, bug }: Job): Promise<Played> {
  const before = process.cpuUsage();
  const sabotage = SEEDED_BUGS.find(({ promise }) => promise === bug)?.sabotage;
  const outcome = await simulate({
    seed,
    nodes,
    script: scriptOf({ seed, steps, nodes, loops }),
    ...(faults === undefined ? {} : { faults }),
    ...(sabotage === undefined ? {} : { sabotage }),
  });
  const { user, system } = process.cpuUsage(before);
  return { ...outcome, seed, ...(bug === undefined ? {} : { bug }), cpuMs: Math.round((user + system) / 1_000) };
}
