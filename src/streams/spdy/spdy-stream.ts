import { streamLimits } from '../limits.ts';
import type { SpdyHeaders } from './header-block.ts';

/** One stream that a client opened. */
export interface SpdyStream {
  readonly id: number;
  readonly headers: SpdyHeaders;
  /** The client called it off, or its connection ended: what came is not the whole. */
  readonly isReset: boolean;
  /** What the client sends, for one reader; ends with the client's side of the stream. */
  chunks(): AsyncIterable<Uint8Array>;
  /** When it answers a promise, wait for it before the next. After the end it is dropped. */
  write(bytes: Uint8Array): Promise<void> | undefined;
  /** Says that no more comes from us. */
  end(): void;
  /** Calls the stream off, both ways. */
  reset(): void;
}

export interface StreamWire {
  data(id: number, bytes: Uint8Array, last: boolean): Promise<void> | undefined;
  reset(id: number): void;
  /** The reader took so many bytes. */
  taken(id: number, count: number): void;
  /** Both sides have ended. */
  done(id: number): void;
}

/** The stream as its connection sees it. */
export class OpenStream implements SpdyStream {
  readonly id: number;
  readonly headers: SpdyHeaders;
  readonly #wire: StreamWire;
  #held: Buffer[] = [];
  #heldBytes = 0;
  #wakeReader: (() => void) | undefined;
  #wakeFeeder: (() => void) | undefined;
  #theirsEnded = false;
  #oursEnded = false;
  #isReset = false;
  #unread = false;

  constructor(id: number, headers: SpdyHeaders, wire: StreamWire) {
    this.id = id;
    this.headers = headers;
    this.#wire = wire;
  }

  get isReset(): boolean {
    return this.#isReset;
  }

  /** Takes bytes from the wire; waits while the reader is too far behind. */
  async feed(bytes: Buffer): Promise<void> {
    if (this.#theirsEnded || this.#unread) return;
    this.#held.push(bytes);
    this.#heldBytes += bytes.length;
    this.#wakeReader?.();
    while (this.#heldBytes > streamLimits.spdyStreamBytes && !this.#theirsEnded && !this.#unread) {
      await new Promise<void>((resolve) => {
        this.#wakeFeeder = resolve;
      });
    }
  }

  /** The client's side ended; `cut` when not by its own word. */
  finish({ cut }: { readonly cut: boolean }): void {
    if (cut && !(this.#theirsEnded && this.#oursEnded)) {
      this.#isReset = true;
      this.#oursEnded = true;
    }
    this.#theirsEnded = true;
    this.#wakeReader?.();
    this.#wakeFeeder?.();
    this.#settle();
  }

  async *chunks(): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      for (;;) {
        for (let piece = this.#held.shift(); piece !== undefined; piece = this.#held.shift()) {
          this.#heldBytes -= piece.length;
          this.#wakeFeeder?.();
          yield piece;
          this.#wire.taken(this.id, piece.length);
        }
        if (this.#theirsEnded) return;
        await new Promise<void>((resolve) => {
          this.#wakeReader = resolve;
        });
      }
    } finally {
      this.#unread = true;
      this.#held = [];
      this.#wakeFeeder?.();
    }
  }

  write(bytes: Uint8Array): Promise<void> | undefined {
    return this.#oursEnded || bytes.length === 0 ? undefined : this.#wire.data(this.id, bytes, false);
  }

  end(): void {
    if (this.#oursEnded) return;
    this.#oursEnded = true;
    void this.#wire.data(this.id, new Uint8Array(0), true);
    this.#settle();
  }

  reset(): void {
    if (this.#theirsEnded && this.#oursEnded) return;
    this.#wire.reset(this.id);
    this.finish({ cut: true });
  }

  #settle(): void {
    if (this.#theirsEnded && this.#oursEnded) this.#wire.done(this.id);
  }
}
