import { AsyncQueue } from '#base';
import type { WatchFrame } from '../registry/api.ts';
import type { Change } from './change.ts';
import { bucketOf, type Selection } from './selection.ts';

/**
 * One reader of one resource's changes. It never waits for its reader: a reader that falls `queueLimit` frames behind
 * gets what is queued and then the end of its stream, and may continue from the last version it saw.
 */
export class Watcher {
  readonly bucket: string;
  readonly wantsBookmarks: boolean;
  readonly #selection: Selection;
  readonly #queue: AsyncQueue<WatchFrame>;
  readonly #stop: () => void;
  #stopped = false;

  constructor(
    selection: Selection,
    options: { readonly queueLimit: number; readonly bookmarks: boolean; readonly onStop: (watcher: Watcher) => void },
  ) {
    this.bucket = bucketOf(selection);
    this.wantsBookmarks = options.bookmarks;
    this.#selection = selection;
    this.#queue = new AsyncQueue(options.queueLimit);
    this.#stop = () => options.onStop(this);
  }

  notice(change: Change): void {
    const frame = change.frameFor(this.#selection.matches);
    if (frame !== undefined) this.push(frame);
  }

  push(frame: WatchFrame): void {
    if (!this.#queue.push(frame)) this.end();
  }

  /** Lets the reader have what is queued, then ends the stream; with an error the reader throws it. */
  end(error?: unknown): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#queue.end(error);
    this.#stop();
  }

  /** `initial` comes before whatever was pushed since the watcher began. */
  async *frames(initial: Iterable<WatchFrame>): AsyncGenerator<WatchFrame> {
    try {
      yield* initial;
      yield* this.#queue;
    } finally {
      this.end();
    }
  }
}
