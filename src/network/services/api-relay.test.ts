import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { silentLog } from '#base';
import { until } from '../../../test/support/until.ts';
import { ApiRelay, apiRelayLimits } from './api-relay.ts';

const HOST = '127.0.0.1';
/** Loopback has addresses enough for a pod network of its own. */
const CLIENTS = { address: '127.0.1.0', length: 24 };
const [POD, OTHER_POD, STRANGER] = ['127.0.1.2', '127.0.1.3', '127.0.2.1'];

describe('src/network/services/api-relay.ts', () => {
  let relay: ApiRelay;
  let api: Server;
  let port = 0;
  let accepted: Socket[] = [];
  const dialed: Socket[] = [];

  /** Says back what it hears until the client has finished, and then goodbye. */
  const startApi = async (at = 0) => {
    api = createServer({ allowHalfOpen: true }, (socket) => {
      accepted.push(socket);
      socket.on('error', () => undefined);
      socket.on('data', (chunk) => socket.write(chunk));
      socket.on('end', () => socket.end(' bye'));
    });
    api.listen(at, HOST);
    await once(api, 'listening');
    port = (api.address() as AddressInfo).port;
  };
  const stopApi = async () => {
    for (const socket of accepted.splice(0)) socket.resetAndDestroy();
    api.close();
    await once(api, 'close');
  };
  beforeEach(async () => {
    accepted = [];
    await startApi();
    const target = { host: HOST, port };
    relay = new ApiRelay({ address: HOST, clients: CLIENTS, target, hostAddresses: () => [HOST] }, silentLog);
    await relay.listen();
  });
  afterEach(async () => {
    relay.close();
    for (const socket of dialed.splice(0)) socket.destroy();
    if (api.listening) await stopApi();
  });

  const dial = (localAddress: string) => {
    const { ip, port: at } = relay.endpoint ?? { ip: HOST, port: 0 };
    const socket = connect({ host: ip, port: at, localAddress, allowHalfOpen: true });
    dialed.push(socket);
    return socket;
  };
  /** What the API says to one who says hello and has done; or the word of the system for why it said nothing. */
  const greet = async (from: string) => {
    const socket = dial(from);
    socket.end('hello');
    return text(socket).catch((error: NodeJS.ErrnoException) => error.code);
  };

  it.each([
    ['a pod', POD],
    ['the host itself', HOST],
  ])('carries what %s and the API say, each until it has done', async (_, from) => {
    expect(await greet(from)).toBe('hello bye');
  });

  it('takes nobody from outside', async () => {
    expect(await greet(STRANGER)).toBe('ECONNRESET');
    expect(accepted).toEqual([]);
  });

  it('refuses at once while the API does not accept, cuts what it had, and serves again when it is back', async () => {
    const watching = dial(POD);
    watching.write('watch');
    await once(watching, 'data');
    const cut = once(watching, 'error');
    await stopApi();
    expect((await cut)[0]).toMatchObject({ code: 'ECONNRESET' });
    const fromMs = performance.now();
    expect(await greet(POD)).toBe('ECONNRESET');
    expect(performance.now() - fromMs).toBeLessThan(apiRelayLimits.connectMs / 5);
    await startApi(port);
    expect(await greet(POD)).toBe('hello bye');
  });

  it('tells the API when a client is gone', async () => {
    const watching = dial(POD);
    watching.write('watch');
    await once(watching, 'data');
    const gone = once(accepted[0] as Socket, 'close');
    watching.destroy();
    await gone;
  });

  it('gives one client no more than its share, counts what it lets go, and serves the others', async () => {
    const all = Array.from({ length: apiRelayLimits.connectionsPerClient }, () => dial(POD));
    await Promise.all(all.map((socket) => once(socket, 'connect')));
    await until('the API has them all', () => accepted.length === all.length);
    expect(await greet(POD)).toBe('ECONNRESET');
    expect(await greet(OTHER_POD)).toBe('hello bye');
    all[0]?.destroy();
    await until('there is room again', async () => (await greet(POD)) === 'hello bye');
  });

  it('leaves its port and its connections when it closes', async () => {
    const watching = dial(POD);
    watching.write('watch');
    await once(watching, 'data');
    const { port: at = 0 } = relay.endpoint ?? {};
    const cut = once(watching, 'error');
    relay.close();
    expect((await cut)[0]).toMatchObject({ code: 'ECONNRESET' });
    expect(relay.endpoint).toBeUndefined();
    await expect(once(connect(at, HOST), 'connect')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });
});
