/** Named limits of the UI's server side. */
export const uiLimits = {
  bodyBytes: 64 * 1024,
  bodyTimeoutMs: 10_000,
  headerBytes: 16 * 1024,
  headersTimeoutMs: 10_000,
  connections: 1_000,
  /** Open streams of overviews, and of logs. */
  streams: 200,
  /** Changes are gathered for so long before they are sent. */
  coalesceMs: 50,
  /** Sent events kept for browsers that come back. */
  replayEvents: 512,
  /** A comment is sent so often, so that proxies keep an idle stream open. */
  heartbeatMs: 15_000,
  streamChunkBytes: 256 * 1024,
  streamStallMs: 60_000,
  /** Runs shown of one Application, and events of one. */
  historyRuns: 200,
  events: 200,
  /** Nodes told of where a pod has no place. */
  placementNodes: 500,
  /** The UI's own files. */
  assetFiles: 500,
  assetBytes: 32 * 1024 * 1024,
  closeGraceMs: 2_000,
} as const;
