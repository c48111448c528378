import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Clock, Timer } from '#base';
import { ByteReader, ByteWriter, chunksOf } from './bytes.ts';
import { StreamError } from './errors.ts';
import { streamLimits } from './limits.ts';

/** Source: RFC 6455, 1.3. */
const ACCEPT_SUFFIX = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

/** Source: RFC 6455, 5.2. */
const OPCODE = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;
const FINAL = 0x80;
const MASKED = 0x80;
const RESERVED = 0x70;
/** Longest body of a control frame. Source: RFC 6455, 5.5. */
const MAX_CONTROL = 125;

/** Source: RFC 6455, 7.4.1. */
const CLOSED = { normal: 1000, protocol: 1002, tooLong: 1009 } as const;

/** What a client asks for by its upgrade; undefined when it is no WebSocket handshake of version 13. */
export interface WebSocketOffer {
  readonly key: string;
  /** In the client's order of preference. */
  readonly protocols: readonly string[];
}

export function readWebSocketOffer(
  method: string | undefined,
  headers: IncomingHttpHeaders,
): WebSocketOffer | undefined {
  const key = headers['sec-websocket-key'];
  const isHandshake = method === 'GET' && headers.upgrade?.toLowerCase() === 'websocket';
  if (!isHandshake || key === undefined || headers['sec-websocket-version'] !== '13') return undefined;
  const protocols = (headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim());
  return { key, protocols: protocols.filter((name) => name !== '') };
}

/** One WebSocket, the server's side: whole messages both ways, and a sign of life now and then. */
export interface WebSocketConnection {
  /** When it answers a promise, wait for it before the next. After the end it is dropped. */
  send(message: Uint8Array, type?: 'binary' | 'text'): Promise<void> | undefined;
  /** Whole messages, for one reader; none is read ahead. Throws `StreamError` when the client breaks the protocol. */
  messages(): AsyncIterable<Buffer>;
  close(): void;
}

/** Answers the handshake. `protocol` is the one chosen, absent when the client offered none. */
export function acceptWebSocket(
  connection: Duplex,
  { key }: WebSocketOffer,
  { protocol, clock }: { readonly protocol?: string; readonly clock: Clock },
): WebSocketConnection {
  const accept = createHash('sha1')
    .update(key + ACCEPT_SUFFIX)
    .digest('base64');
  const chosen = protocol === undefined ? '' : `Sec-WebSocket-Protocol: ${protocol}\r\n`;
  connection.write(
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n${chosen}\r\n`,
  );
  return new ServerWebSocket(connection, clock);
}

interface Frame {
  readonly opcode: number;
  readonly final: boolean;
  readonly body: Buffer;
}

class ServerWebSocket implements WebSocketConnection {
  readonly #writer: ByteWriter;
  readonly #reader: ByteReader;
  readonly #clock: Clock;
  #beat: Timer;
  #closed = false;

  constructor(connection: Duplex, clock: Clock) {
    this.#writer = new ByteWriter(connection, clock);
    this.#reader = new ByteReader(chunksOf(connection));
    this.#clock = clock;
    this.#beat = this.#schedule();
    connection.once('close', () => this.#beat.cancel());
  }

  send(message: Uint8Array, type: 'binary' | 'text' = 'binary'): Promise<void> | undefined {
    if (this.#closed) return undefined;
    return this.#writer.write(header(OPCODE[type], message.length), message);
  }

  async *messages(): AsyncGenerator<Buffer, void, undefined> {
    try {
      yield* this.#messages();
    } catch (error) {
      this.#close(CLOSED.protocol);
      throw error;
    }
  }

  close(): void {
    this.#close(CLOSED.normal);
  }

  async *#messages(): AsyncGenerator<Buffer, void, undefined> {
    let parts: Buffer[] | undefined;
    let length = 0;
    for (;;) {
      const frame = await this.#frame(streamLimits.messageBytes - length);
      if (frame === undefined || this.#closed) return;
      if (frame.opcode >= OPCODE.close) {
        if (frame.opcode === OPCODE.close) return this.#close(CLOSED.normal);
        if (frame.opcode === OPCODE.ping) await this.#writer.write(header(OPCODE.pong, frame.body.length), frame.body);
        continue;
      }
      if ((frame.opcode === OPCODE.continuation) !== (parts !== undefined)) {
        throw new StreamError('a WebSocket message began inside another, or went on without one');
      }
      parts = [...(parts ?? []), frame.body];
      length += frame.body.length;
      if (!frame.final) continue;
      const [only] = parts;
      yield parts.length === 1 && only !== undefined ? only : Buffer.concat(parts, length);
      parts = undefined;
      length = 0;
    }
  }

  /** Source: RFC 6455, 5.2. */
  async #frame(room: number): Promise<Frame | undefined> {
    const start = await this.#reader.take(2);
    if (start === undefined) return undefined;
    const [first = 0, second = 0] = start;
    const opcode = first & 0x0f;
    const final = (first & FINAL) !== 0;
    const isControl = opcode >= OPCODE.close;
    const known: readonly number[] = Object.values(OPCODE);
    if ((first & RESERVED) !== 0 || !known.includes(opcode))
      throw new StreamError('a WebSocket frame of no known kind');
    if ((second & MASKED) === 0) throw new StreamError('a WebSocket frame from a client must be masked');
    const length = await this.#length(second & 0x7f);
    if (isControl && (length > MAX_CONTROL || !final)) throw new StreamError('a WebSocket control frame is too long');
    if (!isControl && length > room) {
      this.#close(CLOSED.tooLong);
      throw new StreamError(`a WebSocket message is longer than ${streamLimits.messageBytes} bytes`);
    }
    const mask = await this.#take(4);
    return { opcode, final, body: unmask(await this.#take(length), mask) };
  }

  async #length(short: number): Promise<number> {
    if (short < 126) return short;
    if (short === 126) return (await this.#take(2)).readUInt16BE();
    return Number((await this.#take(8)).readBigUInt64BE());
  }

  async #take(count: number): Promise<Buffer> {
    const bytes = await this.#reader.take(count);
    if (bytes === undefined) throw new StreamError('the connection ended in the middle of a frame');
    return bytes;
  }

  #close(code: number): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#beat.cancel();
    const body = Buffer.alloc(2);
    body.writeUInt16BE(code);
    void this.#writer.write(header(OPCODE.close, body.length), body);
    this.#writer.end();
  }

  /**
   * A pong nobody asked for: it keeps a client that waits for us from giving up while its own ping is stuck behind input
   * that nobody takes, and it tells us of a client that is gone. Source: RFC 6455, 5.5.3.
   */
  #schedule(): Timer {
    return this.#clock.after(streamLimits.heartbeatMs, () => {
      void this.#writer.write(header(OPCODE.pong, 0));
      this.#beat = this.#schedule();
    });
  }
}

function header(opcode: number, length: number): Buffer {
  if (length < 126) return Buffer.of(FINAL | opcode, length);
  if (length < 0x1_0000) {
    const short = Buffer.of(FINAL | opcode, 126, 0, 0);
    short.writeUInt16BE(length, 2);
    return short;
  }
  const long = Buffer.alloc(10);
  long[0] = FINAL | opcode;
  long[1] = 127;
  long.writeBigUInt64BE(BigInt(length), 2);
  return long;
}

/** A copy: the bytes came from a buffer that others may hold. */
function unmask(masked: Buffer, mask: Buffer): Buffer {
  const plain = Buffer.allocUnsafe(masked.length);
  for (let index = 0; index < masked.length; index += 1) {
    plain[index] = (masked[index] ?? 0) ^ (mask[index & 3] ?? 0);
  }
  return plain;
}
