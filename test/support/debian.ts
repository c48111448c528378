import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
/** Whole-product tests run in a network without a way out, and are told where the machine's own is. */
const NETWORK = process.env['PLUMBLINE_OUTER_NETWORK'];
const OUTSIDE = NETWORK === undefined ? [] : ['nsenter', `--net=${NETWORK}`];
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
      const [program = '', ...args] = [...OUTSIDE, 'apt-get', 'download', name];
      await run(program, args, { cwd: work });
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

/** All files of Debian packages in one folder, downloaded once by apt and never installed. Answers the folder. */
export async function filesOfPackages(names: readonly string[]): Promise<string> {
  const kept = path.join(CACHE, [...names].sort().join('+'));
  const isKept = await stat(kept).then(
    () => true,
    () => false, // told below if it cannot be made
  );
  if (isKept) return kept;
  const work = `${kept}-${process.pid}`;
  await mkdir(work, { recursive: true });
  try {
    await run('apt-get', ['download', ...names], { cwd: work });
    for (const archive of await readdir(work)) {
      if (archive.endsWith('.deb')) await run('dpkg-deb', ['-x', archive, 'out'], { cwd: work });
    }
    await rename(path.join(work, 'out'), kept);
    return kept;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** The shared libraries that programs need, the loader too, by where they look for them: those in `folder` before the host's. */
export async function librariesOf(programs: readonly string[], folder: string): Promise<ReadonlyMap<string, string>> {
  const { stdout } = await run('ldd', [...programs], { env: { ...process.env, LD_LIBRARY_PATH: folder } });
  const missing = /(\S+) => not found/.exec(stdout);
  if (missing !== null) throw new Error(`${missing[1]} is neither in ${folder} nor on this host`);
  const found = new Map<string, string>();
  for (const [, name = '', file] of stdout.matchAll(/^\s+(\/?\S+?)(?: => (\S+))? \(0x/gm)) {
    if (name.startsWith('/')) found.set(name, name);
    else if (file !== undefined) found.set(`/lib/${name}`, file);
  }
  return found;
}
