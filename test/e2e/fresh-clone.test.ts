import { execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePorts } from '../support/product.ts';
import { until } from '../support/until.ts';

const run = promisify(execFile);
const root = path.resolve(import.meta.dirname, '../..');
let clone: string;
let ports: readonly number[];
const started: { readonly interrupt: () => void; readonly ended: Promise<unknown> }[] = [];

beforeAll(async () => {
  clone = path.join(await mkdtemp(path.join(tmpdir(), 'plumb-clone-')), 'plumbline');
  await run('git', ['clone', '--quiet', '--no-hardlinks', root, clone]);
  ports = await freePorts(3);
});
afterAll(async () => {
  for (const one of started) one.interrupt();
  await Promise.all(started.map(({ ended }) => ended));
  if (existsSync(path.join(clone, '.plumbline'))) await npmRunClean();
  await rm(path.dirname(clone), { recursive: true, force: true });
});

async function npmRunClean() {
  const { stdout, stderr } = await run('npm', ['run', 'clean'], { cwd: clone }).catch(
    (error: { stdout?: string; stderr?: string }) => {
      throw new Error(`npm run clean failed:\n${error.stdout}${error.stderr}`, { cause: error });
    },
  );
  const stays = 'What stays: images in Docker; the Docker engine and packages that were installed.\n';
  expect(stderr, stdout).toBe(stays);
}

/** `npm start` with ports of its own; resolves when it serves. */
async function npmStart() {
  const [api, ui, webhook] = ports;
  const child = spawn(
    'npm',
    ['start', '--', '--api-port', String(api), '--ui-port', String(ui), '--webhook-port', String(webhook)],
    // The host of the tests reaches no registry: the packages lie in npm's cache.
    {
      cwd: clone,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, npm_config_offline: 'true' },
      detached: true,
    },
  );
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString('utf8');
  });
  child.stderr.on('data', (chunk: Buffer) => {
    output += chunk.toString('utf8');
  });
  // npm ends at the signal, before what it started: all of it is gone once nobody holds its output any more.
  const ended = new Promise((resolve) => child.once('close', resolve));
  // Ctrl-C on a terminal goes to npm, its shell and node alike.
  const interrupt = () => {
    if (child.pid !== undefined && child.stdout.readable) process.kill(-child.pid, 'SIGINT');
  };
  started.push({ interrupt, ended });
  await until(
    'npm start serves',
    () => {
      if (child.exitCode !== null) throw new Error(`npm start ended with ${child.exitCode}:\n${output}`);
      if (output.includes('/login?ticket=')) return true;
      throw new Error(output);
    },
    200_000,
  );
  return {
    output: () => output,
    stop: () => {
      interrupt();
      return ended;
    },
  };
}

const engine = async (...args: readonly string[]) => (await run('docker', [...args])).stdout.trim();

describe('npm start in a fresh clone, without node_modules', () => {
  it('needs one run to serve the sample, leaves its containers on Ctrl-C, and adopts them', async () => {
    expect(existsSync(path.join(clone, 'node_modules'))).toBe(false);
    const first = await npmStart();
    await until(
      'the sample answers through its NodePort',
      async () => (await fetch('http://127.0.0.1:30080/pod', { signal: AbortSignal.timeout(2_000) })).ok,
      120_000,
    );
    expect(first.output()).toContain(path.join(clone, '.plumbline/demo'));
    const status = () => run('node', ['dist/cli/main.js', 'status', '--check'], { cwd: clone });
    await until('both Applications are Synced and Healthy', async () => (await status()).stdout, 120_000);
    const before = await engine('ps', '-q', '--no-trunc', '--filter', 'label=io.kubernetes.pod.namespace=demo');
    expect(before.split('\n').length).toBeGreaterThanOrEqual(4);
    await first.stop();
    expect(first.output()).toContain('Containers, Services and the node agent go on.');
    expect(await engine('ps', '-q', '--no-trunc', '--filter', 'label=io.kubernetes.pod.namespace=demo')).toBe(before);
    const second = await npmStart();
    await until('everything is true again', async () => (await status()).stdout, 60_000);
    expect(await engine('ps', '-q', '--no-trunc', '--filter', 'label=io.kubernetes.pod.namespace=demo')).toBe(before);

    const taken = spawn(
      'npm',
      ['start', '--', '--state-dir', path.join(clone, '.other'), '--api-port', String(ports[0])],
      { cwd: clone, stdio: ['ignore', 'pipe', 'pipe'] },
    );
    let words = '';
    for (const stream of [taken.stdout, taken.stderr])
      stream.on('data', (chunk: Buffer) => {
        words += chunk.toString('utf8');
      });
    expect(await new Promise((resolve) => taken.once('exit', resolve))).not.toBe(0);
    expect(words).toContain(String(ports[0]));
    expect(words).toMatch(/taken|in use/);
    await second.stop();

    await npmRunClean();
    expect(await engine('ps', '-aq', '--filter', 'label=io.kubernetes.pod.namespace=demo')).toBe('');
    expect(existsSync(path.join(clone, '.plumbline'))).toBe(false);
  });
});
