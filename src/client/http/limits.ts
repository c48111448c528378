/** Named limits of the HTTPS client. */
export const httpClientLimits = {
  /** From sending a request to the end of its answer; streams have none. */
  requestTimeoutMs: 30_000,
  /** Largest answer that is read as a whole. */
  answerBytes: 512 * 1024 * 1024,
  /** Longest line of a watch: an object of 1.5 MiB, with room for managedFields and escapes. */
  lineBytes: 8 * 1024 * 1024,
  /** A watch that says nothing for so long is taken for dead; bookmarks come about once a minute. */
  watchIdleMs: 180_000,
  /** How long a watch is asked to last; the caller opens the next. */
  watchSeconds: 1_800,
  /** Connections for requests; more wait their turn. Watches and logs are not counted. */
  connections: 64,
  /** A kubeconfig's size. */
  kubeconfigBytes: 1024 * 1024,
} as const;
