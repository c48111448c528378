import { readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { silentLog, systemClock } from '#base';
import { createGitFixture, type GitFixture } from '../../test/support/git-fixture.ts';
import { type GitHttpServer, serveOverHttp } from '../../test/support/git-http-server.ts';
import { testAccess } from './access.ts';
import { grantAccess } from './credentials.ts';
import { openMirror } from './mirror.ts';
import { parseRepositoryUrl } from './repository-url.ts';

describe('src/git/access.ts', () => {
  let fixture: GitFixture;
  let server: GitHttpServer;
  let url: string;

  beforeEach(async () => {
    fixture = await createGitFixture();
    server = await serveOverHttp(fixture, { account: { username: 'ada', password: 's3cret-token' } });
    url = server.url;
  });
  afterEach(async () => {
    await server.close();
    await fixture.remove();
  });

  const options = { allowLocal: false, clock: systemClock };
  const good = { username: 'ada', token: 's3cret-token' };

  it('tells the branches of a repository that its credentials open', async () => {
    await fixture.commit({ a: '1' });
    await fixture.git('branch', 'next');
    expect(await testAccess(url, good, options)).toEqual({ defaultBranch: 'main', branches: ['main', 'next'] });
  });

  it.each([
    ['none', {}],
    ['wrong ones', { username: 'ada', token: 'wrong-token' }],
  ])('says that credentials are refused when there are %s, without showing them', async (_name, credentials) => {
    const error = await testAccess(url, credentials, options).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: 'AuthenticationFailed' });
    expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toMatch(/wrong-token|d3JvbmctdG9rZW4/);
  });

  it('says that a server cannot be reached', async () => {
    await expect(testAccess('http://127.0.0.1:1/x', {}, options)).rejects.toMatchObject({
      code: 'RepositoryUnreachable',
    });
  });

  it('follows no redirect, and shows its credentials to nobody else', async () => {
    await expect(testAccess(server.movedUrl, good, options)).rejects.toMatchObject({ code: 'RepositoryUnreachable' });
  });

  it('fetches with a token that stands neither in argv, nor in the URL, nor on disk', async () => {
    const commit = await fixture.commit({ 'a.yaml': 'a' });
    const dir = join(tmpdir(), `plumb-access-${process.pid}-${Math.random().toString(36).slice(2)}`);
    const mirror = await openMirror({
      url,
      dir,
      credentials: good,
      allowLocal: false,
      clock: systemClock,
      log: silentLog,
    });
    await mirror.fetch();
    expect(await mirror.resolve('main')).toBe(commit);
    expect(server.authorizations.at(-1)).toContain('Basic ');
    for (const name of ['config', 'plumbline.gitconfig', 'HEAD']) {
      expect(await readFile(join(dir, name), 'utf8')).not.toMatch(/s3cret|Basic/);
    }
    await mirror.close();
    await rm(dir, { recursive: true, force: true });
  });

  it('hands SSH a key in a file of its own that nobody else reads, and takes it away again', async () => {
    const repository = parseRepositoryUrl('git@example.com:a/b.git', { allowLocal: false });
    const access = await grantAccess(repository, {
      sshPrivateKey: 'PRIVATE\r\nKEY',
      sshKnownHosts: 'example.com ssh-ed25519 AAAA',
    });
    const command = access.env['GIT_SSH_COMMAND'] ?? '';
    expect(command).toContain('StrictHostKeyChecking=yes');
    expect(command).not.toContain('PRIVATE');
    const key = /-i (\S+)/.exec(command)?.[1] ?? '';
    expect(await readFile(key, 'utf8')).toBe('PRIVATE\nKEY\n');
    const { stat } = await import('node:fs/promises');
    expect((await stat(key)).mode & 0o777).toBe(0o600);
    await access.release();
    await expect(stat(key)).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
