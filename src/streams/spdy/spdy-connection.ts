import { AsyncQueue } from '#base';
import { ByteReader } from '../bytes.ts';
import { StreamError } from '../errors.ts';
import { streamLimits } from '../limits.ts';
import { HeaderCodec } from './header-block.ts';
import { OpenStream, type SpdyStream, type StreamWire } from './spdy-stream.ts';

/** What SPDY runs on: a connection of its own, or the messages of a WebSocket. */
export interface ByteConnection {
  chunks(): AsyncIterable<Uint8Array>;
  /** When it answers a promise, wait for it before the next. */
  write(...parts: readonly Uint8Array[]): Promise<void> | undefined;
  end(): void;
}

/** The server's side of SPDY/3.1, as far as Kubernetes' clients speak it: streams that the client opens. */
export interface SpdyConnection {
  /** Streams as the client opens them; ends with the connection. For one reader. */
  streams(): AsyncIterable<SpdyStream>;
  /** Resolves when the connection has ended, for whatever reason. */
  readonly closed: Promise<void>;
  close(): void;
}

/** Source: SPDY Protocol - Draft 3.1, 2.2 and 2.6. */
const CONTROL = 0x8003;
const FRAME = { synStream: 1, synReply: 2, rstStream: 3, ping: 6, goAway: 7, headers: 8, windowUpdate: 9 } as const;
const FIN = 1;
const REFUSED_STREAM = 3;
const CANCEL = 5;
const HEADER = 8;
const ID = 0x7fff_ffff;

/**
 * Speaks SPDY/3.1 over a connection. Clients of Kubernetes (moby/spdystream) never widen a window, so none is kept
 * towards them: the connection itself makes us wait. What the reader of a stream has taken is told to the client all the same.
 */
export function createSpdyConnection(connection: ByteConnection): SpdyConnection {
  return new ServerConnection(connection);
}

class ServerConnection implements SpdyConnection, StreamWire {
  readonly #connection: ByteConnection;
  readonly #headers = new HeaderCodec();
  readonly #open = new Map<number, OpenStream>();
  readonly #arrived = new AsyncQueue<SpdyStream>(streamLimits.spdyStreams);
  readonly closed: Promise<void>;

  constructor(connection: ByteConnection) {
    this.#connection = connection;
    this.closed = this.#run();
  }

  streams(): AsyncIterable<SpdyStream> {
    return this.#arrived;
  }

  close(): void {
    void this.#control(FRAME.goAway, Buffer.alloc(8));
    this.#connection.end();
  }

  data(id: number, bytes: Uint8Array, last: boolean): Promise<void> | undefined {
    let wait: Promise<void> | undefined;
    for (let from = 0; from === 0 || from < bytes.length; from += streamLimits.frameBytes) {
      const piece = bytes.subarray(from, from + streamLimits.frameBytes);
      const isLast = last && from + piece.length >= bytes.length;
      const header = Buffer.alloc(HEADER);
      header.writeUInt32BE(id, 0);
      header.writeUInt32BE(piece.length, 4);
      header[4] = isLast ? FIN : 0;
      wait = this.#connection.write(header, piece);
    }
    return wait;
  }

  reset(id: number): void {
    void this.#control(FRAME.rstStream, words(id, CANCEL));
  }

  taken(id: number, count: number): void {
    if (count === 0) return;
    void this.#control(FRAME.windowUpdate, words(id, count));
    void this.#control(FRAME.windowUpdate, words(0, count));
  }

  done(id: number): void {
    this.#open.delete(id);
  }

  /** Reads until the connection ends or breaks the protocol; then every stream has ended. */
  async #run(): Promise<void> {
    const reader = new ByteReader(this.#connection.chunks());
    try {
      for (;;) {
        const header = await reader.take(HEADER);
        if (header === undefined) break;
        const length = header.readUInt32BE(4) & 0xff_ffff;
        const flags = header[4] ?? 0;
        if ((header[0] ?? 0) < 0x80) await this.#takeData(reader, header.readUInt32BE(0) & ID, { length, flags });
        else await this.#takeControl(reader, header, { length, flags });
      }
    } catch {
      // It broke the protocol: it is ended, and that is all the client hears.
    } finally {
      for (const stream of [...this.#open.values()]) stream.finish({ cut: true });
      this.#arrived.end();
      this.#headers.close();
      this.#connection.end();
    }
  }

  async #takeData(reader: ByteReader, id: number, { length, flags }: { length: number; flags: number }): Promise<void> {
    const stream = this.#open.get(id);
    for (let left = length; left > 0; ) {
      const piece = await reader.some(left);
      if (piece === undefined) throw new StreamError('the connection ended in the middle of a frame');
      left -= piece.length;
      await stream?.feed(piece);
    }
    if ((flags & FIN) !== 0) stream?.finish({ cut: false });
  }

  async #takeControl(
    reader: ByteReader,
    header: Buffer,
    { length, flags }: { length: number; flags: number },
  ): Promise<void> {
    if (header.readUInt16BE(0) !== CONTROL) throw new StreamError('only SPDY/3 is spoken here');
    if (length > streamLimits.headerBytes) throw new StreamError(`a control frame of ${length} bytes is too long`);
    const body = await reader.take(length);
    if (body === undefined) throw new StreamError('the connection ended in the middle of a frame');
    const type = header.readUInt16BE(2);
    const id = body.length < 4 ? 0 : body.readUInt32BE(0) & ID;
    if (type === FRAME.synStream) await this.#opened(id, body, (flags & FIN) !== 0);
    if (type === FRAME.rstStream) this.#open.get(id)?.finish({ cut: true });
    if (type === FRAME.ping && id % 2 === 1) await this.#control(FRAME.ping, body);
    // One state for all of them: an unread block would garble the next one.
    if (type === FRAME.headers || type === FRAME.synReply) await this.#headers.read(body.subarray(4));
  }

  async #opened(id: number, body: Buffer, ended: boolean): Promise<void> {
    if (body.length < 10) throw new StreamError('a stream is opened in too few bytes');
    const headers = await this.#headers.read(body.subarray(10));
    if (this.#open.has(id)) throw new StreamError(`stream ${id} is opened twice`);
    const stream = new OpenStream(id, headers, this);
    if (this.#open.size >= streamLimits.spdyStreams || !this.#arrived.push(stream)) {
      await this.#control(FRAME.rstStream, words(id, REFUSED_STREAM));
      return;
    }
    this.#open.set(id, stream);
    await this.#control(FRAME.synReply, Buffer.concat([words(id), await this.#headers.empty()]));
    if (ended) stream.finish({ cut: false });
  }

  #control(type: number, body: Uint8Array): Promise<void> | undefined {
    const header = Buffer.alloc(HEADER);
    header.writeUInt16BE(CONTROL, 0);
    header.writeUInt16BE(type, 2);
    header.writeUInt32BE(body.length, 4);
    return this.#connection.write(header, body);
  }
}

function words(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  for (const [index, value] of values.entries()) bytes.writeUInt32BE(value, index * 4);
  return bytes;
}
