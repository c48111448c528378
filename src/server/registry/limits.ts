import { storeLimits } from '#store';

/** Named limits of the API's verbs. */
export const apiLimits = {
  /** An object's bytes as stored. A little below the store's, for what encryption adds. */
  objectBytes: storeLimits.valueBytes - 1_024,
  /** How often a write without a version of its own is tried against an object that keeps moving. */
  writeAttempts: 10,
  /** Names tried for one `generateName`. Source: apiserver registry/store.go, maxNameGenerationCreateAttempts (v0.32). */
  nameAttempts: 8,
  /** How long a read waits for a version that is not there yet. Source: apiserver cacher, blockTimeout (v0.32). */
  futureVersionMs: 3_000,
  /** How long a write waits until it can be read back. */
  visibleMs: 30_000,
  /** Deletions of one `deletecollection` in flight at a time. */
  deletesInFlight: 16,
  /** Objects read from the store at a time when a page of a list is filled. */
  listChunk: 1_000,
  /** Quotas of one namespace that one write is charged to. */
  chargedQuotas: 64,
  /** Random tries before the store is searched for a free address or port. */
  allocationTries: 16,
} as const;
