import { lstat, opendir } from 'node:fs/promises';
import path from 'node:path';
import { errorCode } from '#base';

export interface FolderUse {
  readonly bytes: number;
  readonly inodes: number;
}

/** Entries that are counted of one folder; what is beyond makes the answer too small. */
const MAX_ENTRIES = 1_000_000;
/** Entries looked at together. */
const AT_ONCE = 64;
const BLOCK_BYTES = 512;

/** What a folder holds of its file system: blocks, not lengths; links once; nothing that is mounted into it. */
export async function folderUse(root: string): Promise<FolderUse> {
  const top = await lookAt(root);
  if (top === undefined) return { bytes: 0, inodes: 0 };
  const linked = new Set<number>();
  const folders = [root];
  let bytes = top.blocks * BLOCK_BYTES;
  let inodes = 1;
  for (let folder = folders.pop(); folder !== undefined && inodes < MAX_ENTRIES; folder = folders.pop()) {
    for await (const entries of batches(folder)) {
      const found = await Promise.all(entries.map(lookAt));
      for (const [index, entry] of found.entries()) {
        if (entry === undefined || entry.dev !== top.dev) continue;
        if (entry.isDirectory()) folders.push(entries[index] ?? '');
        else if (entry.nlink > 1) {
          if (linked.has(entry.ino)) continue;
          linked.add(entry.ino);
        }
        bytes += entry.blocks * BLOCK_BYTES;
        inodes += 1;
      }
      if (inodes >= MAX_ENTRIES) break;
    }
  }
  return { bytes, inodes };
}

/** Paths of a folder's entries; none when it has gone meanwhile. */
async function* batches(folder: string): AsyncGenerator<readonly string[]> {
  try {
    let batch: string[] = [];
    for await (const { name } of await opendir(folder)) {
      batch.push(path.join(folder, name));
      if (batch.length < AT_ONCE) continue;
      yield batch;
      batch = [];
    }
    if (batch.length > 0) yield batch;
  } catch (error) {
    if (!isGone(error)) throw error;
  }
}

/** Pods write while we look. */
async function lookAt(file: string) {
  try {
    return await lstat(file);
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
}

const isGone = (error: unknown) => ['ENOENT', 'ENOTDIR'].includes(errorCode(error) ?? '');
