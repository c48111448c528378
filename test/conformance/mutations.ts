/** Tries mutations of `ported.ts`, each on a bundle of its own; run by `npm run mutations`. */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { systemClock } from '#base';
import { openMutableBundle } from './mutable-bundle.ts';
import { type Mutation, PORTED } from './ported.ts';
import { isSeen, readSeen, writeSeen } from './seen.ts';
import { isOnDocker, testedCodenames } from './titles.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const CACHE = path.join(ROOT, 'node_modules/.cache');
/** What a wait may take beyond the time that the whole test took beside all others without the mutation, in ms. */
const PATIENCE_MS = 10_000;
/** A run that has not ended within this many of its patiences, and this time, turns in circles; in ms. */
const PATIENCES = 4;
const RUN_MS = 60_000;
/** For all tests of a file beside each other, without a mutation. */
const FILE_MS = 900_000;
/** Set inside a host of their own, by scripts/mutations.mjs: only there may tests take the network. */
const hasHost = process.env['PLUMBLINE_TESTBED'] !== undefined;

interface Outcome {
  readonly title: string;
  readonly status: string;
  readonly duration?: number;
  readonly failureMessages?: readonly string[];
}
interface Report {
  readonly testResults: readonly { readonly message?: string; readonly assertionResults: readonly Outcome[] }[];
}

/** Runs a program in a process group of its own, which ends when its time or ours is over; answers whether it ended by itself. */
async function runWithin(timeoutMs: number, args: readonly string[], env: NodeJS.ProcessEnv, cwd: string) {
  const child = spawn(process.execPath, args, {
    cwd,
    stdio: 'ignore',
    detached: true,
    env: { ...process.env, ...env },
  });
  let inTime = true;
  const endGroup = () => {
    inTime = false;
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
  };
  const leave = () => {
    endGroup();
    process.exit(1);
  };
  const timer = setTimeout(endGroup, timeoutMs);
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, leave);
  await new Promise((resolve) => child.on('close', resolve));
  clearTimeout(timer);
  for (const signal of ['SIGINT', 'SIGTERM']) process.off(signal, leave);
  return inTime;
}

/** Containers that a broken agent left in the engine of this host. */
async function removeContainers(): Promise<void> {
  const docker = (args: readonly string[]) =>
    new Promise<string>((resolve) => {
      const child = spawn('docker', args, { stdio: ['ignore', 'pipe', 'ignore'] });
      let said = '';
      child.stdout.on('data', (chunk: Buffer) => {
        said += chunk.toString();
      });
      child.on('close', () => resolve(said));
    });
  const ids = (await docker(['ps', '-aq'])).split('\n').filter((id) => id !== '');
  if (ids.length > 0) await docker(['rm', '-f', ...ids]);
}

const exactly = (title: string) => `^${title.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')}$`;
const firstLine = (text: string) => text.split('\n')[0]?.slice(0, 160) ?? '';

/** One file of tests, as a bundle that is made anew for each mutation in a fraction of a second. */
class Suite {
  readonly #dir: string;
  readonly #file: string;
  readonly #bundle: Awaited<ReturnType<typeof openMutableBundle>>;

  private constructor(dir: string, file: string, bundle: Awaited<ReturnType<typeof openMutableBundle>>) {
    this.#dir = dir;
    this.#file = file;
    this.#bundle = bundle;
  }

  static async open(file: string): Promise<Suite> {
    mkdirSync(CACHE, { recursive: true });
    const dir = mkdtempSync(path.join(CACHE, 'mutations-'));
    const bundle = await openMutableBundle(path.join(ROOT, 'test', file), path.join(dir, 'bundle.mjs'));
    writeFileSync(path.join(dir, 'suite.test.mjs'), "import './bundle.mjs';\n");
    const test = {
      include: ['suite.test.mjs'],
      // Plain JavaScript that Node itself loads.
      server: { deps: { external: ['/bundle\\.mjs$/'] } },
      testTimeout: 240_000,
      hookTimeout: 240_000,
      pool: 'forks',
      maxConcurrency: 16,
    };
    const written = JSON.stringify({ test }).replace(JSON.stringify('/bundle\\.mjs$/'), '/bundle\\.mjs$/');
    writeFileSync(path.join(dir, 'vitest.config.mjs'), `export default ${written};\n`);
    return new Suite(dir, file, bundle);
  }

  async close(): Promise<void> {
    await this.#bundle.close();
    rmSync(this.#dir, { recursive: true, force: true });
  }

  /** Outcomes by title, of the tests that came to run. */
  async run(timeoutMs: number, args: readonly string[] = [], env: NodeJS.ProcessEnv = {}) {
    const report = path.join(this.#dir, 'report.json');
    rmSync(report, { force: true });
    const vitest = path.join(ROOT, 'node_modules/vitest/vitest.mjs');
    const options = ['--reporter=json', `--outputFile=${report}`, `--root=${this.#dir}`, ...args];
    const inTime = await runWithin(timeoutMs, [vitest, 'run', ...options], env, this.#dir);
    if (isOnDocker(this.#file)) await removeContainers();
    const outcomes = new Map<string, Outcome>();
    if (!inTime || !existsSync(report)) return { inTime, outcomes };
    const { testResults } = JSON.parse(readFileSync(report, 'utf8')) as Report;
    for (const { message = '', assertionResults } of testResults) {
      if (message !== '') console.log(`  ${firstLine(message)}`);
      for (const outcome of assertionResults) outcomes.set(outcome.title, outcome);
    }
    return { inTime, outcomes };
  }

  /** All tests of the file, without a mutation. */
  async unchanged(): Promise<ReadonlyMap<string, Outcome>> {
    await this.#bundle.build();
    return (await this.run(FILE_MS)).outcomes;
  }

  /** What becomes of one test with its mutation; it has the time that it needs without, and more. */
  async mutated(codename: string, mutation: Mutation, unchangedMs: number): Promise<[status: string, said: string]> {
    await this.#bundle.build(mutation);
    const patienceMs = Math.round(PATIENCE_MS + unchangedMs);
    const env = { PLUMBLINE_PATIENCE_MS: String(patienceMs) };
    const { inTime, outcomes } = await this.run(RUN_MS + PATIENCES * patienceMs, ['-t', exactly(codename)], env);
    if (!inTime) return ['hung', ''];
    const outcome = outcomes.get(codename);
    return [outcome?.status ?? 'not run', firstLine(outcome?.failureMessages?.[0] ?? '')];
  }
}

const words = process.argv.slice(2).filter((word) => !word.startsWith('--'));
const onlyUnseen = process.argv.includes('--unseen');
const text = words.join(' ').toLowerCase();
const tested = testedCodenames();
const fileOf = (codename: string) => tested.get(codename) ?? '';
const wanted = Object.entries(PORTED)
  .filter(([codename]) => `${codename} ${fileOf(codename)}`.toLowerCase().includes(text))
  .filter(([codename, mutation]) => !onlyUnseen || !isSeen(codename, mutation));
const chosen = wanted.filter(([codename]) => hasHost || !isOnDocker(fileOf(codename)));
if (chosen.length < wanted.length)
  console.log(`${wanted.length - chosen.length} are left out: they make a host of their own, which needs root`);
let wrong = 0;
console.log('unchanged  mutated  seconds  test');
for (const file of new Set(chosen.map(([codename]) => fileOf(codename)))) {
  const suite = await Suite.open(file);
  try {
    const unchanged = await suite.unchanged();
    for (const [codename, mutation] of chosen.filter(([one]) => fileOf(one) === file)) {
      const { status: without = 'not run', duration = 0 } = unchanged.get(codename) ?? {};
      const start = systemClock.monotonicMs();
      const [withIt, said] = await suite.mutated(codename, mutation, duration);
      const seconds = ((systemClock.monotonicMs() - start) / 1_000).toFixed(1);
      const right = without === 'passed' && withIt === 'failed';
      wrong += right ? 0 : 1;
      writeSeen(codename, right ? mutation : undefined);
      console.log(
        `${without.padEnd(9)}  ${withIt.padEnd(7)}  ${seconds.padStart(7)}  ${codename}${right ? '' : '   <- WRONG'}`,
      );
      if (said !== '') console.log(`             ${said}`);
    }
  } finally {
    await suite.close();
  }
}
const record = readSeen();
const seen = Object.entries(PORTED).filter(([codename, mutation]) => isSeen(codename, mutation, record)).length;
console.log(
  `${chosen.length - wrong} of ${chosen.length} mutations are found; ${seen} of ${Object.keys(PORTED).length} are on record as they are now`,
);
process.exitCode = wrong === 0 ? 0 : 1;
