import { readFile, stat } from 'node:fs/promises';
import { resolveOwnSubPath } from '../volumes/sub-path.ts';

/** Largest profile that is read, in bytes. */
const MAX_PROFILE = 1024 * 1024;

/** The text of a profile that the node's owner put below `folder`. Throws when it is not there, or none. */
export async function readSeccompProfile(folder: string, file: string): Promise<string> {
  const found = await resolveOwnSubPath(folder, file);
  const { size } = await stat(found);
  if (size > MAX_PROFILE) throw new RangeError(`a profile has at most ${MAX_PROFILE} bytes`);
  const text = await readFile(found, 'utf8');
  JSON.parse(text); // The engine says less about what is wrong with it.
  return text;
}
