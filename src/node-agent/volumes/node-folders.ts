import { constants } from 'node:fs';
import { chmod, type FileHandle, lstat, mkdir, open, readdir, realpath, rmdir, unlink } from 'node:fs/promises';
import path from 'node:path';
import { errorCode, PlumblineError } from '#base';
import { mountsBelow } from '#runtime';

/** Folders of volumes that outlive their pods, each a name below one root that only this agent writes. */
export interface NodeFolders {
  readonly root: string;
  /** Where the folder of a volume is, made when it is not there: for everyone to write, as its pods may run as anybody. */
  make(handle: string): Promise<string>;
  /** Deletes the folder with all that is in it, and nothing else: no link is followed. One that is not there is deleted. */
  remove(handle: string): Promise<void>;
}

/** Below the agent's own folder: what volumes of the node hold, a folder each. */
export const VOLUMES_FOLDER = 'volumes';

/** Linux' O_PATH: a handle on the place, without the right to read it. Source: linux include/uapi/asm-generic/fcntl.h. */
const O_PATH = 0o10000000;
const FOLDER_MODE = 0o777;
/** Folders inside one another that are deleted: each holds a handle open while those inside it go. */
const MAX_DEPTH = 512;

/** What is not to be deleted, or cannot. */
export class NodeFolderError extends PlumblineError {
  constructor(message: string, cause?: unknown) {
    super(message, { code: 'NodeFolder', retryable: true, cause });
  }
}

export async function openNodeFolders(stateDir: string): Promise<NodeFolders> {
  const wanted = path.join(await realpath(stateDir), VOLUMES_FOLDER);
  await mkdir(wanted, { recursive: true, mode: 0o700 });
  const root = await realpath(wanted);
  if (root !== wanted) throw new NodeFolderError(`${wanted} is a link: volumes lie in the agent's own folder`);
  return {
    root,
    async make(handle) {
      const folder = path.join(root, checked(handle));
      try {
        await mkdir(folder, { mode: 0o700 });
        await chmod(folder, FOLDER_MODE); // Not cut by the umask.
      } catch (error) {
        if (errorCode(error) !== 'EEXIST') throw error;
      }
      if (!(await lstat(folder)).isDirectory()) throw new NodeFolderError(`${folder} is not a folder`);
      return folder;
    },
    async remove(handle) {
      const name = checked(handle);
      const [mounted] = await mountsBelow(path.join(root, name));
      if (mounted !== undefined) throw new NodeFolderError(`${mounted} is still mounted`);
      const parent = await open(root, O_PATH | constants.O_DIRECTORY | constants.O_NOFOLLOW);
      try {
        await removeEntry(parent, name, (await parent.stat()).dev, 0);
      } finally {
        await parent.close();
      }
    },
  };
}

/** A handle becomes part of a path: one name, of the characters that names of objects have. */
function checked(handle: string): string {
  if (/^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/.test(handle)) return handle;
  throw new NodeFolderError(`${JSON.stringify(handle)} is no name of a folder`);
}

/** Deletes one entry of an open folder. The entry is opened before it is looked at, so that it cannot be swapped for a link. */
async function removeEntry(parent: FileHandle, name: string, device: number, depth: number): Promise<void> {
  const entry = `/proc/self/fd/${parent.fd}/${name}`;
  const opened = await open(entry, O_PATH | constants.O_NOFOLLOW).catch((error: unknown) => {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  });
  if (opened === undefined) return;
  try {
    const found = await opened.stat();
    if (!found.isDirectory()) {
      await unlink(entry);
      return;
    }
    if (found.dev !== device)
      throw new NodeFolderError(`${name} lies on another file system: something is mounted there`);
    if (depth >= MAX_DEPTH) throw new NodeFolderError(`${name} is more than ${MAX_DEPTH} folders deep`);
    for (const inner of await readdir(`/proc/self/fd/${opened.fd}`))
      await removeEntry(opened, inner, device, depth + 1);
    await rmdir(entry);
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error; // Gone by itself.
  } finally {
    await opened.close();
  }
}
