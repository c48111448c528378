import type { CatFile } from './cat-file.ts';
import { gitLimits, type SkippedEntry, type TreeFile, type TreeListing } from './repository.ts';
import { DIRECTORY, LINK, SUBMODULE, type TreeEntry, type TreeSource, tooLarge } from './tree-source.ts';

/** Longest symlink target that is read, in bytes. Source: Linux PATH_MAX. */
const MAX_TARGET = 4_096;
/** Directories that the symlinks of one listing may lead to. */
const MAX_LOOKUPS = 512;

export interface TreeReader {
  readonly catFile: Pick<CatFile, 'read'>;
  readonly source: TreeSource;
}

/**
 * Files below `path` at `commit`. Nothing outside of the commit's own tree can be read: a symlink is text that is
 * looked up in the same tree, and one that leads out of it, in a circle or to nowhere is skipped with the reason.
 */
export async function listTree(
  reader: TreeReader,
  commit: string,
  path: string,
  maxFiles: number = gitLimits.filesPerApplication,
): Promise<TreeListing | undefined> {
  const walk = new TreeWalk(reader, maxFiles);
  const start = await walk.locate(path === '' ? [] : path.split('/'), 0);
  if (start === undefined || 'why' in start || start.type !== 'tree') return undefined;
  await walk.collect(path, start.at, []);
  return walk.listing(commit);
}

/** Where something stands in the commit, symlinks resolved. */
type Located =
  | { readonly type: 'tree'; readonly at: readonly string[] }
  | { readonly type: 'blob'; readonly at: readonly string[]; readonly entry: TreeEntry };
type Refusal = { readonly why: string };
/** Directories of the symlinks that were passed on the way. */
type Trail = readonly (readonly string[])[];

class TreeWalk {
  readonly #maxFiles: number;
  readonly #catFile: TreeReader['catFile'];
  readonly #source: TreeSource;
  readonly #files: TreeFile[] = [];
  readonly #skipped: SkippedEntry[] = [];
  #collected = 0;
  #lookups = 0;

  constructor({ catFile, source }: TreeReader, maxFiles: number) {
    this.#maxFiles = maxFiles;
    this.#catFile = catFile;
    this.#source = source;
  }

  listing(commit: string): TreeListing {
    const byPath = (a: { path: string }, b: { path: string }) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0);
    return { commit, files: this.#files.sort(byPath), skipped: this.#skipped.sort(byPath) };
  }

  /**
   * Everything below a directory. `shown` is the path that the caller asked for; `real` is where the directory stands in
   * the commit, which differs behind a symlink.
   */
  async collect(shown: string, real: readonly string[], trail: Trail): Promise<void> {
    this.#collected += 1;
    if (this.#collected > MAX_LOOKUPS) throw tooLarge(`symlinks lead to more than ${MAX_LOOKUPS} directories`);
    const links: TreeEntry[] = [];
    await this.#source.below(real.join('/'), (entry) => {
      const path = shown === '' ? entry.path : `${shown}/${entry.path}`;
      if (entry.damaged) this.#skip(path, 'its name is not UTF-8');
      else if (entry.mode === SUBMODULE) this.#skip(path, 'submodules are not read');
      else if (entry.mode === LINK) links.push(entry);
      else this.#add(path, entry);
      this.#checkCount(links.length);
    });
    for (const link of links) {
      await this.#followInto(link, shown === '' ? link.path : `${shown}/${link.path}`, real, trail);
    }
  }

  async #followInto(link: TreeEntry, path: string, real: readonly string[], trail: Trail): Promise<void> {
    const directory = [...real, ...link.path.split('/').slice(0, -1)];
    const target = await this.#follow(link, directory, trail.length);
    if (target === undefined || 'why' in target) {
      this.#skip(path, target?.why ?? 'the symlink leads to nothing in this commit');
      return;
    }
    if (target.type === 'blob') {
      this.#add(path, target.entry);
      this.#checkCount(0);
      return;
    }
    const passed = [...trail, directory];
    // A directory that holds a symlink passed on the way would be walked for ever.
    if (passed.some((holder) => target.at.every((part, index) => holder[index] === part))) {
      this.#skip(path, 'the symlink leads to a directory that holds it');
      return;
    }
    await this.collect(path, target.at, passed);
  }

  /** Where a symlink leads, as far as this commit's tree goes. */
  async #follow(link: TreeEntry, directory: readonly string[], hops: number): Promise<Located | Refusal | undefined> {
    if (hops >= gitLimits.symlinkHops)
      return { why: `more than ${gitLimits.symlinkHops} symlinks in a chain, or a loop` };
    if (link.sizeBytes > MAX_TARGET) return { why: 'the symlink is too long' };
    const blob = await this.#catFile.read(link.id);
    const target = Buffer.from(blob?.bytes ?? new Uint8Array()).toString('utf8');
    if (target === '' || target.includes('\0')) return { why: 'the symlink names no path' };
    if (target.startsWith('/')) return { why: 'the symlink leads out of the repository' };
    const parts = [...directory];
    for (const part of target.split('/')) {
      if (part === '' || part === '.') continue;
      if (part !== '..') parts.push(part);
      else if (parts.pop() === undefined) return { why: 'the symlink leads out of the repository' };
    }
    return this.locate(parts, hops + 1);
  }

  /** What stands at a path of the commit, symlinks on the way resolved. Undefined: nothing. */
  async locate(parts: readonly string[], hops: number): Promise<Located | Refusal | undefined> {
    let at: readonly string[] = [];
    for (const [index, part] of parts.entries()) {
      const entry: TreeEntry | undefined = (await this.#entries(at))?.get(part);
      if (entry === undefined) return undefined;
      const rest = parts.slice(index + 1);
      if (entry.mode === LINK) {
        const target = await this.#follow(entry, at, hops);
        if (target === undefined || 'why' in target || rest.length === 0) return target;
        return target.type === 'tree' ? this.locate([...target.at, ...rest], hops + 1) : undefined;
      }
      at = [...at, part];
      if (entry.mode === SUBMODULE) return { why: 'the symlink leads into a submodule' };
      if (entry.mode !== DIRECTORY) return rest.length === 0 ? { type: 'blob', at, entry } : undefined;
    }
    return { type: 'tree', at };
  }

  async #entries(directory: readonly string[]): Promise<ReadonlyMap<string, TreeEntry> | undefined> {
    this.#lookups += 1;
    if (this.#lookups > gitLimits.filesPerApplication) throw tooLarge('symlinks lead through too many directories');
    return this.#source.entries(directory.join('/'));
  }

  #add(path: string, entry: TreeEntry): void {
    if (entry.sizeBytes <= gitLimits.fileBytes) {
      this.#files.push({ path, blobId: entry.id, sizeBytes: entry.sizeBytes });
    } else this.#skip(path, `the file has ${entry.sizeBytes} bytes, over the limit of ${gitLimits.fileBytes}`);
  }

  #skip(path: string, reason: string): void {
    this.#skipped.push({ path, reason });
  }

  #checkCount(links: number): void {
    if (this.#files.length + this.#skipped.length + links > this.#maxFiles) {
      throw tooLarge(`more than ${this.#maxFiles} files`);
    }
  }
}
