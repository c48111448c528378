import { createHash } from 'node:crypto';
import { GitError, type GitMirror, type TreeListing } from '#git';

interface Commit {
  readonly id: string;
  readonly parent: string | undefined;
  readonly atMs: number;
  readonly files: ReadonlyMap<string, string>;
}

/** A repository on another machine, with one branch, and the mirror of it on this one. */
export class SimulatedRepository {
  readonly url = 'https://git.example/fleet.git';
  readonly #commits = new Map<string, Commit>();
  readonly #blobs = new Map<string, Uint8Array>();
  #head: Commit | undefined;
  /** What the mirror knows of, as on a disk. */
  #fetched: Commit | undefined;
  /** Fetches that fail from now on. */
  failures = 0;

  /** Commits these files and no others; answers the commit's id. */
  commit(files: ReadonlyMap<string, string>, atMs: number): string {
    const hash = createHash('sha1').update(`${this.#head?.id ?? ''} ${atMs}`);
    for (const [path, text] of files) {
      hash.update(`${path}\n${text}\n`);
      this.#blobs.set(blobId(text), new TextEncoder().encode(text));
    }
    const commit: Commit = { id: hash.digest('hex'), parent: this.#head?.id, atMs, files: new Map(files) };
    this.#commits.set(commit.id, commit);
    this.#head = commit;
    return commit.id;
  }

  get head(): string {
    return this.#head?.id ?? '';
  }

  filesOf(commit: string): ReadonlyMap<string, string> {
    return this.#commits.get(commit)?.files ?? new Map();
  }

  /** As a process reads it: what was fetched before it began is there. */
  mirror(): GitMirror {
    const known = (id: string): Commit => {
      const commit = this.#commits.get(id);
      if (commit === undefined) throw new GitError('RevisionNotFound', `no commit ${id}`);
      return commit;
    };
    return {
      url: this.url,
      fetch: async () => {
        if (this.failures > 0) {
          this.failures -= 1;
          throw new GitError('RepositoryUnreachable', 'the repository does not answer');
        }
        this.#fetched = this.#head;
      },
      resolve: async (revision) => {
        if (revision !== 'main' && revision !== 'HEAD') return known(revision).id;
        if (this.#fetched === undefined) throw new GitError('RevisionNotFound', 'nothing was fetched');
        return this.#fetched.id;
      },
      signatureWarning: () => undefined,
      listTree: async (commit, path): Promise<TreeListing | undefined> => {
        const prefix = path === '' ? '' : `${path}/`;
        const files = [...known(commit).files].filter(([name]) => name.startsWith(prefix));
        if (files.length === 0) return undefined;
        return {
          commit,
          files: files
            .map(([name, text]) => ({ path: name, blobId: blobId(text), sizeBytes: text.length }))
            .toSorted((left, right) => (left.path < right.path ? -1 : 1)),
          skipped: [],
        };
      },
      readBlobs: async (ids) => ids.map((id) => this.#blobs.get(id) ?? new Uint8Array()),
      commitInfo: async (id) => {
        const { atMs } = known(id);
        return { id, author: 'Ada', email: 'ada@example.com', committedAtMs: atMs, message: 'change' };
      },
      lastChanges: async (id, paths) => {
        const wanted = known(id);
        return new Map(paths.map((path) => [path, this.#lastChange(wanted, path)]));
      },
      isAncestor: async (ancestor, id) => {
        for (let at: Commit | undefined = known(id); at !== undefined; at = this.#parentOf(at)) {
          if (at.id === ancestor) return true;
        }
        return false;
      },
      isRelated: async (left, right) => this.#commits.has(left) && this.#commits.has(right),
      close: async () => undefined,
    };
  }

  #parentOf({ parent }: Commit): Commit | undefined {
    return parent === undefined ? undefined : this.#commits.get(parent);
  }

  #lastChange(commit: Commit, path: string): string {
    let at = commit;
    for (let before = this.#parentOf(at); before !== undefined; before = this.#parentOf(at)) {
      if (before.files.get(path) !== at.files.get(path)) break;
      at = before;
    }
    return at.id;
  }
}

/** As Git names a blob. */
function blobId(text: string): string {
  return createHash('sha1')
    .update(`blob ${Buffer.byteLength(text)}\0${text}`)
    .digest('hex');
}
