import type { Clock } from '#base';

/** Allows so many a second, none saved up beyond one. */
export class RateLimit {
  readonly #clock: Clock;
  readonly #everyMs: number;
  #nextMs: number;

  /** `lastMs`, monotonic: one may have gone until then, allowed by somebody whose count is lost. */
  constructor(clock: Clock, perSecond: number, lastMs = Number.NEGATIVE_INFINITY) {
    this.#clock = clock;
    this.#everyMs = 1_000 / perSecond;
    this.#nextMs = lastMs + this.#everyMs;
  }

  /** Whether one may go now; counts it if so. */
  take(): boolean {
    if (this.#clock.monotonicMs() < this.#nextMs) return false;
    this.went();
    return true;
  }

  /** The one that was taken went only now: the next is that much later. */
  went(): void {
    this.#nextMs = this.#clock.monotonicMs() + this.#everyMs;
  }
}
