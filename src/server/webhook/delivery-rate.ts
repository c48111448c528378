/** Deliveries of each source, so many a second and so many at once; who had none for long is forgotten. */
export class DeliveryRate {
  readonly #options: { readonly perSecond: number; readonly burst: number; readonly sources: number };
  readonly #left = new Map<string, { readonly count: number; readonly atMs: number }>();

  constructor(options: { readonly perSecond: number; readonly burst: number; readonly sources: number }) {
    this.#options = options;
  }

  /** Counts one; false when it is one too many. `nowMs` never goes back. */
  take(source: string, nowMs: number): boolean {
    const { perSecond, burst, sources } = this.#options;
    const known = this.#left.get(source) ?? { count: burst, atMs: nowMs };
    const count = Math.min(burst, known.count + ((nowMs - known.atMs) / 1_000) * perSecond);
    const isIn = count >= 1;
    this.#left.delete(source);
    this.#left.set(source, { count: isIn ? count - 1 : count, atMs: nowMs });
    const oldest = this.#left.keys().next();
    if (this.#left.size > sources && !oldest.done) this.#left.delete(oldest.value);
    return isIn;
  }
}
