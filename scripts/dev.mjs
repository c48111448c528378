// npm run dev: the product from source, restarted on save; everything else as npm start.
import { spawn } from 'node:child_process';
import path from 'node:path';
import { runNode } from './lib/build.mjs';
import { installDependencies, ROOT } from './lib/install.mjs';
import { AGENT_PROGRAMS, ensureEngine, ensurePrograms } from './lib/system.mjs';

installDependencies();
runNode('scripts/generate.mjs');
runNode('node_modules/vite/bin/vite.js', 'build', '--logLevel', 'warn');
const stateDir = path.resolve(process.env.PLUMBLINE_STATE_DIR ?? path.join(ROOT, '.plumbline'));
const engine = await ensureEngine(stateDir);
await ensurePrograms(AGENT_PROGRAMS, 'programs the node agent calls');
const child = spawn(
  process.execPath,
  [
    path.join(ROOT, 'node_modules/tsx/dist/cli.mjs'),
    'watch',
    '--conditions=source',
    'src/cli/main.ts',
    'demo',
    '--state-dir',
    stateDir,
    '--docker-host',
    engine.host,
    ...process.argv.slice(2),
  ],
  { cwd: ROOT, stdio: 'inherit' },
);
child.on('exit', (code) => process.exit(code ?? 1));
