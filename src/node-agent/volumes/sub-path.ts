import { constants } from 'node:fs';
import { type FileHandle, mkdir, open, realpath } from 'node:fs/promises';
import path from 'node:path';
import { errorCode, PlumblineError } from '#base';

/** Linux' O_PATH: a handle on the place, without the right to read it. Source: linux include/uapi/asm-generic/fcntl.h. */
const O_PATH = 0o10000000;

/** A path inside a volume that cannot be used. */
export class SubPathError extends PlumblineError {
  constructor(subPath: string, why: string, cause?: unknown) {
    super(`subPath ${JSON.stringify(subPath)}: ${why}`, { code: 'SubPathInvalid', cause });
  }
}

/** A place inside a volume, held open: `handle` goes on naming it whatever is renamed meanwhile. */
export interface HeldPath {
  readonly handle: number;
  readonly isFolder: boolean;
  close(): Promise<void>;
}

/**
 * Opens `subPath` below `root`, one part after the other and never through a symbolic link, so that a container that
 * shares the volume cannot lead the mount out of it, not even by swapping a folder for a link in between
 * (CVE-2017-1002101, CVE-2021-25741). Folders that are missing are made.
 */
export async function holdSubPath(root: string, subPath: string): Promise<HeldPath> {
  const parts = subPath.split('/').filter((part) => part !== '' && part !== '.');
  if (subPath.startsWith('/') || parts.includes('..'))
    throw new SubPathError(subPath, 'it must stay inside its volume');
  let handle = await open(root, O_PATH | constants.O_DIRECTORY);
  try {
    for (const part of parts) {
      const next = await step(handle, part, subPath);
      await handle.close();
      handle = next;
    }
  } catch (error) {
    await handle.close();
    throw error;
  }
  const found = await handle.stat();
  return { handle: handle.fd, isFolder: found.isDirectory(), close: () => handle.close() };
}

async function step(folder: FileHandle, part: string, subPath: string): Promise<FileHandle> {
  const target = `/proc/self/fd/${folder.fd}/${part}`;
  const opened = await openPart(target, subPath).catch(async (error: unknown) => {
    if (errorCode(error) !== 'ENOENT') throw error;
    await mkdir(target, { mode: 0o755 }).catch((failure: unknown) => {
      if (errorCode(failure) !== 'EEXIST') throw failure;
    });
    return await openPart(target, subPath);
  });
  if (!(await opened.stat()).isSymbolicLink()) return opened;
  await opened.close();
  throw new SubPathError(subPath, `${part} is a symbolic link`);
}

async function openPart(target: string, subPath: string): Promise<FileHandle> {
  try {
    return await open(target, O_PATH | constants.O_NOFOLLOW);
  } catch (error) {
    const code = errorCode(error);
    if (code === 'ENOENT') throw error;
    throw new SubPathError(subPath, `it cannot be opened (${code ?? 'unknown'})`, error);
  }
}

/**
 * `subPath` of a volume whose files we wrote ourselves and containers cannot change: links are ours and are followed.
 * The file is that of this moment; as in Kubernetes, later changes do not reach it.
 */
export async function resolveOwnSubPath(root: string, subPath: string): Promise<string> {
  try {
    const whole = await realpath(root);
    const found = await realpath(path.join(whole, subPath));
    if (found === whole || found.startsWith(`${whole}/`)) return found;
  } catch (error) {
    throw new SubPathError(subPath, 'there is no such file in the volume', error);
  }
  throw new SubPathError(subPath, 'it must stay inside its volume');
}
