// npm run bench: measures the product beside its limits and peers, on hosts of its own. --quick takes few samples;
// --write puts the result into docs/benchmarks.md. --only=api or --only=pods measures one half of it. --scale measures the
// scheduler in a large cluster instead, in one process that needs neither root nor engines; --shared says in the result
// that the machine did other work, too.
import { spawn } from 'node:child_process';
import path from 'node:path';
import { build, runNode } from './lib/build.mjs';
import { installDependencies, ROOT } from './lib/install.mjs';
import { fail } from './lib/say.mjs';
import { AGENT_PROGRAMS, ensurePackageLists, ensurePrograms, isRoot } from './lib/system.mjs';

const only = process.argv.find((word) => word.startsWith('--only='))?.slice('--only='.length);
if (only !== undefined && !['api', 'pods'].includes(only)) fail(`--only=${only}: there are api and pods`);

installDependencies();
const settings = {
  ...(process.argv.includes('--quick') ? { PLUMBLINE_BENCH: 'quick' } : {}),
  ...(only === undefined ? {} : { PLUMBLINE_BENCH_ONLY: only }),
  ...(process.argv.includes('--write') ? { PLUMBLINE_BENCH_WRITE: '1' } : {}),
  ...(process.argv.includes('--shared') ? { PLUMBLINE_BENCH_SHARED: '1' } : {}),
};
if (process.argv.includes('--scale')) {
  Object.assign(process.env, settings);
  runNode('node_modules/tsx/dist/cli.mjs', '--conditions=source', 'bench/scale.ts');
  process.exit(0);
}
build();
if (!isRoot())
  fail('the benchmarks make network namespaces and engines of their own; run them as root: sudo -E npm run bench');
await ensurePrograms({ ...AGENT_PROGRAMS, dockerd: 'docker.io', git: 'git' }, 'programs that are measured');
await ensurePackageLists();
runNode('node_modules/tsx/dist/cli.mjs', '--conditions=source', 'bench/prefetch.ts');
const { createTestbed } = await import('./lib/testbed.mjs');

const work = path.join(ROOT, '.plumbline-test');
const beds = [];
let code = 1;
try {
  const ours = await createTestbed({
    name: `plumb-bench-${process.pid}`,
    dir: path.join(work, `bench-${process.pid}`),
  });
  beds.push(ours);
  const swarm = await createTestbed({
    name: `plumb-swarm-${process.pid}`,
    dir: path.join(work, `swarm-${process.pid}`),
    liveRestore: false,
  });
  beds.push(swarm);
  const [program, args] = ours.command(
    process.execPath,
    '--conditions=source',
    '--import',
    'tsx',
    path.join(ROOT, 'bench/main.ts'),
  );
  const env = {
    ...process.env,
    DOCKER_HOST: ours.dockerHost,
    PLUMBLINE_SWARM_HOST: swarm.dockerHost,
    ...settings,
  };
  const child = spawn(program, args, { cwd: ROOT, stdio: ['ignore', 'inherit', 'inherit'], env });
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
  code = await new Promise((resolve) => child.on('exit', (status) => resolve(status ?? 1)));
} finally {
  for (const bed of beds.reverse()) await bed.remove();
}
process.exit(code);
