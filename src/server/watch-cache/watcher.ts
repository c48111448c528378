import type { WatchFrame } from '../registry/api.ts';
import type { Change } from './change.ts';
import { bucketOf, type Selection } from './selection.ts';

interface Reader {
  resolve(result: IteratorResult<WatchFrame, undefined>): void;
  reject(error: unknown): void;
}

/** Named limits of what may wait for a reader. */
export interface WatcherLimits {
  /** Frames a watcher may lag behind. */
  readonly watcherQueue: number;
  /** Stored bytes of those frames. */
  readonly watcherBytes: number;
}

interface Queued {
  readonly frame: WatchFrame;
  readonly bytes: number;
}

/** A queue's served head is let go once it is this long, and the larger half. */
const TRIM_ABOVE = 256;

/**
 * One reader of one resource's changes. It never waits for its reader: a reader that falls too far behind
 * gets what is queued and then the end of its stream, and may continue from the last version it saw. An iterator by
 * hand, since a thousand watchers read every frame through it: async generators cost several times as much.
 */
export class Watcher implements AsyncIterableIterator<WatchFrame, undefined> {
  readonly bucket: string;
  readonly wantsBookmarks: boolean;
  readonly #selection: Selection;
  readonly #limits: WatcherLimits;
  readonly #onEnd: (() => void)[];
  #initial: Iterator<WatchFrame> | undefined;
  #queue: Queued[] = [];
  #head = 0;
  #bytes = 0;
  #reader: Reader | undefined;
  #ended = false;
  #error: unknown;

  constructor(
    selection: Selection,
    options: { readonly limits: WatcherLimits; readonly bookmarks: boolean; readonly initial: Iterable<WatchFrame> },
  ) {
    this.bucket = bucketOf(selection);
    this.wantsBookmarks = options.bookmarks;
    this.#selection = selection;
    this.#limits = options.limits;
    this.#initial = options.initial[Symbol.iterator]();
    this.#onEnd = [];
  }

  /** Calls back once, when no further frame will be queued. */
  onEnd(callback: () => void): void {
    if (this.#ended) callback();
    else this.#onEnd.push(callback);
  }

  notice(change: Change): void {
    const frame = change.frameFor(this.#selection.matches);
    if (frame !== undefined) this.push(frame, change.bytes);
  }

  push(frame: WatchFrame, bytes = 0): void {
    if (this.#ended) return;
    if (this.#reader !== undefined) {
      const reader = this.#reader;
      this.#reader = undefined;
      reader.resolve({ value: frame, done: false });
    } else if (this.#hasRoom(bytes)) {
      this.#queue.push({ frame, bytes });
      this.#bytes += bytes;
    } else this.end();
  }

  /** Lets the reader have what is queued, then ends the stream; with an error the reader throws it. */
  end(error?: unknown): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#error = error;
    for (const callback of this.#onEnd.splice(0)) callback();
    const reader = this.#reader;
    this.#reader = undefined;
    if (reader === undefined) return;
    this.#last().then(reader.resolve, reader.reject);
  }

  /** One call at a time, as `for await` does. */
  next(): Promise<IteratorResult<WatchFrame, undefined>> {
    const frame = this.#take();
    if (frame !== undefined) return Promise.resolve({ value: frame, done: false });
    if (this.#ended) return this.#last();
    return new Promise((resolve, reject) => {
      this.#reader = { resolve, reject };
    });
  }

  /** The reader leaves. */
  return(): Promise<IteratorResult<WatchFrame, undefined>> {
    this.#initial = undefined;
    this.#queue = [];
    this.#head = 0;
    this.end();
    return Promise.resolve({ value: undefined, done: true });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #take(): WatchFrame | undefined {
    const first = this.#initial?.next();
    if (first !== undefined && first.done !== true) return first.value;
    this.#initial = undefined;
    const next = this.#queue[this.#head];
    if (next === undefined) return undefined;
    this.#bytes -= next.bytes;
    this.#head += 1;
    if (this.#head > TRIM_ABOVE && this.#head * 2 > this.#queue.length) {
      this.#queue = this.#queue.slice(this.#head);
      this.#head = 0;
    }
    return next.frame;
  }

  /** One frame always has room, however large. */
  #hasRoom(bytes: number): boolean {
    const waiting = this.#queue.length - this.#head;
    const { watcherQueue, watcherBytes } = this.#limits;
    return waiting < watcherQueue && (waiting === 0 || this.#bytes + bytes <= watcherBytes);
  }

  /** The error is told once; then the stream is at its end. */
  #last(): Promise<IteratorResult<WatchFrame, undefined>> {
    const error = this.#error;
    this.#error = undefined;
    return error === undefined ? Promise.resolve({ value: undefined, done: true }) : Promise.reject(error);
  }
}
