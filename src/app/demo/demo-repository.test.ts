import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { simpleGit } from 'simple-git';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { packageRoot } from '../paths.ts';
import { createDemoRepository } from './demo-repository.ts';

const SAMPLE = path.join(packageRoot, 'sample-repo');

describe('src/app/demo/demo-repository.ts', () => {
  let directory: string;
  let demo: string;
  beforeEach(async () => {
    directory = await mkdtemp(path.join(os.tmpdir(), 'plumbline-demo-'));
    demo = path.join(directory, 'demo');
  });
  afterEach(() => rm(directory, { recursive: true }));

  it('makes a repository with one commit that holds the whole sample', async () => {
    expect(await createDemoRepository(SAMPLE, demo)).toBe(true);
    const git = simpleGit({ baseDir: demo });
    expect((await git.log()).total).toBe(1);
    expect((await git.status()).isClean()).toBe(true);
    expect((await git.branchLocal()).current).toBe('main');
    expect((await readdir(demo)).filter((name) => name !== '.git').sort()).toEqual((await readdir(SAMPLE)).sort());
  });

  it('points the Applications at itself', async () => {
    await createDemoRepository(SAMPLE, demo);
    for (const name of ['web.yaml', 'clock.yaml']) {
      const text = await readFile(path.join(demo, name), 'utf8');
      expect(text).toContain(demo);
      expect(text).not.toContain('REPOSITORY_URL');
    }
  });

  it('lets a person commit without configuring git first', async () => {
    await createDemoRepository(SAMPLE, demo);
    const git = simpleGit({ baseDir: demo });
    expect((await git.getConfig('user.email')).value).toBeTruthy();
    await writeFile(path.join(demo, 'note.txt'), 'mine\n');
    await git.add('.').commit('Mine');
    expect((await git.log()).total).toBe(2);
  });

  it('leaves a repository that is there as it is', async () => {
    await createDemoRepository(SAMPLE, demo);
    await writeFile(path.join(demo, 'web.yaml'), 'mine\n');
    expect(await createDemoRepository(SAMPLE, demo)).toBe(false);
    expect(await readFile(path.join(demo, 'web.yaml'), 'utf8')).toBe('mine\n');
    expect((await simpleGit({ baseDir: demo }).log()).total).toBe(1);
  });
});
