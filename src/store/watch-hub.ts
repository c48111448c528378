import { StoreError } from './errors.ts';
import { type StoreEvent, storeLimits, type WatchBatch, type WatchRequest, type WatchResult } from './store.ts';

/** Commits with their events of one prefix, in order and without gaps, from `afterRevision` on. */
export type HistoryPage =
  | { readonly ok: true; readonly batches: readonly WatchBatch[] }
  | { readonly ok: false; readonly compacted: number };

/** At most `commits` commits with afterRevision < revision ≤ throughRevision, from memory or disk. */
export type ReadHistory = (request: {
  readonly prefix: string;
  readonly afterRevision: number;
  readonly throughRevision: number;
  readonly commits: number;
}) => Promise<HistoryPage>;

export interface WatchHubOptions {
  /** Batches a watcher may lag behind. */
  readonly bufferLimit?: number;
  /** Commits read from history at once. */
  readonly historyCommits?: number;
}

/**
 * Hands every commit to every watcher, once and in order. A watcher first reads history page by page, at its reader's
 * pace; with less than a page to go it subscribes, and then reads that rest: so nothing lies between history and live.
 */
export class WatchHub {
  readonly #watchers = new Set<Watcher>();
  readonly #readHistory: ReadHistory;
  readonly #bufferLimit: number;
  readonly #historyCommits: number;
  #published: number;
  #closed = false;

  constructor(published: number, readHistory: ReadHistory, options: WatchHubOptions = {}) {
    this.#published = published;
    this.#readHistory = readHistory;
    this.#bufferLimit = options.bufferLimit ?? storeLimits.watchBufferLimit;
    this.#historyCommits = options.historyCommits ?? 1_024;
  }

  /** Revision of the newest commit handed out. */
  get published(): number {
    return this.#published;
  }

  get watchers(): number {
    return this.#watchers.size;
  }

  publish(batch: WatchBatch): void {
    this.#published = batch.revision;
    for (const watcher of this.#watchers) watcher.offer(batch);
  }

  async watch({ prefix, afterRevision, signal }: WatchRequest): Promise<WatchResult> {
    if (this.#closed) throw new StoreError('StoreClosed', 'The store is closed.');
    const watcher = new Watcher({
      prefix,
      afterRevision,
      bufferLimit: this.#bufferLimit,
      refill: (after) => this.#refill(watcher, after),
      onEnd: () => {
        this.#watchers.delete(watcher);
        signal?.removeEventListener('abort', abort);
      },
    });
    const abort = () => watcher.end();
    this.#watchers.add(watcher);
    const first = await this.#refill(watcher, afterRevision).catch((error: unknown) => {
      watcher.end();
      throw error;
    });
    if (!first.ok) {
      watcher.end();
      return first;
    }
    watcher.begin(first.batches);
    if (signal?.aborted) watcher.end();
    else signal?.addEventListener('abort', abort, { once: true });
    return { ok: true, batches: watcher };
  }

  /** Ends every watch; with an error, readers throw it after what they have buffered. */
  close(error?: unknown): void {
    this.#closed = true;
    for (const watcher of [...this.#watchers]) watcher.end(error);
  }

  /** The next page of history; the last one after the watcher was subscribed. */
  async #refill(watcher: Watcher, afterRevision: number): Promise<HistoryPage> {
    const throughRevision = this.#published;
    if (throughRevision - afterRevision <= this.#historyCommits) watcher.live = true;
    return this.#readHistory({
      prefix: watcher.prefix,
      afterRevision,
      throughRevision,
      commits: this.#historyCommits,
    });
  }
}

interface WatcherOptions {
  readonly prefix: string;
  readonly afterRevision: number;
  readonly bufferLimit: number;
  readonly refill: (afterRevision: number) => Promise<HistoryPage>;
  readonly onEnd: () => void;
}

type Step = IteratorResult<WatchBatch, undefined>;
const DONE: Step = { done: true, value: undefined };

/** One reader's place in the stream: the page it reads, and behind it the live commits. Asked for one batch at a time. */
class Watcher implements AsyncIterableIterator<WatchBatch> {
  readonly prefix: string;
  /** Whether it gets live commits. A history page still being read comes before them. */
  live = false;
  readonly #options: WatcherOptions;
  #page: readonly WatchBatch[] = [];
  #index = 0;
  #buffer: WatchBatch[] = [];
  #lastRevision: number;
  #ended = false;
  #error: unknown;
  #waiting: { readonly resolve: (step: Step) => void; readonly reject: (error: unknown) => void } | undefined;

  constructor(options: WatcherOptions) {
    this.#options = options;
    this.prefix = options.prefix;
    this.#lastRevision = options.afterRevision;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  begin(page: readonly WatchBatch[]): void {
    if (!this.#ended) this.#page = page;
  }

  offer(batch: WatchBatch): void {
    if (!this.live || batch.revision <= this.#lastRevision) return;
    const mine = filterBatch(batch, this.prefix);
    const waiting = this.#waiting;
    if (waiting !== undefined) {
      this.#waiting = undefined;
      this.#lastRevision = mine.revision;
      waiting.resolve({ done: false, value: mine });
      return;
    }
    if (this.#buffer.length >= this.#options.bufferLimit) {
      const limit = this.#options.bufferLimit;
      this.end(new StoreError('WatchOverrun', `The reader of a watch fell more than ${limit} commits behind.`));
      return;
    }
    this.#buffer.push(mine);
  }

  end(error?: unknown): void {
    if (this.#ended) return;
    this.#ended = true;
    this.live = false;
    this.#error = error;
    this.#options.onEnd();
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (error !== undefined) waiting?.reject(error);
    else {
      // Aborted: what is buffered is not wanted any more.
      this.#page = [];
      this.#buffer = [];
      waiting?.resolve(DONE);
    }
  }

  async return(): Promise<Step> {
    this.end();
    return DONE;
  }

  async next(): Promise<Step> {
    const ready = this.#take();
    if (ready !== undefined) return { done: false, value: ready };
    if (this.#ended) return this.#finish();
    if (!this.live) {
      await this.#nextPage();
      return this.next();
    }
    return new Promise<Step>((resolve, reject) => {
      this.#waiting = { resolve, reject };
    });
  }

  async #nextPage(): Promise<void> {
    try {
      const page = await this.#options.refill(this.#lastRevision);
      if (this.#ended) return;
      if (page.ok) {
        this.#page = page.batches;
        this.#index = 0;
      } else {
        const compacted = `The reader of a watch fell behind compaction at revision ${page.compacted}.`;
        this.end(new StoreError('WatchOverrun', compacted));
      }
    } catch (error) {
      // After the store closed or the reader left, a failed read is nobody's concern any more.
      this.end(error);
    }
  }

  /** The next batch at hand; pages first, then the buffer becomes the page. */
  #take(): WatchBatch | undefined {
    if (this.#index >= this.#page.length) {
      if (this.#buffer.length === 0) return undefined;
      this.#page = this.#buffer;
      this.#index = 0;
      this.#buffer = [];
    }
    const batch = this.#page[this.#index] as WatchBatch;
    this.#index += 1;
    this.#lastRevision = batch.revision;
    return batch;
  }

  #finish(): Step {
    const error = this.#error;
    this.#error = undefined;
    if (error !== undefined) throw error;
    return DONE;
  }
}

/** The batch as a watcher of `prefix` sees it; the very same object when nothing is left out. */
export function filterBatch(batch: WatchBatch, prefix: string): WatchBatch {
  const { events } = batch;
  if (events.every((event) => eventKey(event).startsWith(prefix))) return batch;
  const mine = events.length === 1 ? [] : events.filter((event) => eventKey(event).startsWith(prefix));
  return { revision: batch.revision, events: mine };
}

export function eventKey(event: StoreEvent): string {
  return event.type === 'put' ? event.current.key : event.key;
}
