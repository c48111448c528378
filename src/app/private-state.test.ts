import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ensurePrivateDir, newClusterId, readOrMake } from './private-state.ts';

const modeOf = async (file: string) => (await stat(file)).mode & 0o777;

describe('src/app/private-state.ts', () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(path.join(os.tmpdir(), 'plumbline-private-'));
  });
  afterEach(() => rm(directory, { recursive: true }));

  it('makes a folder only its owner can enter', async () => {
    const folder = path.join(directory, 'a/b');
    await ensurePrivateDir(folder);
    expect(await modeOf(folder)).toBe(0o700);
  });

  it('shuts a folder that was open', async () => {
    const folder = path.join(directory, 'open');
    await mkdir(folder);
    await chmod(folder, 0o755);
    await ensurePrivateDir(folder);
    expect(await modeOf(folder)).toBe(0o700);
  });

  it('makes a text once, for its owner only, and reads it from then on', async () => {
    const file = path.join(directory, 'cluster-id');
    expect(await readOrMake(file, async () => 'first')).toBe('first');
    expect(await readOrMake(file, () => 'second')).toBe('first');
    expect(await modeOf(file)).toBe(0o600);
    expect(await readFile(file, 'utf8')).toBe('first\n');
    expect(await readdir(directory)).toEqual(['cluster-id']);
  });

  it('never writes over a text that another process made meanwhile', async () => {
    const file = path.join(directory, 'cluster-id');
    const made = readOrMake(file, async () => {
      await writeFile(file, 'theirs\n');
      return 'ours';
    });
    await expect(made).rejects.toMatchObject({ code: 'EEXIST' });
    expect(await readdir(directory)).toEqual(['cluster-id']);
    expect(await readOrMake(file, () => 'ours')).toBe('theirs');
  });

  it('leaves nothing behind when the text cannot be made', async () => {
    const made = readOrMake(path.join(directory, 'x'), () => Promise.reject(new Error('no')));
    await expect(made).rejects.toThrow('no');
    expect(await readdir(directory)).toEqual([]);
  });

  it('does not take a file that cannot be read for one that is not there', async () => {
    await expect(readOrMake(directory, () => 'x')).rejects.toMatchObject({ code: 'EISDIR' });
  });

  it('names each installation differently, in letters a label takes', () => {
    const ids = Array.from({ length: 100 }, newClusterId);
    expect(new Set(ids).size).toBe(100);
    for (const id of ids) expect(id).toMatch(/^[0-9a-f]{12}$/);
  });
});
