import { lstat, mkdir, mkdtemp, readdir, readFile, realpath, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { tmpfsMount, unmount } from '#runtime';
import { type NodeFolders, openNodeFolders } from './node-folders.ts';
import { giveToGroup } from './ownership.ts';

const isRoot = process.getuid?.() === 0;
const GROUP = 4242;
let place: string;
let outside: string;
let folders: NodeFolders;
beforeEach(async () => {
  place = await realpath(await mkdtemp(path.join(tmpdir(), 'plumb-folders-')));
  outside = path.join(place, 'outside');
  await mkdir(outside);
  await writeFile(path.join(outside, 'precious'), 'kept');
  await mkdir(path.join(place, 'state'));
  folders = await openNodeFolders(path.join(place, 'state'));
});
afterEach(() => rm(place, { recursive: true, force: true }));

const precious = () => readFile(path.join(outside, 'precious'), 'utf8');

describe('src/node-agent/volumes/node-folders.ts', () => {
  it('makes a folder for everyone once, and keeps what is in it', async () => {
    const folder = await folders.make('pvc-1');
    expect((await stat(folder)).mode & 0o7777).toBe(0o777);
    await writeFile(path.join(folder, 'data'), 'kept');
    expect(await folders.make('pvc-1')).toBe(folder);
    expect(await readFile(path.join(folder, 'data'), 'utf8')).toBe('kept');
  });

  it('deletes one folder with all that is in it, follows no link, and touches no other', async () => {
    const folder = await folders.make('pvc-1');
    const other = await folders.make('pvc-2');
    await writeFile(path.join(other, 'data'), 'kept');
    await mkdir(path.join(folder, 'a/b/c'), { recursive: true });
    await writeFile(path.join(folder, 'a/b/file'), '');
    await symlink(outside, path.join(folder, 'a/link'));
    await symlink(path.join(outside, 'precious'), path.join(folder, 'file-link'));
    await symlink('/nowhere', path.join(folder, 'dangling'));
    await folders.remove('pvc-1');
    await folders.remove('pvc-1');
    expect(await readdir(folders.root)).toEqual(['pvc-2']);
    expect(await readFile(path.join(other, 'data'), 'utf8')).toBe('kept');
    expect(await precious()).toBe('kept');
  });

  it('takes a folder that is a link for what it is', async () => {
    await symlink(outside, path.join(folders.root, 'pvc-1'));
    await expect(folders.make('pvc-1')).rejects.toMatchObject({ code: 'NodeFolder' });
    await folders.remove('pvc-1');
    expect(await readdir(folders.root)).toEqual([]);
    expect(await precious()).toBe('kept');
  });

  it.each(['..', '.', '', 'a/b', '../outside', '/etc', 'a\u0000b', '.hidden', '..data', 'A', '-x', 'x'.repeat(254)])(
    'neither makes nor deletes %j',
    async (handle) => {
      await expect(folders.make(handle)).rejects.toMatchObject({ code: 'NodeFolder' });
      await expect(folders.remove(handle)).rejects.toMatchObject({ code: 'NodeFolder' });
      expect(await precious()).toBe('kept');
    },
  );

  it('does not work below a link', async () => {
    await rm(path.join(place, 'state/volumes'), { recursive: true });
    await symlink(outside, path.join(place, 'state/volumes'));
    await expect(openNodeFolders(path.join(place, 'state'))).rejects.toMatchObject({ code: 'NodeFolder' });
  });

  it.runIf(isRoot)('does not delete a folder in which something is mounted', async () => {
    const folder = await folders.make('pvc-1');
    const inner = path.join(folder, 'mounted');
    await mkdir(inner);
    await writeFile(path.join(folder, 'data'), 'kept');
    await tmpfsMount(inner, { mode: 0o755 });
    try {
      await expect(folders.remove('pvc-1')).rejects.toMatchObject({ code: 'NodeFolder' });
      expect(await readFile(path.join(folder, 'data'), 'utf8')).toBe('kept');
    } finally {
      await unmount(inner);
    }
    await folders.remove('pvc-1');
    expect(await readdir(folders.root)).toEqual([]);
  });
});

describe.runIf(isRoot)('src/node-agent/volumes/ownership.ts', () => {
  const grouped = async (...names: string[]) => {
    const found = await lstat(path.join(folders.root, 'pvc-1', ...names));
    return [found.gid, (found.mode & 0o7777).toString(8)];
  };

  it('gives everything in a volume to the group, and nothing behind a link', async () => {
    const folder = await folders.make('pvc-1');
    await mkdir(path.join(folder, 'inner'), { mode: 0o700 });
    await writeFile(path.join(folder, 'inner/file'), '', { mode: 0o600 });
    await symlink(path.join(outside, 'precious'), path.join(folder, 'link'));
    const before = await stat(path.join(outside, 'precious'));
    await giveToGroup(folder, GROUP, undefined);
    expect(await grouped()).toEqual([GROUP, '2777']);
    expect(await grouped('inner')).toEqual([GROUP, '2770']);
    expect(await grouped('inner/file')).toEqual([GROUP, '660']);
    expect((await grouped('link'))[0]).toBe(GROUP);
    const after = await stat(path.join(outside, 'precious'));
    expect([after.gid, after.mode]).toEqual([before.gid, before.mode]);
  });

  it("leaves a volume alone that is the group's already, where it is told to", async () => {
    const folder = await folders.make('pvc-1');
    await giveToGroup(folder, GROUP, 'OnRootMismatch');
    await writeFile(path.join(folder, 'late'), '', { mode: 0o600 });
    await giveToGroup(folder, GROUP, 'OnRootMismatch');
    expect((await grouped('late'))[1]).toBe('600');
    await giveToGroup(folder, GROUP, 'Always');
    expect((await grouped('late'))[1]).toBe('660');
  });
});
