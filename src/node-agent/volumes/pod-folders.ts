import { chmod, chown, mkdir, readdir, rm, statfs, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { errorCode, PlumblineError, shortHash } from '#base';

/** tmpfs' magic number. Source: linux include/uapi/linux/magic.h. */
const TMPFS_MAGIC = 0x01021994;
/** Places in memory that hosts have, best first. */
const MEMORY_PLACES = ['/run', '/dev/shm'];

/**
 * Where the agent keeps what belongs to pods: on disk below its state folder, and in memory what must not reach a disk
 * (Secrets, `emptyDir` with medium Memory) where the host lets it.
 */
export interface PodFolders {
  /** Files of the pod that may lie on disk. */
  disk(podUid: string): string;
  /** Files of the pod that must not; the same as `disk` where there is no memory to write to. */
  memory(podUid: string): string;
  /** Where copies of ConfigMaps and Secrets may lie: in memory only; undefined where there is none. */
  readonly references: string | undefined;
  /** Uids that have folders. */
  list(): Promise<readonly string[]>;
  /** Removes everything of a pod. */
  remove(podUid: string): Promise<void>;
}

export async function openPodFolders(stateDir: string): Promise<PodFolders> {
  const disk = path.join(path.resolve(stateDir), 'pods');
  await mkdir(disk, { recursive: true, mode: 0o700 });
  const memoryRoot = await memoryFolder(stateDir);
  const memory = memoryRoot === undefined ? undefined : path.join(memoryRoot, 'pods');
  if (memory !== undefined) await mkdir(memory, { recursive: true, mode: 0o700 });
  return {
    references: memoryRoot === undefined ? undefined : path.join(memoryRoot, 'references'),
    disk: (podUid) => path.join(disk, checked(podUid)),
    memory: (podUid) => path.join(memory ?? disk, checked(podUid)),
    async list() {
      const found = await Promise.all([disk, ...(memory === undefined ? [] : [memory])].map((place) => readdir(place)));
      return [...new Set(found.flat())];
    },
    async remove(podUid) {
      await rm(path.join(disk, checked(podUid)), { recursive: true, force: true });
      if (memory !== undefined) await rm(path.join(memory, checked(podUid)), { recursive: true, force: true });
    },
  };
}

/** Removes what `openPodFolders` keeps outside the state folder. */
export async function removeMemoryFolders(stateDir: string): Promise<void> {
  for (const place of MEMORY_PLACES) await rm(memoryPath(place, stateDir), { recursive: true, force: true });
}

function memoryPath(place: string, stateDir: string): string {
  return path.join(place, `plumbline-${shortHash(path.resolve(stateDir))}`);
}

/** A folder only root may enter, on a tmpfs the host already has; undefined without root or without tmpfs. */
async function memoryFolder(stateDir: string): Promise<string | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  for (const place of MEMORY_PLACES) {
    const found = await statfs(place).catch(() => undefined);
    if (found?.type !== TMPFS_MAGIC) continue;
    const folder = memoryPath(place, stateDir);
    await mkdir(folder, { recursive: true, mode: 0o700 });
    // Somebody else may have made it first: /dev/shm is open to all.
    await chown(folder, 0, 0);
    await chmod(folder, 0o700);
    return folder;
  }
  return undefined;
}

/** A uid becomes part of a path. */
function checked(podUid: string): string {
  if (!/^[A-Za-z0-9-]{1,64}$/.test(podUid)) {
    throw new PlumblineError(`${JSON.stringify(podUid)} is no pod uid`, { code: 'PodUidInvalid' });
  }
  return podUid;
}

/** Writes a file that a container gets bound in, keeping the file itself: a bind shows the inode it began with. */
export async function writeBoundFile(file: string, content: string, mode: number): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true, mode: 0o700 });
  await writeFile(file, content, { mode });
  await chmod(file, mode);
}

/** Makes a folder with exactly this mode and, if given, this group. */
export async function makeFolder(folder: string, mode: number, group: number | undefined): Promise<void> {
  try {
    await mkdir(folder, { mode });
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return;
    throw error;
  }
  if (group !== undefined) await chown(folder, -1, group);
  await chmod(folder, group === undefined ? mode : mode | 0o2070);
}
