import { randomBytes } from 'node:crypto';
import { link, mkdir, open, readFile, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { errorCode } from '#base';
import { StoreError } from '../errors.ts';
import { KEY_BYTES } from './sealer.ts';

/** Group and others may do nothing. */
const FOREIGN_RIGHTS = 0o077;

/**
 * The key in the file at `path`, made there once, readable by its owner only. Two starters get the same key; a crash
 * leaves a whole key or none. Throws `StoreKey` when others may read the file or it holds no key.
 */
export async function loadOrCreateKey(path: string): Promise<Uint8Array> {
  const found = await loadKey(path);
  if (found !== undefined) return found;
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const draft = `${path}.${process.pid}.${randomBytes(4).toString('hex')}`;
  try {
    const file = await open(draft, 'wx', 0o600);
    try {
      await file.writeFile(`${randomBytes(KEY_BYTES).toString('base64')}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
    // Linking fails if somebody else was first, and then their key counts.
    await link(draft, path).catch((error: unknown) => {
      if (errorCode(error) !== 'EEXIST') throw error;
    });
  } finally {
    await rm(draft, { force: true });
  }
  await syncFolder(dirname(path));
  const made = await loadKey(path);
  if (made === undefined) throw new StoreError('StoreKey', `The key file ${path} vanished while it was made.`);
  return made;
}

async function loadKey(path: string): Promise<Uint8Array | undefined> {
  try {
    const { mode } = await stat(path);
    if ((mode & FOREIGN_RIGHTS) !== 0) {
      throw new StoreError('StoreKey', `Others may read the key file ${path}; run: chmod 600 ${path}`);
    }
    const key = Buffer.from(await readFile(path, 'utf8'), 'base64');
    if (key.byteLength !== KEY_BYTES) throw new StoreError('StoreKey', `The key file ${path} holds no 32-byte key.`);
    return key;
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** Makes the folder's new entries survive a power cut. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
