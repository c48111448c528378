import { PlumblineError } from '#base';

/** Why a store refused or failed; each has a row in docs/errors.md. */
export type StoreErrorCode =
  /** A key, value or combination of operations that no store accepts. */
  | 'InvalidCommit'
  /** A list was asked for a revision that does not exist yet. */
  | 'FutureRevision'
  /** A watcher read too slowly for its buffer, or for compaction. List again. */
  | 'WatchOverrun'
  | 'StoreClosed'
  /** More commits wait for the disk than the store holds. Nothing was written. */
  | 'StoreBusy'
  /** Stored bytes fail their checksum or their authentication tag. Restore from a backup. */
  | 'ValueCorrupt'
  /** Another process has the store open. */
  | 'StoreLocked'
  /** No space left; nothing was written. Works again by itself once there is space. */
  | 'StoreFull'
  /** The disk or the file failed; what was acknowledged before stands, nothing more is accepted until a restart. */
  | 'StoreBroken'
  /** The file was written by a newer program, or is not a store. */
  | 'StoreFormat'
  /** The encryption key is absent or not the one the store was made with. */
  | 'StoreKey'
  /** The disk engine does not sync as told. */
  | 'StoreNotDurable';

const RETRYABLE: ReadonlySet<StoreErrorCode> = new Set(['StoreBusy', 'StoreFull', 'WatchOverrun', 'FutureRevision']);

export class StoreError extends PlumblineError {
  declare readonly code: StoreErrorCode;

  constructor(code: StoreErrorCode, message: string, cause?: unknown) {
    super(message, { code, retryable: RETRYABLE.has(code), ...(cause === undefined ? {} : { cause }) });
  }
}
