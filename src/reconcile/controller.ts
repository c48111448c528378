/** What one pass over one key asks of the loop that called it. */
export interface ReconcileResult {
  /** Look at this key again after so long, even if nothing changes. */
  readonly requeueAfterMs?: number;
}

/** Brings one object nearer to its spec. Level-driven: told only the key (`namespace/name` or `name`), never the event. */
export interface Controller {
  readonly name: string;
  /** Throwing a retryable error (or any foreign one) backs the key off; returning forgets its failures. */
  reconcile(key: string, signal: AbortSignal): Promise<ReconcileResult>;
}
