// npm run simulate: plays a simulated cluster on as many processes as there are processors: dying at every write of the
// scenario, then under seeded faults until there were 100,000 and 10,000 commits, then with each bug that must be found.
// --faults=M, --commits=M and --every=K (of the writes) make it shorter; --seed=N plays one seed, up to --faults=M of its
// faults; --write puts the result into docs/simulation.md.

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
