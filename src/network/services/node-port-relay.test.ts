import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { silentLog } from '#base';
import { until } from '../../../test/support/until.ts';
import type { Front } from './fronts.plan.ts';
import { NodePortRelay } from './node-port-relay.ts';

const LOCAL = '127.0.0.1';

describe('src/network/services/node-port-relay.ts', () => {
  let relay: NodePortRelay;
  const servers: Server[] = [];
  const sockets: Socket[] = [];
  beforeEach(() => {
    relay = new NodePortRelay(silentLog);
  });
  afterEach(() => {
    relay.close();
    for (const socket of sockets.splice(0)) socket.destroy();
    for (const server of servers.splice(0)) server.close();
  });

  const backend = async (serve: (socket: Socket) => void): Promise<{ ip: string; port: number }> => {
    const server = createServer({ allowHalfOpen: true }, (socket) => {
      sockets.push(socket);
      socket.on('error', () => undefined);
      serve(socket);
    });
    servers.push(server);
    server.listen(0, LOCAL);
    await once(server, 'listening');
    return { ip: LOCAL, port: (server.address() as AddressInfo).port };
  };
  const front = (port: number, ...backends: Front['backends']): Front => ({
    id: `tcp/*:${port}`,
    kind: 'node',
    protocol: 'tcp',
    ip: '',
    port,
    backends,
  });
  const freePort = async () => {
    const { port } = await backend(() => undefined);
    const server = servers.pop();
    server?.close();
    await once(server ?? createServer(), 'close');
    return port;
  };
  const dial = (port: number) => {
    const socket = connect({ port, host: LOCAL, allowHalfOpen: true });
    sockets.push(socket);
    socket.setEncoding('utf8');
    return socket;
  };
  /** All that comes until the other side finishes; this side can go on. */
  const everything = (socket: Socket) =>
    new Promise<string>((resolve, reject) => {
      let text = '';
      socket.on('data', (chunk) => {
        text += chunk;
      });
      socket.once('end', () => resolve(text)).once('error', reject);
    });

  it('lets either side finish first and still hear the other', async () => {
    const port = await freePort();
    await relay.set([front(port, await backend((socket) => socket.on('end', () => socket.end('heard you')).resume()))]);
    const client = dial(port);
    client.end('goodbye');
    expect(await everything(client)).toBe('heard you');

    const heard: string[] = [];
    const talker = await backend((socket) => {
      socket.end('first word');
      socket.setEncoding('utf8').on('data', (chunk: string) => heard.push(chunk));
    });
    await relay.set([front(port, talker)]);
    const listener = dial(port);
    expect(await everything(listener)).toBe('first word');
    listener.end('last word');
    await until('the backend heard it', () => heard.join('') === 'last word');
  });

  it('carries megabytes unharmed', async () => {
    const port = await freePort();
    await relay.set([front(port, await backend((socket) => socket.pipe(socket)))]);
    const client = dial(port);
    const text = 'abcdefghij'.repeat(300_000);
    client.end(text);
    expect((await everything(client)) === text).toBe(true);
  });

  it('keeps a connection when its backend leaves, and takes no more at a port that is gone', async () => {
    const port = await freePort();
    await relay.set([front(port, await backend((socket) => socket.pipe(socket)))]);
    const client = dial(port);
    client.write('a');
    await once(client, 'data');
    await relay.set([]);
    client.write('b');
    expect(await once(client, 'data')).toEqual(['b']);
    await expect(once(dial(port), 'connect')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  it('tells a client at once when the backend cannot be reached or breaks off', async () => {
    const port = await freePort();
    await relay.set([front(port, { ip: LOCAL, port: await freePort() })]);
    await expect(everything(dial(port))).rejects.toMatchObject({ code: 'ECONNRESET' });
    await relay.set([front(port, await backend((socket) => setImmediate(() => socket.resetAndDestroy())))]);
    const client = dial(port);
    client.write('x');
    await expect(everything(client)).rejects.toMatchObject({ code: 'ECONNRESET' });
  });

  it('goes to another backend when one does not accept, with all that the client said meanwhile', async () => {
    const port = await freePort();
    const dead = await Promise.all([freePort(), freePort(), freePort()]);
    const alive = await backend((socket) => socket.pipe(socket));
    await relay.set([front(port, ...dead.map((one) => ({ ip: LOCAL, port: one })), alive)]);
    for (let times = 0; times < 20; times += 1) {
      const client = dial(port);
      client.end(`said at once ${times}`);
      expect(await everything(client)).toBe(`said at once ${times}`);
    }
  });

  it('breaks off to the backend when the client does', async () => {
    const port = await freePort();
    let broken: string | undefined;
    const target = await backend((socket) => {
      socket.write('hello');
      socket.on('error', (error: NodeJS.ErrnoException) => {
        broken = error.code;
      });
    });
    await relay.set([front(port, target)]);
    const client = dial(port);
    await once(client, 'data');
    client.resetAndDestroy();
    await until('the backend sees it', () => broken === 'ECONNRESET');
  });

  it('names a port that another program holds, and takes it once it is free', async () => {
    const held = await backend(() => undefined);
    const target = await backend((socket) => socket.end('mine'));
    expect(await relay.set([front(held.port, target)])).toEqual([{ port: held.port, reason: 'EADDRINUSE' }]);
    const holder = servers.shift();
    holder?.close();
    await once(holder ?? createServer(), 'close');
    expect(await relay.set([front(held.port, target)])).toEqual([]);
    expect(await everything(dial(held.port))).toBe('mine');
  });
});
