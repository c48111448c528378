import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readKubeconfig } from './kubeconfig.ts';

const base64 = (text: string) => Buffer.from(text).toString('base64');

const kubeconfig = (cluster: object, user: object) =>
  JSON.stringify({
    'current-context': 'one',
    contexts: [
      { name: 'one', context: { cluster: 'c', user: 'u' } },
      { name: 'two', context: { cluster: 'c', user: 'nobody' } },
    ],
    clusters: [{ name: 'c', cluster: { server: 'https://host:6443', ...cluster } }],
    users: [{ name: 'u', user }],
  });

describe('src/client/kubeconfig.ts', () => {
  let directory: string;
  let file: string;
  beforeEach(async () => {
    directory = await mkdtemp(path.join(tmpdir(), 'plumbline-kubeconfig-'));
    file = path.join(directory, 'config');
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  const read = async (text: string, context?: string) => {
    await writeFile(file, text);
    return readKubeconfig(file, context);
  };

  it('reads what stands in it', async () => {
    const cluster = { 'certificate-authority-data': base64('CA'), 'tls-server-name': 'api' };
    const user = { token: 't', 'client-certificate-data': base64('CERT'), 'client-key-data': base64('KEY') };
    expect(await read(kubeconfig(cluster, user))).toEqual({
      server: 'https://host:6443',
      ca: 'CA',
      token: 't',
      tlsServerName: 'api',
      clientCertificate: { certificate: 'CERT', key: 'KEY' },
    });
  });

  it('reads the files it points at, beside it, and the token anew each time', async () => {
    await writeFile(path.join(directory, 'ca.crt'), 'CA');
    await writeFile(path.join(directory, 'token'), 'first\n');
    const { ca, token } = await read(kubeconfig({ 'certificate-authority': 'ca.crt' }, { tokenFile: 'token' }));
    const current = typeof token === 'function' ? token : () => token;
    expect([ca, await current()]).toEqual(['CA', 'first']);
    await writeFile(path.join(directory, 'token'), 'second\n');
    expect(await current()).toBe('second');
  });

  it.each([
    ['no YAML', '{', /./],
    ['a list', '[]', /is not a kubeconfig/],
    ['nothing', '', /is not a kubeconfig/],
    ['no context', '{}', /names no context/],
    ['a user who gets credentials from a program', kubeconfig({}, { exec: { command: 'x' } }), /from a program/],
  ])('refuses %s', async (_what, text, message) => {
    await expect(read(text)).rejects.toThrow(message);
    await expect(read(text)).rejects.toMatchObject({ code: 'KubeconfigInvalid' });
  });

  it('says which name is missing', async () => {
    await expect(read(kubeconfig({}, {}), 'two')).rejects.toThrow('has no user named "nobody"');
    await expect(read(kubeconfig({}, {}), 'three')).rejects.toThrow('has no context named "three"');
  });
});
