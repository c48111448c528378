/** Tries every mutation of `ported.ts` on a copy of the project; run by `npm run mutations`. */
import { spawn } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Mutation, PORTED } from './ported.ts';
import { isOnDocker, testedCodenames } from './titles.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** What the tests need of the project. */
const COPIED = [
  'src',
  'test',
  'package.json',
  'tsconfig.json',
  'tsconfig.check.json',
  'vitest.config.ts',
  'vitest.e2e.config.ts',
];
/** What does not come about within this time does not come, in ms: the test of a mutation runs alone. */
const FAILS_WITHIN_MS = 25_000;
/** Set inside a host of their own, by scripts/mutations.mjs: only there may tests take the network. */
const hasHost = process.env['PLUMBLINE_TESTBED'] !== undefined;

/** The options of vitest for a file below `test`. */
const optionsFor = (file: string) => [
  ...(isOnDocker(file) ? ['--config', 'vitest.e2e.config.ts'] : []),
  `test/${file}`,
];

interface Report {
  readonly testResults: readonly {
    readonly assertionResults: readonly { readonly title: string; readonly status: string }[];
  }[];
}

/** Status by title. A test that did not come to run has none. */
async function run(
  copy: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Promise<ReadonlyMap<string, string>> {
  const report = path.join(copy, 'report.json');
  rmSync(report, { force: true });
  const vitest = path.join(copy, 'node_modules/vitest/vitest.mjs');
  const child = spawn(process.execPath, [vitest, 'run', '--reporter=json', `--outputFile=${report}`, ...args], {
    cwd: copy,
    stdio: 'ignore',
    env: { ...process.env, ...env },
  });
  await new Promise((resolve) => child.on('close', resolve));
  if (!existsSync(report)) return new Map();
  const { testResults } = JSON.parse(readFileSync(report, 'utf8')) as Report;
  return new Map(testResults.flatMap((file) => file.assertionResults.map(({ title, status }) => [title, status])));
}

const exactly = (title: string) => `^${title.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')}$`;

async function fate(copy: string, codename: string, file: string, { file: source, find, replace }: Mutation) {
  const mutated = path.join(copy, source);
  const before = readFileSync(mutated, 'utf8');
  writeFileSync(
    mutated,
    before.replace(find, () => replace),
  );
  try {
    const patience = { PLUMBLINE_PATIENCE_MS: String(FAILS_WITHIN_MS) };
    const results = await run(copy, [...optionsFor(file), '-t', exactly(codename)], patience);
    return results.get(codename) ?? 'not run';
  } finally {
    writeFileSync(mutated, before);
  }
}

const words = process.argv.slice(2).join(' ').toLowerCase();
const tested = testedCodenames();
const wanted = Object.entries(PORTED).filter(([codename]) => codename.toLowerCase().includes(words));
const chosen = wanted.filter(([codename]) => hasHost || !isOnDocker(tested.get(codename)));
if (chosen.length < wanted.length)
  console.log(`${wanted.length - chosen.length} are left out: they make a host of their own, which needs root`);
const copy = mkdtempSync(path.join(tmpdir(), 'plumbline-mutations-'));
let wrong = 0;
try {
  for (const name of COPIED) cpSync(path.join(ROOT, name), path.join(copy, name), { recursive: true });
  symlinkSync(path.join(ROOT, 'node_modules'), path.join(copy, 'node_modules'));
  const files = [...new Set(chosen.map(([codename]) => tested.get(codename) ?? ''))];
  const unchanged = new Map<string, string>();
  for (const file of files)
    for (const [title, status] of await run(copy, optionsFor(file))) unchanged.set(title, status);
  console.log('unchanged  mutated  test');
  for (const [codename, mutation] of chosen) {
    const without = unchanged.get(codename) ?? 'not run';
    const withIt = await fate(copy, codename, tested.get(codename) ?? '', mutation);
    const right = without === 'passed' && withIt === 'failed';
    wrong += right ? 0 : 1;
    console.log(`${without.padEnd(9)}  ${withIt.padEnd(7)}  ${codename}${right ? '' : '   <- WRONG'}`);
  }
} finally {
  rmSync(copy, { recursive: true, force: true });
}
console.log(`${chosen.length - wrong} of ${chosen.length} mutations are found`);
process.exitCode = wrong === 0 ? 0 : 1;
