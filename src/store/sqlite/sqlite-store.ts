import { type Clock, type EntryPoint, entryPoint, type Log } from '#base';
import { StoreError } from '../errors.ts';
import { assertCommit } from '../keys.ts';
import type {
  CommitResult,
  ListRequest,
  ListResult,
  Operation,
  Store,
  StoredValue,
  StoreEvent,
  WatchBatch,
  WatchRequest,
  WatchResult,
} from '../store.ts';
import { type HistoryPage, type ReadHistory, WatchHub } from '../watch-hub.ts';
import { Checkpointer } from './checkpointer.ts';
import { sqliteLimits } from './limits.ts';
import {
  Packer,
  type ReaderCalls,
  sliceOf,
  type WireCommitResult,
  type WireOperation,
  type WireValue,
  type WriterCalls,
} from './protocol.ts';
import { startThread, type Thread, type ThreadEvents } from './thread.ts';

export interface SqliteStoreDeps {
  readonly clock: Clock;
  readonly log: Log;
  /** Where the code of the worker threads lies; beside this file when absent. */
  readonly worker?: EntryPoint;
}

export interface SqliteStoreOptions {
  /** The database file; `-wal`, `-shm` and `.lock` lie beside it. Made with mode 0600 when absent. */
  readonly path: string;
  /** Values whose keys the predicate names are AES-256-GCM from the first write. */
  readonly encryption?: { readonly key: Uint8Array; encrypts(key: string): boolean };
  /**
   * The file comes from a backup. Revisions then go on at no less than now, and older ones answer `compacted`: no client
   * can hold a revision that the store has yet to give out.
   */
  readonly restored?: boolean;
}

/**
 * Opens the store on disk. Acknowledged means fsynced. Throws `StoreLocked` when another opener has it, `StoreKey`,
 * `StoreFormat` or `StoreNotDurable` when it cannot be used as it is.
 */
export async function openSqliteStore(deps: SqliteStoreDeps, options: SqliteStoreOptions): Promise<Store> {
  const { clock, log, worker = entryPoint(import.meta.url, 'store-worker') } = deps;
  const setup = {
    path: options.path,
    startRevision: clock.nowMs() * 1000,
    restored: options.restored ?? false,
    key: options.encryption?.key,
  };
  let store: SqliteStore | undefined;
  const events: ThreadEvents = {
    onLost: (error) => store?.fail(error),
    onTrouble: (error) => log.warn({ err: error }, 'store maintenance failed'),
  };
  const writer = startThread<WriterCalls>('writer', worker, events);
  const reader = startThread<ReaderCalls>('reader', worker, events);
  try {
    const { revision } = await writer.call('open', { ...setup, role: 'writer' });
    await reader.call('open', { ...setup, role: 'reader' });
    const encrypts = options.encryption?.encrypts ?? (() => false);
    store = new SqliteStore({ clock, log, writer, reader, revision, encrypts });
    return store;
  } catch (error) {
    await Promise.all([writer.end(), reader.end()]);
    throw error;
  }
}

interface SqliteStoreParts extends Pick<SqliteStoreDeps, 'clock' | 'log'> {
  readonly writer: Thread<WriterCalls>;
  readonly reader: Thread<ReaderCalls>;
  readonly revision: number;
  readonly encrypts: (key: string) => boolean;
}

interface Waiting {
  readonly operations: readonly Operation[];
  readonly resolve: (result: CommitResult) => void;
  readonly reject: (error: unknown) => void;
}

class SqliteStore implements Store {
  readonly #log: Log;
  readonly #writer: Thread<WriterCalls>;
  readonly #reader: Thread<ReaderCalls>;
  readonly #encrypts: (key: string) => boolean;
  readonly #hub: WatchHub;
  readonly #checkpointer: Checkpointer;
  /** Commits not yet handed to the writer, in order. */
  #waiting: Waiting[] = [];
  #pendingCommits = 0;
  #pendingBytes = 0;
  #sending = false;
  /** Reads that saw a commit before its acknowledgement was handed out. */
  readonly #readsAhead: { readonly revision: number; readonly resolve: () => void }[] = [];
  #drained: (() => void) | undefined;
  #closing: Promise<void> | undefined;
  #failure: StoreError | undefined;

  constructor({ clock, log, writer, reader, revision, encrypts }: SqliteStoreParts) {
    this.#log = log;
    this.#writer = writer;
    this.#reader = reader;
    this.#encrypts = encrypts;
    this.#hub = new WatchHub(revision, this.#readHistory, { historyCommits: sqliteLimits.historyCommits });
    this.#checkpointer = new Checkpointer({
      clock,
      log,
      checkpoint: () => reader.call('checkpoint', null),
      resetLog: (request) => writer.call('resetLog', request),
    });
  }

  async get(key: string): Promise<StoredValue | undefined> {
    this.#assertOpen();
    const { value, revision, bytes } = await this.#reader.call('get', { key });
    await this.#reached(revision);
    return value && storedValue(value, bytes);
  }

  async list({ prefix, after, limit, revision: asked }: ListRequest): Promise<ListResult> {
    this.#assertOpen();
    const items: StoredValue[] = [];
    let revision = asked;
    for (;;) {
      const rest = limit === undefined ? undefined : limit - items.length;
      const page = await this.#reader.call('list', {
        prefix,
        after: items.at(-1)?.key ?? after,
        limit: rest,
        revision,
      });
      if (!page.ok) {
        if ('newest' in page) {
          throw new StoreError('FutureRevision', `Revision ${revision} is after the newest, ${page.newest}.`);
        }
        // Only a compaction right up to the newest revision, between two pages, can overtake a list of the newest.
        if (asked !== undefined || items.length === 0) return page;
        return this.list({
          prefix,
          ...(after === undefined ? {} : { after }),
          ...(limit === undefined ? {} : { limit }),
        });
      }
      for (const item of page.items) items.push(storedValue(item, page.bytes));
      revision = page.revision;
      if (page.partial) continue;
      await this.#reached(page.revision);
      return { ok: true, items, revision: page.revision, more: page.remaining > 0, remaining: page.remaining };
    }
  }

  async commit(operations: readonly Operation[]): Promise<CommitResult> {
    this.#assertOpen();
    assertCommit(operations);
    const bytes = valueBytes(operations);
    if (this.#pendingCommits >= sqliteLimits.pendingCommits || this.#pendingBytes + bytes > sqliteLimits.pendingBytes) {
      throw new StoreError('StoreBusy', `${this.#pendingCommits} commits wait for the disk already.`);
    }
    this.#pendingCommits += 1;
    this.#pendingBytes += bytes;
    try {
      return await new Promise<CommitResult>((resolve, reject) => {
        this.#waiting.push({ operations, resolve, reject });
        if (!this.#sending) {
          this.#sending = true;
          // Everything else that is committed in this turn joins.
          setImmediate(() => this.#send());
        }
      });
    } finally {
      this.#pendingCommits -= 1;
      this.#pendingBytes -= bytes;
    }
  }

  async watch(request: WatchRequest): Promise<WatchResult> {
    this.#assertOpen();
    return this.#hub.watch(request);
  }

  async compact(revision: number): Promise<void> {
    this.#assertOpen();
    await this.#writer.call('compact', { revision });
    this.#checkpointer.committed();
  }

  async revision(): Promise<number> {
    this.#assertOpen();
    return this.#hub.published;
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** A worker is gone: everything open fails with `error`, as does all that follows. */
  fail(error: StoreError): void {
    this.#failure ??= error;
    this.#log.error({ err: error }, 'store failed');
    for (const { reject } of this.#waiting.splice(0)) reject(error);
    for (const { resolve } of this.#readsAhead.splice(0)) resolve();
    this.#hub.close(error);
  }

  async #close(): Promise<void> {
    if (this.#sending && this.#failure === undefined) {
      await new Promise<void>((resolve) => {
        this.#drained = resolve;
      });
    }
    this.#hub.close();
    await this.#checkpointer.stop();
    try {
      if (this.#failure !== undefined) return;
      await this.#reader.call('close', null);
      await this.#writer.call('close', null);
    } finally {
      await this.#reader.end();
      await this.#writer.end();
    }
  }

  #assertOpen(): void {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#closing !== undefined) throw new StoreError('StoreClosed', 'The store is closed.');
  }

  /** Hands one group of commits to the writer, and the next as soon as that one is answered. */
  async #send(): Promise<void> {
    while (this.#waiting.length > 0) {
      const group = this.#waiting.splice(0, sqliteLimits.commitsPerTransaction);
      try {
        const request = this.#pack(group);
        const answer = await this.#writer.call('commit', request, [request.bytes.buffer]);
        for (const [index, waiting] of group.entries()) this.#settle(waiting, answer.results[index], answer.bytes);
        this.#checkpointer.committed();
      } catch (error) {
        for (const { reject } of group) reject(error);
      }
    }
    this.#sending = false;
    this.#drained?.();
  }

  #pack(group: readonly Waiting[]): { commits: WireOperation[][]; bytes: Uint8Array<ArrayBuffer> } {
    const packer = new Packer();
    const commits = group.map(({ operations }) =>
      operations.map((operation): WireOperation => {
        const { type, key, ifRevision } = operation;
        if (type !== 'put') return { type, key, ifRevision, sealed: false, offset: 0, length: 0 };
        return { type, key, ifRevision, sealed: this.#encrypts(key), ...packer.add(operation.value) };
      }),
    );
    return { commits, bytes: packer.bytes() };
  }

  /** Tells the watchers first, then the committer: an acknowledged commit is visible everywhere. */
  #settle({ operations, resolve, reject }: Waiting, result: WireCommitResult | undefined, bytes: Uint8Array): void {
    if (result === undefined) reject(new StoreError('StoreBroken', 'The store gave no answer to a commit.'));
    else if (result.type === 'error') reject(new StoreError(result.error.code, result.error.message));
    else if (result.type === 'conflict') {
      const current = result.current && storedValue(result.current, bytes);
      resolve({ ok: false, conflict: { key: result.key, current } });
    } else {
      const { revision } = result;
      if (result.changed) {
        const previous = result.previous.map((value) => value && storedValue(value, bytes));
        this.#publish({ revision, events: eventsOf(operations, previous, revision) });
      }
      resolve({ ok: true, revision });
    }
  }

  #publish(batch: WatchBatch): void {
    this.#hub.publish(batch);
    while ((this.#readsAhead[0]?.revision ?? Number.POSITIVE_INFINITY) <= batch.revision) {
      this.#readsAhead.shift()?.resolve();
    }
  }

  /**
   * Resolves when the commit at `revision` was handed out. A read may see it a moment earlier; if its caller did too,
   * `revision()` would then go back in time for him.
   */
  async #reached(revision: number): Promise<void> {
    if (revision > this.#hub.published) {
      await new Promise<void>((resolve) => this.#readsAhead.push({ revision, resolve }));
    }
    if (this.#failure !== undefined) throw this.#failure;
  }

  readonly #readHistory: ReadHistory = async ({
    prefix,
    afterRevision,
    throughRevision,
    commits,
  }): Promise<HistoryPage> => {
    this.#assertOpen();
    const to = Math.max(afterRevision, Math.min(throughRevision, afterRevision + commits));
    const page = await this.#reader.call('history', { prefix, afterRevision, throughRevision: to });
    if (!page.ok) return page;
    const batches: WatchBatch[] = [];
    let next = 0;
    for (let revision = afterRevision + 1; revision <= to; revision += 1) {
      const events: StoreEvent[] = [];
      for (let found = page.events[next]; found?.revision === revision; found = page.events[next]) {
        const previous = found.previous && storedValue(found.previous, page.bytes);
        if (found.current !== undefined) {
          events.push({ type: 'put', current: storedValue(found.current, page.bytes), previous });
        } else if (previous !== undefined) events.push({ type: 'delete', key: found.key, revision, previous });
        next += 1;
      }
      batches.push({ revision, events });
    }
    return { ok: true, batches };
  };
}

function eventsOf(
  operations: readonly Operation[],
  previous: readonly (StoredValue | undefined)[],
  revision: number,
): readonly StoreEvent[] {
  const events: StoreEvent[] = [];
  for (const [index, operation] of operations.entries()) {
    const before = previous[index];
    const { key } = operation;
    if (operation.type === 'put') {
      const current = { key, value: operation.value, revision, createRevision: before?.createRevision ?? revision };
      events.push({ type: 'put', current, previous: before });
    } else if (operation.type === 'delete' && before !== undefined) {
      events.push({ type: 'delete', key, revision, previous: before });
    }
  }
  return events;
}

function storedValue({ key, revision, createRevision, ...slice }: WireValue, bytes: Uint8Array): StoredValue {
  return { key, value: sliceOf(bytes, slice), revision, createRevision };
}

function valueBytes(operations: readonly Operation[]): number {
  let bytes = 0;
  for (const operation of operations) if (operation.type === 'put') bytes += operation.value.byteLength;
  return bytes;
}
