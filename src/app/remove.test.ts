import { mkdir, mkdtemp, open, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { bindMount, mountsBelow, unmount } from '#runtime';
import { statePaths } from './paths.ts';
import { removeInstallation } from './remove.ts';

const isRoot = process.getuid?.() === 0;

describe.runIf(isRoot)('src/app/remove.ts, as root', () => {
  let directory: string;
  let shared: string;
  beforeEach(async () => {
    directory = await mkdtemp(path.join(os.tmpdir(), 'plumbline-remove-'));
    shared = path.join(directory, 'shared');
    await mkdir(shared);
    await writeFile(path.join(shared, 'data'), "another's");
    await mkdir(path.join(directory, 'real'));
    await symlink(path.join(directory, 'real'), path.join(directory, 'link'));
  });
  afterEach(async () => {
    for (const point of await mountsBelow(directory)) await unmount(point);
    await rm(directory, { recursive: true, force: true });
  });

  it.each(['real', 'link'])('removes nothing through what is mounted below a state folder at %s', async (place) => {
    const paths = statePaths(path.join(directory, place, 'state'));
    const target = path.join(paths.agent, 'pods/uid/volumes/share');
    await mkdir(target, { recursive: true });
    const handle = await open(shared);
    await bindMount(handle.fd, target);
    await handle.close();
    const { isFolderGone } = await removeInstallation(paths, { deletesVolumes: () => true });
    expect(isFolderGone).toBe(true);
    expect(await mountsBelow(directory)).toEqual([]);
    expect(await readFile(path.join(shared, 'data'), 'utf8')).toBe("another's");
  });
});
