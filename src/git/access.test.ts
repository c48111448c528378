import { spawn } from 'node:child_process';
import { readFile, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { silentLog, systemClock } from '#base';
import { createGitFixture, type GitFixture } from '../../test/support/git-fixture.ts';
import { testAccess } from './access.ts';
import { grantAccess } from './credentials.ts';
import { openMirror } from './mirror.ts';
import { parseRepositoryUrl } from './repository-url.ts';

/** Git over HTTP with Basic authentication, by git's own CGI program. */
function serveGit(root: string, seen: string[]): Server {
  return createServer((request: IncomingMessage, response: ServerResponse) => {
    const { authorization = '' } = request.headers;
    seen.push(authorization);
    const url = new URL(request.url ?? '/', 'http://x');
    if (url.pathname.startsWith('/moved')) {
      response.writeHead(302, { location: `http://127.0.0.1:1/elsewhere${url.search}` }).end();
      return;
    }
    if (authorization !== `Basic ${Buffer.from('ada:s3cret-token').toString('base64')}`) {
      response.writeHead(401, { 'www-authenticate': 'Basic realm="git"' }).end();
      return;
    }
    const child = spawn('git', ['-c', 'safe.directory=*', 'http-backend'], {
      env: {
        PATH: process.env['PATH'],
        GIT_PROJECT_ROOT: root,
        GIT_HTTP_EXPORT_ALL: '1',
        GIT_CONFIG_NOSYSTEM: '1',
        REQUEST_METHOD: request.method,
        PATH_INFO: url.pathname,
        QUERY_STRING: url.search.slice(1),
        CONTENT_TYPE: request.headers['content-type'] ?? '',
        REMOTE_USER: 'ada',
        ...(request.headers['content-encoding'] === 'gzip' ? { HTTP_CONTENT_ENCODING: 'gzip' } : {}),
        ...(request.headers['git-protocol'] === undefined
          ? {}
          : { GIT_PROTOCOL: String(request.headers['git-protocol']) }),
      },
    });
    request.pipe(child.stdin);
    const chunks: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.on('close', () => {
      const out = Buffer.concat(chunks);
      const split = out.indexOf('\r\n\r\n');
      let status = 200;
      for (const line of out.subarray(0, split).toString().split('\r\n')) {
        const [name = '', value = ''] = line.split(/:\s*/, 2);
        if (name.toLowerCase() === 'status') status = Number.parseInt(value, 10);
        else if (name !== '') response.setHeader(name, value);
      }
      response.writeHead(status).end(out.subarray(split + 4));
    });
  });
}

describe('src/git/access.ts', () => {
  let fixture: GitFixture;
  let server: Server;
  let url: string;
  let seen: string[];

  beforeEach(async () => {
    fixture = await createGitFixture();
    seen = [];
    server = serveGit(dirname(fixture.path), seen);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    url = `http://127.0.0.1:${port}/${fixture.path.split('/').at(-1)}/.git`;
  });
  afterEach(async () => {
    await new Promise((resolve) => server.close(resolve));
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
    const moved = url.replace(/\/[^/]+\/\.git$/, '/moved');
    await expect(testAccess(moved, good, options)).rejects.toMatchObject({ code: 'RepositoryUnreachable' });
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
    expect(seen.at(-1)).toContain('Basic ');
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
