import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { differences, faultsOf, loopsWithoutWrites, type Played, sum } from './play.ts';
import { SEEDED_BUGS } from './sabotage.ts';

/** All that one run of the program played. */
export interface Results {
  readonly base: Played;
  readonly points: readonly Played[];
  readonly seeds: readonly Played[];
  readonly bugs: readonly Played[];
  readonly tookMs: number;
}

/** So many seeds give every loop something to write. */
const SEEDS_FOR_ALL_LOOPS = 20;

const FILE = 'docs/simulation.md';
const BEGIN = '<!-- written by npm run simulate -- --write: from here on -->';

/** What went against a promise, a line each. */
export function failuresOf({ base, points, seeds, bugs }: Results): readonly string[] {
  const failures: string[] = [];
  for (const played of [base, ...points, ...seeds]) {
    const { broken, seed, diesAt } = played;
    const which = diesAt === undefined ? `seed ${seed}` : `dying at write ${diesAt} of the scenario`;
    if (broken !== undefined) failures.push(`${which}: step ${broken.step}: ${broken.message}`);
    else if (diesAt !== undefined) {
      const other = differences(base.state, played.state);
      if (other.length > 0) failures.push(`${which}: P07: it ends otherwise: ${other.slice(0, 4).join('; ')}`);
    }
  }
  for (const { promise, what } of SEEDED_BUGS) {
    const tried = bugs.filter(({ bug }) => bug === promise);
    if (!tried.some(({ broken }) => broken !== undefined)) {
      failures.push(`${promise}: nobody found that ${what}`);
    }
  }
  if (points.length === sum(Object.values(base.writes))) {
    const died = new Set(points.flatMap(({ crashes }) => Object.keys(crashes)));
    const missed = Object.keys(base.writes).filter((write) => !died.has(write));
    failures.push(...missed.map((write) => `nobody died after ${write}`));
  }
  if (seeds.length >= SEEDS_FOR_ALL_LOOPS) {
    const silent = loopsWithoutWrites({ loops: base.loops, writes: added(seeds.map(({ writes }) => writes)) });
    failures.push(...silent.map((loop) => `${loop} wrote nothing in ${seeds.length} seeds`));
  }
  return failures;
}

/** Puts the results below the line that begins them. */
export function writeReport(results: Results): void {
  const text = readFileSync(FILE, 'utf8');
  const head = text.includes(BEGIN) ? text.slice(0, text.indexOf(BEGIN)) : `${text.trimEnd()}\n\n`;
  writeFileSync(FILE, `${head}${BEGIN}\n\n${reportOf(results)}`);
}

export function reportOf(results: Results): string {
  const { base, points, seeds, bugs, tookMs } = results;
  const all = [...seeds, ...points];
  const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim();
  const total = (value: (played: Played) => number, of = all) => sum(of.map(value)).toLocaleString('en');
  const failures = failuresOf(results);
  const lines = [
    '## Results',
    '',
    `Of ${new Date().toISOString().slice(0, 10)} at commit ${commit}, in ${Math.round(tookMs / 60_000)} minutes: ${seeds.length} seeds, ` +
      `${total(faultsOf)} faults, ${total(({ commits }) => commits, [...seeds])} commits by seeds, ${total(({ revisions }) => revisions)} revisions checked, ` +
      `${total(({ rests }) => rests)} rests compared with what was declared, ${Math.round(sum(all.map(({ simulatedMs }) => simulatedMs)) / 3_600_000)} hours of cluster time. ` +
      (failures.length === 0 ? 'Every promise was kept.' : `${failures.length} failures.`),
    '',
    ...failures.map((failure) => `- ${failure}`),
    ...(failures.length === 0 ? [] : ['']),
    '### Faults',
    '',
    '| fault | times |',
    '|---|---|',
    ...rows(added(all.map(({ faults }) => faults))),
    '',
    '### Crash points',
    '',
    `The scenario of \`test/simulation/scenario.ts\` gives every loop of the control plane something to write: ${sum(Object.values(base.writes))} writes. ` +
      `It was played again dying after ${points.length} of them, one at a time, and had to end in the same state as without; seeds died at random.`,
    '',
    '| loop: write | writes in the scenario | died after it there | died after it in seeds |',
    '|---|---|---|---|',
    ...crashRows(results),
    '',
    '### Bugs put in',
    '',
    '| promise | bug | found after faults | of seed |',
    '|---|---|---|---|',
    ...SEEDED_BUGS.map(({ promise, what }) => {
      const tried = bugs.filter(({ bug }) => bug === promise);
      const found = tried.find(({ broken }) => broken !== undefined);
      const by = found?.broken?.promise === promise ? '' : ` (as ${found?.broken?.promise})`;
      const faults = sum(tried.map(faultsOf));
      return `| ${promise} | ${what} | ${found === undefined ? 'not found' : `${faults}${by}`} | ${found?.seed ?? '–'} |`;
    }),
  ];
  return `${lines.join('\n')}\n`;
}

function crashRows({ base, points, seeds }: Results): readonly string[] {
  const scenario = added(points.map(({ crashes }) => crashes));
  const random = added(seeds.map(({ crashes }) => crashes));
  const writes = [...new Set([...Object.keys(base.writes), ...Object.keys(random)])].toSorted();
  return writes.map(
    (write) => `| ${write} | ${base.writes[write] ?? 0} | ${scenario[write] ?? 0} | ${random[write] ?? 0} |`,
  );
}

function added(counts: readonly Readonly<Record<string, number>>[]): Readonly<Record<string, number>> {
  const totals: Record<string, number> = {};
  for (const count of counts) {
    for (const [name, times] of Object.entries(count)) totals[name] = (totals[name] ?? 0) + times;
  }
  return totals;
}

function rows(counts: Readonly<Record<string, number>>): readonly string[] {
  return Object.entries(counts)
    .toSorted(([, left], [, right]) => right - left)
    .map(([name, times]) => `| ${name} | ${times.toLocaleString('en')} |`);
}
