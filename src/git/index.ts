/** A Git repository as commits and blobs: fetched into a bare mirror, never checked out. */
export type { HostKey, RepositoryAccess } from './access.ts';
export { scanHostKeys, testAccess } from './access.ts';
export type { GitErrorCode } from './errors.ts';
export { GitError } from './errors.ts';
export type { MirrorOptions } from './mirror.ts';
export { openMirror } from './mirror.ts';
export type { RefWatcher, RefWatcherOptions } from './ref-watcher.ts';
export { createRefWatcher } from './ref-watcher.ts';
export type {
  CommitInfo,
  GitMirror,
  RepositoryCredentials,
  SkippedEntry,
  TreeFile,
  TreeListing,
} from './repository.ts';
export { gitLimits } from './repository.ts';
export type { RepositoryUrl } from './repository-url.ts';
export { parseRepositoryUrl, sameRepository } from './repository-url.ts';
export type { CommitTrust } from './signature.ts';
