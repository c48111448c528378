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
  closeGraceMs: 1_000,
} as const;
