import { randomBytes } from 'node:crypto';
import { chmod, link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { errorCode } from '#base';

/** A folder only its owner can enter, also where it was there before with other rights. */
export async function ensurePrivateDir(directory: string): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  await chmod(directory, 0o700);
}

/**
 * The text of a file, made by `make` on the first call and kept with mode 0600. A crash leaves the whole text or no file; of
 * two processes that make it at the same time one fails with EEXIST.
 */
export async function readOrMake(file: string, make: () => string | Promise<string>): Promise<string> {
  try {
    return (await readFile(file, 'utf8')).trim();
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error;
  }
  const text = await make();
  const unfinished = `${file}.${process.pid}.part`;
  try {
    await writeFile(unfinished, `${text}\n`, { mode: 0o600 });
    await chmod(unfinished, 0o600);
    await link(unfinished, file);
  } finally {
    await rm(unfinished, { force: true });
  }
  return text;
}

/** A name for this installation, by which its containers are found among others. */
export const newClusterId = () => randomBytes(6).toString('hex');
