import { LOOPS } from './loops.ts';
import { SEEDED_BUGS } from './sabotage.ts';
import { SCENARIO, SCENARIO_NODES } from './scenario.ts';
import { scriptOf } from './script.ts';
import { type Outcome, simulate } from './simulation.ts';

/** What one process is asked for: a seed, or the scenario, whole or dying at one of its writes. */
export interface Job {
  readonly seed: number;
  readonly scenario?: boolean;
  readonly diesAt?: number;
  readonly faults?: number;
  /** The promise of a seeded bug that is put in. */
  readonly bug?: string;
}

export interface Played extends Outcome, Omit<Job, 'faults'> {
  readonly cpuMs: number;
}

export function nameOf({ seed, scenario = false, diesAt, bug }: Omit<Job, 'faults'>): string {
  const what = scenario && diesAt === undefined ? 'the scenario' : `seed ${seed}`;
  return `${what}${diesAt === undefined ? '' : `, dying at write ${diesAt}`}${bug === undefined ? '' : `, with a bug against ${bug}`}`;
}

/** Steps of a seed, and its nodes. */
const STEPS = 240;
const NODES = 10;

export async function play(job: Job): Promise<Played> {
  const { seed, scenario = false, diesAt, faults, bug } = job;
  const before = process.cpuUsage();
  const sabotage = SEEDED_BUGS.find(({ promise }) => promise === bug)?.sabotage;
  const steps = faults === undefined ? STEPS : STEPS + faults;
  const outcome = await simulate({
    seed,
    nodes: scenario ? SCENARIO_NODES : NODES,
    script: scenario ? SCENARIO : scriptOf({ seed, steps, nodes: NODES, loops: LOOPS }),
    ...(diesAt === undefined ? {} : { diesAt }),
    ...(faults === undefined ? {} : { faults }),
    ...(sabotage === undefined ? {} : { sabotage }),
  });
  const { user, system } = process.cpuUsage(before);
  return { ...job, ...outcome, cpuMs: Math.round((user + system) / 1_000) };
}

export function faultsOf({ faults }: Pick<Outcome, 'faults'>): number {
  return sum(Object.values(faults));
}

export function sum(numbers: Iterable<number>): number {
  let total = 0;
  for (const number of numbers) total += number;
  return total;
}

/** Loops of the control plane that wrote nothing: no crash of theirs is tried. */
export function loopsWithoutWrites({ loops, writes }: Pick<Outcome, 'loops' | 'writes'>): readonly string[] {
  const wrote = new Set(Object.keys(writes).map((write) => write.split(':', 1)[0]));
  return loops.filter((loop) => !wrote.has(loop));
}

/** What the end of one run has and that of the other has not. */
export function differences(expected: readonly string[], found: readonly string[]): readonly string[] {
  const missing = expected.filter((line) => !found.includes(line)).map((line) => `− ${line}`);
  const added = found.filter((line) => !expected.includes(line)).map((line) => `+ ${line}`);
  return expected.length === found.length
    ? [...missing, ...added]
    : [...missing, ...added, 'another number of objects'];
}
