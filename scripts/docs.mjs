// npm run docs: writes docs/api.md from the registry's rows, and docs/conformance.md from the catalogue of official tests.
import { runNode } from './lib/build.mjs';
import { installDependencies } from './lib/install.mjs';

installDependencies();
runNode('scripts/generate.mjs');
runNode('node_modules/tsx/dist/cli.mjs', '--conditions=source', 'test/docs/main.ts');
