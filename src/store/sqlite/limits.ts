import { storeLimits } from '../store.ts';

/** Named limits of the SQLite store. */
export const sqliteLimits = {
  /** Commits in one transaction, so one fsync. Above this the wait of the first outgrows the gain. */
  commitsPerTransaction: 256,
  /** Commits that may wait for the disk; more are refused with `StoreBusy`. */
  pendingCommits: 16_384,
  /** Bytes of values that may wait for the disk. */
  pendingBytes: 256 * 1024 * 1024,
  /** Values in one answer of the reading thread; longer lists take several. */
  listPageBytes: 8 * 1024 * 1024,
  /** Commits read from history at once for a watch. */
  historyCommits: 256,
  /** Versions looked at in one transaction of compaction; commits run between two. More than one commit can hold. */
  versionsPerSweep: 2 * storeLimits.operationsPerCommit,
  /** How long an SQLite call waits for another connection's lock, in ms. */
  busyTimeoutMs: 10_000,
  /** Pages kept in memory by each connection, in KiB. */
  cacheKiB: 16_384,
  /** Pause between two checkpoints while there are commits, in ms. */
  checkpointEveryMs: 200,
  /** Size of the write-ahead log above which it is started over under load, in bytes. */
  walCapBytes: 128 * 1024 * 1024,
} as const;
