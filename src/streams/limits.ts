/** Named limits of streams. What is not read stays in the connection: these bound what a stream holds beside it. */
export const streamLimits = {
  /** Longest WebSocket message, in bytes, fragments put together. kubectl sends 32 KiB at most. */
  messageBytes: 1024 * 1024,
  /** Longest frame between server and agent, in bytes; longer pieces are cut. */
  frameBytes: 256 * 1024,
  /** Longest headers of one SPDY stream, in bytes, and longest control frame. */
  headerBytes: 64 * 1024,
  /** SPDY streams that one client may have open: two for each forwarded connection. */
  spdyStreams: 512,
  /** Bytes held for the reader of one SPDY stream; beyond it the whole connection waits for him. */
  spdyStreamBytes: 1024 * 1024,
  /** A client opens the streams of a session within so long, in ms. Source: kubelet streamCreationTimeout, 30s (v1.32). */
  spdyOpenMs: 30_000,
  /** How often a connection says that it lives, in ms. kubectl gives up after 61 s of silence. */
  heartbeatMs: 10_000,
  /** What is still to be sent gets so long after the end, in ms. */
  closeGraceMs: 2_000,
  /** A stream on which nothing moves is ended after so long, in ms. Source: kubelet streamingConnectionIdleTimeout, 4h (v1.32). */
  idleMs: 4 * 60 * 60 * 1000,
} as const;
