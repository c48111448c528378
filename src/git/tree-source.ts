import { GitError } from './errors.ts';
import type { GitChild } from './git-command.ts';
import { gitLimits } from './repository.ts';

export interface TreeEntry {
  readonly mode: string;
  readonly id: string;
  readonly sizeBytes: number;
  /** Relative to the directory that was asked about. */
  readonly path: string;
  /** The name's bytes are not UTF-8; `path` shows them with replacement characters. */
  readonly damaged: boolean;
}

export const LINK = '120000';
export const SUBMODULE = '160000';
export const DIRECTORY = '040000';

/** One commit's tree by path. Symlinks are entries like any other here. */
export interface TreeSource {
  /** Entries of one directory by name; undefined when there is no such directory. */
  entries(directory: string): Promise<ReadonlyMap<string, TreeEntry> | undefined>;
  /** Every file below a directory. `each` may throw to end it. */
  below(directory: string, each: (entry: TreeEntry) => void): Promise<void>;
}

export type SpawnGit = (args: readonly string[]) => GitChild;

/** Entries of a commit that is listed whole, once for all Applications in it. Larger ones are listed folder by folder. */
const WHOLE_ENTRIES = 50_000;
/** Entries of one directory. */
const DIRECTORY_ENTRIES = gitLimits.filesPerApplication;
/** Longest path that is looked at, in bytes. Source: Linux PATH_MAX. */
const MAX_PATH = 4_096;

/** The whole tree of a commit in memory, from one git process; undefined when it is too large for that. */
export async function readWholeTree(spawn: SpawnGit, commit: string): Promise<TreeSource | undefined> {
  const directories = new Map<string, Map<string, TreeEntry>>([['', new Map()]]);
  let count = 0;
  try {
    const isThere = await streamTree(spawn, ['-r', '-t', '-l'], commit, (entry) => {
      count += 1;
      if (count > WHOLE_ENTRIES) throw tooLarge('too many entries');
      const slash = entry.path.lastIndexOf('/');
      const name = entry.path.slice(slash + 1);
      directories.get(slash < 0 ? '' : entry.path.slice(0, slash))?.set(name, { ...entry, path: name });
      if (entry.mode === DIRECTORY) directories.set(entry.path, new Map());
    });
    // Never to be taken for an empty tree: what is not there cannot be read.
    if (!isThere) throw missing(commit);
  } catch (error) {
    if (error instanceof GitError && error.code === 'TreeTooLarge') return undefined;
    throw error;
  }
  const walk = (directory: string, relative: string, each: (entry: TreeEntry) => void) => {
    for (const [name, entry] of directories.get(directory) ?? []) {
      const path = relative === '' ? name : `${relative}/${name}`;
      if (entry.mode === DIRECTORY) walk(directory === '' ? name : `${directory}/${name}`, path, each);
      else each({ ...entry, path });
    }
  };
  return {
    entries: async (directory) => directories.get(directory),
    below: async (directory, each) => walk(directory, '', each),
  };
}

/** The tree of a commit, asked about piece by piece: for repositories that are too large to be listed whole. */
export function lazyTree(spawn: SpawnGit, commit: string): TreeSource {
  const treeish = (directory: string) => (directory === '' ? commit : `${commit}:${directory}`);
  return {
    async entries(directory) {
      const entries = new Map<string, TreeEntry>();
      const isThere = await streamTree(spawn, ['-l'], treeish(directory), (entry) => {
        entries.set(entry.path, entry);
        if (entries.size > DIRECTORY_ENTRIES) throw tooLarge('a directory has too many entries');
      });
      return isThere ? entries : undefined;
    },
    async below(directory, each) {
      const isThere = await streamTree(spawn, ['-r', '-l'], treeish(directory), each);
      if (!isThere) throw missing(commit);
    },
  };
}

/** Streams `git ls-tree`, so that a tree of 10^10 paths costs no more than what is taken of it. False: no such tree. */
async function streamTree(
  spawn: SpawnGit,
  options: readonly string[],
  treeish: string,
  each: (entry: TreeEntry) => void,
): Promise<boolean> {
  const child = spawn(['ls-tree', '-z', ...options, '--end-of-options', treeish]);
  child.stdin.on('error', () => undefined);
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
      rest = eachRecord(rest.length === 0 ? chunk : Buffer.concat([rest, chunk]), each);
      if (rest.length > MAX_PATH + 128) throw tooLarge('a path is too long');
    }
  } catch (error) {
    child.kill('SIGKILL');
    await exit;
    throw error;
  }
  const code = await exit;
  if (code === 0) return true;
  if (/not a (valid object name|tree object)/i.test(stderr)) return false;
  throw new GitError('GitFailed', `git ls-tree failed: ${stderr.trim()}`);
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
  const head = record.subarray(0, tab).toString('latin1');
  const match = /^(\d{6}) (?:blob|tree|commit) ([0-9a-f]{40,64}) +(\d+|-)$/.exec(head);
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

function missing(commit: string): GitError {
  return new GitError('GitObjectInvalid', `the mirror does not hold the tree of commit ${commit}`);
}

export function tooLarge(why: string): GitError {
  return new GitError('TreeTooLarge', `the tree is too large to read: ${why}`);
}
