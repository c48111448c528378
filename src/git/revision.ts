import { compareVersions, parseConstraint, parseVersion, type Version } from '#base';
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

/** Longest range of versions that is read. Source: MAX_NAME, as whatever else stands for a revision. */
const MAX_RANGE = MAX_NAME;

/**
 * A test for the versions that a revision such as `1.2.*`, `>=1.0.0 <2.0.0` or `^1.2` allows; undefined for what is no
 * range, and for one version (`v1.2.3`, `1.2`), which is a name. Source: argo-cd docs/user-guide/tracking_strategies.md.
 */
export function versionRange(revision: string): ((version: Version) => boolean) | undefined {
  if (revision === '' || revision.length > MAX_RANGE || isCommitId(revision)) return undefined;
  return parseVersion(revision) === undefined ? parseConstraint(revision) : undefined;
}

/**
 * The tag with the newest version that is allowed; undefined without one. Tags that are no version are passed over. Of
 * two names for one version (`1.2.0`, `v1.2.0`) it is the first by name, so that the answer does not depend on order.
 */
export function newestTag(tags: Iterable<string>, isAllowed: (version: Version) => boolean): string | undefined {
  let newest: { readonly tag: string; readonly version: Version } | undefined;
  for (const tag of tags) {
    const version = parseVersion(tag);
    if (version === undefined || !isAllowed(version)) continue;
    const order = newest === undefined ? 1 : compareVersions(version, newest.version);
    if (newest === undefined || order > 0 || (order === 0 && tag < newest.tag)) newest = { tag, version };
  }
  return newest?.tag;
}

/** A directory inside a repository, normalised: no leading or trailing slash, '' for the root. Undefined if it cannot be one. */
export function normalizeTreePath(path: string): string | undefined {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: such a path is refused.
  if (path.length > 4_096 || path.startsWith('/') || /[\u0000-\u001f\u007f\\]/.test(path)) return undefined;
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  return parts.includes('..') ? undefined : parts.join('/');
}
