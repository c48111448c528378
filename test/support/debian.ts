import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const CACHE = fileURLToPath(new URL('../../node_modules/.cache/plumbline/', import.meta.url));

/**
 * A file of a Debian package, downloaded once by apt and never installed: an install would start its service, or take away
 * what is there. `places` are where it lies in the package, in one release or another. Answers the path of the copy.
 */
export async function fileOfPackage(name: string, places: readonly string[]): Promise<string> {
  const kept = path.join(CACHE, path.basename(places[0] ?? name));
  try {
    await readFile(kept);
    return kept;
  } catch {
    const work = path.join(CACHE, `${name}-${process.pid}`);
    await mkdir(work, { recursive: true });
    try {
      await run('apt-get', ['download', name], { cwd: work });
      const archive = (await readdir(work)).find((file) => file.endsWith('.deb'));
      if (archive === undefined) throw new Error(`apt-get download ${name} brought no package`);
      await run('dpkg-deb', ['-x', archive, 'out'], { cwd: work });
      for (const place of places) {
        const moved = await rename(path.join(work, 'out', place), kept).then(
          () => true,
          () => false, // not in this release; told below when it is nowhere
        );
        if (moved) return kept;
      }
      throw new Error(`${name} has none of ${places.join(', ')}`);
    } finally {
      await rm(work, { recursive: true, force: true });
    }
  }
}
