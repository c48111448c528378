import { existsSync, readFileSync, realpathSync, statSync } from 'node:fs';
import path from 'node:path';
import { gitLimits } from '#git';
import type { KustomizeTree } from '#render';
import { CliError } from '../errors.ts';

/** A folder, and what lies around it: paths are from `root`. */
export interface Checkout {
  readonly tree: KustomizeTree;
  readonly folder: string;
}

/**
 * The checkout that a folder lies in, or its parent where there is no Git. Nothing outside of it can be reached, by links
 * neither. Files are read when they are asked for; as much as of a commit, at most.
 */
export function checkoutAround(directory: string): Checkout {
  const place = realpathSync(directory);
  const root = rootOf(place) ?? path.dirname(place);
  const read = new Map<string, Uint8Array>();
  let bytes = 0;
  const placeOf = (file: string): string | undefined => {
    const named = path.join(root, file);
    if (file.split('/').includes('.git') || statSync(named, { throwIfNoEntry: false }) === undefined) return undefined;
    const real = realpathSync(named);
    return real === root || real.startsWith(root.endsWith(path.sep) ? root : `${root}${path.sep}`) ? real : undefined;
  };
  const statOf = (file: string) => {
    const found = placeOf(file);
    return found === undefined ? undefined : statSync(found, { throwIfNoEntry: false });
  };
  const tree: KustomizeTree = {
    has: (file) => statOf(file)?.isFile() === true,
    isDirectory: (file) => statOf(file)?.isDirectory() === true,
    read(file) {
      const known = read.get(file);
      const found = placeOf(file);
      if (known !== undefined || found === undefined) return known;
      const { size } = statSync(found);
      bytes += size;
      if (size > gitLimits.fileBytes || bytes > gitLimits.applicationBytes)
        throw new CliError(`${file}: more than a build may read`, { exitCode: 2 });
      const content = readFileSync(found);
      read.set(file, content);
      return content;
    },
  };
  return { tree, folder: path.relative(root, place).split(path.sep).join('/') };
}

/** The nearest folder above, or this one, that Git keeps. */
function rootOf(place: string): string | undefined {
  if (existsSync(path.join(place, '.git'))) return place;
  const above = path.dirname(place);
  return above === place ? undefined : rootOf(above);
}
