import { randomBytes } from 'node:crypto';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { errorCode } from '#base';

/** A folder only its owner can enter. */
export async function ensurePrivateDir(directory: string): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
}

/** The text of a file, made by `make` on the first call and kept with mode 0600. */
export async function readOrMake(file: string, make: () => string | Promise<string>): Promise<string> {
  try {
    return (await readFile(file, 'utf8')).trim();
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error;
  }
  const text = await make();
  await writeFile(file, `${text}\n`, { mode: 0o600, flag: 'wx' });
  await chmod(file, 0o600);
  return text;
}

/** A name for this installation, by which its containers are found among others. */
export const newClusterId = () => randomBytes(6).toString('hex');
