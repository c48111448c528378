import { chmod, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadOrCreateKey } from './key-file.ts';

describe('src/store/sqlite/key-file.ts', () => {
  let folder = '';
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'plumbline-key-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('makes one key for all who ask at once, for its owner only, and leaves nothing else behind', async () => {
    const path = join(folder, 'deep/er', 'store.key');
    const keys = await Promise.all([1, 2, 3, 4].map(() => loadOrCreateKey(path)));
    expect(new Set(keys.map((key) => Buffer.from(key).toString('hex'))).size).toBe(1);
    expect(keys[0]).toHaveLength(32);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await readdir(join(folder, 'deep/er'))).toEqual(['store.key']);
    expect(await loadOrCreateKey(path)).toEqual(keys[0]);
  });

  it('refuses a key that others may read', async () => {
    const path = join(folder, 'store.key');
    await loadOrCreateKey(path);
    await chmod(path, 0o640);
    await expect(loadOrCreateKey(path)).rejects.toMatchObject({ code: 'StoreKey' });
  });

  it('refuses a file that holds no key, and does not replace it', async () => {
    const path = join(folder, 'store.key');
    await writeFile(path, 'short\n', { mode: 0o600 });
    await expect(loadOrCreateKey(path)).rejects.toMatchObject({ code: 'StoreKey' });
    expect((await stat(path)).size).toBe(6);
  });
});
