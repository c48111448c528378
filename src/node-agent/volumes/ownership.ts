import { constants } from 'node:fs';
import { chmod, chown, type FileHandle, lchown, open, readdir } from 'node:fs/promises';
import { errorCode, PlumblineError } from '#base';

/** Linux' O_PATH: a handle on the place, without the right to read it. Source: linux include/uapi/asm-generic/fcntl.h. */
const O_PATH = 0o10000000;
/** Source: kubernetes pkg/volume/volume_linux.go: rwMask, roMask and execMask (v1.32). */
const GROUP_WRITES = 0o660;
const GROUP_ENTERS = 0o2110;
/** Folders inside one another that are walked. */
const MAX_DEPTH = 512;

/**
 * Gives a volume that outlives its pods to the pod's group: every file is readable and writable by it, and what is made
 * in its folders is the group's too. With `OnRootMismatch` only when the volume's own folder is not yet so. Links are
 * not followed. Source: kubernetes pkg/volume/volume_linux.go, SetVolumeOwnership (v1.32).
 */
export async function giveToGroup(root: string, group: number, policy: string | undefined): Promise<void> {
  const folder = await open(root, O_PATH | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  try {
    const { gid, mode } = await folder.stat();
    const wanted = GROUP_WRITES | GROUP_ENTERS;
    if (policy === 'OnRootMismatch' && gid === group && (mode & wanted) === wanted) return;
    await walk(folder, group, 0);
    await giveOne(folder, group);
  } finally {
    await folder.close();
  }
}

async function walk(folder: FileHandle, group: number, depth: number): Promise<void> {
  if (depth >= MAX_DEPTH) {
    throw new PlumblineError(`a volume is more than ${MAX_DEPTH} folders deep`, { code: 'VolumeTooDeep' });
  }
  for (const name of await readdir(`/proc/self/fd/${folder.fd}`)) {
    const place = `/proc/self/fd/${folder.fd}/${name}`;
    const entry = await open(place, O_PATH | constants.O_NOFOLLOW).catch((error: unknown) => {
      if (errorCode(error) === 'ENOENT') return undefined; // Gone meanwhile: another pod may use the volume.
      throw error;
    });
    if (entry === undefined) continue;
    try {
      const found = await entry.stat();
      if (found.isSymbolicLink()) await lchown(place, found.uid, group);
      else {
        if (found.isDirectory()) await walk(entry, group, depth + 1);
        await giveOne(entry, group);
      }
    } finally {
      await entry.close();
    }
  }
}

/** The group first: giving a file away takes its set-group bit off. */
async function giveOne(entry: FileHandle, group: number): Promise<void> {
  const place = `/proc/self/fd/${entry.fd}`;
  const { uid, mode } = await entry.stat();
  await chown(place, uid, group);
  const isFolder = (mode & constants.S_IFMT) === constants.S_IFDIR;
  await chmod(place, (mode & 0o7777) | GROUP_WRITES | (isFolder ? GROUP_ENTERS : 0));
}
