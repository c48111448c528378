// npm run simulate: plays a simulated cluster under seeded faults until 100,000 faults and 10,000 commits are reached, on as
// many processes as there are processors. --seed=N plays one seed, --faults=M so many of its faults, --bug=P09 with a
// seeded bug; --write puts the result into docs/simulation.md.

import path from 'node:path';
import { build } from 'esbuild';
import { runNode } from './lib/build.mjs';
import { installDependencies, ROOT } from './lib/install.mjs';

installDependencies();
runNode('scripts/generate.mjs');
const outfile = path.join(ROOT, '.plumbline-test', 'simulate.mjs');
await build({
  entryPoints: [path.join(ROOT, 'test/simulation/main.ts')],
  outfile,
  bundle: true,
  platform: 'node',
  format: 'esm',
  packages: 'external',
  conditions: ['source'],
  logLevel: 'warning',
});
runNode(path.relative(ROOT, outfile), ...process.argv.slice(2));
