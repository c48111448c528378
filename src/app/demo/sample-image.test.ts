import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { packageRoot } from '../paths.ts';
import { sampleImageFiles } from './sample-image.ts';

const PROGRAMS = path.join(packageRoot, 'sample-repo/image');

describe('src/app/demo/sample-image.ts', () => {
  it('holds Node, its loader and libraries, the programs and a user, and nothing else of this machine', async () => {
    const files = await sampleImageFiles(PROGRAMS);
    const paths = files.map((file) => file.path);
    const programs = (await readdir(PROGRAMS)).map((name) => `app/${name}`);
    expect(paths).toEqual(
      expect.arrayContaining(['usr/local/bin/node', 'etc/passwd', 'etc/nsswitch.conf', ...programs]),
    );
    expect(paths).toContain('app/web.mjs');
    const rest = paths.filter((name) => !/^(app|etc)\//.test(name) && name !== 'usr/local/bin/node');
    for (const name of rest) expect(name).toMatch(/\.so(\.\d+)*$/);
    if (process.platform === 'linux') expect(rest.some((name) => /ld-|ld\.|libc\./.test(name))).toBe(true);
  });

  it('names each file once, by a path that stays inside the image, and makes only Node and libraries executable', async () => {
    const files = await sampleImageFiles(PROGRAMS);
    const paths = files.map((file) => file.path);
    expect(new Set(paths).size).toBe(paths.length);
    for (const name of paths) expect(path.posix.normalize(name)).toBe(name.replace(/^\//, ''));
    for (const file of files) if (/^(app|etc)\//.test(file.path)) expect('mode' in file && file.mode).toBe(0o644);
    expect(files[0]).toMatchObject({ path: 'usr/local/bin/node', mode: 0o755 });
  });
});
