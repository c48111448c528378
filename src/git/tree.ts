import { errorMessage } from '#base';
import type { CatFile } from './cat-file.ts';
import { GitError } from './errors.ts';
import type { GitChild } from './git-command.ts';
import { gitLimits, type SkippedEntry, type TreeFile, type TreeListing } from './repository.ts';

interface TreeEntry {
  readonly mode: string;
  readonly id: string;
  readonly sizeBytes: number;
  /** Relative to the tree that was listed. */
  readonly path: string;
  /** The name's bytes are not UTF-8; `path` shows them with replacement characters. */
  readonly damaged: boolean;
}

/** Longest path that is looked at, in bytes. Source: Linux PATH_MAX. */
const MAX_PATH = 4_096;
/** Longest symlink target that is read, in bytes. Source: Linux PATH_MAX. */
const MAX_TARGET = 4_096;
/** Directories that may be looked into, and as many that may be listed, to resolve the symlinks of one listing. */
const MAX_LOOKUPS = 512;
const LINK = '120000';
const SUBMODULE = '160000';

export interface TreeReader {
  readonly catFile: CatFile;
  spawn(args: readonly string[]): GitChild;
}

/**
 * Files below `path` at `commit`. Nothing outside of the commit's own tree can be read: a symlink is text that is
 * looked up in the same tree, and one that leads out of it, in a circle or to nowhere is skipped with the reason.
 */
export async function listTree(
  reader: TreeReader,
  commit: string,
  path: string,
  signal?: AbortSignal,
): Promise<TreeListing | undefined> {
  const walk = new TreeWalk(reader, commit, signal);
  const start = await walk.locate(path === '' ? [] : path.split('/'), 0);
  if (start === undefined || 'why' in start || start.type !== 'tree') return undefined;
  await walk.collect(start.id, path, start.at, []);
  return walk.listing();
}

type Located =
  | { readonly type: 'tree'; readonly id: string; readonly at: readonly string[] }
  | { readonly type: 'blob'; readonly entry: TreeEntry; readonly at: readonly string[] };
type Refusal = { readonly why: string };
type Trail = readonly (readonly string[])[];

class TreeWalk {
  readonly #reader: TreeReader;
  readonly #commit: string;
  readonly #signal: AbortSignal | undefined;
  readonly #files: TreeFile[] = [];
  readonly #skipped: SkippedEntry[] = [];
  /** Entries of directories that were looked into, by tree id. */
  readonly #directories = new Map<string, ReadonlyMap<string, TreeEntry>>();
  #rootId: string | undefined;
  #collected = 0;

  constructor(reader: TreeReader, commit: string, signal: AbortSignal | undefined) {
    this.#reader = reader;
    this.#commit = commit;
    this.#signal = signal;
  }

  listing(): TreeListing {
    const byPath = (a: { path: string }, b: { path: string }) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0);
    return { commit: this.#commit, files: this.#files.sort(byPath), skipped: this.#skipped.sort(byPath) };
  }

  /**
   * Everything below tree `id`. `shown` is the path that the caller asked for; `real` is where the tree stands in the
   * commit, which differs behind a symlink; `trail` holds the directories of the symlinks passed on the way here.
   */
  async collect(id: string, shown: string, real: readonly string[], trail: Trail): Promise<void> {
    this.#collected += 1;
    if (this.#collected > MAX_LOOKUPS) throw tooLarge(`symlinks lead to more than ${MAX_LOOKUPS} directories`);
    const links: TreeEntry[] = [];
    await this.#list(['-r', '-l', id], (entry) => {
      const path = shown === '' ? entry.path : `${shown}/${entry.path}`;
      if (entry.damaged) this.#skip(path, 'its name is not UTF-8');
      else if (entry.mode === SUBMODULE) this.#skip(path, 'submodules are not read');
      else if (entry.mode === LINK) links.push(entry);
      else this.#add(path, entry);
      this.#checkCount();
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
      this.#checkCount();
      return;
    }
    const passed = [...trail, directory];
    // A directory that holds a symlink passed on the way would be walked for ever.
    if (passed.some((holder) => target.at.every((part, index) => holder[index] === part))) {
      this.#skip(path, 'the symlink leads to a directory that holds it');
      return;
    }
    await this.collect(target.id, path, target.at, passed);
  }

  /** Where a symlink leads, as far as this commit's tree goes. */
  async #follow(link: TreeEntry, directory: readonly string[], hops: number): Promise<Located | Refusal | undefined> {
    if (hops >= gitLimits.symlinkHops)
      return { why: `more than ${gitLimits.symlinkHops} symlinks in a chain, or a loop` };
    if (link.sizeBytes > MAX_TARGET) return { why: 'the symlink is too long' };
    const blob = await this.#reader.catFile.read(link.id);
    const target = Buffer.from(blob?.bytes ?? new Uint8Array()).toString('utf8');
    if (target === '' || target.includes('\0')) return { why: 'the symlink names no path' };
    if (target.startsWith('/')) return { why: 'the symlink leads out of the repository' };
    const parts = [...directory];
    for (const part of target.split('/')) {
      if (part === '' || part === '.') continue;
      if (part !== '..') {
        parts.push(part);
        continue;
      }
      if (parts.pop() === undefined) return { why: 'the symlink leads out of the repository' };
    }
    return this.locate(parts, hops + 1);
  }

  /** What stands at a path of the commit, symlinks on the way resolved. Undefined: nothing. */
  async locate(parts: readonly string[], hops: number): Promise<Located | Refusal | undefined> {
    let tree = await this.#root();
    if (tree === undefined) return undefined;
    let at: readonly string[] = [];
    for (const [index, part] of parts.entries()) {
      const entry: TreeEntry | undefined = (await this.#entries(tree)).get(part);
      if (entry === undefined) return undefined;
      const rest = parts.slice(index + 1);
      if (entry.mode === LINK) {
        const target = await this.#follow(entry, at, hops);
        if (target === undefined || 'why' in target || rest.length === 0) return target;
        return target.type === 'tree' ? this.locate([...target.at, ...rest], hops + 1) : undefined;
      }
      at = [...at, part];
      if (entry.mode === '040000') tree = entry.id;
      else if (entry.mode === SUBMODULE) return { why: 'the symlink leads into a submodule' };
      else return rest.length === 0 ? { type: 'blob', entry, at } : undefined;
    }
    return { type: 'tree', id: tree, at };
  }

  async #root(): Promise<string | undefined> {
    this.#rootId ??= (await this.#reader.catFile.read(`${this.#commit}^{tree}`))?.id;
    return this.#rootId;
  }

  async #entries(tree: string): Promise<ReadonlyMap<string, TreeEntry>> {
    const known = this.#directories.get(tree);
    if (known !== undefined) return known;
    if (this.#directories.size >= MAX_LOOKUPS)
      throw tooLarge(`symlinks lead through more than ${MAX_LOOKUPS} directories`);
    const entries = new Map<string, TreeEntry>();
    await this.#list(['-l', tree], (entry) => {
      entries.set(entry.path, entry);
      if (entries.size > gitLimits.filesPerApplication) throw tooLarge('a directory has too many entries');
    });
    this.#directories.set(tree, entries);
    return entries;
  }

  #add(path: string, entry: TreeEntry): void {
    if (entry.sizeBytes > gitLimits.fileBytes) {
      this.#skip(path, `the file has ${entry.sizeBytes} bytes, over the limit of ${gitLimits.fileBytes}`);
      return;
    }
    this.#files.push({ path, blobId: entry.id, sizeBytes: entry.sizeBytes });
  }

  #skip(path: string, reason: string): void {
    this.#skipped.push({ path, reason });
  }

  #checkCount(): void {
    if (this.#files.length + this.#skipped.length > gitLimits.filesPerApplication) {
      throw tooLarge(`more than ${gitLimits.filesPerApplication} files`);
    }
  }

  /** Streams `git ls-tree`, so that a tree of 10^10 paths costs no more than what is taken of it. */
  async #list(args: readonly string[], each: (entry: TreeEntry) => void): Promise<void> {
    this.#signal?.throwIfAborted();
    const child = this.#reader.spawn(['ls-tree', '-z', ...args]);
    child.stdin.end();
    let stderr = '';
    child.stderr.on('data', (chunk: Buffer) => {
      if (stderr.length < MAX_PATH) stderr += chunk.toString('utf8');
    });
    const exit = new Promise<number | null>((resolve, reject) => {
      child.on('error', (error) => reject(new GitError('GitFailed', 'git could not be started', error)));
      child.on('close', resolve);
    });
    try {
      let rest = Buffer.alloc(0);
      for await (const chunk of child.stdout as AsyncIterable<Buffer>) {
        this.#signal?.throwIfAborted();
        rest = eachRecord(rest.length === 0 ? chunk : Buffer.concat([rest, chunk]), each);
        if (rest.length > MAX_PATH + 128) throw tooLarge('a path is too long');
      }
    } catch (error) {
      child.kill('SIGKILL');
      await exit;
      throw error;
    }
    if ((await exit) !== 0) throw new GitError('GitFailed', `git ls-tree failed: ${errorMessage(stderr.trim())}`);
  }
}

/** `<mode> SP <type> SP <id> SP+ <size or -> TAB <path> NUL`. Returns the unfinished rest. */
function eachRecord(bytes: Buffer, each: (entry: TreeEntry) => void): Buffer<ArrayBuffer> {
  let start = 0;
  for (let end = bytes.indexOf(0); end >= 0; end = bytes.indexOf(0, start)) {
    each(parseRecord(bytes.subarray(start, end)));
    start = end + 1;
  }
  return Buffer.from(bytes.subarray(start));
}

function parseRecord(record: Buffer): TreeEntry {
  const tab = record.indexOf(9);
  const match = /^(\d{6}) (?:blob|tree|commit) ([0-9a-f]{40,64}) +(\d+|-)$/.exec(
    record.subarray(0, tab).toString('latin1'),
  );
  if (tab < 0 || match === null) throw new GitError('GitFailed', 'git ls-tree answered nonsense');
  const name = record.subarray(tab + 1);
  const path = name.toString('utf8');
  if (path.split('/', gitLimits.treeDepth + 1).length > gitLimits.treeDepth) {
    throw tooLarge(`directories nest deeper than ${gitLimits.treeDepth}`);
  }
  return {
    mode: match[1] as string,
    id: match[2] as string,
    sizeBytes: match[3] === '-' ? 0 : Number(match[3]),
    path,
    damaged: !Buffer.from(path, 'utf8').equals(name),
  };
}

function tooLarge(why: string): GitError {
  return new GitError('TreeTooLarge', `the tree is too large to read: ${why}`);
}
