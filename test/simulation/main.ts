import { faultsOf, type Job, nameOf, type Played, play, sum } from './play.ts';
import { failuresOf, writeReport } from './report.ts';
import { SEEDED_BUGS } from './sabotage.ts';
import { playAll, WORKER } from './workers.ts';

/** Seeds in which a bug that was put in must be found. */
const SEEDS_TO_FIND = 24;

/** `--seed=7` or `--seed 7`. Throws on what is not a whole number from 1 on. */
function numberOf(name: string): number | undefined {
  const at = process.argv.findIndex((word) => word === `--${name}` || word.startsWith(`--${name}=`));
  if (at < 0) return undefined;
  const value = process.argv[at]?.split('=')[1] ?? process.argv[at + 1] ?? '';
  if (!/^[1-9]\d*$/.test(value)) throw new RangeError(`--${name}=${value}: a whole number from 1 on is asked for`);
  return Number(value);
}

function lineOf(played: Played): string {
  const { digest, commits, revisions, rests, simulatedMs, cpuMs, broken } = played;
  const facts = `${faultsOf(played)} faults, ${commits} commits, ${revisions} revisions, ${rests} rests`;
  const times = `${Math.round(simulatedMs / 1_000)} s in ${Math.round(cpuMs / 1_000)} s`;
  const end = broken === undefined ? 'every promise kept' : `step ${broken.step}: ${broken.message}`;
  return `${nameOf(played)}: ${digest}: ${facts}, ${times}: ${end}`;
}

async function collect(jobs: Iterator<Job, unknown>): Promise<readonly Played[]> {
  const all: Played[] = [];
  await playAll(jobs, (played) => {
    all.push(played);
    console.log(lineOf(played));
  });
  return all;
}

function* points(writes: number): Generator<Job> {
  const every = numberOf('every') ?? 1;
  for (let diesAt = 1; diesAt <= writes; diesAt += every) yield { seed: 1, scenario: true, diesAt };
}

/** Seeds until there are enough faults and commits, or a promise is broken. */
async function playSeeds(): Promise<readonly Played[]> {
  const enough = { faults: numberOf('faults') ?? 100_000, commits: numberOf('commits') ?? 10_000 };
  const all: Played[] = [];
  const isEnough = () =>
    sum(all.map(faultsOf)) >= enough.faults && sum(all.map(({ commits }) => commits)) >= enough.commits;
  function* seeds(): Generator<Job> {
    for (let seed = numberOf('from') ?? 1; !isEnough(); seed += 1) yield { seed };
  }
  await playAll(seeds(), (played) => {
    all.push(played);
    console.log(lineOf(played));
  });
  return all;
}

/** Each bug by itself, seed after seed until it is found. */
async function playBugs(): Promise<readonly Played[]> {
  const found = new Set<string>();
  const all: Played[] = [];
  function* jobs(): Generator<Job> {
    for (let seed = 1; seed <= SEEDS_TO_FIND; seed += 1) {
      for (const { promise } of SEEDED_BUGS) if (!found.has(promise)) yield { seed, bug: promise };
    }
  }
  await playAll(jobs(), (played) => {
    all.push(played);
    if (played.broken !== undefined) found.add(played.bug ?? '');
    console.log(lineOf(played));
  });
  return all.toSorted((left, right) => left.seed - right.seed);
}

/** Answers jobs until there are none; what it cannot play ends it, so that whoever asked learns of it. */
function work(): void {
  process.on('message', (job: Job) => {
    play(job).then(
      (played) => process.send?.(played),
      (error: unknown) => {
        console.error(error);
        process.exit(1);
      },
    );
  });
}

async function main(): Promise<number> {
  const seed = numberOf('seed');
  if (seed !== undefined) {
    const faults = numberOf('faults');
    const played = await play({ seed, ...(faults === undefined ? {} : { faults }) });
    console.log(lineOf(played));
    return played.broken === undefined ? 0 : 1;
  }
  const startMs = Date.now();
  const base = await play({ seed: 1, scenario: true });
  console.log(lineOf(base));
  const results = {
    base,
    points: await collect(points(sum(Object.values(base.writes)))),
    seeds: await playSeeds(),
    bugs: await playBugs(),
    tookMs: Date.now() - startMs,
  };
  if (process.argv.includes('--write')) writeReport(results);
  const failures = failuresOf(results);
  for (const failure of failures) console.log(failure);
  const { seeds } = results;
  const commits = sum(seeds.map((each) => each.commits));
  console.log(
    `${sum(seeds.map(faultsOf))} faults, ${commits} commits, ${results.points.length} crash points, ${failures.length} failures`,
  );
  return failures.length === 0 ? 0 : 1;
}

if (process.argv.includes(WORKER)) work();
else process.exitCode = await main();
