import { fork } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { LOOPS } from './loops.ts';
import { type Job, type Played, play } from './play.ts';

/** Until then seeds are played. */
const ENOUGH = { faults: 100_000, commits: 10_000 };
const STEPS = 240;
const NODES = 10;
const WORKER = '--worker';

function numberOf(name: string): number | undefined {
  const word = process.argv.find((each) => each.startsWith(`--${name}=`)) ?? pair(name);
  return word === undefined ? undefined : Number(word.slice(word.indexOf('=') + 1));
}

/** `--seed 7` is `--seed=7`. */
function pair(name: string): string | undefined {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? undefined : `--${name}=${process.argv[at + 1] ?? ''}`;
}

export function faultsOf({ faults }: Pick<Played, 'faults'>): number {
  return Object.values(faults).reduce((sum, count) => sum + count, 0);
}

function line(played: Played): string {
  const { seed, digest, commits, revisions, rests, simulatedMs, cpuMs, broken } = played;
  const facts = `${faultsOf(played)} faults, ${commits} commits, ${revisions} revisions, ${rests} rests`;
  const times = `${Math.round(simulatedMs / 1_000)} s in ${Math.round(cpuMs / 1_000)} s`;
  const end = broken === undefined ? 'every promise kept' : `step ${broken.step}: ${broken.message}`;
  return `seed ${seed}: ${digest}: ${facts}, ${times}: ${end}`;
}

/** Gives seeds to as many processes as there are processors until `enough` says so. */
async function playMany(seeds: Iterator<Job>, see: (played: Played) => void): Promise<void> {
  const file = fileURLToPath(import.meta.url);
  const one = () =>
    new Promise<void>((resolve, reject) => {
      const child = fork(file, [WORKER], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
      const next = () => {
        const job = seeds.next();
        if (job.done === true) child.disconnect();
        else child.send(job.value);
      };
      child.on('message', (played: Played) => {
        see(played);
        next();
      });
      child.on('error', reject);
      child.on('exit', (code) => (code === 0 ? resolve() : reject(new Error(`a process ended with ${code}`))));
      next();
    });
  await Promise.all(Array.from({ length: availableParallelism() }, one));
}

async function main(): Promise<number> {
  const seed = numberOf('seed');
  if (seed !== undefined) {
    const faults = numberOf('faults');
    const steps = faults === undefined ? STEPS : STEPS + faults;
    const played = await play({ seed, steps, nodes: NODES, loops: LOOPS, ...(faults === undefined ? {} : { faults }) });
    console.log(line(played));
    return played.broken === undefined ? 0 : 1;
  }
  const all: Played[] = [];
  const total = (value: (played: Played) => number) => all.reduce((sum, played) => sum + value(played), 0);
  const enough = () =>
    all.some(({ broken }) => broken !== undefined) ||
    (total(faultsOf) >= (numberOf('faults') ?? ENOUGH.faults) &&
      total(({ commits }) => commits) >= (numberOf('commits') ?? ENOUGH.commits));
  function* seeds(): Generator<Job, undefined> {
    for (let next = 1; !enough(); next += 1) yield { seed: next, steps: STEPS, nodes: NODES, loops: LOOPS };
  }
  await playMany(seeds(), (played) => {
    all.push(played);
    console.log(line(played));
  });
  console.log(`${total(faultsOf)} faults, ${total(({ commits }) => commits)} commits, ${all.length} seeds`);
  return all.some(({ broken }) => broken !== undefined) ? 1 : 0;
}

if (process.argv.includes(WORKER)) {
  process.on('message', (job: Job) => {
    void play(job).then((played) => process.send?.(played));
  });
} else process.exitCode = await main();
