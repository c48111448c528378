import { isApiError, type ObjectList, type ResourceType, type StoredObject } from '#api';
import { type BackoffOptions, backoffMs, type Clock, deepFreeze, errorMessage, jitterMs, type Log, sleep } from '#base';
import type { Client, ListOptions, WatchEvent } from '#client';
import { keyOf, revisionOf } from './keys.ts';
import { type IndexFunction, type Lister, ObjectIndex } from './object-index.ts';

export interface InformerDeps {
  readonly client: Pick<Client, 'list' | 'watch'>;
  readonly clock: Clock;
  readonly log: Log;
  /** In [0, 1); spreads reconnects. `Math.random` when absent. */
  readonly random?: () => number;
  /** Longest pause between attempts to reach the server, in ms, before it is spread; 10 s when absent. */
  readonly maxPauseMs?: number;
}

export interface InformerOptions<T> {
  /** All namespaces when absent. */
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  readonly indexes?: Readonly<Record<string, IndexFunction<T>>>;
  /** Objects asked for at a time while listing; all at once when absent. */
  readonly pageSize?: number;
}

/**
 * Between attempts to reach the server, spread by ±50 %. Shorter than client-go's 800 ms → 30 s
 * (tools/cache/reflector.go, v0.32): a handful of nodes return after a restart of the control plane, not thousands.
 */
const RECONNECT: BackoffOptions = { initialMs: 100, maxMs: 10_000 };
/** A watch that lived so long, ms, was a good one: the next failure backs off from the beginning. */
const GOOD_WATCH_MS = 5_000;

/** What happened to one object: added (`previous` absent), changed, or gone (`current` absent). */
export interface Change<T> {
  readonly key: string;
  readonly previous: T | undefined;
  readonly current: T | undefined;
}

/** All objects of one kind (or a selection), kept up to date by list and watch. */
export interface Informer<T extends StoredObject = StoredObject> extends Lister<T> {
  readonly resource: ResourceType<T>;
  /** Whether the first list has come. */
  readonly synced: boolean;
  /** The newest version that is known to be shown here. */
  readonly revision: number;
  /** Indexes what is there and what comes. The same name again keeps the first. */
  addIndex(name: string, values: IndexFunction<T>): void;
  /** Calls back after each change is applied, in order. Returns how to stop. The callback must not throw. */
  onChange(listener: (change: Change<T>) => void): () => void;
  /** Resolves once the condition holds; looked at after every change. Rejects with the signal's reason. */
  until(condition: () => boolean, signal?: AbortSignal): Promise<void>;
  /** Lists and watches until the signal aborts. Failures of the server are logged, waited out and tried again. */
  run(signal: AbortSignal): Promise<void>;
}

/** Objects are handed out frozen and shared: change a copy. */
export function createInformer<T extends StoredObject>(
  deps: InformerDeps,
  resource: ResourceType<T>,
  options: InformerOptions<T> = {},
): Informer<T> {
  return new ListWatchInformer(deps, resource, options);
}

interface Waiter {
  readonly condition: () => boolean;
  readonly resolve: () => void;
}

class ListWatchInformer<T extends StoredObject> implements Informer<T> {
  readonly resource: ResourceType<T>;
  readonly #client: InformerDeps['client'];
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #random: () => number;
  readonly #reconnect: BackoffOptions;
  readonly #selection: Pick<ListOptions, 'namespace' | 'labelSelector' | 'fieldSelector'>;
  readonly #pageSize: number | undefined;
  readonly #objects: ObjectIndex<T>;
  readonly #listeners = new Set<(change: Change<T>) => void>();
  readonly #waiters = new Set<Waiter>();
  #revision = 0;
  #synced = false;

  constructor(deps: InformerDeps, resource: ResourceType<T>, options: InformerOptions<T>) {
    const { indexes, pageSize, ...selection } = options;
    this.resource = resource;
    this.#client = deps.client;
    this.#clock = deps.clock;
    this.#log = deps.log.child({ resource: resource.plural });
    this.#random = deps.random ?? Math.random;
    this.#reconnect = { ...RECONNECT, maxMs: deps.maxPauseMs ?? RECONNECT.maxMs };
    this.#selection = selection;
    this.#pageSize = pageSize;
    this.#objects = new ObjectIndex(indexes);
  }

  get synced(): boolean {
    return this.#synced;
  }

  get revision(): number {
    return this.#revision;
  }

  get size(): number {
    return this.#objects.size;
  }

  get(key: string): T | undefined {
    return this.#objects.get(key);
  }

  list(namespace?: string): readonly T[] {
    return this.#objects.list(namespace);
  }

  byIndex(index: string, value: string): readonly T[] {
    return this.#objects.byIndex(index, value);
  }

  addIndex(name: string, values: IndexFunction<T>): void {
    this.#objects.addIndex(name, values);
  }

  onChange(listener: (change: Change<T>) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  until(condition: () => boolean, signal?: AbortSignal): Promise<void> {
    if (condition()) return Promise.resolve();
    if (signal?.aborted) return Promise.reject(signal.reason);
    return new Promise((resolve, reject) => {
      const onAbort = () => {
        this.#waiters.delete(waiter);
        reject(signal?.reason);
      };
      const waiter: Waiter = {
        condition,
        resolve: () => {
          this.#waiters.delete(waiter);
          signal?.removeEventListener('abort', onAbort);
          resolve();
        },
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#waiters.add(waiter);
    });
  }

  async run(signal: AbortSignal): Promise<void> {
    let failures = 0;
    let listed = false;
    while (!signal.aborted) {
      const startedMs = this.#clock.monotonicMs();
      try {
        if (!listed) await this.#relist(signal);
        listed = true;
        const events = await this.#watch(signal);
        // The server ends watches now and then. One that ended at once, with nothing, is a server in trouble.
        if (events > 0 || this.#clock.monotonicMs() - startedMs >= GOOD_WATCH_MS) failures = 0;
        else failures += 1;
      } catch (error) {
        if (signal.aborted) break;
        if (this.#clock.monotonicMs() - startedMs >= GOOD_WATCH_MS) failures = 0;
        failures += 1;
        if (isApiError(error, 'Expired', 'Gone')) listed = false;
        this.#log.warn({ err: error, failures }, 'the watch broke, it is tried again');
      }
      if (failures > 0) await this.#pause(failures, signal);
    }
  }

  async #pause(failures: number, signal: AbortSignal): Promise<void> {
    const delayMs = jitterMs(backoffMs(failures, this.#reconnect), 0.5, this.#random());
    await sleep(this.#clock, delayMs, signal).catch(() => undefined); // Aborted: the loop sees it.
  }

  /** Answers the number of events that came. */
  async #watch(signal: AbortSignal): Promise<number> {
    let events = 0;
    const resourceVersion = String(this.#revision);
    const watch = this.#client.watch(this.resource, { ...this.#selection, resourceVersion, signal });
    for await (const event of watch) {
      if (signal.aborted) break;
      events += 1;
      this.#apply(event);
    }
    return events;
  }

  #apply(event: WatchEvent<T>): void {
    if (event.type === 'BOOKMARK') {
      this.#reach(revisionOf(event.resourceVersion));
      return;
    }
    const object = deepFreeze(event.object);
    const key = keyOf(object);
    const previous = event.type === 'DELETED' ? this.#objects.remove(key) : this.#objects.put(object);
    this.#advance(revisionOf(object.metadata.resourceVersion));
    const current = event.type === 'DELETED' ? undefined : object;
    if (previous !== undefined || current !== undefined) this.#tell({ key, previous, current });
    this.#wake();
  }

  /** Replaces everything by what the server lists now, telling only what differs. */
  async #relist(signal: AbortSignal): Promise<void> {
    const items = new Map<string, T>();
    let page: ObjectList<T>;
    let next: string | undefined;
    do {
      page = await this.#client.list(this.resource, {
        ...this.#selection,
        ...(this.#pageSize === undefined ? {} : { limit: this.#pageSize }),
        ...(next === undefined ? {} : { continue: next }),
        signal,
      });
      for (const item of page.items) items.set(keyOf(item), deepFreeze(item));
      next = page.continue;
    } while (next !== undefined && next !== '');
    this.#replace(items, revisionOf(page.resourceVersion));
  }

  #replace(items: ReadonlyMap<string, T>, revision: number): void {
    if (revision < this.#revision) {
      // A store that was put back begins above every revision ever given out, so this is a server that lags.
      throw new Error(`the server lists revision ${revision}, but ${this.#revision} has been seen`);
    }
    const changes: Change<T>[] = [];
    for (const key of [...this.#objects.keys()]) {
      if (!items.has(key)) changes.push({ key, previous: this.#objects.remove(key), current: undefined });
    }
    for (const [key, item] of items) {
      const known = this.#objects.get(key);
      if (known?.metadata.uid === item.metadata.uid && sameVersion(known, item)) continue;
      changes.push({ key, previous: this.#objects.put(item), current: item });
    }
    this.#advance(revision);
    this.#synced = true;
    for (const change of changes) this.#tell(change);
    this.#wake();
  }

  #reach(revision: number): void {
    this.#advance(revision);
    this.#wake();
  }

  #advance(revision: number): void {
    this.#revision = Math.max(this.#revision, revision);
  }

  #tell(change: Change<T>): void {
    for (const listener of this.#listeners) {
      try {
        listener(change);
      } catch (error) {
        this.#log.error({ err: errorMessage(error), key: change.key }, 'a listener failed on a change');
      }
    }
  }

  #wake(): void {
    for (const waiter of [...this.#waiters]) if (waiter.condition()) waiter.resolve();
  }
}

function sameVersion(left: StoredObject, right: StoredObject): boolean {
  return left.metadata.resourceVersion === right.metadata.resourceVersion;
}
