import { rm, writeFile } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { silentLog, systemClock } from '#base';
import { createGitFixture, type GitFixture } from '../../test/support/git-fixture.ts';
import { openMirror } from './mirror.ts';
import { type GitMirror, gitLimits } from './repository.ts';

const text = (bytes: Uint8Array | undefined) => Buffer.from(bytes ?? []).toString('utf8');

describe('src/git/mirror.ts', () => {
  let fixture: GitFixture;
  let dir: string;
  let mirror: GitMirror;

  beforeEach(async () => {
    fixture = await createGitFixture();
    dir = join(tmpdir(), `plumb-mirror-${process.pid}-${Math.random().toString(36).slice(2)}`);
    mirror = await open();
  });
  afterEach(async () => {
    await mirror.close();
    await fixture.remove();
    await rm(dir, { recursive: true, force: true });
  });

  const open = () => openMirror({ url: fixture.path, dir, allowLocal: true, clock: systemClock, log: silentLog });

  const paths = async (commit: string, path = '') =>
    (await mirror.listTree(commit, path))?.files.map((file) => file.path);

  it('reads files by commit, as bytes, whatever the branch does later', async () => {
    const first = await fixture.commit({ 'app/a.yaml': 'a: 1\n', 'other/b.yaml': 'b\n' });
    await mirror.fetch();
    expect(await mirror.resolve('HEAD')).toBe(first);
    expect(await mirror.resolve('main')).toBe(first);
    const bytes = Uint8Array.from([0, 255, 10, 128]);
    const second = await fixture.commit({ 'app/a.yaml': bytes });
    expect(await mirror.resolve('HEAD')).toBe(first);
    await mirror.fetch();
    expect(await mirror.resolve('main')).toBe(second);

    const old = await mirror.listTree(first, 'app');
    const now = await mirror.listTree(second, 'app');
    expect(old?.files).toEqual([{ path: 'app/a.yaml', blobId: expect.any(String), sizeBytes: 5 }]);
    const [before, after] = await mirror.readBlobs([old?.files[0]?.blobId ?? '', now?.files[0]?.blobId ?? '']);
    expect(text(before)).toBe('a: 1\n');
    expect(Buffer.from(after ?? [])).toEqual(Buffer.from(bytes));
  });

  it('tells a path that is not there from an empty one', async () => {
    const commit = await fixture.commit({ 'app/a.yaml': 'a' });
    const empty = await fixture.commit({ 'app/a.yaml': null });
    await mirror.fetch();
    expect(await mirror.listTree(commit, 'nothing')).toBeUndefined();
    expect(await mirror.listTree(commit, 'app/a.yaml')).toBeUndefined();
    expect(await mirror.listTree(commit, '../app')).toBeUndefined();
    expect(await mirror.listTree(empty, '')).toEqual({ commit: empty, files: [], skipped: [] });
  });

  it('never takes a commit that it does not hold for an empty one', async () => {
    await fixture.commit({ 'app/a.yaml': 'a' });
    await mirror.fetch();
    await expect(mirror.listTree('0'.repeat(40), '')).rejects.toMatchObject({ code: 'GitObjectInvalid' });
    await expect(mirror.readBlobs(['0'.repeat(40)])).rejects.toMatchObject({ code: 'GitObjectInvalid' });
  });

  it('follows symlinks inside of the commit only', async () => {
    const commit = await fixture.commit({
      'base/x.yaml': 'x',
      'base/deep/y.yaml': 'y',
      'app/file.yaml': { symlink: '../base/x.yaml' },
      'app/chain.yaml': { symlink: 'file.yaml' },
      'app/dir': { symlink: '../base' },
      'app/passwd.yaml': { symlink: '/etc/passwd' },
      'app/up.yaml': { symlink: '../../secret.yaml' },
      'app/dangling.yaml': { symlink: 'nowhere.yaml' },
      'app/loop-a.yaml': { symlink: 'loop-b.yaml' },
      'app/loop-b.yaml': { symlink: 'loop-a.yaml' },
      'app/self': { symlink: '.' },
      'link-to-app': { symlink: 'app' },
      'x/to-y': { symlink: '../y' },
      'y/to-x': { symlink: '../x' },
    });
    await mirror.fetch();
    const listing = await mirror.listTree(commit, 'app');
    expect(listing?.files.map((file) => file.path)).toEqual([
      'app/chain.yaml',
      'app/dir/deep/y.yaml',
      'app/dir/x.yaml',
      'app/file.yaml',
    ]);
    expect(Object.fromEntries(listing?.skipped.map(({ path, reason }) => [path, reason]) ?? [])).toEqual({
      'app/dangling.yaml': 'the symlink leads to nothing in this commit',
      'app/loop-a.yaml': expect.stringContaining('loop'),
      'app/loop-b.yaml': expect.stringContaining('loop'),
      'app/passwd.yaml': 'the symlink leads out of the repository',
      'app/self': 'the symlink leads to a directory that holds it',
      'app/up.yaml': 'the symlink leads out of the repository',
    });
    expect(await paths(commit, 'link-to-app')).toContain('link-to-app/file.yaml');
    const circle = await mirror.listTree(commit, 'x');
    expect(circle?.files).toEqual([]);
    expect(circle?.skipped[0]?.reason).toBe('the symlink leads to a directory that holds it');
  });

  it('skips what is too large, and stops at too many files or too deep a tree', async () => {
    const large = await fixture.commit({ 'a/big.yaml': new Uint8Array(gitLimits.fileBytes + 1), 'a/small.yaml': 's' });
    const deep = await fixture.commit({ [`d/${'n/'.repeat(gitLimits.treeDepth)}f.yaml`]: 'x' });
    await mirror.fetch();
    const listing = await mirror.listTree(large, 'a');
    expect(listing?.files.map((file) => file.path)).toEqual(['a/small.yaml']);
    expect(listing?.skipped).toEqual([{ path: 'a/big.yaml', reason: expect.stringContaining('over the limit') }]);
    await expect(mirror.listTree(deep, 'd')).rejects.toMatchObject({ code: 'TreeTooLarge' });
  });

  it('takes no more than its limit of a tree that repeats itself 10^10 times', async () => {
    await fixture.commit({ 'leaf.yaml': 'x' });
    let tree = await fixture.git('rev-parse', 'HEAD^{tree}');
    for (let level = 0; level < 10; level += 1) {
      const lines = Array.from({ length: 10 }, (_, index) => `040000 tree ${tree}\t${index}`).join('\n');
      await writeFile(join(fixture.path, 'tree.txt'), `${lines}\n`);
      tree = await fixture.git('-c', 'alias.mk=!git mktree < tree.txt', 'mk');
    }
    const commit = await fixture.git('commit-tree', tree, '-m', 'bomb');
    await fixture.git('branch', 'bomb', commit);
    await mirror.fetch();
    await expect(mirror.listTree(commit, '')).rejects.toMatchObject({ code: 'TreeTooLarge' });
  });

  it('skips submodules and names that are not UTF-8', async () => {
    const target = await fixture.commit({ 'app/a.yaml': 'a' });
    await fixture.git('update-index', '--add', '--cacheinfo', `160000,${target},app/sub`);
    await fixture.git('commit', '--quiet', '-m', 'submodule');
    const blob = await fixture.git('rev-parse', `${target}:app/a.yaml`);
    await writeFile(
      join(fixture.path, 'index.txt'),
      Buffer.concat([Buffer.from(`100644 ${blob}\tapp/`), Buffer.from([0xff, 10])]),
    );
    await fixture.git('-c', 'alias.ix=!git update-index --index-info < index.txt', 'ix');
    await fixture.git('commit', '--quiet', '-m', 'latin');
    const commit = await fixture.git('rev-parse', 'HEAD');
    await mirror.fetch();
    const listing = await mirror.listTree(commit, 'app');
    expect(listing?.files.map((file) => file.path)).toEqual(['app/a.yaml']);
    expect(listing?.skipped.map((entry) => entry.reason).sort()).toEqual([
      'its name is not UTF-8',
      'submodules are not read',
    ]);
  });

  it('keeps a commit readable after a force-push, and knows what is related', async () => {
    const first = await fixture.commit({ 'a.yaml': 'one' });
    const second = await fixture.commit({ 'a.yaml': 'two' });
    await mirror.fetch();
    await mirror.resolve('main');
    const other = await fixture.replaceHistory({ 'a.yaml': 'three' });
    await fixture.git('reflog', 'expire', '--expire=now', '--all');
    await fixture.git('gc', '--prune=now', '--quiet');
    await mirror.fetch();
    expect(await mirror.resolve('main')).toBe(other);
    expect(await paths(second)).toEqual(['a.yaml']);
    expect(await mirror.isAncestor(first, second)).toBe(true);
    expect(await mirror.isAncestor(second, first)).toBe(false);
    expect(await mirror.isRelated(second, other)).toBe(false);
    expect(await mirror.isRelated(first, second)).toBe(true);
    expect(await mirror.isRelated('0'.repeat(40), second)).toBe(false);
    await mirror.close();
    mirror = await open();
    expect(await mirror.resolve(second)).toBe(second);
  });

  it('tells who committed what', async () => {
    const commit = await fixture.commit({ a: '1' }, 'Scale the web tier\n\nFor Monday.');
    await mirror.fetch();
    expect(await mirror.commitInfo(commit)).toMatchObject({
      id: commit,
      author: 'Ada',
      email: 'ada@example.com',
      message: 'Scale the web tier\n\nFor Monday.',
    });
  });

  it('finds the last commit that changed each file, also from one commit to the next', async () => {
    const one = await fixture.commit({ 'd/a': '1', 'd/b': '1', c: '1' });
    const two = await fixture.commit({ 'd/b': '2' });
    await mirror.fetch();
    expect(Object.fromEntries(await mirror.lastChanges(two, ['d/a', 'd/b', 'c', 'none']))).toEqual({
      'd/a': one,
      'd/b': two,
      c: one,
    });
    const three = await fixture.commit({ 'd/a': '3', 'd/new': '1' });
    await mirror.fetch();
    expect(Object.fromEntries(await mirror.lastChanges(three, ['d/a', 'd/b', 'd/new']))).toEqual({
      'd/a': three,
      'd/b': two,
      'd/new': three,
    });
    expect(Object.fromEntries(await mirror.lastChanges(one, ['d/b']))).toEqual({ 'd/b': one });
  });

  it.each([
    ['an unknown branch', 'nope'],
    ['an option', '--output=/tmp/x'],
    ['a path', 'refs/heads/../../x'],
    ['a reflog', 'main@{1}'],
    ['an unknown id', '0'.repeat(40)],
  ])('finds no revision for %s', async (_name, revision) => {
    await fixture.commit({ a: '1' });
    await mirror.fetch();
    await expect(mirror.resolve(revision)).rejects.toMatchObject({ code: 'RevisionNotFound' });
  });

  it('finds the newest tag of a range, a newer one after it was fetched, and says when there is none', async () => {
    const first = await fixture.commit({ a: '1' });
    await fixture.git('tag', 'v1.2.0');
    await mirror.fetch();
    expect(await mirror.resolve('^1.2')).toBe(first);
    const second = await fixture.commit({ a: '2' });
    await fixture.git('tag', '--annotate', '--message=next', '1.3.0');
    await fixture.commit({ a: '3' });
    await fixture.git('tag', '1.4.0-rc.1');
    expect(await mirror.resolve('^1.2')).toBe(first);
    await mirror.fetch();
    expect(await mirror.resolve('^1.2')).toBe(second);
    expect(await mirror.resolve('>=1.0.0 <1.3')).toBe(first);
    await expect(mirror.resolve('>=2 <3')).rejects.toMatchObject({
      code: 'RevisionNotFound',
      message: expect.stringContaining('no tag whose version is in the range ">=2 <3"'),
    });
  });

  it('takes a branch whose name reads like a range when no tag is in it', async () => {
    const branch = await fixture.commit({ a: '1' });
    await fixture.git('branch', '1.x');
    const tagged = await fixture.commit({ a: '2' });
    await mirror.fetch();
    expect(await mirror.resolve('1.x')).toBe(branch);
    await fixture.git('tag', 'v1.0.0');
    await mirror.fetch();
    expect(await mirror.resolve('1.x')).toBe(tagged);
  });

  it('fetches a repository without commits, and its first commit later', async () => {
    await mirror.fetch();
    await expect(mirror.resolve('HEAD')).rejects.toMatchObject({ code: 'RevisionNotFound' });
    const commit = await fixture.commit({ a: '1' });
    await mirror.fetch();
    expect(await mirror.resolve('')).toBe(commit);
  });

  it('says when the repository is gone, and still reads what it has', async () => {
    const commit = await fixture.commit({ a: '1' });
    await mirror.fetch();
    await fixture.remove();
    await expect(mirror.fetch()).rejects.toMatchObject({ code: 'RepositoryUnreachable', retryable: true });
    expect(await mirror.resolve('main')).toBe(commit);
    expect(await paths(commit)).toEqual(['a']);
  });

  it('survives its directory being deleted, locks left behind and a truncated pack', async () => {
    const commit = await fixture.commit({ a: '1' });
    await mirror.fetch();
    await rm(dir, { recursive: true, force: true });
    await mirror.fetch();
    expect(await mirror.resolve('main')).toBe(commit);

    await writeFile(join(dir, 'packed-refs.lock'), '');
    await writeFile(join(dir, 'refs/heads/main.lock'), '');
    const next = await fixture.commit({ a: '2' });
    await mirror.fetch();
    expect(await mirror.resolve('main')).toBe(next);

    await mirror.close();
    await writeFile(join(dir, 'shallow.lock'), '');
    mirror = await open();
    await mirror.fetch();
    expect(await mirror.resolve('main')).toBe(next);
  });

  it('refuses objects that git fsck refuses', async () => {
    await fixture.commit({ a: '1' });
    const tree = await fixture.git('rev-parse', 'HEAD^{tree}');
    await writeFile(join(fixture.path, 'tree.txt'), `040000 tree ${tree}\t..\n`);
    const evil = await fixture.git('-c', 'alias.mk=!git mktree < tree.txt', 'mk');
    await fixture.git('branch', 'evil', await fixture.git('commit-tree', evil, '-m', 'evil'));
    await expect(mirror.fetch()).rejects.toMatchObject({ code: 'GitObjectInvalid' });
  });

  it('lets go of a server that accepts and stays silent when it is told to stop', async () => {
    const sockets: Socket[] = [];
    const server = createServer((socket) => sockets.push(socket.on('error', () => undefined)));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const stop = new AbortController();
    const url = `http://127.0.0.1:${port}/x.git`;
    const silent = await openMirror({
      url,
      dir: `${dir}-silent`,
      allowLocal: false,
      clock: systemClock,
      log: silentLog,
    });
    const accepted = new Promise<void>((resolve) => server.once('connection', () => resolve()));
    const failed = expect(silent.fetch(stop.signal)).rejects.toThrow('told to stop');
    await accepted;
    stop.abort(new Error('told to stop'));
    await failed;
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
    await silent.close();
    await rm(`${dir}-silent`, { recursive: true, force: true });
  });
});
