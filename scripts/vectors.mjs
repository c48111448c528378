// npm run vectors -- DIR: checks our codecs against a folder of official fixtures, one object of each kind as NAME.json and
// NAME.pb, such as testdata/HEAD of the repository kubernetes/api.
import path from 'node:path';
import { runNode } from './lib/build.mjs';
import { installDependencies } from './lib/install.mjs';
import { fail } from './lib/say.mjs';

const [folder] = process.argv.slice(2);
if (folder === undefined) fail('usage: npm run vectors -- DIR, a folder of NAME.json and NAME.pb');
installDependencies();
runNode('scripts/generate.mjs');
runNode('node_modules/tsx/dist/cli.mjs', '--conditions=source', 'test/vectors/main.ts', path.resolve(folder));
