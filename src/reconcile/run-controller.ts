import { setMaxListeners } from 'node:events';
import { type Clock, errorCode, errorMessage, type Log, PlumblineError } from '#base';
import type { Controller } from './controller.ts';
import { ReconcileError } from './errors.ts';
import type { KeySource } from './sources.ts';
import { WorkQueue } from './work-queue.ts';

export interface RunControllerOptions {
  readonly controller: Controller;
  readonly sources: readonly KeySource[];
  readonly clock: Clock;
  readonly log: Log;
  /** One of its own when absent. */
  readonly queue?: WorkQueue;
  /** Keys in work at the same time. */
  readonly workers?: number;
  /** Longest pass over one key; it is aborted and backs off. */
  readonly timeoutMs?: number;
  /** When a key that failed for good is looked at again, should nothing change before. */
  readonly terminalRetryMs?: number;
}

export const runControllerDefaults = { workers: 8, timeoutMs: 60_000, terminalRetryMs: 300_000 } as const;

/**
 * Reconciles every key that the sources name until the signal aborts, then waits for the passes under way. A key that
 * throws backs off alone; the others go on.
 */
export async function runController(options: RunControllerOptions, signal: AbortSignal): Promise<void> {
  const { controller, sources, clock, workers = runControllerDefaults.workers } = options;
  const log = options.log.child({ controller: controller.name });
  const queue = options.queue ?? new WorkQueue(clock);
  const everything = new Sweep(queue, sources);
  setMaxListeners(0, signal); // One for each worker; each is taken off again.

  const unsubscribe = sources.map((source) =>
    source.subscribe((key, priority) => {
      if (queue.add(key, priority)) return;
      if (everything.begin()) log.warn({ waiting: queue.size }, 'the queue is full, everything is looked at again');
    }),
  );
  everything.begin();
  everything.fill();
  const work = async () => {
    for (let key = await queue.take(signal); key !== undefined; key = await queue.take(signal)) {
      await reconcileOnce(options, queue, log, key, signal);
      queue.done(key);
      if (queue.size === 0) everything.fill();
    }
  };
  await Promise.all(Array.from({ length: workers }, work));
  for (const stop of unsubscribe) stop();
  queue.close();
}

/** Brings every key there is into the queue once, as room allows. */
class Sweep {
  readonly #queue: WorkQueue;
  readonly #sources: readonly KeySource[];
  #rest: Iterator<string> | undefined;
  /** The key that found no room. */
  #held: string | undefined;
  #again = false;

  constructor(queue: WorkQueue, sources: readonly KeySource[]) {
    this.#queue = queue;
    this.#sources = sources;
  }

  /** Asks for a sweep after the one under way. False when one is asked for already. */
  begin(): boolean {
    const first = !this.#again;
    this.#again = true;
    return first;
  }

  fill(): void {
    if (this.#rest === undefined && this.#again) {
      this.#again = false;
      this.#rest = this.#keys();
    }
    while (this.#rest !== undefined) {
      const next: IteratorResult<string> =
        this.#held === undefined ? this.#rest.next() : { done: false, value: this.#held };
      this.#held = undefined;
      if (next.done) {
        this.#rest = undefined;
      } else if (!this.#queue.add(next.value)) {
        this.#held = next.value;
        return;
      }
    }
  }

  *#keys(): Generator<string> {
    for (const source of this.#sources) yield* source.keys();
  }
}

async function reconcileOnce(
  options: RunControllerOptions,
  queue: WorkQueue,
  log: Log,
  key: string,
  signal: AbortSignal,
): Promise<void> {
  const { controller, clock, terminalRetryMs = runControllerDefaults.terminalRetryMs } = options;
  const startedMs = clock.monotonicMs();
  try {
    const { requeueAfterMs } = await withDeadline(options, key, signal, (limited) =>
      controller.reconcile(key, limited),
    );
    queue.forget(key);
    if (requeueAfterMs !== undefined) queue.addAfter(key, requeueAfterMs);
  } catch (error) {
    if (signal.aborted) return;
    const facts = { key, code: errorCode(error), durationMs: clock.monotonicMs() - startedMs };
    if (error instanceof PlumblineError && !error.retryable) {
      queue.addAfter(key, terminalRetryMs);
      log.error({ ...facts, err: error }, 'a key cannot be reconciled until something changes');
      return;
    }
    const delayMs = queue.retry(key);
    // Two writers met: normal, and mended at once.
    if (facts.code === 'Conflict') log.debug({ ...facts, delayMs }, 'a conflict, the key is tried again');
    else log.warn({ ...facts, delayMs, err: error ?? errorMessage(error) }, 'a pass failed, the key is tried again');
  }
}

async function withDeadline<T>(
  { clock, timeoutMs = runControllerDefaults.timeoutMs }: RunControllerOptions,
  key: string,
  signal: AbortSignal,
  run: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const limited = new AbortController();
  const stop = () => limited.abort(signal.reason);
  signal.addEventListener('abort', stop, { once: true });
  const timer = clock.after(timeoutMs, () =>
    limited.abort(new ReconcileError('ReconcileTimeout', `a pass over ${key} took longer than ${timeoutMs} ms`)),
  );
  try {
    return await run(limited.signal);
  } finally {
    timer.cancel();
    signal.removeEventListener('abort', stop);
  }
}
