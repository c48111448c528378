import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { duplexPair } from '../../test/support/duplex-pair.ts';
import { FakeClock, settle } from '../../test/support/fake-clock.ts';
import type { ChannelLink, ChannelMessage } from './channel-link.ts';
import { createFrameLink } from './frame-link.ts';
import { streamLimits } from './limits.ts';
import type { WebSocketConnection } from './websocket.ts';
import { CHANNEL_PROTOCOLS, chooseChannelProtocol, createWebSocketLink } from './websocket-link.ts';

async function collect(link: ChannelLink): Promise<readonly ChannelMessage[]> {
  const messages: ChannelMessage[] = [];
  for await (const message of link.messages()) messages.push(message);
  return messages;
}

describe('src/streams/frame-link.ts', () => {
  it('brings pieces and ends of channels over, in order', async () => {
    const piece = fc.record({ channel: fc.integer({ min: 0, max: 254 }), bytes: fc.uint8Array({ maxLength: 300 }) });
    const end = fc.record({ channel: fc.integer({ min: 0, max: 254 }), end: fc.constant(true as const) });
    await fc.assert(
      fc.asyncProperty(fc.array(fc.oneof(piece, end), { maxLength: 12 }), async (sent) => {
        const [left, right] = duplexPair();
        const clock = new FakeClock();
        const sender = createFrameLink(left, clock);
        for (const message of sent) {
          if ('end' in message) sender.end(message.channel);
          else void sender.send(message.channel, message.bytes);
        }
        sender.close();
        const got = await collect(createFrameLink(right, clock));
        const plain = (messages: readonly ChannelMessage[]) =>
          messages.map((message) => ('end' in message ? message : { ...message, bytes: [...message.bytes] }));
        expect(plain(got)).toEqual(plain(sent));
      }),
    );
  });

  it('cuts long pieces, and refuses frames that are longer than it sends', async () => {
    const [left, right] = duplexPair();
    const clock = new FakeClock();
    const receiver = collect(createFrameLink(right, clock));
    const sender = createFrameLink(left, clock);
    void sender.send(1, Buffer.alloc(streamLimits.frameBytes * 2 + 1));
    sender.close();
    const sizes = (await receiver).map((message) => ('bytes' in message ? message.bytes.length : -1));
    expect(sizes).toEqual([streamLimits.frameBytes, streamLimits.frameBytes, 1]);

    const [bad, good] = duplexPair();
    const header = Buffer.of(1, 0, 0, 0, 0);
    header.writeUInt32BE(streamLimits.frameBytes + 1, 1);
    bad.write(header);
    await expect(collect(createFrameLink(good, clock))).rejects.toMatchObject({ code: 'StreamProtocolBroken' });
  });

  it('tells a connection that ended between frames from one that was cut', async () => {
    const clock = new FakeClock();
    const [left, right] = duplexPair();
    left.end();
    expect(await collect(createFrameLink(right, clock))).toEqual([]);
    const [cut, reader] = duplexPair();
    cut.end(Buffer.of(1, 0, 0, 0, 9, 1));
    await expect(collect(createFrameLink(reader, clock))).rejects.toMatchObject({ code: 'StreamProtocolBroken' });
  });

  it('reads nothing ahead of its reader', async () => {
    const [left, right] = duplexPair();
    const clock = new FakeClock();
    const sender = createFrameLink(left, clock);
    createFrameLink(right, clock);
    const wait = sender.send(0, Buffer.alloc(streamLimits.frameBytes));
    let taken = false;
    void wait?.then(() => {
      taken = true;
    });
    await settle();
    expect([wait instanceof Promise, taken]).toEqual([true, false]);
    right.resume();
    await settle();
    expect(taken).toBe(true);
  });
});

describe('src/streams/websocket-link.ts', () => {
  it.each([
    [['v5.channel.k8s.io', 'v4.channel.k8s.io'], 'v5.channel.k8s.io'],
    [['v9.channel.k8s.io', 'v4.channel.k8s.io'], 'v4.channel.k8s.io'],
    [['base64.channel.k8s.io'], 'base64.channel.k8s.io'],
    [[], ''],
    [['graphql-ws'], undefined],
  ])('chooses of %j: %s', (offered, chosen) => {
    expect(chooseChannelProtocol(offered)?.name).toBe(chosen);
  });

  /** A socket that gives these messages and keeps what it is sent. */
  function socketWith(...messages: readonly Buffer[]): WebSocketConnection & { readonly sent: [string, string][] } {
    const sent: [string, string][] = [];
    return {
      sent,
      send: (message, type = 'binary') => void sent.push([type, Buffer.from(message).toString('latin1')]),
      async *messages() {
        yield* messages;
      },
      close: () => undefined,
    };
  }
  const named = (name: string) => CHANNEL_PROTOCOLS.find((protocol) => protocol.name === name) ?? expect.fail(name);

  it('carries channels in bytes, and in v5 their ends', async () => {
    const socket = socketWith(Buffer.from('\0in'), Buffer.of(255, 0), Buffer.alloc(0), Buffer.from('\x04{}'));
    const link = createWebSocketLink(socket, named('v5.channel.k8s.io'));
    const got = (await collect(link)).map((m) => ('end' in m ? m : [m.channel, Buffer.from(m.bytes).toString()]));
    expect(got).toEqual([[0, 'in'], { channel: 0, end: true }, [4, '{}']]);
    void link.send(1, Buffer.from('out'));
    link.end(1);
    expect(socket.sent).toEqual([
      ['binary', '\x01out'],
      ['binary', '\xff\x01'],
    ]);
  });

  it('carries channels in base64', async () => {
    const socket = socketWith(Buffer.from(`0${Buffer.from([0, 255, 10]).toString('base64')}`));
    const link = createWebSocketLink(socket, named('v4.base64.channel.k8s.io'));
    expect(await collect(link)).toEqual([{ channel: 0, bytes: Buffer.from([0, 255, 10]) }]);
    void link.send(1, Buffer.from('out'));
    link.end(1);
    expect(socket.sent).toEqual([['text', `1${Buffer.from('out').toString('base64')}`]]);
  });

  it.each([
    ['v4.channel.k8s.io', Buffer.of(255, 0)],
    ['v5.channel.k8s.io', Buffer.of(255)],
    ['v5.channel.k8s.io', Buffer.of(5, 1)],
    ['base64.channel.k8s.io', Buffer.from('xAAAA')],
  ])('refuses in %s a channel that is none', async (name, message) => {
    const link = createWebSocketLink(socketWith(message), named(name));
    await expect(collect(link)).rejects.toMatchObject({ code: 'StreamProtocolBroken' });
  });
});
