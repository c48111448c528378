import { GitError } from './errors.ts';

/** A repository's address, checked before git sees it. */
export interface RepositoryUrl {
  readonly kind: 'https' | 'http' | 'ssh' | 'local';
  /** What is handed to git. Equal repositories compare equal by `identity`, not by this. */
  readonly url: string;
  /** Lower-cased host, no credentials, no trailing `.git` or `/`: compares repositories from webhooks and Applications. */
  readonly identity: string;
  readonly host?: string;
  readonly port?: number;
  /** Kind `local`: the absolute path. */
  readonly path?: string;
}

/** Longest URL that is looked at. */
const MAX_URL = 2_048;
const HOST = /^(?:[a-z0-9](?:[a-z0-9._-]{0,252}[a-z0-9])?|\[[0-9a-f:.]{2,45}\])$/i;
const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]']);
const SCP_FORM = /^(?:([A-Za-z0-9_][A-Za-z0-9._-]*)@)?([A-Za-z0-9[][A-Za-z0-9._:\]-]*?):(?!\/\/)([^\s]+)$/;

/**
 * Reads a repository's address. Allowed: `https://`, `ssh://`, the scp form `user@host:path`, `http://` to a loopback
 * address, and, where the caller says so, an absolute path or `file://`. Everything else, and any URL that carries a
 * password, control characters or a leading dash, throws `RepositoryUrlNotAllowed`.
 */
export function parseRepositoryUrl(raw: string, options: { readonly allowLocal: boolean }): RepositoryUrl {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what is refused here.
  if (raw === '' || raw.length > MAX_URL || /[\u0000-\u0020\u007f\\]/.test(raw)) {
    throw refused('a repository URL holds no blanks, backslashes or control characters');
  }
  if (raw.startsWith('/') || /^file:\/\//i.test(raw)) return localUrl(raw, options.allowLocal);
  if (/^[a-z][a-z0-9+.-]*::/i.test(raw)) throw refused('remote helpers are not used');
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(raw)?.[1]?.toLowerCase();
  if (scheme === undefined) return scpUrl(raw);
  if (scheme !== 'https' && scheme !== 'http' && scheme !== 'ssh') throw refused(`scheme ${scheme}:// is not allowed`);
  return schemeUrl(raw, scheme);
}

/** Servers take them away: the address would be another than the one that rules and credentials are chosen by. */
const DOTS = /\/(?:\.|%2e){1,2}(?:\/|$)/i;
const NO_DOTS = 'a repository URL has no parts `.` or `..`';

function schemeUrl(raw: string, kind: 'https' | 'http' | 'ssh'): RepositoryUrl {
  let parsed: URL;
  try {
    parsed = new URL(raw);
  } catch (error) {
    throw refused('the URL cannot be read', error);
  }
  const host = parsed.hostname.toLowerCase();
  // Readers of URLs differ over missing hosts; git must not see another one than we do.
  if (!HOST.test(host) || /^[a-z]+:\/\/\//i.test(raw)) throw refused('the host name is not valid');
  if (trimPath(parsed.pathname) === '') throw refused('the URL names no repository');
  if (parsed.password !== '' || (kind !== 'ssh' && parsed.username !== '')) {
    throw refused('a URL carries no credentials; put them into the repository Secret');
  }
  if (parsed.username !== '' && !/^[A-Za-z0-9_][A-Za-z0-9._-]*$/.test(parsed.username)) {
    throw refused('the user name in the URL is not valid');
  }
  if (kind === 'http' && !LOOPBACK.has(host))
    throw refused('http:// is allowed to a loopback address only; use https://');
  if (DOTS.test(raw.slice(raw.indexOf('://') + '://'.length))) throw refused(NO_DOTS);
  if (parsed.search !== '' || parsed.hash !== '') throw refused('a repository URL has no query and no fragment');
  return {
    kind,
    url: raw,
    identity: `${host}${parsed.port === '' ? '' : `:${parsed.port}`}/${trimPath(parsed.pathname)}`,
    host,
    ...(parsed.port === '' ? {} : { port: Number(parsed.port) }),
  };
}

function scpUrl(raw: string): RepositoryUrl {
  const match = SCP_FORM.exec(raw);
  const host = match?.[2]?.toLowerCase();
  const path = match?.[3];
  if (host === undefined || path === undefined || !HOST.test(host) || path.startsWith('-')) {
    throw refused('use https://host/path, ssh://host/path or user@host:path');
  }
  if (DOTS.test(`/${path}`)) throw refused(NO_DOTS);
  return { kind: 'ssh', url: raw, identity: `${host}/${trimPath(path)}`, host };
}

function localUrl(raw: string, allowLocal: boolean): RepositoryUrl {
  if (!allowLocal) throw refused('local repositories are read only where the operator named the path');
  const path = /^file:\/\//i.test(raw) ? decodeURIComponent(raw.slice('file://'.length)) : raw;
  if (!path.startsWith('/') || path.split('/').includes('..') || path.includes('\0')) {
    throw refused('a local repository is named by an absolute path without `..`');
  }
  const clean = path.length > 1 ? path.replace(/\/+$/, '') : path;
  return { kind: 'local', url: clean, identity: clean, path: clean };
}

function trimPath(path: string): string {
  return path
    .replace(/^\/+/, '')
    .replace(/\/+$/, '')
    .replace(/\.git$/i, '');
}

function refused(why: string, cause?: unknown): GitError {
  return new GitError('RepositoryUrlNotAllowed', `repository URL not allowed: ${why}`, cause);
}

/** Whether two addresses name the same repository, as far as their text tells. Addresses that cannot be read differ. */
export function sameRepository(left: string, right: string): boolean {
  if (left === right) return true;
  try {
    const options = { allowLocal: true };
    return parseRepositoryUrl(left, options).identity === parseRepositoryUrl(right, options).identity;
  } catch (error) {
    if (error instanceof GitError) return false;
    throw error;
  }
}
