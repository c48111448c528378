// Types, floors, format and lint. `npm run check` is the gate before every commit; `npm test` runs it first.
import { spawn } from 'node:child_process';
import path from 'node:path';
import { runNode } from './lib/build.mjs';
import { installDependencies, ROOT } from './lib/install.mjs';
import { say } from './lib/say.mjs';

const steps = [
  ['types', ['node_modules/typescript-native/bin/tsc', '-p', 'tsconfig.check.json']],
  ['types of the UI', ['node_modules/typescript-native/bin/tsc', '-p', 'tsconfig.ui.json']],
  ['floors', ['scripts/check-floors.mjs']],
  ['format and lint', ['node_modules/@biomejs/biome/bin/biome', 'check', '--diagnostic-level=warn', '.']],
];

function run([file, ...args]) {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [path.join(ROOT, file), ...args], { cwd: ROOT });
    let output = '';
    child.stdout.on('data', (chunk) => {
      output += chunk;
    });
    child.stderr.on('data', (chunk) => {
      output += chunk;
    });
    child.on('close', (code) => resolve({ ok: code === 0, output }));
  });
}

installDependencies();
runNode('scripts/generate.mjs');
const results = await Promise.all(steps.map(async ([name, command]) => ({ name, ...(await run(command)) })));
for (const { name, ok, output } of results) {
  say(`${ok ? 'ok  ' : 'FAIL'}  ${name}`);
  if (!ok) process.stdout.write(output);
}
const failed = results.filter(({ ok }) => !ok).length;
say(`check: ${results.length - failed} ok, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
