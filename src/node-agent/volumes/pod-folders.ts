import { chmod, chown, mkdir, readdir, realpath, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { errorCode, type Log, PlumblineError } from '#base';
import { mountsBelow, tmpfsMount, unmount } from '#runtime';
import { type NodeFolders, openNodeFolders } from './node-folders.ts';

/** In a pod's folder: its volumes, and parts of them as single containers have them mounted. */
export const VOLUMES = 'volumes';
export const PARTS = 'parts';

/**
 * Where the agent keeps what belongs to pods: on disk below its state folder, and in memory what must not reach a disk
 * (Secrets, `emptyDir` with medium Memory) where the host lets it.
 */
export interface PodFolders {
  /** Files of the pod that may lie on disk. */
  disk(podUid: string): string;
  /** Files of the pod that must not; the same as `disk` where nothing may be mounted. */
  memory(podUid: string): string;
  /** Where copies of ConfigMaps and Secrets may lie: in memory only; undefined where there is none. */
  readonly references: string | undefined;
  /** Where copies of tokens may lie: the same. */
  readonly tokens: string | undefined;
  /** Where the node's owner puts profiles of seccomp for pods to name. */
  readonly seccomp: string;
  /** Folders of volumes that outlive pods. */
  readonly volumes: NodeFolders;
  /** Uids that have folders. */
  list(): Promise<readonly string[]>;
  /** Removes what the pod's volumes hold on this disk and in memory, and nothing else; what is mounted there is only unmounted. */
  removeVolumes(podUid: string): Promise<void>;
  /** Unmounts and removes everything of a pod. */
  remove(podUid: string): Promise<void>;
}

/** Opens the folders; mounts the one in memory below the state folder, unless an earlier run did. */
export async function openPodFolders(stateDir: string, log: Log): Promise<PodFolders> {
  await mkdir(stateDir, { recursive: true, mode: 0o700 });
  const root = await realpath(stateDir);
  const disk = path.join(root, 'pods');
  await mkdir(disk, { recursive: true, mode: 0o700 });
  const memoryRoot = await memoryFolder(root, log);
  const memory = memoryRoot === undefined ? undefined : path.join(memoryRoot, 'pods');
  if (memory !== undefined) await mkdir(memory, { recursive: true, mode: 0o700 });
  return {
    references: memoryRoot === undefined ? undefined : path.join(memoryRoot, 'references'),
    tokens: memoryRoot === undefined ? undefined : path.join(memoryRoot, 'tokens'),
    seccomp: path.join(root, 'seccomp'),
    volumes: await openNodeFolders(root),
    disk: (podUid) => path.join(disk, checked(podUid)),
    memory: (podUid) => path.join(memory ?? disk, checked(podUid)),
    async list() {
      const found = await Promise.all([disk, ...(memory === undefined ? [] : [memory])].map((place) => readdir(place)));
      return [...new Set(found.flat())];
    },
    async removeVolumes(podUid) {
      const own = path.join(disk, checked(podUid));
      // Parts first: what is mounted would keep its place in memory.
      await removeTree(path.join(own, PARTS));
      await removeTree(path.join(own, VOLUMES));
      if (memory !== undefined) await removeTree(path.join(memory, checked(podUid), VOLUMES));
    },
    async remove(podUid) {
      await removeTree(path.join(disk, checked(podUid)));
      if (memory !== undefined) await removeTree(path.join(memory, checked(podUid)));
    },
  };
}

/** Removes an agent's whole state folder, with what is mounted in it. Only when no agent runs there any more. */
export async function removeAgentFolder(stateDir: string): Promise<void> {
  const root = await realpath(stateDir).catch(() => undefined);
  if (root !== undefined) await removeTree(root);
}

/** What is mounted inside belongs to somebody else: it is unmounted, and nothing is removed while it is not. */
export async function removeTree(folder: string): Promise<void> {
  for (const point of await mountsBelow(folder)) await unmount(point);
  const [left] = await mountsBelow(folder);
  if (left !== undefined)
    throw new PlumblineError(`${left} is still mounted`, { code: 'StillMounted', retryable: true });
  await rm(folder, { recursive: true, force: true });
}

/** A tmpfs that only root may enter; undefined, with a word in the log, where none may be mounted. */
async function memoryFolder(root: string, log: Log): Promise<string | undefined> {
  const folder = path.join(root, 'memory');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  if ((await mountsBelow(folder)).includes(folder)) return folder;
  try {
    await tmpfsMount(folder, { mode: 0o700 });
    return folder;
  } catch (error) {
    log.warn({ err: error }, 'nothing may be mounted here: the files of Secrets lie on disk, readable by root only');
    return undefined;
  }
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

/** Makes a folder with exactly this mode and, if given, this group, once. `fill` may put something there first. */
export async function makeFolder(
  folder: string,
  mode: number,
  group: number | undefined,
  fill?: () => Promise<void>,
): Promise<void> {
  try {
    await mkdir(folder, { mode });
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return;
    throw error;
  }
  await fill?.();
  if (group !== undefined) await chown(folder, -1, group);
  await chmod(folder, group === undefined ? mode : mode | 0o2070);
}
