import { PlumblineError } from '#base';

/** What can go wrong with a repository. Each has a row in docs/errors.md. */
export type GitErrorCode =
  | 'RepositoryUnreachable'
  | 'AuthenticationFailed'
  | 'HostKeyUnknown'
  | 'RevisionNotFound'
  | 'GitObjectInvalid'
  | 'RepositoryUrlNotAllowed'
  | 'SignatureInvalid'
  | 'GitTimeout'
  | 'TreeTooLarge'
  | 'GitFailed';

const RETRYABLE: ReadonlySet<GitErrorCode> = new Set([
  'RepositoryUnreachable',
  'AuthenticationFailed',
  'HostKeyUnknown',
  'RevisionNotFound',
  'SignatureInvalid',
  'GitTimeout',
  'GitFailed',
]);

/** Git refused or failed. The message is one a person can act on and never holds a credential. */
export class GitError extends PlumblineError {
  declare readonly code: GitErrorCode;

  constructor(code: GitErrorCode, message: string, cause?: unknown) {
    super(message, { code, retryable: RETRYABLE.has(code), cause });
  }
}

/** Longest part of git's own words that is kept. */
const MAX_WORDS = 400;

/** Patterns of git's, curl's and ssh's messages (LC_ALL=C), first match wins. */
const PATTERNS: readonly (readonly [RegExp, GitErrorCode, string])[] = [
  [
    /host key verification failed|no matching host key|remote host identification has changed/i,
    'HostKeyUnknown',
    'the host key of the server is unknown or has changed; compare it with the one the server shows and record it with `plumb repo add`',
  ],
  [
    /authentication failed|permission denied|could not read (username|password)|invalid credentials|returned error: 40[13]|access denied|invalid username or/i,
    'AuthenticationFailed',
    'the server refuses the credentials, or asks for some and none are recorded',
  ],
  [
    /detected dubious ownership/i,
    'AuthenticationFailed',
    'the local repository belongs to another user and was not named by the operator',
  ],
  [
    /transport '.*' not allowed|protocol '.*' is not supported|strange (hostname|pathname|port)|remote helper/i,
    'RepositoryUrlNotAllowed',
    'this kind of repository URL is not allowed',
  ],
  [
    /fsck error|not a valid object|bad object|unpack-objects (failed|error)|index-pack failed|pack has bad|inflate: data stream error|invalid index-pack output|object .* (is corrupt|corrupt or missing)/i,
    'GitObjectInvalid',
    'the server sent objects that git refuses',
  ],
  [/couldn't find remote ref|unknown revision|bad revision/i, 'RevisionNotFound', 'no such branch, tag or commit'],
  [/timed out|operation too slow|transfer speed|timeout/i, 'GitTimeout', 'the server did not answer in time'],
  [
    /could not resolve host|connection (refused|reset|closed)|no route to host|network is unreachable|unable to access|repository .* not found|not appear to be a git repository|no such file or directory|could not read from remote|the remote end hung up|early eof|ssl|certificate|returned error: \d+|redirect|empty reply/i,
    'RepositoryUnreachable',
    'the repository cannot be reached',
  ],
];

/** Turns what git said on stderr into an error. `secrets` are values that must not appear in it. */
export function gitErrorFrom(stderr: string, secrets: readonly string[] = [], cause?: unknown): GitError {
  const words = lastWords(scrub(stderr, secrets));
  for (const [pattern, code, meaning] of PATTERNS) {
    if (pattern.test(stderr)) return new GitError(code, words === '' ? meaning : `${meaning} (git: ${words})`, cause);
  }
  return new GitError('GitFailed', words === '' ? 'git failed without a word' : `git failed: ${words}`, cause);
}

/** Takes credentials out of text: by value, and by the shapes they come in. */
export function scrub(text: string, secrets: readonly string[]): string {
  let clean = text;
  for (const secret of secrets) if (secret.length >= 4) clean = clean.replaceAll(secret, '***');
  return clean
    .replace(/([a-z][a-z0-9+.-]*:\/\/)[^\s/@]+@/gi, '$1***@')
    .replace(/(authorization:\s*\w+\s+)\S+/gi, '$1***');
}

/** The lines that say why, in one line, without control characters. */
function lastWords(stderr: string): string {
  const lines = stderr
    .split(/[\r\n]+/)
    // biome-ignore lint/suspicious/noControlCharactersInRegex: a server's words may carry terminal escapes.
    .map((line) => line.replace(/[\u0000-\u001f\u007f]+/g, ' ').trim())
    .filter(
      (line) => line !== '' && !/^(hint:|warning: |remote: (counting|compressing|enumerating|total))/i.test(line),
    );
  const telling = lines.filter((line) => /^(fatal|error|ssh|remote):|denied|failed|refused/i.test(line));
  return (telling.length > 0 ? telling : lines).slice(0, 3).join('; ').slice(0, MAX_WORDS);
}
