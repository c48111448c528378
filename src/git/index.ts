/** A Git repository as commits and blobs: fetched into a bare mirror, never checked out. */
export type {
  CommitInfo,
  GitMirror,
  RepositoryCredentials,
  SkippedEntry,
  TreeFile,
  TreeListing,
} from './repository.ts';
export { gitLimits } from './repository.ts';
