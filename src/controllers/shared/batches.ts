export interface BatchResult {
  readonly done: number;
  /** The first error; what came after its batch was not tried. */
  readonly error: unknown;
}

/**
 * Does 1, then 2, then 4 … of the items at a time and stops after the first batch that has an error: if all would fail,
 * as with a quota, it costs few calls. Source: kubernetes pkg/controller/replicaset/replica_set.go, slowStartBatch (v1.32).
 */
export async function inBatches<T>(
  items: readonly T[],
  act: (item: T) => Promise<unknown>,
  signal: AbortSignal,
): Promise<BatchResult> {
  let done = 0;
  for (let from = 0, size = 1; from < items.length; from += size, size *= 2) {
    if (signal.aborted) return { done, error: signal.reason };
    const results = await Promise.allSettled(items.slice(from, from + size).map(act));
    done += results.filter(({ status }) => status === 'fulfilled').length;
    const failed = results.find((result) => result.status === 'rejected');
    if (failed !== undefined) return { done, error: failed.reason };
    if (from + size >= items.length) break;
  }
  return { done, error: undefined };
}
