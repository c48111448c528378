// npm run mutations [-- WORDS]: tries the named mutation of every ported conformance test (of those whose name holds the
// words) on a copy of the source, and demands that the test passes without it and fails of it. Takes minutes; not in CI.
// As root it runs inside a host of its own, where the tests on real Docker can run too.
import { spawn } from 'node:child_process';
import path from 'node:path';
import { runNode } from './lib/build.mjs';
import { installDependencies, ROOT } from './lib/install.mjs';
import { isRoot } from './lib/system.mjs';
import { createTestbed } from './lib/testbed.mjs';

installDependencies();
runNode('scripts/generate.mjs');
const line = [
  'node_modules/tsx/dist/cli.mjs',
  '--conditions=source',
  'test/conformance/mutations.ts',
  ...process.argv.slice(2),
];
if (!isRoot()) {
  runNode(...line);
} else {
  runNode('node_modules/tsx/dist/cli.mjs', '--conditions=source', 'test/support/cache-busybox.ts');
  const testbed = await createTestbed({
    name: `plumb-mutations-${process.pid}`,
    dir: path.join(ROOT, '.plumbline-test', `mutations-${process.pid}`),
  });
  try {
    const [program, args] = testbed.command(process.execPath, ...line);
    const env = { ...process.env, DOCKER_HOST: testbed.dockerHost, PLUMBLINE_TESTBED: testbed.name };
    const child = spawn(program, args, { cwd: ROOT, stdio: 'inherit', env });
    for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
    process.exitCode = await new Promise((resolve) => child.on('exit', (code) => resolve(code ?? 1)));
  } finally {
    await testbed.remove();
  }
}
