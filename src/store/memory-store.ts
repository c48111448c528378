import type { Clock } from '#base';
import { StoreError } from './errors.ts';
import { assertCommit } from './keys.ts';
import { SortedKeys } from './sorted-keys.ts';
import type { CommitResult, ListRequest, ListResult, Operation, Store, StoredValue, StoreEvent } from './store.ts';
import { filterBatch, type HistoryPage, type ReadHistory, WatchHub, type WatchHubOptions } from './watch-hub.ts';

export interface MemoryStoreDeps {
  readonly clock: Pick<Clock, 'nowMs'>;
}

/** `value` is undefined: the key was deleted at that revision. */
interface Version {
  readonly revision: number;
  readonly value: StoredValue | undefined;
}

interface Batch {
  readonly revision: number;
  readonly events: readonly StoreEvent[];
}

/** The store's whole contract, but for durability: for simulation and tests. Keeps the very byte arrays it is given. */
export function createMemoryStore({ clock }: MemoryStoreDeps, options: WatchHubOptions = {}): Store {
  return new MemoryStore(clock.nowMs() * 1000, options);
}

class MemoryStore implements Store {
  readonly #keys = new SortedKeys();
  /** Versions by key, oldest first, never empty. */
  readonly #versions = new Map<string, Version[]>();
  /** Commits after `#compacted`; revisions are contiguous, so an index is a revision. */
  #log: Batch[] = [];
  #compacted: number;
  #revision: number;
  #closed = false;
  readonly #hub: WatchHub;

  constructor(startRevision: number, options: WatchHubOptions) {
    this.#compacted = startRevision;
    this.#revision = startRevision;
    this.#hub = new WatchHub(startRevision, this.#readHistory, options);
  }

  async get(key: string): Promise<StoredValue | undefined> {
    this.#assertOpen();
    return this.#current(key);
  }

  async list(request: ListRequest): Promise<ListResult> {
    this.#assertOpen();
    const revision = request.revision ?? this.#revision;
    if (revision < this.#compacted) return { ok: false, compacted: this.#compacted };
    if (revision > this.#revision) {
      throw new StoreError('FutureRevision', `Revision ${revision} is after the newest, ${this.#revision}.`);
    }
    const limit = request.limit ?? Number.POSITIVE_INFINITY;
    const items: StoredValue[] = [];
    let remaining = 0;
    for (const key of this.#keys.scan(request.prefix, request.after)) {
      const value = versionAt(this.#versions.get(key), revision)?.value;
      if (value === undefined) continue;
      if (items.length < limit) items.push(value);
      else remaining += 1;
    }
    return { ok: true, items, revision, more: remaining > 0, remaining };
  }

  async commit(operations: readonly Operation[]): Promise<CommitResult> {
    this.#assertOpen();
    assertCommit(operations);
    for (const { key, ifRevision } of operations) {
      if (ifRevision === undefined) continue;
      const current = this.#current(key);
      if ((current?.revision ?? 0) !== ifRevision) return { ok: false, conflict: { key, current } };
    }
    const revision = this.#revision + 1;
    const events: StoreEvent[] = [];
    for (const operation of operations) {
      const event = this.#apply(operation, revision);
      if (event !== undefined) events.push(event);
    }
    if (events.length === 0) return { ok: true, revision: this.#revision };
    this.#revision = revision;
    const batch = { revision, events };
    this.#log.push(batch);
    this.#hub.publish(batch);
    return { ok: true, revision };
  }

  watch(request: Parameters<Store['watch']>[0]): ReturnType<Store['watch']> {
    return this.#hub.watch(request);
  }

  async compact(revision: number): Promise<void> {
    this.#assertOpen();
    const target = Math.min(revision, this.#revision);
    if (target <= this.#compacted) return;
    const forgotten = this.#log.slice(0, target - this.#compacted);
    this.#log = this.#log.slice(target - this.#compacted);
    this.#compacted = target;
    for (const { events } of forgotten) {
      for (const event of events) this.#forget(event.type === 'put' ? event.current.key : event.key, target);
    }
  }

  async revision(): Promise<number> {
    this.#assertOpen();
    return this.#revision;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#hub.close();
  }

  #assertOpen(): void {
    if (this.#closed) throw new StoreError('StoreClosed', 'The store is closed.');
  }

  #current(key: string): StoredValue | undefined {
    return this.#versions.get(key)?.at(-1)?.value;
  }

  #apply(operation: Operation, revision: number): StoreEvent | undefined {
    if (operation.type === 'check') return undefined;
    const { key } = operation;
    const previous = this.#current(key);
    if (operation.type === 'delete') {
      if (previous === undefined) return undefined;
      this.#versions.get(key)?.push({ revision, value: undefined });
      return { type: 'delete', key, revision, previous };
    }
    const createRevision = previous?.createRevision ?? revision;
    const current = Object.freeze({ key, value: operation.value, revision, createRevision });
    const versions = this.#versions.get(key);
    if (versions === undefined) {
      this.#versions.set(key, [{ revision, value: current }]);
      this.#keys.add(key);
    } else versions.push({ revision, value: current });
    return { type: 'put', current, previous };
  }

  /** Drops the versions of `key` that nobody can read at or after `revision`. */
  #forget(key: string, revision: number): void {
    const versions = this.#versions.get(key);
    if (versions === undefined) return;
    let newest = versions.findLastIndex((version) => version.revision <= revision);
    if (versions[newest]?.value === undefined) newest += 1;
    if (newest > 0) versions.splice(0, newest);
    if (versions.length > 0) return;
    this.#versions.delete(key);
    this.#keys.remove(key);
  }

  readonly #readHistory: ReadHistory = async ({
    prefix,
    afterRevision,
    throughRevision,
    commits,
  }): Promise<HistoryPage> => {
    this.#assertOpen();
    if (afterRevision < this.#compacted) return { ok: false, compacted: this.#compacted };
    const from = afterRevision - this.#compacted;
    const to = Math.min(from + commits, throughRevision - this.#compacted);
    return { ok: true, batches: this.#log.slice(from, Math.max(from, to)).map((batch) => filterBatch(batch, prefix)) };
  };
}

function versionAt(versions: readonly Version[] | undefined, revision: number): Version | undefined {
  const newest = versions?.at(-1);
  if (newest === undefined || newest.revision <= revision) return newest;
  return versions?.findLast((version) => version.revision <= revision);
}
