import { type BackoffOptions, backoffMs, type Clock } from '#base';

/** How often something has failed lately. */
interface Failures {
  readonly count: number;
  readonly lastMs: number;
}

/**
 * Which places of an owner have failed lately, so that what fails again and again is tried ever more slowly. Forgets a
 * place that was calm for twice the longest delay.
 */
export class FailureMemory {
  readonly #clock: Clock;
  readonly #backoff: BackoffOptions;
  readonly #byOwner = new Map<string, Map<string, Failures>>();

  constructor(clock: Clock, backoff: BackoffOptions) {
    this.#clock = clock;
    this.#backoff = backoff;
  }

  note(owner: string, place: string): void {
    const nowMs = this.#clock.nowMs();
    const places = this.#byOwner.get(owner) ?? new Map<string, Failures>();
    for (const [other, { lastMs }] of places) if (nowMs - lastMs > 2 * this.#backoff.maxMs) places.delete(other);
    places.set(place, { count: (places.get(place)?.count ?? 0) + 1, lastMs: nowMs });
    this.#byOwner.set(owner, places);
  }

  /** When the place may be tried again, in Unix ms; 0 for one without a failure. */
  retryAtMs(owner: string, place: string): number {
    const known = this.#byOwner.get(owner)?.get(place);
    return known === undefined ? 0 : known.lastMs + backoffMs(known.count, this.#backoff);
  }

  forget(owner: string): void {
    this.#byOwner.delete(owner);
  }
}
