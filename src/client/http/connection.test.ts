import { mkdtemp, rm } from 'node:fs/promises';
import type { RequestListener } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '#base';
import { ensurePki, type Pki } from '#server';
import { FakeClock } from '../../../test/support/fake-clock.ts';
import { until } from '../../../test/support/until.ts';
import { type Connection, type ConnectionOptions, createConnection } from './connection.ts';
import { httpClientLimits } from './limits.ts';

describe('src/client/http/connection.ts', () => {
  let directory: string;
  let pki: Pki;
  const servers: Server[] = [];
  const connections: Connection[] = [];

  beforeAll(async () => {
    directory = await mkdtemp(path.join(tmpdir(), 'plumbline-connection-'));
    pki = await ensurePki(directory);
  });
  afterEach(() => {
    for (const connection of connections.splice(0)) connection.close();
    for (const server of servers.splice(0)) {
      server.closeAllConnections();
      server.close();
    }
  });
  afterAll(() => rm(directory, { recursive: true, force: true }));

  async function serve(listener: RequestListener): Promise<Server> {
    const server = createServer({ cert: pki.certificate, key: pki.key }, listener);
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return server;
  }

  const portOf = (server: Server) => (server.address() as AddressInfo).port;

  function connectTo(port: number, more: Partial<ConnectionOptions> = {}): Connection {
    const server = `https://127.0.0.1:${port}`;
    const connection = createConnection({ server, ca: pki.ca, userAgent: 'test/1', clock: systemClock, ...more });
    connections.push(connection);
    return connection;
  }

  const drain = async (bytes: AsyncIterable<Uint8Array>) => {
    let text = '';
    for await (const piece of bytes) text += Buffer.from(piece).toString();
    return text;
  };

  it('sends the token, asked for anew each time', async () => {
    const seen: (string | undefined)[] = [];
    const server = await serve(({ headers }, response) => {
      seen.push(headers.authorization);
      response.end('{}');
    });
    const tokens = ['t1', 't2'];
    const connection = connectTo(portOf(server), { token: () => tokens.shift() ?? 'none' });
    await connection.call({ method: 'GET', target: '/' });
    await connection.call({ method: 'GET', target: '/' });
    expect(seen).toEqual(['Bearer t1', 'Bearer t2']);
  });

  it('keeps its connection for the next request', async () => {
    const sockets = new Set<unknown>();
    const server = await serve(({ socket }, response) => {
      sockets.add(socket);
      response.end('{}');
    });
    const connection = connectTo(portOf(server));
    for (let n = 0; n < 3; n += 1) await connection.call({ method: 'GET', target: '/' });
    expect(sockets.size).toBe(1);
  });

  it('follows no redirect', async () => {
    const paths: (string | undefined)[] = [];
    const server = await serve(({ url }, response) => {
      paths.push(url);
      response.writeHead(302, { location: '/elsewhere' }).end();
    });
    const connection = connectTo(portOf(server));
    expect(await connection.call({ method: 'GET', target: '/here' })).toMatchObject({ status: 302 });
    await expect(drain(connection.stream({ method: 'GET', target: '/here' }, undefined))).rejects.toThrow('302');
    expect(paths).toEqual(['/here', '/here']);
  });

  it('tries a read once more on a connection that was just closed, but never a write', async () => {
    let requests = 0;
    const server = await serve((request, response) => {
      requests += 1;
      if (requests % 2 === 0) request.socket.destroy();
      else response.end('{}');
    });
    const connection = connectTo(portOf(server));
    const read = () => connection.call({ method: 'GET', target: '/' });
    expect((await read()).status).toBe(200);
    expect((await read()).status).toBe(200);
    expect(requests).toBe(3);
    await expect(connection.call({ method: 'POST', target: '/', body: '{}' })).rejects.toMatchObject({
      code: 'ServerUnreachable',
      retryable: true,
    });
    expect(requests).toBe(4);
  });

  it('trusts only the authority it was given', async () => {
    const server = await serve((_request, response) => response.end('{}'));
    const other = await ensurePki(path.join(directory, 'other'));
    const connection = connectTo(portOf(server), { ca: other.ca });
    await expect(connection.call({ method: 'GET', target: '/' })).rejects.toMatchObject({
      code: 'CertificateNotTrusted',
    });
  });

  it('speaks no plain http', () => {
    expect(() => connectTo(1, { server: 'http://127.0.0.1:1' })).toThrow(/only https/);
  });

  it('says that nobody listens', async () => {
    const server = await serve(() => undefined);
    const port = portOf(server);
    await new Promise((resolve) => server.close(resolve));
    await expect(connectTo(port).call({ method: 'GET', target: '/' })).rejects.toMatchObject({
      code: 'ServerUnreachable',
    });
  });

  it('gives up on an answer that does not come, or does not end', async () => {
    const clock = new FakeClock();
    let arrived = 0;
    const server = await serve((request, response) => {
      arrived += 1;
      if (request.url === '/half') response.write('{');
    });
    const connection = connectTo(portOf(server), { clock });
    for (const target of ['/never', '/half']) {
      let settled: unknown;
      connection.call({ method: 'POST', target, body: '{}' }).catch((error: unknown) => {
        settled = error;
      });
      const before = arrived;
      await until('the request', () => arrived > before);
      await until('the end of patience', async () => {
        await clock.advance(httpClientLimits.requestTimeoutMs);
        return settled !== undefined;
      });
      expect(settled, target).toMatchObject({ code: 'ServerUnreachable' });
    }
  });

  it('ends a stream that says nothing for too long', async () => {
    const clock = new FakeClock();
    const server = await serve((_request, response) => {
      response.write('hello');
    });
    const bytes = connectTo(portOf(server), { clock }).stream({ method: 'GET', target: '/' }, 1_000);
    expect(Buffer.from((await bytes.next()).value ?? '').toString()).toBe('hello');
    const next = bytes.next().catch((error: unknown) => error);
    await clock.advance(1_000);
    expect(await next).toMatchObject({ code: 'ServerUnreachable' });
  });

  it('lets go of the server when the reader leaves or the signal aborts', async () => {
    let open = 0;
    const server = await serve((_request, response) => {
      open += 1;
      response.on('close', () => {
        open -= 1;
      });
      response.write('hello');
    });
    const connection = connectTo(portOf(server));
    for await (const _piece of connection.stream({ method: 'GET', target: '/' }, undefined)) break;
    await until('the first is closed', () => open === 0);
    const controller = new AbortController();
    const signal = controller.signal;
    const reading = drain(connection.stream({ method: 'GET', target: '/', signal }, undefined));
    await until('the second is open', () => open === 1);
    controller.abort(new Error('enough'));
    await expect(reading).rejects.toThrow('enough');
    await until('the second is closed', () => open === 0);
    await expect(connection.call({ method: 'GET', target: '/', signal })).rejects.toThrow('enough');
  });
});
