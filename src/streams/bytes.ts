import type { Duplex } from 'node:stream';
import type { Clock } from '#base';
import { StreamError } from './errors.ts';
import { streamLimits } from './limits.ts';

const EMPTY = Buffer.alloc(0);

/** Pieces of a connection until it ends; one that breaks has ended. Taking no more leaves the connection open. */
export async function* chunksOf(connection: Duplex): AsyncGenerator<Buffer, void, undefined> {
  const chunks = connection.iterator({ destroyOnReturn: false });
  for (;;) {
    let next: IteratorResult<Buffer>;
    try {
      next = await chunks.next();
    } catch {
      return; // reset, or closed by us: nothing more comes either way
    }
    if (next.done === true) return;
    yield next.value;
  }
}

/** Takes counted bytes from pieces of any length. Holds one piece at a time. */
export class ByteReader {
  readonly #source: AsyncIterator<Uint8Array>;
  #held: Buffer = EMPTY;

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  /** Exactly so many bytes; undefined when the source ends before the first. Throws `StreamError` when it ends between. */
  async take(count: number): Promise<Buffer | undefined> {
    if (count === 0) return EMPTY;
    const first = await this.some(count);
    if (first === undefined || first.length === count) return first;
    const parts = [first];
    for (let missing = count - first.length; missing > 0; ) {
      const part = await this.some(missing);
      if (part === undefined) throw new StreamError('the connection ended in the middle of a frame');
      parts.push(part);
      missing -= part.length;
    }
    return Buffer.concat(parts, count);
  }

  /** At least one byte and at most so many; undefined at the end. */
  async some(most: number): Promise<Buffer | undefined> {
    while (this.#held.length === 0) {
      const next = await this.#source.next();
      if (next.done === true) return undefined;
      this.#held = Buffer.from(next.value.buffer, next.value.byteOffset, next.value.length);
    }
    const taken = this.#held.subarray(0, most);
    this.#held = this.#held.subarray(taken.length);
    return taken;
  }
}

/** Writes to a connection, and says when to wait for its reader. */
export class ByteWriter {
  readonly #connection: Duplex;
  readonly #clock: Clock;
  #drained: Promise<void> | undefined;

  constructor(connection: Duplex, clock: Clock) {
    this.#connection = connection;
    this.#clock = clock;
    // Whoever reads hears of it as an end.
    connection.on('error', () => undefined);
  }

  /** All parts in one go. When it answers a promise, wait for it before the next. After the end they are dropped. */
  write(...parts: readonly Uint8Array[]): Promise<void> | undefined {
    const connection = this.#connection;
    if (connection.destroyed || connection.writableEnded) return undefined;
    connection.cork();
    for (const part of parts) connection.write(part);
    connection.uncork();
    if (!connection.writableNeedDrain) return undefined;
    this.#drained ??= new Promise<void>((resolve) => {
      const done = () => {
        connection.off('drain', done).off('close', done);
        this.#drained = undefined;
        resolve();
      };
      connection.on('drain', done).on('close', done);
    });
    return this.#drained;
  }

  /** Sends what was given, then closes; a reader that does not take it is cut off after `closeGraceMs`. */
  end(): void {
    const connection = this.#connection;
    if (connection.destroyed || connection.writableEnded) return;
    const cut = this.#clock.after(streamLimits.closeGraceMs, () => connection.destroy());
    connection.once('close', () => cut.cancel());
    connection.end(() => connection.resume()); // what still comes would keep it from closing
  }
}

/** A connection's bytes both ways. */
export function byteConnection(connection: Duplex, clock: Clock) {
  const writer = new ByteWriter(connection, clock);
  return {
    chunks: () => chunksOf(connection),
    write: (...parts: readonly Uint8Array[]) => writer.write(...parts),
    end: () => writer.end(),
  };
}
