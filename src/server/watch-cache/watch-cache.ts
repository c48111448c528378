import { ApiError, type StoredObject } from '#api';
import { backoffMs, type Clock, errorCode, type Log, sleep, type Timer } from '#base';
import type { Store, StoredValue, WatchBatch } from '#store';
import { Change } from './change.ts';
import { type IndexOf, ResourceCache, type ResourceCacheLimits } from './resource-cache.ts';

export interface WatchCacheDeps {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  /** Parses stored bytes into a deeply frozen object. */
  decode(value: StoredValue): StoredObject;
}

/** One resource to keep: the path segment of its keys, and the value it is indexed by. */
export interface CachedResource {
  readonly segment: string;
  readonly indexOf?: IndexOf;
}

export interface WatchCacheOptions extends ResourceCacheLimits {
  /** Keys are `<prefix><segment>/<rest>`. */
  readonly prefix: string;
  readonly bookmarkEveryMs: number;
  /** Objects read from the store at a time while loading. */
  readonly loadPage: number;
}

export const watchCacheDefaults: WatchCacheOptions = {
  prefix: '/registry/',
  /** Source: apiserver storage/cacher/cacher.go, defaultBookmarkFrequency (v0.32). */
  bookmarkEveryMs: 60_000,
  maxChanges: 16_384,
  maxAgeMs: 300_000,
  /** Of each resource; parsed objects take about three times as much. Objects are 1.5 MiB at most. */
  maxBytes: 64 * 1024 * 1024,
  watcherQueue: 4_096,
  watcherBytes: 32 * 1024 * 1024,
  loadPage: 1_000,
};

interface Waiter {
  readonly revision: number;
  resolve(reached: boolean): void;
}

/**
 * All objects as they stand at one revision, parsed once, frozen, and shared by everyone in the process. It follows the
 * store's watch, so its order is the store's; after a gap in the store's history it starts anew and tells every watcher
 * to do the same.
 */
export class WatchCache {
  readonly #deps: WatchCacheDeps;
  readonly #options: WatchCacheOptions;
  readonly #resources: Map<string, ResourceCache>;
  readonly #listeners = new Set<(segment: string) => void>();
  readonly #closing = new AbortController();
  #revision = 0;
  #waiters: Waiter[] = [];
  #bookmarkTimer: Timer | undefined;
  #running: Promise<void> = Promise.resolve();

  private constructor(deps: WatchCacheDeps, resources: readonly CachedResource[], options: WatchCacheOptions) {
    this.#deps = deps;
    this.#options = options;
    this.#resources = new Map(
      resources.map(({ segment, indexOf }) => [segment, new ResourceCache(options, indexOf)] as const),
    );
  }

  /** Resolves when everything is loaded. */
  static async start(
    deps: WatchCacheDeps,
    resources: readonly CachedResource[],
    options: WatchCacheOptions = watchCacheDefaults,
  ): Promise<WatchCache> {
    const cache = new WatchCache(deps, resources, options);
    await cache.#load();
    cache.#running = cache.#follow();
    cache.#scheduleBookmarks();
    return cache;
  }

  /** Everything up to this revision is visible. */
  get revision(): number {
    return this.#revision;
  }

  /** Every resource that has a key is kept, so that one whose definition comes later is all there. */
  resource(segment: string): ResourceCache {
    const known = this.#resources.get(segment);
    if (known !== undefined) return known;
    const resource = new ResourceCache(this.#options);
    resource.reset([], this.#revision);
    this.#resources.set(segment, resource);
    return resource;
  }

  /** Calls back, at once, with each resource that has changed. Returns how to stop. The callback must not throw. */
  onChange(listener: (segment: string) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** True once everything up to `revision` is visible; false when that takes longer than `timeoutMs` or the cache closes. */
  reached(revision: number, timeoutMs: number): Promise<boolean> {
    if (this.#revision >= revision) return Promise.resolve(true);
    if (this.#closing.signal.aborted) return Promise.resolve(false);
    return new Promise((resolve) => {
      const waiter: Waiter = {
        revision,
        resolve: (reached) => {
          timer.cancel();
          resolve(reached);
        },
      };
      const timer = this.#deps.clock.after(timeoutMs, () => {
        this.#waiters = this.#waiters.filter((each) => each !== waiter);
        resolve(false);
      });
      this.#waiters.push(waiter);
    });
  }

  /** Ends every watch and lets go of the store. */
  async close(): Promise<void> {
    this.#closing.abort();
    this.#bookmarkTimer?.cancel();
    await this.#running;
    for (const resource of this.#resources.values()) resource.endWatchers();
    for (const waiter of this.#waiters.splice(0)) waiter.resolve(false);
  }

  async #load(): Promise<void> {
    const { store } = this.#deps;
    const { prefix, loadPage } = this.#options;
    for (;;) {
      const loaded = new Map([...this.#resources.keys()].map((segment) => [segment, [] as [string, StoredObject][]]));
      let page = await store.list({ prefix, limit: loadPage });
      while (page.ok) {
        for (const value of page.items) {
          const [segment, key] = this.#split(value.key);
          const object = this.#decode(value);
          if (object === undefined) continue;
          const objects = loaded.get(segment) ?? [];
          loaded.set(segment, objects);
          objects.push([key, object]);
        }
        const last = page.items.at(-1);
        if (!page.more || last === undefined) {
          for (const [segment, objects] of loaded) this.resource(segment).reset(objects, page.revision);
          this.#advance(page.revision);
          for (const segment of loaded.keys()) this.#tell(segment);
          return;
        }
        page = await store.list({ prefix, limit: loadPage, after: last.key, revision: page.revision });
      }
      // The page's revision was compacted away meanwhile: begin again with the newest.
    }
  }

  async #follow(): Promise<void> {
    const { store, clock, log } = this.#deps;
    const { signal } = this.#closing;
    let failures = 0;
    while (!signal.aborted) {
      try {
        const watch = await store.watch({ prefix: this.#options.prefix, afterRevision: this.#revision, signal });
        if (watch.ok) {
          for await (const batch of watch.batches) {
            this.#take(batch);
            failures = 0;
          }
        } else {
          await this.#startAnew();
        }
      } catch (error) {
        if (signal.aborted) return;
        log.error({ err: error, code: errorCode(error), revision: this.#revision }, 'store watch failed');
      }
      failures += 1;
      if (signal.aborted) return;
      await sleep(clock, backoffMs(failures, { initialMs: 10, maxMs: 5_000 }), signal).catch(() => undefined);
    }
  }

  /** The store forgot what happened since: nobody may go on as if nothing had. */
  async #startAnew(): Promise<void> {
    this.#deps.log.warn({ revision: this.#revision }, 'watch cache starts anew');
    await this.#load();
    for (const resource of this.#resources.values()) resource.endWatchers(expired());
  }

  #take(batch: WatchBatch): void {
    const atMs = this.#deps.clock.monotonicMs();
    const changed = new Set<string>();
    for (const event of batch.events) {
      const [segment, key] = this.#split(event.type === 'put' ? event.current.key : event.key);
      const resource = this.resource(segment);
      const previous = resource.get(key);
      const current = event.type === 'put' ? this.#decode(event.current) : undefined;
      if (previous === undefined && current === undefined) continue;
      const bytes = Math.max(sizeOf(event.previous), event.type === 'put' ? sizeOf(event.current) : 0);
      resource.apply(new Change({ revision: batch.revision, atMs, key, current, previous, bytes }));
      changed.add(segment);
    }
    for (const segment of changed) this.#tell(segment);
    this.#advance(batch.revision);
  }

  #advance(revision: number): void {
    this.#revision = Math.max(this.#revision, revision);
    if (this.#waiters.length === 0) return;
    const waiting: Waiter[] = [];
    for (const waiter of this.#waiters) {
      if (waiter.revision <= this.#revision) waiter.resolve(true);
      else waiting.push(waiter);
    }
    this.#waiters = waiting;
  }

  #tell(segment: string): void {
    for (const listener of this.#listeners) listener(segment);
  }

  #scheduleBookmarks(): void {
    this.#bookmarkTimer = this.#deps.clock.after(this.#options.bookmarkEveryMs, () => {
      const frame = { type: 'BOOKMARK', resourceVersion: String(this.#revision) } as const;
      const nowMs = this.#deps.clock.monotonicMs();
      for (const resource of this.#resources.values()) {
        resource.bookmark(frame);
        resource.forgetOld(nowMs);
      }
      this.#scheduleBookmarks();
    });
  }

  /** One unreadable value must not take the rest down: it is left out, loudly. */
  #decode(value: StoredValue): StoredObject | undefined {
    try {
      return this.#deps.decode(value);
    } catch (error) {
      this.#deps.log.error({ err: error, key: value.key, revision: value.revision }, 'stored object cannot be read');
      return undefined;
    }
  }

  #split(storeKey: string): [segment: string, key: string] {
    const start = this.#options.prefix.length;
    const end = storeKey.indexOf('/', start);
    return [storeKey.slice(start, end), storeKey.slice(end + 1)];
  }
}

function sizeOf(stored: StoredValue | undefined): number {
  return stored?.value.byteLength ?? 0;
}

/** `410 Expired`: the reader has to list again. */
export function expired(message = 'The resourceVersion for the provided watch is too old.'): ApiError {
  return new ApiError('Expired', message);
}
