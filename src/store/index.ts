/** Revisioned objects on disk: compare-and-set, lists at a revision, watches that never skip, repeat, reorder or tear. */
export type { StoreErrorCode } from './errors.ts';
export { StoreError } from './errors.ts';
export type { MemoryStoreDeps } from './memory-store.ts';
export { createMemoryStore } from './memory-store.ts';
export { loadOrCreateKey } from './sqlite/key-file.ts';
export type { SqliteStoreDeps, SqliteStoreOptions } from './sqlite/sqlite-store.ts';
export { openSqliteStore } from './sqlite/sqlite-store.ts';
export type {
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
} from './store.ts';
export { storeLimits } from './store.ts';
