// A host of our own for whole-product tests and benchmarks: a network namespace with a private Docker engine in it.
// Nothing of it meets the machine's own engine, rules or ports. Root only.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, openSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { engineAnswers, which } from './system.mjs';

const ENGINE_START_TIMEOUT_MS = 60_000;
const ENGINE_STOP_TIMEOUT_MS = 20_000;

function must(program, ...args) {
  const run = spawnSync(which(program) ?? program, args, { encoding: 'utf8' });
  if (run.status !== 0) throw new Error(`${program} ${args.join(' ')}: ${run.stderr || run.error?.message}`);
  return run.stdout;
}

/** Tries a command whose failure means that there was nothing to clean. */
const attempt = (program, ...args) => spawnSync(which(program) ?? program, args, { stdio: 'ignore' }).status === 0;

/** Of the engine that runs there now: a test may have started it anew. */
function enginePid(dir) {
  const file = path.join(dir, 'docker.pid');
  return existsSync(file) ? Number(readFileSync(file, 'utf8')) : undefined;
}

/** Whether the process lives; one that has ended has no command line, also while nobody has asked for its end. */
function runs(pid) {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8') !== '';
  } catch (error) {
    if (error.code === 'ENOENT' || error.code === 'ESRCH') return false;
    throw error;
  }
}

/**
 * Makes the namespace, starts the engine, and returns how to run commands inside.
 * `liveRestore` false is for Swarm, which refuses it.
 */
export async function createTestbed({ name, dir, liveRestore = true }) {
  const netns = `/run/netns/${name}`;
  if (existsSync(netns)) attempt('ip', 'netns', 'delete', name);
  rmSync(dir, { recursive: true, force: true });
  mkdirSync(dir, { recursive: true, mode: 0o711 });
  must('ip', 'netns', 'add', name);
  const inside = [`--net=${netns}`];
  must('nsenter', ...inside, 'ip', 'link', 'set', 'lo', 'up');
  // A host has an address besides loopback and a default route; a namespace has neither.
  must('nsenter', ...inside, 'ip', 'link', 'add', 'host0', 'type', 'veth', 'peer', 'name', 'host1');
  must('nsenter', ...inside, 'ip', 'addr', 'add', '192.0.2.10/24', 'dev', 'host0');
  must('nsenter', ...inside, 'ip', 'link', 'set', 'host0', 'up');
  must('nsenter', ...inside, 'ip', 'link', 'set', 'host1', 'up');
  must('nsenter', ...inside, 'ip', 'route', 'add', 'default', 'via', '192.0.2.1');
  const socket = path.join(dir, 'docker.sock');
  const log = openSync(path.join(dir, 'dockerd.log'), 'a');
  const engine = spawn(
    which('nsenter'),
    [
      ...inside,
      which('dockerd'),
      '--data-root',
      path.join(dir, 'data'),
      '--exec-root',
      path.join(dir, 'exec'),
      '--pidfile',
      path.join(dir, 'docker.pid'),
      '--host',
      `unix://${socket}`,
      '--storage-driver',
      'overlay2',
      '--containerd-namespace',
      name,
      '--containerd-plugins-namespace',
      `${name}-plugins`,
      ...(liveRestore ? ['--live-restore'] : []),
    ],
    { detached: true, stdio: ['ignore', log, log] },
  );
  const deadline = Date.now() + ENGINE_START_TIMEOUT_MS;
  while (!(await engineAnswers(socket)).ok) {
    if (Date.now() > deadline || engine.exitCode !== null) {
      throw new Error(
        `the private Docker engine did not start:\n${readFileSync(path.join(dir, 'dockerd.log'), 'utf8').split('\n').slice(-15).join('\n')}`,
      );
    }
    await delay(100);
  }
  // As on real hosts, where Docker turned forwarding on by itself.
  attempt('nsenter', ...inside, 'iptables', '-P', 'FORWARD', 'DROP');

  return {
    name,
    netns,
    socket,
    dockerHost: `unix://${socket}`,
    /** [program, args] of a command that runs inside. */
    command: (program, ...args) => [which('nsenter'), [...inside, program, ...args]],
    async remove() {
      const docker = (...args) => spawnSync('docker', ['-H', `unix://${socket}`, ...args], { encoding: 'utf8' });
      if ((await engineAnswers(socket)).ok) {
        const ids = docker('ps', '-aq').stdout?.split('\n').filter(Boolean) ?? [];
        if (ids.length > 0) docker('rm', '-f', ...ids);
      }
      const pid = enginePid(dir);
      if (pid !== undefined && runs(pid)) {
        process.kill(pid, 'SIGTERM');
        const stopBy = Date.now() + ENGINE_STOP_TIMEOUT_MS;
        while (runs(pid) && Date.now() < stopBy) await delay(50);
        if (runs(pid)) process.kill(pid, 'SIGKILL');
      }
      // live-restore leaves the data root mounted on itself, once for each start; pods with the node's network make the engine
      // mount that, and volumes of its drivers are mounted below: it takes none of them away.
      for (const target of mountsBelow(dir)) attempt('umount', '--lazy', target);
      attempt('ip', 'netns', 'delete', name);
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

/** Mount points below a folder, the latest first. A path with blanks is not looked for: there is none here. */
function mountsBelow(dir) {
  const points = readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[4] ?? '');
  return points.filter((point) => point.startsWith(`${dir}/`)).reverse();
}
