// npm test: installs what the tests need, then checks and tests. Ends with one line that counts.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { build } from './lib/build.mjs';
import { installDependencies, ROOT } from './lib/install.mjs';
import { say } from './lib/say.mjs';
import {
  AGENT_PROGRAMS,
  ensureEngine,
  ensurePackageLists,
  ensurePrograms,
  isRoot,
  OPTIONAL_PROGRAMS,
} from './lib/system.mjs';

const results = path.join(ROOT, '.plumbline-test');

function runProgram(name, args) {
  say(`\n— ${name}`);
  // The end-to-end tests make a host of their own, which needs root.
  const [program, all] =
    name === 'end-to-end' && !isRoot() ? ['sudo', ['-E', process.execPath, ...args]] : [process.execPath, args];
  // FORCE_COLOR=0 would not do: picocolors takes any FORCE_COLOR for a yes, and the tests read what the product prints.
  const { FORCE_COLOR: _, ...env } = process.env;
  return new Promise((resolve) => {
    spawn(program, all, {
      cwd: ROOT,
      stdio: ['ignore', 'inherit', 'inherit'],
      env: { ...env, NO_COLOR: '1' },
    }).on('exit', (code) => resolve(code ?? 1));
  });
}

/** Runs a program that has vitest leave a report, and returns its cases. A run that leaves no report counts as one failure. */
async function casesOf(name, program) {
  const report = path.join(results, `${name}.json`);
  const code = await runProgram(name, program(report));
  if (!existsSync(report)) return { cases: [{ name: `${name} left no report`, status: 'failed' }] };
  const parsed = JSON.parse(readFileSync(report, 'utf8'));
  const cases = parsed.testResults.flatMap((file) => {
    const found = file.assertionResults.map((one) => ({ name: one.fullName, status: one.status }));
    if (file.status === 'failed' && !found.some(({ status }) => status === 'failed'))
      found.push({ name: `${file.name} could not run: ${file.message}`, status: 'failed' });
    return found;
  });
  if (code !== 0 && !cases.some(({ status }) => status === 'failed'))
    cases.push({ name: `${name} ended with code ${code}`, status: 'failed' });
  return { cases };
}

installDependencies();
rmSync(results, { recursive: true, force: true });
mkdirSync(results, { recursive: true });
build();
const engine = await ensureEngine(results);
process.env.DOCKER_HOST = engine.host;
await ensurePrograms(
  {
    ...AGENT_PROGRAMS,
    ...OPTIONAL_PROGRAMS,
    git: 'git',
    chromium: 'chromium',
    'ssh-keygen': 'openssh-client',
    htpasswd: 'apache2-utils',
  },
  'programs the tests drive',
);
await ensurePackageLists();
if (!isRoot())
  say(
    'Not root: the end-to-end tests run through sudo, since they make a network namespace and an engine of their own.',
  );

const cases = [];
const check = spawnSync(process.execPath, ['scripts/check.mjs'], { cwd: ROOT, stdio: 'inherit' });
cases.push({ name: 'npm run check', status: check.status === 0 ? 'passed' : 'failed' });
const filters = process.argv.slice(2);
const unit = (report) => [
  path.join(ROOT, 'node_modules/vitest/vitest.mjs'),
  'run',
  '--config',
  'vitest.config.ts',
  '--reporter=default',
  '--reporter=json',
  `--outputFile.json=${report}`,
  ...filters,
];
cases.push(...(await casesOf('unit', unit)).cases);
if (filters.length === 0)
  cases.push(...(await casesOf('end-to-end', (report) => ['scripts/e2e.mjs', `--report=${report}`])).cases);

const passed = cases.filter(({ status }) => status === 'passed').length;
const failed = cases.filter(({ status }) => status === 'failed');
const skipped = cases.filter(({ status }) => !['passed', 'failed'].includes(status));
const allowed = new Set(
  readFileSync(path.join(ROOT, 'test/allowed-skips'), 'utf8')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#')),
);
// On a user's machine something may be missing that cannot be installed; in CI only what is listed may be.
const refused = process.env.CI === undefined ? [] : skipped.filter(({ name }) => !allowed.has(name));
for (const { name } of failed) say(`failed: ${name}`);
for (const { name } of skipped) say(`skipped: ${name}`);
for (const { name } of refused) say(`failed: skipped without being listed in test/allowed-skips: ${name}`);
const skippedCount = skipped.length - refused.length;
say(
  `\n${passed} passed, ${failed.length + refused.length} failed${skippedCount > 0 ? `, ${skippedCount} skipped` : ''}`,
);
process.exit(failed.length + refused.length === 0 ? 0 : 1);
