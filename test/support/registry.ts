import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { fileOfPackage } from './debian.ts';
import { freePorts } from './product.ts';
import { until } from './until.ts';

const run = promisify(execFile);

export const REGISTRY_USER = 'ada';
export const REGISTRY_PASSWORD = 'correct horse';

/** Debian's docker-registry on loopback, where engines allow plain http; it lets nobody in without a password. */
export interface Registry {
  /** `127.0.0.1:PORT`. */
  readonly address: string;
  /** Pushes an image of the engine under a name here, and takes that name from the engine again. Answers the reference. */
  push(image: string, name: string): Promise<string>;
  /** What a person does with `docker login`: the password is kept in the folder's config.json. */
  login(configDir: string): Promise<void>;
  close(): Promise<void>;
}

export async function startRegistry(): Promise<Registry> {
  const program = await fileOfPackage('docker-registry', ['usr/bin/docker-registry']);
  const folder = await mkdtemp(path.join(tmpdir(), 'plumb-registry-'));
  const [port = 0] = await freePorts(1);
  const address = `127.0.0.1:${port}`;
  const { stdout } = await run('htpasswd', ['-Bbn', REGISTRY_USER, REGISTRY_PASSWORD]);
  await writeFile(path.join(folder, 'htpasswd'), stdout.trim());
  await writeFile(
    path.join(folder, 'config.yml'),
    [
      'version: 0.1',
      `storage: {filesystem: {rootdirectory: ${folder}/data}}`,
      `http: {addr: "${address}"}`,
      `auth: {htpasswd: {realm: test, path: ${folder}/htpasswd}}`,
      'log: {level: error}',
    ].join('\n'),
  );
  const server = spawn(program, ['serve', path.join(folder, 'config.yml')], { stdio: 'ignore' });
  const end = async () => {
    if (server.exitCode === null && server.signalCode === null) {
      server.kill('SIGKILL');
      await once(server, 'exit');
    }
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await until('the registry asks for a password', async () => (await fetch(`http://${address}/v2/`)).status === 401);
  } catch (error) {
    await end();
    throw error;
  }
  const own = path.join(folder, 'docker');
  const login = async (configDir: string) => {
    const child = run('docker', ['--config', configDir, 'login', address, '-u', REGISTRY_USER, '--password-stdin']);
    child.child.stdin?.end(REGISTRY_PASSWORD);
    await child;
  };
  return {
    address,
    login,
    async push(image, name) {
      const ref = `${address}/${name}`;
      await run('docker', ['tag', image, ref]);
      await login(own);
      await run('docker', ['--config', own, 'push', '--quiet', ref]);
      await run('docker', ['rmi', ref]);
      return ref;
    },
    close: end,
  };
}
