import { readdir, readFile, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { errorMessage } from '#base';
import { gitLimits } from '#git';
import type { UnreadFile } from '#render';
import { StartError } from './errors.ts';

/** What lies in a folder. */
export interface Folder {
  readonly files: readonly { readonly path: string; readonly bytes: Buffer }[];
  /** What lies there and could not be read: what it holds is not known. */
  readonly unread: readonly UnreadFile[];
}

/**
 * Files below a folder, as Git would list them: hidden ones are left out unless asked for, links are followed where they
 * stay inside. Throws `NoSuchFolder`, `FolderTooLarge`.
 */
export async function readFolder(directory: string, { hidden = false } = {}): Promise<Folder> {
  const files: { path: string; bytes: Buffer }[] = [];
  const unread: UnreadFile[] = [];
  const root = await realpath(directory).catch((error: unknown) => {
    throw notAFolder(directory, error);
  });
  let bytes = 0;
  async function read(relative: string, place: string): Promise<void> {
    const { size } = await stat(place);
    if (size > gitLimits.fileBytes) {
      unread.push({ path: relative, reason: `has ${size} bytes, over the limit of ${gitLimits.fileBytes}` });
      return;
    }
    bytes += size;
    if (files.length >= gitLimits.filesPerApplication || bytes > gitLimits.applicationBytes)
      throw new StartError(
        'FolderTooLarge',
        `${directory} holds too much`,
        `At most ${gitLimits.filesPerApplication} files and ${gitLimits.applicationBytes / 2 ** 20} MiB are read.`,
      );
    files.push({ path: relative, bytes: await readFile(place) });
  }
  async function walk(relative: string, place: string, above: readonly string[]): Promise<void> {
    if (above.length > gitLimits.treeDepth)
      throw new StartError(
        'FolderTooLarge',
        `${path.join(directory, relative)} lies too deep`,
        `At most ${gitLimits.treeDepth} folders below each other are read.`,
      );
    for (const entry of await readdir(place, { withFileTypes: true })) {
      if (entry.name === '.git' || (entry.name.startsWith('.') && !hidden)) continue;
      const name = path.posix.join(relative, entry.name);
      const target = entry.isSymbolicLink() ? await linkTarget(root, path.join(place, entry.name)) : undefined;
      // A link to a folder above hides nothing: what is there is read already.
      if (target !== undefined && typeof target !== 'string' && [...above, place].includes(target.place)) continue;
      if (typeof target === 'string') unread.push({ path: name, reason: target });
      else if (target?.isDirectory ?? entry.isDirectory())
        await walk(name, target?.place ?? path.join(place, entry.name), [...above, place]);
      else if (target?.isFile ?? entry.isFile()) await read(name, target?.place ?? path.join(place, entry.name));
    }
  }
  if (!(await stat(root)).isDirectory()) throw notAFolder(directory, undefined);
  await walk('', root, []);
  return { files, unread };
}

function notAFolder(directory: string, cause: unknown): StartError {
  return new StartError(
    'NoSuchFolder',
    `${directory} is not a folder that can be read`,
    'Name the folder of the Application in a checkout.',
    cause,
  );
}

/** Where a link leads; or why it is not followed. */
async function linkTarget(
  root: string,
  link: string,
): Promise<{ readonly place: string; readonly isFile: boolean; readonly isDirectory: boolean } | string> {
  let place: string;
  try {
    place = await realpath(link);
  } catch (error) {
    return `is a link that leads nowhere: ${errorMessage(error)}`;
  }
  if (place !== root && !place.startsWith(`${root}${path.sep}`)) return 'is a link that leads out of the folder';
  const found = await stat(place);
  return { place, isFile: found.isFile(), isDirectory: found.isDirectory() };
}
