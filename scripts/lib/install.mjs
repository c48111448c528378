// Runs before anything is installed: only node: imports here.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { fail, say } from './say.mjs';

/** The folder of package.json. */
export const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');

const STAMP = path.join(ROOT, 'node_modules', '.plumbline-lock');

/** Refuses a Node that cannot run us, in words. */
export function requireNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major < 20 || (major === 20 && minor < 19)) {
    fail(`Plumbline needs Node 20.19 or newer; this is ${process.version}. See https://nodejs.org.`);
  }
}

function wantedStamp() {
  const hash = createHash('sha256');
  for (const part of [
    readFileSync(path.join(ROOT, 'package-lock.json')),
    process.versions.modules,
    process.platform,
    process.arch,
  ])
    hash.update(part);
  return hash.digest('hex');
}

/** Installs exactly what package-lock.json names; does nothing when that was done before. */
export function installDependencies() {
  requireNode();
  const want = wantedStamp();
  if (existsSync(STAMP) && readFileSync(STAMP, 'utf8') === want) return;
  say('Installing npm packages (npm ci) …');
  const run = npmCi(ROOT);
  if (run.status !== 0) fail('npm ci failed; its message is above.', run.status ?? 1);
  writeFileSync(STAMP, want);
}

/** Leaves every package that package-lock.json names in npm's cache, for an install where there is no network. */
export function cacheDependencies() {
  const folder = mkdtempSync(path.join(tmpdir(), 'plumb-packages-'));
  try {
    for (const file of ['package.json', 'package-lock.json', '.npmrc'])
      copyFileSync(path.join(ROOT, file), path.join(folder, file));
    if (npmCi(folder, '--prefer-offline').status !== 0) fail('npm ci failed; its message is above.');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function npmCi(cwd, ...more) {
  // --include=dev: under NODE_ENV=production npm would leave the compiler out.
  const args = ['ci', '--include=dev', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error', ...more];
  const npm = process.env.npm_execpath;
  const options = { cwd, stdio: 'inherit' };
  return npm?.endsWith('.js') ? spawnSync(process.execPath, [npm, ...args], options) : spawnSync('npm', args, options);
}
