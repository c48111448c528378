import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { silentLog } from '#base';
import { FakeClock } from '../../../test/support/fake-clock.ts';
import { until } from '../../../test/support/until.ts';
import type { Affinity, RelayFront } from './fronts.plan.ts';
import { NodePortRelay } from './node-port-relay.ts';

const LOCAL = '127.0.0.1';

describe('src/network/services/node-port-relay.ts', () => {
  let relay: NodePortRelay;
  let clock: FakeClock;
  const servers: Server[] = [];
  const sockets: Socket[] = [];
  beforeEach(() => {
    clock = new FakeClock();
    relay = new NodePortRelay(silentLog, clock);
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
  const front = (port: number, ...backends: RelayFront['backends']): RelayFront => ({ address: LOCAL, port, backends });
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

  it('takes one port at two loopback addresses for two owners', async () => {
    const port = await freePort();
    const [first, second] = await Promise.all([
      backend((socket) => socket.end('first')),
      backend((socket) => socket.end('second')),
    ]);
    await relay.set([front(port, first), { ...front(port, second), address: '127.0.0.9' }]);
    const other = connect({ port, host: '127.0.0.9', allowHalfOpen: true });
    sockets.push(other.setEncoding('utf8'));
    expect(await Promise.all([everything(dial(port)), everything(other)])).toEqual(['first', 'second']);
  });

  it('keeps a client with its backend until it stayed away too long, or the backend left', async () => {
    const port = await freePort();
    const names = ['a', 'b', 'c', 'd'];
    const backends = await Promise.all(names.map((name) => backend((socket) => socket.end(name))));
    const affinity: Affinity = { key: 'x', seconds: 10 };
    const visit = () => everything(dial(port));
    const visits = async (times: number) => {
      const seen = new Set<string>();
      for (let time = 0; time < times; time += 1) seen.add(await visit());
      return [...seen].sort();
    };
    await relay.set([{ ...front(port, ...backends), affinity }]);
    const [own = ''] = await visits(20);
    expect(await visits(20)).toEqual([own]);
    for (let time = 0; time < 3; time += 1) {
      await clock.advance(9_000); // each visit counts anew
      expect(await visit()).toBe(own);
    }
    const others = backends.filter((_, index) => names[index] !== own);
    await relay.set([{ ...front(port, ...others), affinity }]);
    const [next = ''] = await visits(20);
    expect(next).not.toBe(own);
    await relay.set([{ ...front(port, ...backends), affinity }]);
    expect(await visits(20)).toEqual([next]);
    const met = new Set<string>();
    for (let time = 0; time < 60; time += 1) {
      await clock.advance(10_000);
      met.add(await visit());
    }
    expect([...met].sort()).toEqual(names);
    await relay.set([front(port, ...backends)]);
    expect(await visits(60)).toEqual(names);
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
    expect(await relay.set([front(held.port, target)])).toEqual([
      { address: LOCAL, port: held.port, reason: 'EADDRINUSE' },
    ]);
    const holder = servers.shift();
    holder?.close();
    await once(holder ?? createServer(), 'close');
    expect(await relay.set([front(held.port, target)])).toEqual([]);
    expect(await everything(dial(held.port))).toBe('mine');
  });
});
