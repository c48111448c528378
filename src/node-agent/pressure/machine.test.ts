import { link, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { freemem, tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { folderUse } from './folder-use.ts';
import { readMachineView } from './machine.ts';
import { SIGNALS } from './threshold.plan.ts';

describe('src/node-agent/pressure/machine.ts', () => {
  it('sees everything that may run short on this machine', async () => {
    const { observations, hasImageFs } = await readMachineView({ stateDir: tmpdir(), dataRoot: tmpdir() });
    expect([...observations.keys()].sort()).toEqual([...SIGNALS].sort());
    for (const [signal, { available, capacity }] of observations) {
      expect(available, signal).toBeLessThanOrEqual(capacity);
      expect(available, signal).toBeGreaterThan(0);
    }
    expect(observations.get('memory.available')?.available).toBeGreaterThan(freemem() / 2);
    expect(hasImageFs).toBe(false);
  });

  it('says nothing of the images of an engine that is on another host, and knows a file system of their own', async () => {
    const { observations } = await readMachineView({ stateDir: tmpdir(), dataRoot: '/no/such/folder' });
    expect(observations.has('imagefs.available')).toBe(false);
    expect((await readMachineView({ stateDir: tmpdir(), dataRoot: '/proc' })).hasImageFs).toBe(true);
  });
});

describe('src/node-agent/pressure/folder-use.ts', () => {
  let root: string;
  beforeAll(async () => {
    root = await mkdtemp(path.join(tmpdir(), 'plumb-use-'));
  });
  afterAll(() => rm(root, { recursive: true, force: true }));

  it('counts blocks and inodes at every depth, and a file with two names once', async () => {
    const empty = await folderUse(root);
    expect(empty.inodes).toBe(1);
    const deep = path.join(root, 'a/b/c');
    await mkdir(deep, { recursive: true });
    await writeFile(path.join(deep, 'file'), Buffer.alloc(1_000_000, 1));
    await link(path.join(deep, 'file'), path.join(root, 'other-name'));
    const use = await folderUse(root);
    expect(use.inodes).toBe(5);
    expect(use.bytes).toBeGreaterThanOrEqual(1_000_000);
    expect(use.bytes).toBeLessThan(1_200_000);
  });

  it('takes a folder that is not there for an empty one', async () => {
    expect(await folderUse(path.join(root, 'absent'))).toEqual({ bytes: 0, inodes: 0 });
  });
});
