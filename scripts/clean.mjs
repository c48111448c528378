// npm run clean: ends the agent, removes the containers and kernel rules of this cluster, and deletes .plumbline. What volumes
// hold it deletes only when told so: on a terminal it asks, otherwise `npm run clean -- --delete-volumes`.
import { existsSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from './lib/build.mjs';
import { installDependencies, ROOT } from './lib/install.mjs';
import { say } from './lib/say.mjs';

const stateDir = path.resolve(process.env.PLUMBLINE_STATE_DIR ?? path.join(ROOT, '.plumbline'));
if (!existsSync(stateDir)) {
  say(`Nothing to clean: ${stateDir} is not there.`);
} else {
  installDependencies();
  build();
  const { main } = await import(pathToFileURL(path.join(ROOT, 'dist/cli/index.js')).href);
  process.exitCode = await main(['reset', '--state-dir', stateDir, '--yes', ...process.argv.slice(2)]);
}
