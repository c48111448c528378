import { describe, expect, it } from 'vitest';
import { parseCommit } from './commit-object.ts';
import { gitErrorFrom, scrub } from './errors.ts';
import { parseRepositoryUrl, sameRepository } from './repository-url.ts';
import { newestTag, normalizeTreePath, revisionCandidates, versionRange } from './revision.ts';

describe('src/git/repository-url.ts', () => {
  it.each([
    ['https://github.com/a/b.git', 'https', 'github.com/a/b'],
    ['https://GitHub.com/a/b/', 'https', 'github.com/a/b'],
    ['https://git.local:8443/a', 'https', 'git.local:8443/a'],
    ['ssh://git@host:2222/a/b.git', 'ssh', 'host:2222/a/b'],
    ['git@github.com:a/b.git', 'ssh', 'github.com/a/b'],
    ['host:a', 'ssh', 'host/a'],
    ['http://127.0.0.1:3000/a', 'http', '127.0.0.1:3000/a'],
  ])('takes %s', (url, kind, identity) => {
    expect(parseRepositoryUrl(url, { allowLocal: false })).toMatchObject({ kind, identity, url });
  });

  it.each([
    '',
    '--upload-pack=touch /tmp/x',
    '-oProxyCommand=x',
    'ext::sh -c id',
    'fd::17',
    'http::x',
    'file:///etc',
    '/etc',
    'http://git.example.com/a',
    'ftp://host/a',
    'git://host/a',
    'https://user:token@host/a',
    'https://user@host/a',
    'ssh://git:pass@host/a',
    'ssh://-oProxyCommand=x/a',
    'https://host/team/../other/a.git',
    'https://host/team/%2E%2e/other/a.git',
    'https://host/./a',
    'git@host:team/../other/a',
    'https://host/a?x=1',
    'https://host/a#x',
    'https://ho st/a',
    'https://host/a\nb',
    'https://host\\@evil/a',
    'https:///a',
    'git@-host:a',
    'host:-x',
    `https://host/${'a'.repeat(3_000)}`,
  ])('refuses %s', (url) => {
    expect(() => parseRepositoryUrl(url, { allowLocal: false })).toThrow(
      expect.objectContaining({ code: 'RepositoryUrlNotAllowed' }),
    );
  });

  it('takes a local path only where the operator named it, and none with ..', () => {
    expect(parseRepositoryUrl('/srv/repo/', { allowLocal: true })).toMatchObject({ kind: 'local', path: '/srv/repo' });
    expect(parseRepositoryUrl('file:///srv/repo', { allowLocal: true })).toMatchObject({
      kind: 'local',
      path: '/srv/repo',
    });
    expect(() => parseRepositoryUrl('/srv/../etc', { allowLocal: true })).toThrow();
    expect(() => parseRepositoryUrl('relative', { allowLocal: true })).toThrow();
  });

  it('knows two spellings of one repository, and treats a pattern as text', () => {
    expect(sameRepository('https://github.com/a/b.git', 'git@github.com:a/b')).toBe(true);
    expect(sameRepository('https://github.com/a/b', 'https://github.com/a/c')).toBe(false);
    expect(sameRepository('https://github.com/.*', 'https://github.com/a')).toBe(false);
    expect(sameRepository('((((', 'https://github.com/a')).toBe(false);
  });
});

describe('src/git/revision.ts', () => {
  it.each([
    ['', ['refs/plumbline/HEAD']],
    ['HEAD', ['refs/plumbline/HEAD']],
    ['main', ['refs/heads/main', 'refs/tags/main']],
    ['feature/x', ['refs/heads/feature/x', 'refs/tags/feature/x']],
    ['refs/tags/v1', ['refs/tags/v1']],
    ['a'.repeat(40), ['a'.repeat(40)]],
  ])('looks for %s', (revision, expected) => {
    expect(revisionCandidates(revision)).toEqual(expected);
  });

  const tags = ['nightly', '0.9.0', 'v1.0.0', '1.2.3', 'v1.2.10', '1.3.0-rc.1', 'v1.9.0', '2.0.0', 'app-3.0.0'];
  it.each([
    ['1.2.*', 'v1.2.10'],
    ['1.2.x', 'v1.2.10'],
    ['^1.2', 'v1.9.0'],
    ['~1.2.3', 'v1.2.10'],
    ['>=1.0.0 <2.0.0', 'v1.9.0'],
    ['>=1.0.0, <1.9', 'v1.2.10'],
    ['1.0 - 1.2', 'v1.2.10'],
    ['<1 || ~1.0', 'v1.0.0'],
    ['>=1.3.0-0 <1.9-0', '1.3.0-rc.1'],
    ['*', '2.0.0'],
    ['^3', undefined],
  ])('takes the newest tag of %s, a prerelease only where one is named', (revision, expected) => {
    const range = versionRange(revision);
    expect(range).toBeDefined();
    expect(newestTag(tags, range ?? (() => true))).toBe(expected);
    expect(newestTag(tags.toReversed(), range ?? (() => true))).toBe(expected);
  });

  it('takes the same of two names of one version, whichever comes first', () => {
    expect(newestTag(['v1.0.0', '1.0.0'], () => true)).toBe('1.0.0');
    expect(newestTag(['1.0.0', 'v1.0.0'], () => true)).toBe('1.0.0');
  });

  it.each([
    '',
    'HEAD',
    'main',
    'v1.2.3',
    '1.2',
    '2',
    'release-1.x',
    'feature/x',
    '1'.repeat(40),
    `>=${'1'.repeat(300)}`,
  ])('reads no range in "%s"', (revision) => {
    expect(versionRange(revision)).toBeUndefined();
  });

  it.each([
    '-x',
    '--output=x',
    'a..b',
    'a b',
    'a^',
    'a~1',
    'a:b',
    'a@{1}',
    '@',
    'a//b',
    '/a',
    'a/',
    'a.lock',
    '.a',
    'a/.b',
    'a\nb',
    'x'.repeat(300),
    'a*',
    'a\\b',
  ])('refuses %s', (revision) => {
    expect(() => revisionCandidates(revision)).toThrow(expect.objectContaining({ code: 'RevisionNotFound' }));
  });

  it.each([
    ['', ''],
    ['.', ''],
    ['./a//b/', 'a/b'],
    ['../a', undefined],
    ['a/../../b', undefined],
    ['/etc', undefined],
    ['a\\b', undefined],
    ['a\0b', undefined],
  ])('normalises the path %s', (path, expected) => {
    expect(normalizeTreePath(path)).toBe(expected);
  });
});

describe('src/git/errors.ts', () => {
  it.each([
    ['fatal: unable to access: Could not resolve host: nowhere', 'RepositoryUnreachable'],
    [
      'ssh: connect to host x port 22: Connection refused\nfatal: Could not read from remote repository.',
      'RepositoryUnreachable',
    ],
    ["fatal: repository 'https://x/y' not found", 'RepositoryUnreachable'],
    ['fatal: Authentication failed for x', 'AuthenticationFailed'],
    [
      'git@github.com: Permission denied (publickey).\nfatal: Could not read from remote repository.',
      'AuthenticationFailed',
    ],
    ["fatal: could not read Username for 'https://x': terminal prompts disabled", 'AuthenticationFailed'],
    ['error: RPC failed; The requested URL returned error: 403', 'AuthenticationFailed'],
    ['Host key verification failed.\nfatal: Could not read from remote repository.', 'HostKeyUnknown'],
    ["fatal: transport 'ext' not allowed", 'RepositoryUrlNotAllowed'],
    ['error: object abc: hasDotdot: contains ..\nfatal: fsck error in packed object', 'GitObjectInvalid'],
    ["fatal: couldn't find remote ref HEAD", 'RevisionNotFound'],
    ['error: RPC failed; curl 28 Operation too slow.', 'GitTimeout'],
    ['fatal: something new', 'GitFailed'],
  ])('reads %s as %s', (stderr, code) => {
    expect(gitErrorFrom(stderr).code).toBe(code);
  });

  it('lets no credential through, by value or by shape', () => {
    const { message } = gitErrorFrom('fatal: x https://user:hunter22@host/ Authorization: Basic abcdef and s3cr3t', [
      's3cr3t',
    ]);
    expect(message).not.toMatch(/hunter22|abcdef|s3cr3t/);
    expect(scrub('ssh://git@host', [])).toBe('ssh://***@host');
  });
});

describe('src/git/commit-object.ts', () => {
  it('reads a commit, and takes out what would make shown text lie', () => {
    const text =
      'tree x\nauthor A\u202eda <a@b> 1 +0000\ncommitter B <b@c> 1767225600 +0000\n\nSubject\u001b[31m\n\nBody\n';
    expect(parseCommit('id', Buffer.from(text))).toEqual({
      id: 'id',
      author: 'Ada',
      email: 'a@b',
      committedAtMs: Date.UTC(2026, 0, 1),
      message: 'Subject[31m\n\nBody',
    });
  });

  it.each(['9'.repeat(30), '-5', 'x'])('survives the date %s', (seconds) => {
    const text = `tree x\ncommitter B <b@c> ${seconds} +0000\n\nm`;
    expect(() => new Date(parseCommit('id', Buffer.from(text)).committedAtMs).toISOString()).not.toThrow();
  });
});
