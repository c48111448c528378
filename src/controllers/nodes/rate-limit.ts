import type { Clock } from '#base';

/** Allows so many a second, none saved up beyond one. */
export class RateLimit {
  readonly #clock: Clock;
  readonly #everyMs: number;
  #nextMs = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock, perSecond: number) {
    this.#clock = clock;
    this.#everyMs = 1_000 / perSecond;
  }

  /** Whether one may go now; counts it if so. */
  take(): boolean {
    const now = this.#clock.monotonicMs();
    if (now < this.#nextMs) return false;
    this.#nextMs = now + this.#everyMs;
    return true;
  }
}
