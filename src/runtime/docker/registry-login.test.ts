import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createLog } from '#base';
import { RegistryLogins } from './registry-login.ts';

describe('src/runtime/docker/registry-login.ts', () => {
  let directory: string;
  let logged: string;
  beforeEach(async () => {
    directory = await mkdtemp(path.join(os.tmpdir(), 'plumbline-login-'));
    logged = '';
  });
  afterEach(() => rm(directory, { recursive: true }));

  async function find(config: string, registry: string) {
    await writeFile(path.join(directory, 'config.json'), config);
    const write = (line: string) => {
      logged += line;
    };
    return new RegistryLogins(createLog({ level: 'debug', destination: { write } }), directory).find(registry);
  }

  const auths = (address: string, login: string) =>
    JSON.stringify({ auths: { [address]: { auth: Buffer.from(login).toString('base64') } } });

  it('finds what docker login stored, also a password with colons', async () => {
    expect(await find(auths('ghcr.io', 'bea:pass:word'), 'ghcr.io')).toEqual({
      username: 'bea',
      password: 'pass:word',
      serveraddress: 'ghcr.io',
    });
    expect(await find(auths('https://index.docker.io/v1/', 'bea:x'), 'docker.io')).toMatchObject({ username: 'bea' });
  });

  it('pulls as nobody from a registry nobody logged in to', async () => {
    expect(await find(auths('ghcr.io', 'bea:x'), 'quay.io')).toBeUndefined();
  });

  it('pulls as nobody when the file cannot be read, says so, and quotes nothing of it', async () => {
    expect(await find('{"auths":{"a":{"auth":canary', 'a')).toBeUndefined();
    expect(logged).toContain('docker logins cannot be read');
    expect(logged).not.toContain('canary');
  });
});
