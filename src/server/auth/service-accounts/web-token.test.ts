import { generateKeyPairSync, sign } from 'node:crypto';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ensureSigningKey, type SigningKey } from './signing-key.ts';
import { isWebToken, signWebToken, verifyWebToken } from './web-token.ts';

const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');

describe('src/server/auth/service-accounts/web-token.ts', () => {
  let directory: string;
  let file: string;
  let key: SigningKey;
  beforeAll(async () => {
    directory = await mkdtemp(path.join(tmpdir(), 'plumbline-key-'));
    file = path.join(directory, 'key');
    key = await ensureSigningKey(file);
  });
  afterAll(() => rm(directory, { recursive: true, force: true }));

  it('knows its own tokens, also after a restart, with a key for its owner only', async () => {
    const token = signWebToken(key, { sub: 'a' });
    expect(verifyWebToken(await ensureSigningKey(file), token)).toEqual({ sub: 'a' });
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(isWebToken(token)).toBe(true);
  });

  it('knows no token of another key, nor one that chooses its own check', async () => {
    const other = await ensureSigningKey(path.join(directory, 'other'));
    expect(verifyWebToken(key, signWebToken(other, { sub: 'a' }))).toBeUndefined();
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 });
    const body = part({ sub: 'a' });
    const foreign = `${part({ alg: 'RS256', kid: key.id })}.${body}`;
    for (const token of [
      `${part({ alg: 'none', kid: key.id })}.${body}.`,
      `${part({ alg: 'none' })}.${body}.`,
      `${foreign}.${sign('sha256', Buffer.from(foreign), privateKey).toString('base64url')}`,
      ...[
        { alg: 'ES256', kid: 'other' },
        { alg: 'RS256', kid: key.id },
        { alg: 'none', kid: key.id },
      ].map((header) => {
        const signed = `${part(header)}.${body}`; // by the right key, and yet no token of ours
        return `${signed}.${key.sign(signed).toString('base64url')}`;
      }),
    ]) {
      expect(verifyWebToken(key, token)).toBeUndefined();
    }
  });

  it('knows no token of which a single character changed', () => {
    const token = signWebToken(key, { sub: 'system:serviceaccount:a:b' });
    const last = token.lastIndexOf('.');
    fc.assert(
      fc.property(fc.nat(last - 1), fc.constantFrom('A', 'b', '0', '_'), (at, character) => {
        const changed = `${token.slice(0, at)}${character}${token.slice(at + 1)}`;
        return changed === token || verifyWebToken(key, changed) === undefined;
      }),
    );
  });

  it('takes any text for no token', () => {
    fc.assert(fc.property(fc.string(), (text) => verifyWebToken(key, text) === undefined));
    expect(verifyWebToken(key, '..')).toBeUndefined();
  });
});
