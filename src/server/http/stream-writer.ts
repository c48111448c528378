import type { ServerResponse } from 'node:http';
import type { Clock } from '#base';

export interface StreamWriterOptions {
  readonly clock: Clock;
  /** Bytes kept at most before `write` makes the caller wait. */
  readonly chunkBytes: number;
  /** A reader that takes nothing for so long is cut off. */
  readonly stallMs: number;
}

/**
 * Writes a stream of small pieces to one reader: what comes within one turn of the event loop leaves in one write, and
 * a slow reader makes the producer wait instead of filling memory.
 */
export class StreamWriter {
  readonly #response: ServerResponse;
  readonly #options: StreamWriterOptions;
  #pending: Uint8Array[] = [];
  #pendingBytes = 0;
  #scheduled = false;

  constructor(response: ServerResponse, options: StreamWriterOptions) {
    this.#response = response;
    this.#options = options;
  }

  /** Whether the reader is gone. */
  get closed(): boolean {
    return this.#response.destroyed || this.#response.writableEnded;
  }

  /** Takes a piece; when it answers a promise, wait for it before the next piece. */
  write(piece: Uint8Array): Promise<void> | undefined {
    if (this.closed) return undefined;
    this.#pending.push(piece);
    this.#pendingBytes += piece.length;
    if (this.#response.writableNeedDrain) return this.#drained();
    if (this.#pendingBytes >= this.#options.chunkBytes) {
      this.flush();
      return this.#response.writableNeedDrain ? this.#drained() : undefined;
    }
    if (!this.#scheduled) {
      this.#scheduled = true;
      setImmediate(() => this.flush());
    }
    return undefined;
  }

  flush(): void {
    this.#scheduled = false;
    if (this.#pendingBytes === 0 || this.closed) return;
    const [first, ...rest] = this.#pending;
    const bytes = first !== undefined && rest.length === 0 ? first : Buffer.concat(this.#pending, this.#pendingBytes);
    this.#pending = [];
    this.#pendingBytes = 0;
    this.#response.write(bytes);
  }

  end(): void {
    this.flush();
    if (!this.closed) this.#response.end();
  }

  /** Resolves when the reader took everything, left, or was cut off for taking nothing. */
  #drained(): Promise<void> {
    const response = this.#response;
    return new Promise((resolve) => {
      const timer = this.#options.clock.after(this.#options.stallMs, () => response.destroy());
      const done = () => {
        timer.cancel();
        response.off('drain', done).off('close', done);
        this.flush();
        resolve();
      };
      response.on('drain', done).on('close', done);
    });
  }
}
