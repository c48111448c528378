/** Named limits of proxied requests. How many there are is bounded by what a node's agent opens, and by `httpLimits.streams`. */
export const proxyLimits = {
  /** A request on which nothing moves ends after so long, in ms; one that became a connection of its own, after `streamLimits.idleMs`. */
  idleMs: 10 * 60 * 1000,
  /** Headers of a pod's answer, in bytes. */
  headerBytes: 64 * 1024,
} as const;
