// npm run mutations [-- WORDS]: tries the named mutation of every ported conformance test (of those whose name holds the
// words) on a copy of the source, and demands that the test passes without it and fails of it. Takes minutes; not in CI.
import { runNode } from './lib/build.mjs';
import { installDependencies } from './lib/install.mjs';

installDependencies();
runNode('scripts/generate.mjs');
runNode(
  'node_modules/tsx/dist/cli.mjs',
  '--conditions=source',
  'test/conformance/mutations.ts',
  ...process.argv.slice(2),
);
