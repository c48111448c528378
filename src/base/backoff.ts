/** Exponential back-off with a ceiling. All in milliseconds. */
export interface BackoffOptions {
  readonly initialMs: number;
  readonly maxMs: number;
  readonly factor?: number;
}

/** The delay before retry number `failures` (1 = first retry). Pure: jitter is the caller's. */
export function backoffMs(failures: number, { initialMs, maxMs, factor = 2 }: BackoffOptions): number {
  if (failures <= 0) return 0;
  return Math.min(maxMs, initialMs * factor ** Math.min(failures - 1, 60));
}

/** Spreads `ms` over ±`share` of itself, from a random number in [0, 1). */
export function jitterMs(ms: number, share: number, random: number): number {
  return ms * (1 - share + 2 * share * random);
}
