import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { freePorts } from './product.ts';
import { until } from './until.ts';

const run = promisify(execFile);

/** OpenSSH's own server on loopback, for whoever has the key: this user's files by git's own programs. */
export interface GitSshServer {
  /** The address of a repository with a work tree in this folder. */
  urlOf(folder: string): string;
  /** Of its only host key, as its owner would publish it: `SHA256:…`. */
  readonly fingerprint: string;
  /** A known_hosts file with another key for this server: what one sees who is led elsewhere. */
  readonly wrongKnownHosts: string;
  /** Private keys: of one who may read, and of a stranger. */
  readonly key: string;
  readonly strangersKey: string;
  close(): Promise<void>;
}

/** Where Debian and others keep it: not on an ordinary PATH, and sshd starts itself anew only by its full path. */
const SSHD = '/usr/sbin/sshd';
export const hasSshd = existsSync(SSHD);

async function makeKey(file: string): Promise<string> {
  await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', path.basename(file), '-f', file]);
  return (await readFile(`${file}.pub`, 'utf8')).trim();
}

export async function serveOverSsh(): Promise<GitSshServer> {
  const folder = await mkdtemp(path.join(tmpdir(), 'plumb-sshd-'));
  const [hostKey, key, strangersKey, otherHostKey] = ['host', 'reader', 'stranger', 'other-host'].map((name) =>
    path.join(folder, name),
  ) as [string, string, string, string];
  const [, reader, , otherHost] = [
    await makeKey(hostKey),
    await makeKey(key),
    await makeKey(strangersKey),
    await makeKey(otherHostKey),
  ];
  const [port] = await freePorts(1);
  const authorized = path.join(folder, 'authorized_keys');
  await writeFile(authorized, `restrict ${reader}\n`);
  const config = path.join(folder, 'sshd_config');
  await writeFile(
    config,
    [
      `Port ${port}`,
      'ListenAddress 127.0.0.1',
      `HostKey ${hostKey}`,
      `AuthorizedKeysFile ${authorized}`,
      `PidFile ${path.join(folder, 'sshd.pid')}`,
      'AuthenticationMethods publickey',
      'PermitRootLogin prohibit-password',
      'StrictModes no', // the folder is below /tmp
      'UsePAM no',
      '',
    ].join('\n'),
  );
  // Debian's unit makes it; without it a server that root starts refuses to run.
  if (process.getuid?.() === 0) await mkdir('/run/sshd', { recursive: true, mode: 0o755 });
  const server = spawn(SSHD, ['-D', '-e', '-f', config], { stdio: ['ignore', 'ignore', 'pipe'] });
  const listening = heard(server, /Server listening on 127\.0\.0\.1 port/);
  await listening;
  const wrongKnownHosts = path.join(folder, 'wrong_known_hosts');
  const [type, base64] = otherHost.split(' ');
  await writeFile(wrongKnownHosts, `[127.0.0.1]:${port} ${type} ${base64}\n`);
  const { stdout } = await run('ssh-keygen', ['-l', '-f', `${hostKey}.pub`]);
  return {
    urlOf: (repository) => `ssh://${userInfo().username}@127.0.0.1:${port}${repository}/.git`,
    fingerprint: stdout.split(' ')[1] ?? '',
    wrongKnownHosts,
    key,
    strangersKey,
    async close() {
      const gone = new Promise((resolve) => server.once('exit', resolve));
      if (server.exitCode === null && server.kill()) await gone;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Resolves when the server has said this on stderr; its output is read on, so that the pipe never fills. */
async function heard(server: ChildProcess, words: RegExp): Promise<void> {
  let said = '';
  server.stderr?.on('data', (chunk: Buffer) => {
    if (said.length < 65_536) said += chunk.toString('utf8');
  });
  await until(
    'sshd listens',
    () => {
      if (server.exitCode !== null) throw new Error(`it ended with ${server.exitCode}: ${said}`);
      return words.test(said);
    },
    10_000,
  );
}
