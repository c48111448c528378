// npm start: from a fresh clone to a cluster that hangs true to a demo repository. Only node: imports until packages are there.
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from './lib/build.mjs';
import { installDependencies, ROOT } from './lib/install.mjs';
import { AGENT_PROGRAMS, ensureEngine, ensurePrograms } from './lib/system.mjs';

installDependencies();
build();
const stateDir = path.resolve(process.env.PLUMBLINE_STATE_DIR ?? path.join(ROOT, '.plumbline'));
const engine = await ensureEngine(stateDir);
await ensurePrograms({ ...AGENT_PROGRAMS, git: 'git' }, 'programs the node agent calls');

const { main } = await import(pathToFileURL(path.join(ROOT, 'dist/cli/index.js')).href);
process.exitCode = await main([
  'demo',
  '--state-dir',
  stateDir,
  '--docker-host',
  engine.host,
  ...process.argv.slice(2),
]);
