import { GitError } from './errors.ts';

/** Longest name of a branch or tag that is looked at. Source: NAME_MAX of the file systems refs live on. */
const MAX_NAME = 255;
const OBJECT_ID = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: git check-ref-format refuses them too.
const FORBIDDEN = /[\u0000-\u0020\u007f~^:?*[\\]|\.\.|@\{|\/\/|\.lock(?:\/|$)|\.$|\/$|^\/|(?:^|\/)\.|^@$/;

export function isCommitId(text: string): boolean {
  return OBJECT_ID.test(text);
}

/**
 * The names to ask the mirror for, in order, for a revision as a person writes it: '' and `HEAD` mean the default
 * branch, then a branch, a tag, a full ref, a commit id. Throws `RevisionNotFound` for what cannot be a name.
 */
export function revisionCandidates(revision: string): readonly string[] {
  if (revision === '' || revision === 'HEAD') return ['refs/plumbline/HEAD'];
  if (isCommitId(revision)) return [revision];
  if (revision.length > MAX_NAME || revision.startsWith('-') || FORBIDDEN.test(revision)) {
    throw new GitError('RevisionNotFound', 'targetRevision is not a valid name of a branch, tag or commit');
  }
  if (revision.startsWith('refs/heads/') || revision.startsWith('refs/tags/')) return [revision];
  return [`refs/heads/${revision}`, `refs/tags/${revision}`];
}

/** A directory inside a repository, normalised: no leading or trailing slash, '' for the root. Undefined if it cannot be one. */
export function normalizeTreePath(path: string): string | undefined {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: such a path is refused.
  if (path.length > 4_096 || path.startsWith('/') || /[\u0000-\u001f\u007f\\]/.test(path)) return undefined;
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  return parts.includes('..') ? undefined : parts.join('/');
}
