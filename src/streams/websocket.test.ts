import { createHash } from 'node:crypto';
import type { Duplex } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { duplexPair } from '../../test/support/duplex-pair.ts';
import { FakeClock, settle } from '../../test/support/fake-clock.ts';
import { streamLimits } from './limits.ts';
import { acceptWebSocket, readWebSocketOffer, type WebSocketConnection } from './websocket.ts';

const KEY = 'dGhlIHNhbXBsZSBub25jZQ==';
const MASK = Buffer.from([1, 2, 3, 4]);

/** A frame as a client sends it. Source: RFC 6455, 5.2. */
function clientFrame(opcode: number, body: Uint8Array, { final = true, masked = true, reserved = 0 } = {}): Buffer {
  const { length } = body;
  const size =
    length < 126
      ? Buffer.of(length)
      : length < 0x1_0000
        ? Buffer.of(126, length >> 8, length & 255)
        : Buffer.of(127, 0, 0, 0, 0, length >>> 24, (length >> 16) & 255, (length >> 8) & 255, length & 255);
  size[0] = (size[0] ?? 0) | (masked ? 0x80 : 0);
  const start = Buffer.of((final ? 0x80 : 0) | reserved | opcode);
  if (!masked) return Buffer.concat([start, size, body]);
  return Buffer.concat([start, size, MASK, body.map((byte, index) => byte ^ (MASK[index % 4] ?? 0))]);
}

interface Connected {
  readonly socket: WebSocketConnection;
  readonly client: Duplex;
  /** All bytes the client has got after the handshake. */
  received(): Buffer;
  readonly clock: FakeClock;
}

async function connect(protocol?: string): Promise<Connected> {
  const [server, client] = duplexPair();
  const clock = new FakeClock();
  const got: Buffer[] = [];
  client.on('data', (chunk: Buffer) => got.push(chunk));
  const socket = acceptWebSocket(server, { key: KEY, protocols: [] }, { clock, ...(protocol ? { protocol } : {}) });
  await settle();
  const all = () => Buffer.concat(got);
  const handshake = all().indexOf('\r\n\r\n') + 4;
  expect(all().subarray(0, handshake).toString()).toContain('Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=');
  return { socket, client, clock, received: () => all().subarray(handshake) };
}

async function collect(socket: WebSocketConnection): Promise<readonly Buffer[]> {
  const messages: Buffer[] = [];
  for await (const message of socket.messages()) messages.push(message);
  return messages;
}

describe('src/streams/websocket.ts', () => {
  it('reads an offer, and only one of the version it knows', () => {
    const headers = {
      upgrade: 'WebSocket',
      'sec-websocket-key': KEY,
      'sec-websocket-version': '13',
      'sec-websocket-protocol': 'v5.channel.k8s.io, v4.channel.k8s.io',
    };
    const protocols = ['v5.channel.k8s.io', 'v4.channel.k8s.io'];
    expect(readWebSocketOffer('GET', headers)).toEqual({ key: KEY, protocols });
    expect(readWebSocketOffer('POST', headers)).toBeUndefined();
    expect(readWebSocketOffer('GET', { ...headers, upgrade: 'SPDY/3.1' })).toBeUndefined();
    expect(readWebSocketOffer('GET', { ...headers, 'sec-websocket-version': '8' })).toBeUndefined();
    expect(readWebSocketOffer('GET', { upgrade: 'websocket', 'sec-websocket-version': '13' })).toBeUndefined();
  });

  it('gives whole messages, however they were cut into frames and pieces', async () => {
    const sizes = fc.constantFrom(0, 1, 125, 126, 65_535, 65_536, 70_000);
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(sizes, { minLength: 1, maxLength: 3 }), { maxLength: 4 }),
        fc.integer({ min: 1, max: 9_000 }),
        async (sent, cut) => {
          const { socket, client } = await connect();
          const messages = sent.map((parts) => parts.map((size, index) => Buffer.alloc(size, index + 1)));
          const wire = Buffer.concat([
            ...messages.flatMap((parts) =>
              parts.map((part, index) => clientFrame(index === 0 ? 2 : 0, part, { final: index === parts.length - 1 })),
            ),
            clientFrame(8, Buffer.of(3, 232)),
          ]);
          for (let at = 0; at < wire.length; at += cut) client.write(wire.subarray(at, at + cut));
          const got = await collect(socket);
          const digest = (bytes: Uint8Array) => createHash('sha1').update(bytes).digest('hex');
          expect(got.map(digest)).toEqual(messages.map((parts) => digest(Buffer.concat(parts))));
        },
      ),
      { numRuns: 25 },
    );
  });

  it.each([
    ['no mask', clientFrame(2, Buffer.from('x'), { masked: false }), 1002],
    ['reserved bits', clientFrame(2, Buffer.from('x'), { reserved: 0x40 }), 1002],
    ['an unknown opcode', clientFrame(3, Buffer.from('x')), 1002],
    ['a continuation of nothing', clientFrame(0, Buffer.from('x')), 1002],
    [
      'a message inside a message',
      Buffer.concat([clientFrame(2, Buffer.from('x'), { final: false }), clientFrame(2, Buffer.from('y'))]),
      1002,
    ],
    ['a ping in pieces', clientFrame(9, Buffer.from('x'), { final: false }), 1002],
    ['a long ping', clientFrame(9, Buffer.alloc(126)), 1002],
    ['a message above the limit', clientFrame(2, Buffer.alloc(streamLimits.messageBytes + 1)), 1009],
    [
      'fragments that are together above the limit',
      Buffer.concat([
        clientFrame(2, Buffer.alloc(streamLimits.messageBytes), { final: false }),
        clientFrame(0, Buffer.of(1)),
      ]),
      1009,
    ],
  ])('refuses %s, and says so as it closes', async (_what, wire, code) => {
    const { socket, client, received } = await connect();
    client.write(wire);
    await expect(collect(socket)).rejects.toMatchObject({ code: 'StreamProtocolBroken' });
    await settle();
    expect(received()).toEqual(Buffer.of(0x88, 2, code >> 8, code & 255));
  });

  it('answers a ping, and a close with a close', async () => {
    const { socket, client, received } = await connect('v5.channel.k8s.io');
    client.write(clientFrame(9, Buffer.from('hey')));
    client.write(clientFrame(8, Buffer.of(3, 232)));
    expect(await collect(socket)).toEqual([]);
    await settle();
    expect(received()).toEqual(Buffer.concat([Buffer.of(0x8a, 3), Buffer.from('hey'), Buffer.of(0x88, 2, 3, 232)]));
  });

  it('says that it lives while its client waits for input to be taken', async () => {
    const { received, clock, socket } = await connect();
    await clock.advance(streamLimits.heartbeatMs * 2);
    expect(received()).toEqual(Buffer.of(0x8a, 0, 0x8a, 0));
    socket.close();
    await clock.advance(streamLimits.heartbeatMs * 2);
    expect(received()).toEqual(Buffer.of(0x8a, 0, 0x8a, 0, 0x88, 2, 3, 232));
  });

  it('makes its sender wait for a reader that does not read, and cuts it off after the end', async () => {
    const [server, client] = duplexPair();
    const clock = new FakeClock();
    const socket = acceptWebSocket(server, { key: KEY, protocols: [] }, { clock });
    const wait = socket.send(Buffer.alloc(1024 * 1024));
    expect(wait).toBeInstanceOf(Promise);
    let waited = false;
    void wait?.then(() => {
      waited = true;
    });
    await settle();
    expect(waited).toBe(false);
    socket.close();
    await clock.advance(streamLimits.closeGraceMs);
    expect([server.destroyed, waited]).toEqual([true, true]);
    client.destroy();
  });
});
