import { spawn } from 'node:child_process';
import { createServer } from 'node:http';
import { basename, dirname } from 'node:path';
import type { GitFixture } from './git-fixture.ts';

const MOVED = '/moved';

/** A repository behind HTTP on loopback, served by git's own CGI program: one that cannot be watched, and may ask who comes. */
export interface GitHttpServer {
  readonly url: string;
  /** Fetches begun so far: each asks for the refs once. */
  readonly fetches: number;
  /** An address of the same server that sends every request to another one. */
  readonly movedUrl: string;
  /** The `Authorization` header of every request so far; empty where there was none. */
  readonly authorizations: readonly string[];
  /** While false, every request is refused. */
  isUp: boolean;
  close(): Promise<void>;
}

export interface GitHttpOptions {
  /** Lets in only this user with this password; everybody when absent. */
  readonly account?: { readonly username: string; readonly password: string };
}

export async function serveOverHttp(
  fixture: Pick<GitFixture, 'path'>,
  { account }: GitHttpOptions = {},
): Promise<GitHttpServer> {
  let fetches = 0;
  const authorizations: string[] = [];
  const admitted =
    account === undefined
      ? undefined
      : `Basic ${Buffer.from(`${account.username}:${account.password}`).toString('base64')}`;
  const state = { isUp: true };
  const server = createServer((request, response) => {
    const { pathname, search } = new URL(request.url ?? '/', 'http://x');
    const { authorization = '' } = request.headers;
    authorizations.push(authorization);
    if (!state.isUp) return void response.writeHead(503).end();
    if (pathname.startsWith(MOVED))
      return void response.writeHead(302, { location: `http://127.0.0.1:1/elsewhere${search}` }).end();
    if (admitted !== undefined && authorization !== admitted)
      return void response.writeHead(401, { 'www-authenticate': 'Basic realm="git"' }).end();
    if (pathname.endsWith('/info/refs')) fetches += 1;
    const child = spawn('git', ['-c', 'safe.directory=*', 'http-backend'], {
      env: {
        PATH: process.env['PATH'],
        GIT_PROJECT_ROOT: dirname(fixture.path),
        GIT_HTTP_EXPORT_ALL: '1',
        GIT_CONFIG_NOSYSTEM: '1',
        REQUEST_METHOD: request.method,
        PATH_INFO: pathname,
        QUERY_STRING: search.slice(1),
        ...(account === undefined ? {} : { REMOTE_USER: account.username }),
        CONTENT_TYPE: request.headers['content-type'] ?? '',
        ...(request.headers['content-encoding'] === 'gzip' ? { HTTP_CONTENT_ENCODING: 'gzip' } : {}),
        GIT_PROTOCOL: String(request.headers['git-protocol'] ?? ''),
      },
    });
    // A client that goes away early closes the pipe.
    child.stdin.on('error', () => request.destroy());
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
    return undefined;
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}/${basename(fixture.path)}/.git`,
    movedUrl: `http://127.0.0.1:${port}${MOVED}`,
    authorizations,
    get fetches() {
      return fetches;
    },
    get isUp() {
      return state.isUp;
    },
    set isUp(next: boolean) {
      state.isUp = next;
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
