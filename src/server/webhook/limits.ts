/** Named limits of the webhook listener. */
export const webhookLimits = {
  /** Largest delivery, in bytes. Source: GitHub caps its own payloads at 25 MB. */
  bodyBytes: 25 * 1024 * 1024,
  /** Larger payloads are authenticated but not looked into: parsing them would hold up everything else. */
  parsedBytes: 1024 * 1024,
  bodyTimeoutMs: 30_000,
  /** Bytes of deliveries held at once; beyond it 429. */
  bodyBytesInFlight: 100 * 1024 * 1024,
  headerBytes: 16 * 1024,
  headersTimeoutMs: 10_000,
  keepAliveMs: 10_000,
  connections: 256,
  /** Deliveries remembered, so that one that is sent again does nothing. */
  deliveries: 4_096,
  /** Longest delivery id taken. */
  deliveryIdLength: 128,
  /** Ids of deliveries whose runs can be asked for. */
  followed: 4_096,
  /** Runs told of one delivery. */
  runsTold: 100,
  /** Age, or lead, of a signature that carries its time. Source: Standard Webhooks, reference libraries (5 minutes). */
  replayWindowMs: 5 * 60_000,
  /** Genuine deliveries of one source; beyond it 429. A forge that is asked to wait tries again, and the poll goes on. */
  rate: { perSecond: 10, burst: 300, sources: 1_024 },
  /** Questions for the runs of a delivery, of all who ask; beyond it 429. */
  followRate: { perSecond: 20, burst: 100, sources: 1 },
  closeGraceMs: 1_000,
} as const;
