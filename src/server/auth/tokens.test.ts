import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openTokenFile } from './tokens.ts';

const ALICE = { name: 'alice', groups: ['system:masters'] };

describe('src/server/auth/tokens.ts', () => {
  let directory: string;
  let file: string;
  beforeEach(async () => {
    directory = await mkdtemp(path.join(tmpdir(), 'plumbline-tokens-'));
    file = path.join(directory, 'tokens');
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  it('knows a token it gave, also after a restart', async () => {
    const token = await (await openTokenFile(file)).issue(ALICE);
    expect((await openTokenFile(file)).authenticate(token)).toEqual(ALICE);
  });

  it('stores no token in the clear, and for the owner only', async () => {
    const token = await (await openTokenFile(file)).issue(ALICE);
    expect(await readFile(file, 'utf8')).not.toContain(token);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
  });

  it.each(['', 'x', 'A'.repeat(43), 'A'.repeat(100_000), '__proto__'])('knows nobody by %.12s', async (token) => {
    const tokens = await openTokenFile(file);
    await tokens.issue(ALICE);
    expect(tokens.authenticate(token)).toBeUndefined();
  });

  it('forgets a revoked user at once and for good', async () => {
    const tokens = await openTokenFile(file);
    const given = [await tokens.issue(ALICE), await tokens.issue(ALICE)];
    const other = await tokens.issue({ name: 'bob', groups: [] });
    expect(await tokens.revoke('alice')).toBe(2);
    const again = await openTokenFile(file);
    for (const token of given) {
      expect(tokens.authenticate(token)).toBeUndefined();
      expect(again.authenticate(token)).toBeUndefined();
    }
    expect(again.authenticate(other)?.name).toBe('bob');
  });

  it('keeps every token of many given at once', async () => {
    const tokens = await openTokenFile(file);
    const given = await Promise.all(Array.from({ length: 20 }, (_, n) => tokens.issue({ name: `u${n}`, groups: [] })));
    const again = await openTokenFile(file);
    expect(given.map((token) => again.authenticate(token)?.name)).toEqual(given.map((_, n) => `u${n}`));
  });

  it.each(['', '{}', 'nonsense', '{"tokens":[{"sha256":"short","user":"x","groups":[],"issuedAt":""}]}'])(
    'refuses a file that is none: %s',
    async (text) => {
      await writeFile(file, text);
      await expect(openTokenFile(file)).rejects.toMatchObject({ code: 'TokenFileInvalid' });
    },
  );
});
