import { createHash, randomBytes } from 'node:crypto';
import type { Clock } from '#base';

interface Entry<T> {
  readonly value: T;
  readonly endsAtMs: number;
}

export interface SecretsMapOptions {
  readonly clock: Clock;
  readonly ttlMs: number;
  /** The oldest entry gives way when one more comes. */
  readonly limit: number;
}

/**
 * Values found by a random secret that was handed out, until their time is over. Only hashes of the secrets are kept,
 * so that neither a memory dump nor the time of a comparison tells one.
 */
export class SecretsMap<T> {
  readonly #entries = new Map<string, Entry<T>>();
  readonly #clock: Clock;
  readonly #ttlMs: number;
  readonly #limit: number;

  constructor({ clock, ttlMs, limit }: SecretsMapOptions) {
    this.#clock = clock;
    this.#ttlMs = ttlMs;
    this.#limit = limit;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Keeps a value and answers its secret: 256 random bits as 43 characters that need no escaping in a URL. */
  add(value: T): string {
    this.#dropEnded();
    const oldest = this.#entries.keys().next();
    if (this.#entries.size >= this.#limit && !oldest.done) this.#entries.delete(oldest.value);
    const secret = randomBytes(32).toString('base64url');
    this.#entries.set(digest(secret), { value, endsAtMs: this.#clock.monotonicMs() + this.#ttlMs });
    return secret;
  }

  get(secret: string): T | undefined {
    const entry = this.#entries.get(digest(secret));
    return entry === undefined || entry.endsAtMs <= this.#clock.monotonicMs() ? undefined : entry.value;
  }

  /** Like `get`, and the secret is worthless from then on. */
  take(secret: string): T | undefined {
    const value = this.get(secret);
    this.#entries.delete(digest(secret));
    return value;
  }

  /** Forgets every value that matches. */
  deleteWhere(matches: (value: T) => boolean): void {
    for (const [key, entry] of this.#entries) if (matches(entry.value)) this.#entries.delete(key);
  }

  /** All live as long as each other, so that the ended ones stand first. */
  #dropEnded(): void {
    const nowMs = this.#clock.monotonicMs();
    for (const [key, entry] of this.#entries) {
      if (entry.endsAtMs > nowMs) return;
      this.#entries.delete(key);
    }
  }
}

function digest(secret: string): string {
  return createHash('sha256').update(secret).digest('base64');
}
