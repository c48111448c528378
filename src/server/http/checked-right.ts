import type { Clock, Timer } from '#base';
import { httpLimits } from './limits.ts';

export interface CheckedRightOptions {
  readonly clock: Clock;
  /** Throws when the caller lost the right, or is known no more. */
  readonly check: () => Promise<void>;
  /** Aborts when the caller left. */
  readonly signal: AbortSignal;
}

/** Looks again and again whether a stream may go on: it outlives a revoked token or role by `reauthorizeMs` at most. */
export class CheckedRight {
  readonly #options: CheckedRightOptions;
  readonly #controller = new AbortController();
  readonly #onAbort = () => this.#controller.abort();
  #timer: Timer | undefined;
  #lost: unknown;

  constructor(options: CheckedRightOptions) {
    this.#options = options;
    if (options.signal.aborted) this.#controller.abort();
    options.signal.addEventListener('abort', this.#onAbort, { once: true });
    this.#schedule();
  }

  /** Aborts when the caller left or the right is lost. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  throwIfLost(): void {
    if (this.#lost !== undefined) throw this.#lost;
  }

  stop(): void {
    this.#timer?.cancel();
    this.#options.signal.removeEventListener('abort', this.#onAbort);
    this.#controller.abort();
  }

  #schedule(): void {
    this.#timer = this.#options.clock.after(httpLimits.reauthorizeMs, () => {
      this.#options.check().then(
        () => {
          if (!this.#controller.signal.aborted) this.#schedule();
        },
        (error: unknown) => {
          this.#lost = error;
          this.#controller.abort();
        },
      );
    });
  }
}
