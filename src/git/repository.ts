/**
 * Git without a work tree: a bare mirror that is fetched into, and objects read by commit id.
 * Errors: `GitError` with a code: `RepositoryUnreachable`, `AuthenticationFailed`, `HostKeyUnknown`, `RevisionNotFound`,
 * `GitObjectInvalid`, `RepositoryUrlNotAllowed`, `SignatureInvalid`, `GitTimeout`, `TreeTooLarge`, `GitFailed`. Retryable ones say so.
 */

export interface RepositoryCredentials {
  readonly username?: string;
  readonly password?: string;
  readonly token?: string;
  readonly sshPrivateKey?: string;
  /** Lines of known_hosts; fails closed without a match. */
  readonly sshKnownHosts?: string;
}

export interface TreeFile {
  /** Path in the repository, `/`-separated, no leading slash. */
  readonly path: string;
  readonly blobId: string;
  readonly sizeBytes: number;
}

/** A tree entry that is not read, and why: symlink out of the tree, submodule, over a limit, a name that is not UTF-8. */
export interface SkippedEntry {
  readonly path: string;
  readonly reason: string;
}

export interface TreeListing {
  readonly commit: string;
  readonly files: readonly TreeFile[];
  readonly skipped: readonly SkippedEntry[];
}

export interface CommitInfo {
  readonly id: string;
  readonly author: string;
  readonly email: string;
  readonly committedAtMs: number;
  readonly message: string;
}

export interface GitMirror {
  readonly url: string;
  /** Fetches all branches and tags. Nothing that was readable by commit id before stops being so. */
  fetch(signal?: AbortSignal): Promise<void>;
  /**
   * The commit a branch, tag, `HEAD` or id names now in the mirror. Throws `RevisionNotFound`, and `SignatureInvalid` where
   * signatures are enforced and this commit's does not count.
   */
  resolve(revision: string): Promise<string>;
  /** Why the signature of a commit that was resolved does not count, where that is only to be told. */
  signatureWarning(commit: string): string | undefined;
  /** Files below `path` ('' for all) at a commit, symlinks inside the tree resolved. `undefined`: no such path there. Throws `TreeTooLarge`. */
  listTree(commit: string, path: string, maxFiles?: number): Promise<TreeListing | undefined>;
  /** Bytes of blobs, in the order asked. */
  readBlobs(blobIds: readonly string[], signal?: AbortSignal): Promise<readonly Uint8Array[]>;
  commitInfo(commit: string): Promise<CommitInfo>;
  /** For each path the last commit, at or before `commit`, that changed it. */
  lastChanges(commit: string, paths: readonly string[]): Promise<ReadonlyMap<string, string>>;
  /** Whether `ancestor` is in the history of `commit`. */
  isAncestor(ancestor: string, commit: string): Promise<boolean>;
  /** Whether two commits have any commit in common; false after a force-push to unrelated history, or when one is gone. */
  isRelated(left: string, right: string): Promise<boolean>;
  close(): Promise<void>;
}

export const gitLimits = {
  filesPerApplication: 20_000,
  /** Of a whole repository, where what an Application needs may lie anywhere in it. */
  filesPerRepository: 200_000,
  treeDepth: 32,
  fileBytes: 1_048_576,
  applicationBytes: 33_554_432,
  symlinkHops: 16,
  /** A fetch in which the server says nothing for so long ends. */
  fetchTimeoutMs: 60_000,
  /** A fetch ends after this in any case. */
  fetchTotalMs: 900_000,
  /** A mirror may grow to this while it is fetched. */
  mirrorBytes: 4_294_967_296,
  /** Commits kept readable after the server dropped them, newest first. */
  keptCommits: 64,
  /** Tags looked at for a range of versions, the newest by version. */
  tags: 20_000,
  /** Commits looked at to find the last change of a file. */
  historyCommits: 20_000,
  /** Time spent on that. */
  historyMs: 20_000,
} as const;
