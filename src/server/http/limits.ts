/** Named limits of the HTTPS listener. */
export const httpLimits = {
  /** Largest request body, in bytes. Source: kube-apiserver limits a request to 3 MiB. */
  bodyBytes: 3 * 1024 * 1024,
  /** Largest body that is YAML rather than JSON: it is parsed on the event loop, at about 0.4 MiB/s. */
  yamlBodyBytes: 64 * 1024,
  /** Bytes of request bodies held at once, over all requests; beyond it 429. */
  bodyBytesInFlight: 96 * 1024 * 1024,
  /** Requests in work at once, streams not counted; beyond it 429. Source: kube-apiserver --max-requests-inflight 400. */
  requestsInFlight: 400,
  /** Open watches, logs and control connections. */
  streams: 20_000,
  connections: 20_000,
  headerBytes: 32 * 1024,
  /** From the first byte of a request to the end of its headers. */
  headersTimeoutMs: 10_000,
  /** From the end of the headers to the end of the body. */
  bodyTimeoutMs: 30_000,
  keepAliveMs: 90_000,
  /** Bytes written to one watcher at a time; no more is taken from the watch until they have left. */
  streamChunkBytes: 256 * 1024,
  /** A reader that takes nothing for so long is cut off. */
  streamStallMs: 60_000,
  /** A watch that names no end gets one between this and twice this. Source: kube-apiserver --min-request-timeout 1800. */
  watchTimeoutMs: 1_800_000,
  /** How often a watch's right is checked again. */
  reauthorizeMs: 30_000,
  /** Encoded watch events kept for the next watcher, per form. */
  encodedBytes: 8 * 1024 * 1024,
  /** Requests in work get so long to end when the server closes. */
  closeGraceMs: 5_000,
} as const;
