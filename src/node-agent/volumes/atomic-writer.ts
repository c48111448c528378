import {
  chmod,
  chown,
  lstat,
  mkdir,
  readdir,
  readFile,
  readlink,
  rename,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises';
import path from 'node:path';
import { errorCode } from '#base';
import type { VolumeFile } from './volume.plan.ts';

/** The link that names the current content, and the one that replaces it. */
const CURRENT = '..data';
const NEXT = '..data_tmp';

/**
 * Makes a folder hold exactly these files, all at once: a reader sees the old content or the new, never a mixture.
 * Files stand in a folder of their own; `..data` points to it and is swapped by one rename; the names people see are
 * links through `..data`. Answers whether anything changed. Source: kubernetes pkg/volume/util/atomic_writer.go (v1.32).
 */
export async function writeAtomically(
  folder: string,
  files: ReadonlyMap<string, VolumeFile>,
  group: number | undefined,
): Promise<boolean> {
  await mkdir(folder, { recursive: true, mode: 0o755 });
  const before = await currentFolder(folder);
  if (before !== undefined && (await holdsExactly(path.join(folder, before), files))) {
    await linkNames(folder, files);
    return false;
  }
  const fresh = await writeFresh(folder, files, group);
  await rm(path.join(folder, NEXT), { force: true });
  await symlink(fresh, path.join(folder, NEXT));
  await rename(path.join(folder, NEXT), path.join(folder, CURRENT));
  await linkNames(folder, files);
  await removeOthers(folder, fresh, files);
  return true;
}

/** Only root gives files away. */
const isRoot = process.getuid?.() === 0;

async function currentFolder(folder: string): Promise<string | undefined> {
  try {
    const target = await readlink(path.join(folder, CURRENT));
    return path.basename(target) === target ? target : undefined;
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

async function writeFresh(
  folder: string,
  files: ReadonlyMap<string, VolumeFile>,
  group: number | undefined,
): Promise<string> {
  const name = await freshName(folder);
  const root = path.join(folder, name);
  for (const [file, { content, mode, user }] of files) {
    const target = path.join(root, file);
    await mkdir(path.dirname(target), { recursive: true, mode: 0o755 });
    await writeFile(target, content, { mode: 0o600 });
    if (isRoot && (user !== undefined || group !== undefined)) await chown(target, user ?? -1, group ?? -1);
    // After writing: the mode is not to be cut by the umask.
    await chmod(target, group === undefined ? mode : mode | 0o440);
  }
  return name;
}

/** `..1`, `..2` …: the first that is not there. Made at once. */
async function freshName(folder: string): Promise<string> {
  const taken = new Set(await readdir(folder));
  for (let number = 1; ; number += 1) {
    const name = `..${number}`;
    if (taken.has(name)) continue;
    await mkdir(path.join(folder, name), { mode: 0o755 });
    await chmod(path.join(folder, name), 0o755);
    return name;
  }
}

async function holdsExactly(root: string, files: ReadonlyMap<string, VolumeFile>): Promise<boolean> {
  const present = await allFiles(root, '');
  if (present.length !== files.size) return false;
  for (const [file, { content }] of files) {
    try {
      if (!content.equals(await readFile(path.join(root, file)))) return false;
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return false;
      throw error;
    }
  }
  return true;
}

async function allFiles(root: string, below: string): Promise<readonly string[]> {
  const entries = await readdir(path.join(root, below), { withFileTypes: true }).catch((error: unknown) => {
    if (errorCode(error) === 'ENOENT') return [];
    throw error;
  });
  const found = await Promise.all(
    entries.map(async (entry) => {
      const name = path.join(below, entry.name);
      return entry.isDirectory() ? await allFiles(root, name) : [name];
    }),
  );
  return found.flat();
}

/** The first part of every path is a link through `..data`. */
async function linkNames(folder: string, files: ReadonlyMap<string, VolumeFile>): Promise<void> {
  for (const name of firstParts(files)) {
    const link = path.join(folder, name);
    const target = path.join(CURRENT, name);
    const present = await readlink(link).catch(() => undefined);
    if (present === target) continue;
    await rm(link, { recursive: true, force: true });
    await symlink(target, link);
  }
}

async function removeOthers(folder: string, fresh: string, files: ReadonlyMap<string, VolumeFile>): Promise<void> {
  const names = firstParts(files);
  for (const name of await readdir(folder)) {
    if (name === fresh || name === CURRENT || names.has(name)) continue;
    const isOurs = name.startsWith('..') || (await lstat(path.join(folder, name))).isSymbolicLink();
    if (isOurs) await rm(path.join(folder, name), { recursive: true, force: true });
  }
}

function firstParts(files: ReadonlyMap<string, VolumeFile>): ReadonlySet<string> {
  return new Set([...files.keys()].map((file) => file.split('/')[0] ?? file));
}
