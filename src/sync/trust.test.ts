import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SECRETS, type Secret } from '#api';
import { createSyncBed, type SyncBed } from '../../test/support/sync-bed.ts';
import { readSignaturePolicy, type SignaturePolicy, trustFor } from './signature-policy.ts';

const configMap = (name: string) => `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}, namespace: default}\n`;
const labels = { 'argocd.argoproj.io/secret-type': 'signature-policy' };

describe('src/sync/trust', () => {
  let bed: SyncBed;
  let dir: string;
  beforeAll(async () => {
    bed = await createSyncBed();
    dir = await mkdtemp(join(tmpdir(), 'plumb-trust-'));
    await promisify(execFile)('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(dir, 'ada')]);
    await bed.repo.git('config', 'gpg.format', 'ssh');
    await bed.repo.git('config', 'user.signingKey', join(dir, 'ada'));
  });
  afterAll(async () => {
    await bed.close();
    await rm(dir, { recursive: true, force: true });
  });

  const setPolicy = async (mode: string) => {
    const data = { mode, allowed_signers: `ada@example.com ${await readFile(join(dir, 'ada.pub'), 'utf8')}` };
    const encoded = Object.entries(data).map(([key, text]) => [key, Buffer.from(text).toString('base64')] as const);
    const object = {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'signatures', namespace: 'argocd', labels },
      data: Object.fromEntries(encoded),
    };
    await bed.as('ada', 'kubectl').apply(SECRETS, object, { fieldManager: 'test', force: true });
  };
  const untilCondition = (type: string, words: string) =>
    bed.until(`${type} says ${words}`, async () =>
      (await bed.application('web'))?.status?.conditions?.some(
        (condition) => condition.type === type && condition.message?.includes(words),
      ),
    );
  const has = async (name: string) => (await bed.get({ kind: 'ConfigMap', name, namespace: 'default' })) !== undefined;

  it('changes and deletes nothing for a commit that is not signed, until it is or nobody asks', async () => {
    const first = await bed.repo.commit({ 'web/a.yaml': configMap('a') });
    await bed.apply('web', { source: { path: 'web' } });
    await bed.synced('web', first);

    await setPolicy('enforce');
    await untilCondition('ComparisonError', 'it is not signed; nothing is changed');
    await bed.repo.commit({ 'web/a.yaml': null, 'web/b.yaml': configMap('b') });
    await bed.repo.commit({ 'web/c.yaml': configMap('c') });
    const newest = await bed.repo.git('rev-parse', 'HEAD');
    await untilCondition('ComparisonError', newest.slice(0, 12));
    expect([await has('a'), await has('b'), await has('c')]).toEqual([true, false, false]);

    await bed.repo.git('commit', '--quiet', '--amend', '--no-edit', '-S');
    await bed.synced('web', await bed.repo.git('rev-parse', 'HEAD'));
    expect([await has('b'), await has('c')]).toEqual([true, true]);

    const plain = await bed.repo.commit({ 'web/d.yaml': configMap('d') });
    await untilCondition('ComparisonError', plain.slice(0, 12));
    expect(await has('d')).toBe(false);
    await setPolicy('warn');
    await bed.synced('web', plain);
    await untilCondition('SignatureWarning', 'it is not signed');
    await setPolicy('off');
    await bed.until('nothing is told', async () => (await bed.application('web'))?.status?.conditions?.length === 0);
  });
});

describe('src/sync/signature-policy.ts', () => {
  const policy = (name: string, url: string, mode: SignaturePolicy['mode']): SignaturePolicy => ({
    name,
    url,
    mode,
    trust: { mode: mode === 'warn' ? 'warn' : 'enforce', allowedSigners: name },
  });

  it.each([
    'https://git.example/team/shop',
    'https://git.example/team/shop.git/',
    'https://GIT.example/TEAM/shop',
    'https://git.example:8443/team/shop',
    'https://git.example/te%61m//shop',
    'ssh://git@git.example:2222/team/shop',
    'git@git.example:team/shop.git',
    'git@git.example:/team//shop',
  ])('holds a policy however the address is written: %s', (url) => {
    for (const base of ['', 'https://git.example', 'https://git.example/team', 'https://git.example/team/shop.git']) {
      expect(trustFor(url, [policy('p', base, 'enforce')])?.mode, base).toBe('enforce');
    }
    for (const other of ['https://git.example/tea', 'https://git.example/team/shop2', 'https://other.example']) {
      expect(trustFor(url, [policy('p', other, 'enforce')]), other).toBeUndefined();
    }
  });

  it('takes the longest URL, of equals the strictest, in any order', () => {
    const all = [
      policy('all', '', 'enforce'),
      policy('off', 'https://h/t', 'off'),
      policy('warn', 'https://h/t', 'warn'),
    ];
    for (const policies of [all, all.toReversed()]) {
      expect(trustFor('https://h/t/a', policies)?.allowedSigners).toBe('warn');
      expect(trustFor('https://h/u', policies)?.allowedSigners).toBe('all');
    }
    expect(trustFor('https://h/t/a', all.slice(0, 2))).toBeUndefined();
  });

  it('lets nothing through where the policy cannot be read, and leaves other Secrets alone', () => {
    const secret = (type: string): Secret => ({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: {
        name: 's',
        namespace: 'argocd',
        labels: { 'argocd.argoproj.io/secret-type': type },
        uid: 'u',
        resourceVersion: '1',
        creationTimestamp: '2026-01-01T00:00:00Z',
      },
      data: { mode: Buffer.from('enforced').toString('base64') },
    });
    const read = readSignaturePolicy(secret('signature-policy'));
    expect(read?.trust).toEqual({ mode: 'enforce', problem: 'Secret s: mode must be off, warn or enforce' });
    expect(readSignaturePolicy(secret('repository'))).toBeUndefined();
  });
});
