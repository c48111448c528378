/**
 * The revisioned key-value contract under the API server. Few verbs; conflict, absence and compaction are return
 * values, a broken disk throws `StoreError`. One revision counter for the whole store: every commit adds exactly one,
 * however many keys it writes. Revisions are safe integers: a new store starts at Unix ms × 1000.
 */

/** One version of one key. `value` is never changed in place. */
export interface StoredValue {
  readonly key: string;
  readonly value: Uint8Array;
  /** Revision of the commit that wrote this version. */
  readonly revision: number;
  /** Revision of the commit that created the key (since its last deletion). */
  readonly createRevision: number;
}

/** What one commit does to one key. `ifRevision` 0 means "must not exist"; absent means "whatever is there". */
export type Operation =
  | { readonly type: 'put'; readonly key: string; readonly value: Uint8Array; readonly ifRevision?: number }
  | { readonly type: 'delete'; readonly key: string; readonly ifRevision?: number }
  /** Writes nothing; the commit happens only if the key still stands at this revision. */
  | { readonly type: 'check'; readonly key: string; readonly ifRevision: number };

export type CommitResult =
  | { readonly ok: true; readonly revision: number }
  /** Nothing was written. `current` is what stood in the way (undefined: the key does not exist). */
  | { readonly ok: false; readonly conflict: { readonly key: string; readonly current: StoredValue | undefined } };

export interface ListRequest {
  /** Keys that start with this; keys are ordered by their UTF-8 bytes. */
  readonly prefix: string;
  /** Only keys after this one. */
  readonly after?: string;
  readonly limit?: number;
  /** As the store stood at this revision; the newest when absent. One not reached yet throws code `FutureRevision`. */
  readonly revision?: number;
}

export type ListResult =
  | {
      readonly ok: true;
      readonly items: readonly StoredValue[];
      /** The revision that the list shows. */
      readonly revision: number;
      /** Whether keys follow after the last item. */
      readonly more: boolean;
      /** Number of keys after the last item; 0 when `more` is false. */
      readonly remaining: number;
    }
  | { readonly ok: false; readonly compacted: number };

export type StoreEvent =
  | { readonly type: 'put'; readonly current: StoredValue; readonly previous: StoredValue | undefined }
  | { readonly type: 'delete'; readonly key: string; readonly revision: number; readonly previous: StoredValue };

/** All events of one commit, never torn apart. `events` is empty when the commit touched no watched key (progress). */
export interface WatchBatch {
  readonly revision: number;
  readonly events: readonly StoreEvent[];
}

export type WatchResult =
  | {
      readonly ok: true;
      /**
       * Every commit after the asked revision, once, in order. Ends when the signal aborts or the store closes;
       * throws `StoreError` code `WatchOverrun` when the reader fell more than `watchBufferLimit` batches behind.
       */
      readonly batches: AsyncIterable<WatchBatch>;
    }
  | { readonly ok: false; readonly compacted: number };

export interface WatchRequest {
  readonly prefix: string;
  /** Events of commits after this revision. */
  readonly afterRevision: number;
  readonly signal?: AbortSignal;
}

export interface Store {
  get(key: string): Promise<StoredValue | undefined>;
  list(request: ListRequest): Promise<ListResult>;
  /**
   * All or nothing; resolves when the commit is durable and visible to `get`, `list` and `watch`. A commit that changes
   * nothing (checks, deletions of absent keys) answers the newest revision and adds none. A key may be named once.
   */
  commit(operations: readonly Operation[]): Promise<CommitResult>;
  watch(request: WatchRequest): Promise<WatchResult>;
  /** Forgets versions that were replaced or deleted at or before `revision`. Older reads answer `compacted`. */
  compact(revision: number): Promise<void>;
  /** The revision of the newest commit. */
  revision(): Promise<number>;
  close(): Promise<void>;
}

/** Named limits of every store. */
export const storeLimits = {
  /** A value's bytes. Source: etcd's default request limit, 1.5 MiB. */
  valueBytes: 1_572_864,
  keyBytes: 1_024,
  operationsPerCommit: 512,
  /** Batches a watcher may lag behind before its watch ends. */
  watchBufferLimit: 65_536,
} as const;
