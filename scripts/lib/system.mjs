// What the machine must have: a Docker engine and a few Debian packages. Says what it installs before it does.
import { spawn, spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, mkdirSync, openSync, readdirSync, readFileSync, statSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { ROOT } from './install.mjs';
import { confirm, fail, say } from './say.mjs';

const DEFAULT_SOCKET = '/var/run/docker.sock';
/** How long a started engine may take to answer. Measured: 0.2–4 s. */
const ENGINE_START_TIMEOUT_MS = 60_000;

export const isRoot = () => process.getuid?.() === 0;

/** Full path of a program, also in the sbin folders that are missing from an ordinary user's PATH. */
export function which(program) {
  for (const folder of [...(process.env.PATH ?? '').split(':'), '/usr/sbin', '/sbin', '/usr/local/sbin']) {
    const file = path.join(folder, program);
    try {
      accessSync(file, constants.X_OK);
      return file;
    } catch (error) {
      if (!['ENOENT', 'ENOTDIR', 'EACCES'].includes(error.code)) throw error;
    }
  }
  return undefined;
}

/** Runs a command as root: as it is for root, through sudo otherwise. */
function asRoot(command, args, options = {}) {
  if (isRoot()) return spawnSync(command, args, { stdio: 'inherit', ...options });
  if (which('sudo') === undefined)
    fail(`"${command} ${args.join(' ')}" needs root, and sudo is not here. Run it as root, then start again.`);
  return spawnSync('sudo', [command, ...args], { stdio: 'inherit', ...options });
}

/** Installs the Debian packages that bring the missing programs. `wanted`: program → package. */
export async function ensurePrograms(wanted, why) {
  const missing = Object.entries(wanted).filter(([program]) => which(program) === undefined);
  if (missing.length === 0) return;
  const packages = [...new Set(missing.map(([, name]) => name))];
  await installPackages(packages, `${why}: ${missing.map(([program]) => program).join(', ')}`);
}

export async function installPackages(packages, why) {
  if (which('apt-get') === undefined) {
    fail(
      `missing on this machine (${why}). Install what brings it (on Debian: ${packages.join(' ')}) and start again.`,
    );
  }
  say(`Needed and not here (${why}).`);
  say(`About to install Debian packages: ${packages.join(' ')}`);
  if (!(await confirm('Install them with apt-get?')))
    fail('nothing was installed. Install them yourself and start again.');
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  // --no-remove: an install never takes anything away from this machine.
  const install = ['-y', '--no-remove', '--no-install-recommends', '-q', 'install', ...packages];
  const quiet = { stdio: ['ignore', 'ignore', 'inherit'], env };
  const prefix = isRoot() ? [] : ['env', 'DEBIAN_FRONTEND=noninteractive'];
  const apt = (args) =>
    prefix.length === 0
      ? asRoot('apt-get', args, quiet)
      : asRoot(prefix[0], [...prefix.slice(1), 'apt-get', ...args], quiet);
  if (apt(['-q', 'update']).status !== 0) say('apt-get update failed; trying with the lists that are here.');
  if (apt(install).status !== 0) fail(`apt-get install ${packages.join(' ')} failed; its message is above.`);
}

/** Sees that apt knows of packages, for what is downloaded without being installed. */
export async function ensurePackageLists() {
  const lists = '/var/lib/apt/lists';
  if (
    which('apt-get') === undefined ||
    (existsSync(lists) && readdirSync(lists).some((name) => name.includes('_Packages')))
  )
    return;
  say('Reading the lists of Debian packages (apt-get update) …');
  asRoot('apt-get', ['-q', 'update'], { stdio: ['ignore', 'ignore', 'inherit'] });
}

/** Whether an engine answers on this socket. */
export function engineAnswers(socketPath, timeoutMs = 2_000) {
  return new Promise((resolve) => {
    const socket = net.connect({ path: socketPath });
    const end = (answer) => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(timeoutMs, () => end({ ok: false, code: 'ETIMEDOUT' }));
    socket.on('error', (error) => end({ ok: false, code: error.code }));
    socket.on('connect', () => socket.write('GET /_ping HTTP/1.0\r\nHost: docker\r\n\r\n'));
    socket.on('data', (data) => end({ ok: /^HTTP\/1\.[01] 200/.test(data.toString('latin1')), code: 'EPROTO' }));
    socket.on('end', () => end({ ok: false, code: 'EPROTO' }));
  });
}

/**
 * Sees that a Docker engine runs and returns how to reach it. An engine, socket, DOCKER_HOST or package that is there is
 * used as it is; only where there is none of them is Debian's installed. `stateDir` keeps the log of an engine started here.
 */
export async function ensureEngine(stateDir) {
  const named = process.env.DOCKER_HOST;
  if (named !== undefined && named !== '') {
    if (!named.startsWith('unix://')) return { host: named, startedHere: false };
    const answer = await engineAnswers(named.slice('unix://'.length));
    if (!answer.ok)
      fail(
        `DOCKER_HOST is ${named}, but no Docker engine answers there (${answer.code}). Start it, or unset DOCKER_HOST.`,
      );
    return { host: named, startedHere: false };
  }
  const answer = await engineAnswers(DEFAULT_SOCKET);
  if (answer.ok) return { host: `unix://${DEFAULT_SOCKET}`, startedHere: false };
  if (answer.code === 'EACCES') {
    // The node agent runs as root and can reach it; nothing to install.
    return { host: `unix://${DEFAULT_SOCKET}`, startedHere: false };
  }
  if (which('dockerd') === undefined) {
    if (answer.code !== 'ENOENT' && answer.code !== 'ECONNREFUSED')
      fail(`${DEFAULT_SOCKET} is there but does not answer like a Docker engine (${answer.code}).`);
    if (existsSync(DEFAULT_SOCKET))
      fail(
        `${DEFAULT_SOCKET} is there, but no engine answers on it (${answer.code}). Start the engine it belongs to, or remove it.`,
      );
    await installPackages(
      ['docker.io', 'iptables', 'nftables', 'iproute2', ...Object.values(OPTIONAL_PROGRAMS)],
      'a Docker engine',
    );
    const started = await engineAnswers(DEFAULT_SOCKET);
    if (started.ok) return { host: `unix://${DEFAULT_SOCKET}`, startedHere: true };
  }
  await startEngine(stateDir);
  return { host: `unix://${DEFAULT_SOCKET}`, startedHere: true };
}

async function startEngine(stateDir) {
  if (existsSync('/run/systemd/system')) {
    say('Starting the Docker engine (systemctl start docker) …');
    asRoot('systemctl', ['start', 'docker']);
  } else {
    say('Starting the Docker engine (dockerd, in a session of its own) …');
    mkdirSync(stateDir, { recursive: true });
    const log = path.join(stateDir, 'dockerd.log');
    const out = openSync(log, 'a');
    const dockerd = which('dockerd');
    const command = isRoot() ? [dockerd] : ['sudo', dockerd];
    spawn(command[0], [...command.slice(1), '--live-restore'], { detached: true, stdio: ['ignore', out, out] }).unref();
  }
  const deadline = Date.now() + ENGINE_START_TIMEOUT_MS;
  for (;;) {
    const answer = await engineAnswers(DEFAULT_SOCKET);
    if (answer.ok || answer.code === 'EACCES') return;
    if (Date.now() > deadline) {
      const log = path.join(stateDir, 'dockerd.log');
      const tail = existsSync(log) ? readFileSync(log, 'utf8').split('\n').slice(-15).join('\n') : '';
      fail(
        `the Docker engine did not answer within ${ENGINE_START_TIMEOUT_MS / 1000} s. ${existsSync(log) ? `Its log is ${log}:\n${tail}` : ''}`,
      );
    }
    await delay(200);
  }
}

/** The programs the node agent calls. */
export const AGENT_PROGRAMS = { nft: 'nftables', ip: 'iproute2', nsenter: 'util-linux', iptables: 'iptables' };

/** What it calls where it is there: with it, UDP clients leave a removed backend at once. */
export const OPTIONAL_PROGRAMS = { conntrack: 'conntrack' };

/** Gives a folder that root made through sudo back to the person behind it. */
export function giveToInvoker(target) {
  const uid = Number(process.env.SUDO_UID);
  const gid = Number(process.env.SUDO_GID);
  if (!isRoot() || !Number.isInteger(uid) || uid === 0 || !existsSync(target)) return;
  const run = spawnSync('chown', ['-R', `${uid}:${gid}`, target], { stdio: 'inherit' });
  if (run.status !== 0) fail(`could not give ${target} to uid ${uid}`);
}

export const isDirectory = (file) => existsSync(file) && statSync(file).isDirectory();
export { ROOT };
