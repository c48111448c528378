import { createHash } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { constants, createDeflate, createInflate, deflateSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { duplexPair } from '../../../test/support/duplex-pair.ts';
import { FakeClock } from '../../../test/support/fake-clock.ts';
import { byteConnection } from '../bytes.ts';
import { CHANNEL } from '../channel-link.ts';
import { streamLimits } from '../limits.ts';
import { SPDY_DICTIONARY } from './dictionary.ts';
import { createSpdyConnection } from './spdy-connection.ts';
import { openSpdyLink } from './spdy-link.ts';

interface Frame {
  readonly type: number | 'data';
  readonly flags: number;
  readonly id: number;
  readonly body: Buffer;
}

/** A client that speaks the frames by hand. Source: SPDY Protocol - Draft 3.1. */
class Client {
  readonly #wire: Duplex;
  readonly #deflate = createDeflate({ dictionary: SPDY_DICTIONARY });
  readonly #deflated: Buffer[] = [];
  #got = Buffer.alloc(0);

  constructor(wire: Duplex, { listens = true } = {}) {
    this.#wire = wire;
    this.#deflate.on('data', (piece: Buffer) => this.#deflated.push(piece));
    if (!listens) return;
    wire.on('data', (piece: Buffer) => {
      this.#got = Buffer.concat([this.#got, piece]);
    });
  }

  control(type: number, body: Buffer, flags = 0): void {
    const header = Buffer.of(0x80, 3, 0, type, flags, 0, body.length >> 8, body.length & 255);
    this.#wire.write(Buffer.concat([header, body]));
  }

  data(id: number, text: string | Buffer, last = false): void {
    const body = Buffer.from(text);
    const header = Buffer.alloc(8);
    header.writeUInt32BE(id);
    header.writeUInt32BE(body.length, 4);
    header[4] = last ? 1 : 0;
    this.#wire.write(Buffer.concat([header, body]));
  }

  async open(id: number, headers: Readonly<Record<string, string>>, last = false): Promise<void> {
    const sized = (text: string) => {
      const size = Buffer.alloc(4);
      size.writeUInt32BE(Buffer.byteLength(text));
      return Buffer.concat([size, Buffer.from(text)]);
    };
    const count = Buffer.alloc(4);
    count.writeUInt32BE(Object.keys(headers).length);
    const plain = Buffer.concat([count, ...Object.entries(headers).flat().map(sized)]);
    this.#deflated.length = 0;
    this.#deflate.write(plain);
    await new Promise<void>((resolve) => this.#deflate.flush(constants.Z_SYNC_FLUSH, resolve));
    const start = Buffer.alloc(10);
    start.writeUInt32BE(id);
    this.control(1, Buffer.concat([start, ...this.#deflated]), last ? 1 : 0);
  }

  frames(): readonly Frame[] {
    const frames: Frame[] = [];
    for (let at = 0; at + 8 <= this.#got.length; ) {
      const isControl = (this.#got[at] ?? 0) >= 0x80;
      const length = this.#got.readUInt32BE(at + 4) & 0xff_ffff;
      const body = this.#got.subarray(at + 8, at + 8 + length);
      const id = isControl ? (body.length < 4 ? 0 : body.readUInt32BE(0)) : this.#got.readUInt32BE(at);
      frames.push({
        type: isControl ? this.#got.readUInt16BE(at + 2) : 'data',
        flags: this.#got[at + 4] ?? 0,
        id,
        body,
      });
      at += 8 + length;
    }
    return frames;
  }
}

function connect(options?: { readonly listens: boolean }) {
  const [here, there] = duplexPair();
  const clock = new FakeClock();
  const connection = createSpdyConnection(byteConnection(here, clock));
  const arriving = connection.streams()[Symbol.asyncIterator]();
  const next = async () => {
    const { done, value } = await arriving.next();
    if (done === true) throw new Error('the connection ended');
    return value;
  };
  return { client: new Client(there, options), connection, next, there, clock };
}

async function text(source: AsyncIterable<Uint8Array>): Promise<string> {
  let all = '';
  for await (const piece of source) all += Buffer.from(piece).toString();
  return all;
}

describe('src/streams/spdy', () => {
  it('starts header compression from the dictionary of the draft', () => {
    // A stream of zlib's names its dictionary by Adler-32. Source: moby/spdystream, whose streams begin 78 .. e3c6a7c2.
    expect(deflateSync('x', { dictionary: SPDY_DICTIONARY }).readUInt32BE(2)).toBe(0xe3c6a7c2);
    expect(createHash('sha256').update(SPDY_DICTIONARY).digest('hex')).toBe(
      '51d27341373f923f3cd88e1eb7162aeaa3723d7585ff2399201dc06498407f02',
    );
  });

  it('takes streams up, answers them, and carries bytes both ways to their ends', async () => {
    const { client, next } = connect();
    await client.open(1, { streamtype: 'data', Port: '80' });
    await client.open(3, { streamtype: 'error' }, true);
    const data = await next();
    const error = await next();
    expect([...data.headers]).toEqual([
      ['streamtype', 'data'],
      ['port', '80'],
    ]);
    expect(await text(error.chunks())).toBe('');
    client.data(1, 'to ');
    client.data(1, 'you', true);
    expect(await text(data.chunks())).toBe('to you');
    void data.write(Buffer.from('to me'));
    data.end();
    data.end();
    await expect.poll(() => client.frames().filter(({ type }) => type === 'data').length).toBe(2);
    const [first, second, ...rest] = client.frames();
    expect([first, second].map((frame) => [frame?.type, frame?.id])).toEqual([
      [2, 1],
      [2, 3],
    ]);
    const inflate = createInflate({ dictionary: SPDY_DICTIONARY });
    const plain: Buffer[] = [];
    inflate.on('data', (piece: Buffer) => plain.push(piece));
    inflate.write(first?.body.subarray(4));
    await new Promise<void>((resolve) => inflate.write(second?.body.subarray(4), () => resolve()));
    expect(Buffer.concat(plain)).toEqual(Buffer.alloc(8));
    const sent = rest.filter(({ type }) => type === 'data').map(({ id, flags, body }) => [id, flags, body.toString()]);
    expect(sent).toEqual([
      [1, 0, 'to me'],
      [1, 1, ''],
    ]);
    const widened = rest.filter(({ type, id }) => type === 9 && id === 1).map(({ body }) => body.readUInt32BE(4));
    expect(widened.reduce((sum, count) => sum + count, 0)).toBe('to you'.length);
  });

  it('answers pings of the client and no others, and passes over what it need not know', async () => {
    const { client, next } = connect();
    client.control(6, Buffer.of(0, 0, 0, 7));
    client.control(6, Buffer.of(0, 0, 0, 8));
    client.control(4, Buffer.of(0, 0, 0, 0));
    client.control(9, Buffer.of(0, 0, 0, 1, 0, 0, 0, 9));
    await client.open(1, { streamtype: 'data' });
    await next();
    const seen = () => client.frames().map(({ type, id }) => [type, id]);
    await expect.poll(seen).toEqual([
      [6, 7],
      [2, 1],
    ]);
  });

  it('tells a stream that was called off, or whose connection broke, from one that ended', async () => {
    const { client, next, there } = connect();
    await client.open(1, { streamtype: 'data' });
    await client.open(3, { streamtype: 'data' });
    const [first, second] = [await next(), await next()];
    client.control(3, Buffer.of(0, 0, 0, 1, 0, 0, 0, 5));
    expect([await text(first.chunks()), first.isReset]).toEqual(['', true]);
    there.destroy();
    expect([await text(second.chunks()), second.isReset]).toEqual(['', true]);
    expect(first.write(Buffer.from('late'))).toBeUndefined();
  });

  it.each([
    ['another version', Buffer.of(0x80, 2, 0, 6, 0, 0, 0, 4, 0, 0, 0, 1)],
    ['a control frame above the limit', Buffer.of(0x80, 3, 0, 1, 0, 1, 0, 1)],
    ['headers that are not packed', Buffer.concat([Buffer.of(0x80, 3, 0, 1, 0, 0, 0, 14), Buffer.alloc(14, 1)])],
    ['a stream in too few bytes', Buffer.of(0x80, 3, 0, 1, 0, 0, 0, 4, 0, 0, 0, 1)],
  ])('ends the connection for %s', async (_what, wire) => {
    const { connection, there } = connect();
    there.write(wire);
    await connection.closed;
  });

  it('unpacks no more headers than the limit', async () => {
    const { client, connection } = connect();
    await client.open(1, { streamtype: 'x'.repeat(streamLimits.headerBytes + 1) });
    await connection.closed;
  });

  it('refuses more streams than the limit', async () => {
    const { client } = connect();
    for (let index = 0; index <= streamLimits.spdyStreams; index += 1) {
      await client.open(index * 2 + 1, { streamtype: 'data' });
    }
    const refused = () =>
      client.frames().flatMap(({ type, id, body }) => (type === 3 ? [[id, body.readUInt32BE(4)]] : []));
    await expect.poll(refused, { timeout: 10_000 }).toEqual([[streamLimits.spdyStreams * 2 + 1, 3]]);
  });

  it('holds no more than its limit of a stream that nobody reads', async () => {
    const { client, next, there } = connect();
    await client.open(1, { streamtype: 'data' });
    const stream = await next();
    const piece = Buffer.alloc(64 * 1024, 1);
    const pieces = (streamLimits.spdyStreamBytes / piece.length) * 2;
    for (let index = 0; index < pieces; index += 1) client.data(1, piece, index === pieces - 1);
    let before = -1;
    await expect
      .poll(() => {
        const stands = there.writableLength === before;
        before = there.writableLength;
        return stands;
      })
      .toBe(true);
    expect(there.writableLength).toBeGreaterThan(streamLimits.spdyStreamBytes / 2);
    let length = 0;
    for await (const bytes of stream.chunks()) length += bytes.length;
    expect(length).toBe(pieces * piece.length);
  });

  it('makes a link of a session’s streams, whose end is that of the connection', async () => {
    const { client, connection, clock, there } = connect();
    const opening = openSpdyLink(connection, [CHANNEL.outcome, CHANNEL.stdin, CHANNEL.stdout], clock);
    // As clients do, it says at once that nothing comes from it on the streams it only reads.
    await client.open(1, { streamtype: 'error' }, true);
    await client.open(3, { streamtype: 'stdin' });
    await client.open(5, { streamtype: 'stdout' }, true);
    const link = await opening;
    const got: string[] = [];
    let left = false;
    const reading = (async () => {
      for await (const message of link.messages())
        got.push(`${message.channel} ${'end' in message ? 'end' : Buffer.from(message.bytes)}`);
      left = true;
    })();
    client.data(3, 'in', true);
    void link.send(CHANNEL.stdout, Buffer.from('out'));
    await expect.poll(() => got.toSorted()).toEqual(['0 end', '0 in', '1 end', '3 end']);
    const sent = () => client.frames().find(({ type }) => type === 'data');
    await expect.poll(sent).toMatchObject({ id: 5, body: Buffer.from('out') });
    expect(left).toBe(false);
    there.destroy();
    await reading;
  });

  it('says nothing of a stream whose connection broke', async () => {
    const { client, connection, clock, there } = connect();
    const opening = openSpdyLink(connection, [CHANNEL.stdin], clock);
    await client.open(1, { streamtype: 'stdin' });
    const link = await opening;
    there.destroy();
    for await (const message of link.messages()) expect.fail(JSON.stringify(message));
  });

  it.each([
    ['opens another', async (client: Client) => client.open(1, { streamtype: 'stderr' })],
    [
      'opens one twice',
      async (client: Client) => {
        await client.open(1, { streamtype: 'error' });
        await client.open(3, { streamtype: 'error' });
      },
    ],
  ])('gives up on a client that %s', async (_what, misbehave) => {
    const { client, connection, clock } = connect();
    const opening = openSpdyLink(connection, [CHANNEL.outcome, CHANNEL.stdin], clock);
    await Promise.all([expect(opening).rejects.toMatchObject({ code: 'StreamProtocolBroken' }), misbehave(client)]);
  });

  it('gives up on a client that does not open what it asked for in time', async () => {
    const { connection, clock } = connect();
    const opening = openSpdyLink(connection, [CHANNEL.outcome], clock);
    const refused = expect(opening).rejects.toMatchObject({ code: 'StreamProtocolBroken' });
    await clock.advance(streamLimits.spdyOpenMs + streamLimits.closeGraceMs);
    await refused;
  });
});
