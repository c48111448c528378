import type { StoredObject } from '#api';
import type { WatchFrame } from '../registry/api.ts';
import type { Change } from './change.ts';
import { ChangeWindow, type ChangeWindowLimits } from './change-window.ts';
import { OrderedMap } from './ordered-map.ts';
import type { Selection } from './selection.ts';
import { Watcher, type WatcherLimits } from './watcher.ts';

/** The value by which a resource is also indexed: a pod's node. */
export type IndexOf = (object: StoredObject) => string;

export interface ResourceCacheLimits extends ChangeWindowLimits, WatcherLimits {}

export interface WatcherOptions {
  readonly bookmarks: boolean;
  /** Frames that come before the first change. */
  readonly initial?: Iterable<WatchFrame>;
  readonly signal: AbortSignal;
}

/** The newest state of one resource, its latest changes and its watchers. One writer: the watch cache. */
export class ResourceCache {
  readonly #limits: ResourceCacheLimits;
  readonly #indexOf: IndexOf | undefined;
  #all = new OrderedMap<StoredObject>();
  #byNamespace = new Map<string, OrderedMap<StoredObject>>();
  #byIndex = new Map<string, OrderedMap<StoredObject>>();
  #window: ChangeWindow;
  readonly #watchers = new Map<string, Set<Watcher>>();

  constructor(limits: ResourceCacheLimits, indexOf?: IndexOf) {
    this.#limits = limits;
    this.#indexOf = indexOf;
    this.#window = new ChangeWindow(0, limits);
  }

  get size(): number {
    return this.#all.size;
  }

  get watcherCount(): number {
    let count = 0;
    for (const watchers of this.#watchers.values()) count += watchers.size;
    return count;
  }

  get(key: string): StoredObject | undefined {
    return this.#all.get(key);
  }

  /** In key order; looks only at the narrowest index that covers the selection. */
  select(selection: Selection): StoredObject[] {
    const { namespace, name } = selection;
    if (name !== undefined && namespace !== '') {
      const object = this.#all.get(`${namespace}/${name}`);
      return object !== undefined && selection.matches(object) ? [object] : [];
    }
    const objects = this.#narrowest(selection)?.values() ?? [];
    return selection.everything ? objects : objects.filter(selection.matches);
  }

  /** The first `limit` objects of a selection without further conditions, and how many follow. */
  page(namespace: string, limit: number): { readonly items: StoredObject[]; readonly remaining: number } {
    const objects = namespace === '' ? this.#all : this.#byNamespace.get(namespace);
    if (objects === undefined) return { items: [], remaining: 0 };
    const keys = objects.keys();
    const items = keys.slice(0, limit).map((key) => objects.get(key) as StoredObject);
    return { items, remaining: keys.length - items.length };
  }

  /** The oldest revision a watch can continue from. */
  get floor(): number {
    return this.#window.floor;
  }

  changesSince(revision: number): readonly Change[] | undefined {
    return this.#window.since(revision);
  }

  /** Sees every change from this call on, until its signal aborts or its reader leaves. */
  watch(selection: Selection, { signal, bookmarks, initial = [] }: WatcherOptions): Watcher {
    const watcher = new Watcher(selection, { limits: this.#limits, bookmarks, initial });
    const bucket = this.#watchers.get(watcher.bucket);
    if (bucket === undefined) this.#watchers.set(watcher.bucket, new Set([watcher]));
    else bucket.add(watcher);
    const onAbort = () => watcher.end();
    signal.addEventListener('abort', onAbort, { once: true });
    watcher.onEnd(() => {
      signal.removeEventListener('abort', onAbort);
      this.#forget(watcher);
    });
    if (signal.aborted) watcher.end();
    return watcher;
  }

  /** For the watch cache only: starts anew from a list. Watchers must have been ended. */
  reset(objects: Iterable<readonly [string, StoredObject]>, revision: number): void {
    this.#all = new OrderedMap();
    this.#byNamespace = new Map();
    this.#byIndex = new Map();
    this.#window = new ChangeWindow(revision, this.#limits);
    for (const [key, object] of objects) this.#store(key, undefined, object);
  }

  /** For the watch cache only: takes one change in and shows it to those who may care. */
  apply(change: Change): void {
    this.#store(change.key, change.previous, change.current);
    this.#window.push(change);
    for (const bucket of this.#bucketsOf(change)) {
      const watchers = this.#watchers.get(bucket);
      if (watchers !== undefined) for (const watcher of watchers) watcher.notice(change);
    }
  }

  /** Lets go of changes that are too old, also where nothing changes any more. */
  forgetOld(nowMs: number): void {
    this.#window.forgetOld(nowMs);
  }

  bookmark(frame: WatchFrame): void {
    for (const watchers of this.#watchers.values())
      for (const watcher of watchers) if (watcher.wantsBookmarks) watcher.push(frame);
  }

  endWatchers(error?: unknown): void {
    for (const watchers of [...this.#watchers.values()]) for (const watcher of [...watchers]) watcher.end(error);
  }

  #narrowest(selection: Selection): OrderedMap<StoredObject> | undefined {
    if (selection.indexed !== undefined && this.#indexOf !== undefined) return this.#byIndex.get(selection.indexed);
    return selection.namespace === '' ? this.#all : this.#byNamespace.get(selection.namespace);
  }

  #bucketsOf(change: Change): Set<string> {
    const buckets = new Set(['all']);
    for (const object of [change.previous, change.current]) {
      if (object === undefined) continue;
      buckets.add(`name:${object.metadata.name}`);
      if (object.metadata.namespace !== undefined) buckets.add(`namespace:${object.metadata.namespace}`);
      if (this.#indexOf !== undefined) buckets.add(`index:${this.#indexOf(object)}`);
    }
    return buckets;
  }

  #store(key: string, previous: StoredObject | undefined, current: StoredObject | undefined): void {
    put(this.#all, key, current);
    const namespace = (current ?? previous)?.metadata.namespace;
    if (namespace !== undefined) putIn(this.#byNamespace, namespace, key, current);
    if (this.#indexOf === undefined) return;
    const before = previous === undefined ? undefined : this.#indexOf(previous);
    const after = current === undefined ? undefined : this.#indexOf(current);
    if (before !== undefined && before !== after) putIn(this.#byIndex, before, key, undefined);
    if (after !== undefined) putIn(this.#byIndex, after, key, current);
  }

  #forget(watcher: Watcher): void {
    const bucket = this.#watchers.get(watcher.bucket);
    bucket?.delete(watcher);
    if (bucket?.size === 0) this.#watchers.delete(watcher.bucket);
  }
}

function put<V>(map: OrderedMap<V>, key: string, value: V | undefined): void {
  if (value === undefined) map.delete(key);
  else map.set(key, value);
}

function putIn<V>(maps: Map<string, OrderedMap<V>>, group: string, key: string, value: V | undefined): void {
  let map = maps.get(group);
  if (map === undefined) {
    if (value === undefined) return;
    map = new OrderedMap();
    maps.set(group, map);
  }
  put(map, key, value);
  if (map.size === 0) maps.delete(group);
}
