import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { ROOT } from './install.mjs';
import { fail, say } from './say.mjs';

const DIST = path.join(ROOT, 'dist');
const STAMP = path.join(DIST, '.stamp');
const INPUTS = [
  'src',
  'sample-repo/image',
  'scripts',
  'package-lock.json',
  'tsconfig.json',
  'tsconfig.ui.json',
  'vite.config.ts',
];

function* filesBelow(entry) {
  if (!existsSync(entry)) return;
  if (!statSync(entry).isDirectory()) {
    yield entry;
    return;
  }
  for (const name of readdirSync(entry).sort()) if (name !== 'generated') yield* filesBelow(path.join(entry, name));
}

function inputsDigest() {
  const hash = createHash('sha256');
  for (const input of INPUTS) {
    for (const file of filesBelow(path.join(ROOT, input)))
      hash.update(path.relative(ROOT, file)).update(readFileSync(file));
  }
  return hash.digest('hex');
}

/** Runs a Node program of the project; its failure is ours. */
export function runNode(file, ...args) {
  const run = spawnSync(process.execPath, [path.join(ROOT, file), ...args], { cwd: ROOT, stdio: 'inherit' });
  if (run.status !== 0) fail(`${file} failed; its message is above.`, run.status ?? 1);
}

/** Compiles the product and the UI into dist/. Does nothing when no input changed. */
export function build({ force = false } = {}) {
  const digest = inputsDigest();
  if (!force && existsSync(STAMP) && readFileSync(STAMP, 'utf8') === digest) return;
  say('Building …');
  // Beside the old one, and swapped in when it is whole: an agent may be running from it.
  const next = path.join(ROOT, 'dist.next');
  rmSync(next, { recursive: true, force: true });
  mkdirSync(next);
  runNode('scripts/generate.mjs');
  runNode('node_modules/typescript-native/bin/tsc', '-p', 'tsconfig.json', '--outDir', next);
  runNode('scripts/copy-assets.mjs', next);
  runNode('node_modules/vite/bin/vite.js', 'build', '--logLevel', 'warn', '--outDir', path.join(next, 'ui'));
  writeFileSync(path.join(next, '.stamp'), digest);
  rmSync(DIST, { recursive: true, force: true });
  renameSync(next, DIST);
}
