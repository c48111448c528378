import { type BackoffOptions, backoffMs, type Clock, type Timer } from '#base';

/** `high`: a person waits. `low`: nobody notices a delay. */
export type Priority = 'high' | 'normal' | 'low';

export interface WorkQueueOptions {
  /**
   * Delay before a key is tried again, by the number of its failures in a row.
   * Source: client-go util/workqueue/default_rate_limiters.go, DefaultTypedControllerRateLimiter (v0.32).
   */
  readonly backoff: BackoffOptions;
  /** Different keys that may wait, delayed ones included. */
  readonly limit: number;
  /** One take in so many serves the lowest priority that waits, so that nothing starves. */
  readonly fairEvery: number;
}

export const workQueueDefaults: WorkQueueOptions = {
  backoff: { initialMs: 5, maxMs: 1_000_000 },
  limit: 500_000,
  fairEvery: 8,
};

const RANK: Readonly<Record<Priority, number>> = { high: 0, normal: 1, low: 2 };

interface Delayed {
  readonly atMs: number;
  readonly priority: Priority;
  readonly timer: Timer;
}

/**
 * Keys that need work, each at most once. A key that is being worked on is never handed out a second time; when it is
 * added meanwhile, it comes back after `done`. So there are never two workers on one key, and no change is lost.
 */
export class WorkQueue {
  readonly #clock: Clock;
  readonly #options: WorkQueueOptions;
  readonly #lines: readonly [Line, Line, Line] = [new Line(), new Line(), new Line()];
  readonly #waiting = new Map<string, Priority>();
  readonly #working = new Set<string>();
  readonly #again = new Map<string, Priority>();
  readonly #delayed = new Map<string, Delayed>();
  readonly #failures = new Map<string, number>();
  readonly #takers = new Set<(key: string | undefined) => void>();
  #takes = 0;
  #closed = false;

  constructor(clock: Clock, options: Partial<WorkQueueOptions> = {}) {
    this.#clock = clock;
    this.#options = { ...workQueueDefaults, ...options };
  }

  /** Keys that wait for a worker now. */
  get size(): number {
    return this.#waiting.size;
  }

  /** Keys that wait for their time. */
  get delayed(): number {
    return this.#delayed.size;
  }

  /** Keys that a worker holds. */
  get working(): number {
    return this.#working.size;
  }

  /** Puts a key in line. A waiting key only moves to a higher priority. False when the queue is full: the key is lost. */
  add(key: string, priority: Priority = 'normal'): boolean {
    if (this.#closed) return true;
    if (this.#working.has(key)) {
      this.#again.set(key, higher(this.#again.get(key), priority));
      return true;
    }
    const before = this.#waiting.get(key);
    if (before === undefined && this.#isFull()) return false;
    const wanted = higher(before, priority);
    if (wanted === before) return true;
    if (before !== undefined) this.#line(before).delete(key);
    this.#waiting.set(key, wanted);
    this.#line(wanted).add(key);
    this.#serve();
    return true;
  }

  /** Adds a key after a delay; of several delays the shortest counts. False when the queue is full. */
  addAfter(key: string, delayMs: number, priority: Priority = 'normal'): boolean {
    if (this.#closed) return true;
    if (delayMs <= 0) return this.add(key, priority);
    const atMs = this.#clock.monotonicMs() + delayMs;
    const before = this.#delayed.get(key);
    if (before !== undefined && before.atMs <= atMs) return true;
    if (before === undefined && this.#isFull()) return false;
    before?.timer.cancel();
    const timer = this.#clock.after(delayMs, () => {
      this.#delayed.delete(key);
      this.add(key, priority);
    });
    this.#delayed.set(key, { atMs, priority, timer });
    return true;
  }

  /** Adds a key after its back-off, which this call lengthens. Answers the delay in ms. */
  retry(key: string, priority: Priority = 'low'): number {
    const failures = (this.#failures.get(key) ?? 0) + 1;
    this.#failures.set(key, failures);
    const delayMs = backoffMs(failures, this.#options.backoff);
    this.addAfter(key, delayMs, priority);
    return delayMs;
  }

  /** Failures in a row since the key was last forgotten. */
  failures(key: string): number {
    return this.#failures.get(key) ?? 0;
  }

  /** The key worked: its next failure backs off from the beginning. */
  forget(key: string): void {
    this.#failures.delete(key);
  }

  /** The next key, which is then the caller's until `done`; undefined when the queue closed or the signal aborted. */
  take(signal?: AbortSignal): Promise<string | undefined> {
    if (this.#closed || signal?.aborted) return Promise.resolve(undefined);
    const key = this.#next();
    if (key !== undefined) return Promise.resolve(key);
    return new Promise((resolve) => {
      const taker = (taken: string | undefined) => {
        this.#takers.delete(taker);
        signal?.removeEventListener('abort', onAbort);
        resolve(taken);
      };
      const onAbort = () => taker(undefined);
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#takers.add(taker);
    });
  }

  /** Gives a taken key back. It comes again at once if it was added meanwhile. */
  done(key: string): void {
    if (!this.#working.delete(key)) return;
    const priority = this.#again.get(key);
    this.#again.delete(key);
    if (priority !== undefined) this.add(key, priority);
  }

  /** Ends every `take`; nothing can be added any more. */
  close(): void {
    this.#closed = true;
    for (const { timer } of this.#delayed.values()) timer.cancel();
    this.#delayed.clear();
    for (const taker of [...this.#takers]) taker(undefined);
  }

  #isFull(): boolean {
    return this.#waiting.size + this.#delayed.size >= this.#options.limit;
  }

  #line(priority: Priority): Line {
    return this.#lines[RANK[priority] as 0 | 1 | 2];
  }

  #serve(): void {
    for (const taker of this.#takers) {
      const key = this.#next();
      if (key === undefined) return;
      taker(key);
    }
  }

  #next(): string | undefined {
    if (this.#waiting.size === 0) return undefined;
    this.#takes += 1;
    const [high, normal, low] = this.#lines;
    const fair = this.#takes % this.#options.fairEvery === 0;
    for (const line of fair ? [low, normal, high] : this.#lines) {
      const key = line.shift();
      if (key === undefined) continue;
      this.#waiting.delete(key);
      this.#working.add(key);
      return key;
    }
    return undefined;
  }
}

function higher(left: Priority | undefined, right: Priority): Priority {
  return left !== undefined && RANK[left] <= RANK[right] ? left : right;
}

/** First in, first out, each key once; any key can leave. All in constant time. */
class Line {
  readonly #keys = new Set<string>();
  /** A set's iterator is live: it stands always before the oldest key, and need not skip the ones that left. */
  #cursor = this.#keys.values();

  add(key: string): void {
    this.#keys.add(key);
  }

  delete(key: string): void {
    this.#keys.delete(key);
  }

  shift(): string | undefined {
    let next = this.#cursor.next();
    if (next.done) {
      this.#cursor = this.#keys.values();
      next = this.#cursor.next();
    }
    if (next.done) return undefined;
    this.#keys.delete(next.value);
    return next.value;
  }
}
