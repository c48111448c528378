// Runs the whole-product tests inside a host of our own (see lib/testbed.mjs). Root only; npm test calls it.
import { spawn } from 'node:child_process';
import path from 'node:path';
import { runNode } from './lib/build.mjs';
import { cacheDependencies, ROOT } from './lib/install.mjs';
import { fail } from './lib/say.mjs';
import { isRoot } from './lib/system.mjs';
import { createTestbed } from './lib/testbed.mjs';

if (!isRoot())
  fail(
    'the whole-product tests make a network namespace and an engine of their own; run them as root: sudo -E node scripts/e2e.mjs',
  );
const report =
  process.argv.find((argument) => argument.startsWith('--report='))?.slice('--report='.length) ??
  path.join(ROOT, '.plumbline-test', 'end-to-end.json');
const filters = process.argv.slice(2).filter((argument) => !argument.startsWith('--report='));

// The host has no network of its own: what the tests fetch is fetched before. One starts from a fresh clone.
runNode('node_modules/tsx/dist/cli.mjs', '--conditions=source', 'test/support/cache-busybox.ts');
if (filters.length === 0 || filters.some((filter) => 'fresh-clone'.includes(filter))) cacheDependencies();

const testbed = await createTestbed({
  name: `plumb-e2e-${process.pid}`,
  dir: path.join(ROOT, '.plumbline-test', `engine-${process.pid}`),
});
let code = 1;
try {
  const [program, args] = testbed.command(
    process.execPath,
    path.join(ROOT, 'node_modules/vitest/vitest.mjs'),
    'run',
    '--config',
    'vitest.e2e.config.ts',
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${report}`,
    ...filters,
  );
  const child = spawn(program, args, {
    cwd: ROOT,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: {
      ...process.env,
      DOCKER_HOST: testbed.dockerHost,
      PLUMBLINE_TESTBED: testbed.name,
      PLUMBLINE_OUTER_NETWORK: `/proc/${process.pid}/ns/net`,
    },
  });
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
  code = await new Promise((resolve) => child.on('exit', (status) => resolve(status ?? 1)));
} finally {
  await testbed.remove();
}
process.exit(code);
