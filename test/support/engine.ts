import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, open, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { tmpfsMount, unmount } from '#runtime';
import { until } from './until.ts';

const run = promisify(execFile);

/** The engine of the host that whole-product tests run on (scripts/lib/testbed.mjs): nobody else uses it. */
export interface TestEngine {
  /** Ends it, as init does before a machine goes down. With live-restore its containers go on. */
  stop(): Promise<void>;
  start(options: { readonly liveRestore: boolean }): Promise<void>;
}

export async function testEngine(): Promise<TestEngine> {
  const socket = (process.env['DOCKER_HOST'] ?? '').replace('unix://', '');
  if (process.env['PLUMBLINE_TESTBED'] === undefined) throw new Error('this would restart the machine’s own engine');
  const folder = path.dirname(socket);
  const pid = async () => Number(await readFile(path.join(folder, 'docker.pid'), 'utf8'));
  const commandOf = async (of: number) => (await readFile(`/proc/${of}/cmdline`, 'utf8')).split('\0').slice(0, -1);
  const [program = '', ...args] = (await commandOf(await pid())).filter((word) => word !== '--live-restore');
  return {
    async stop() {
      const running = await pid();
      process.kill(running, 'SIGTERM');
      await until('the engine has ended', () =>
        commandOf(running).then(
          ({ length }) => length === 0,
          () => true,
        ),
      );
    },
    async start({ liveRestore }) {
      const log = await open(path.join(folder, 'dockerd.log'), 'a');
      const stdio = ['ignore', log.fd, log.fd] as const;
      spawn(program, [...args, ...(liveRestore ? ['--live-restore'] : [])], {
        detached: true,
        stdio: [...stdio],
      }).unref();
      await log.close();
      await until('the engine answers', () =>
        run('docker', ['version']).then(
          () => true,
          () => false,
        ),
      );
    },
  };
}

/** An engine of its own whose disk is a small one, in memory. It runs no containers: it has no network for them. */
export async function startSmallEngine(sizeBytes: number): Promise<{ readonly host: string; close(): Promise<void> }> {
  const folder = await mkdtemp(path.join(tmpdir(), 'plumb-small-'));
  const data = path.join(folder, 'data');
  await mkdir(data);
  await tmpfsMount(data, { mode: 0o711, sizeBytes });
  const socket = path.join(folder, 'docker.sock');
  const log = await open(path.join(folder, 'dockerd.log'), 'a');
  const name = path.basename(folder);
  const flags = {
    '--data-root': data,
    '--exec-root': path.join(folder, 'exec'),
    '--pidfile': path.join(folder, 'docker.pid'),
    '--host': `unix://${socket}`,
    '--bridge': 'none',
    '--storage-driver': 'overlay2',
    '--containerd-namespace': name,
    '--containerd-plugins-namespace': `${name}-plugins`,
  };
  const words = Object.entries(flags).flat();
  const engine = spawn('dockerd', [...words, '--iptables=false'], { stdio: ['ignore', log.fd, log.fd] });
  const ended = once(engine, 'exit');
  await log.close();
  await until('the small engine answers', async () => {
    if (engine.exitCode !== null) throw new Error(await readFile(path.join(folder, 'dockerd.log'), 'utf8'));
    return run('docker', ['-H', `unix://${socket}`, 'version']).then(
      () => true,
      () => false,
    );
  });
  return {
    host: `unix://${socket}`,
    async close() {
      engine.kill('SIGTERM');
      await ended;
      await unmount(data);
      await rm(folder, { recursive: true, force: true });
    },
  };
}
