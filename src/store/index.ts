/** Revisioned objects on disk: compare-and-set, lists at a revision, watches that never skip, repeat, reorder or tear. */
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
