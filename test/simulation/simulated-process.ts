import { setMaxListeners } from 'node:events';
import type { Clock, Timer } from '#base';

/**
 * A process that can be killed between any two steps: what it is made of sees the world only through the doors given
 * here. Once it is killed its timers are gone and whatever it waits for never comes, so that none of its code runs on.
 */
export class SimulatedProcess {
  readonly name: string;
  readonly clock: Clock;
  readonly #end = new AbortController();
  readonly #timers = new Set<Timer>();

  constructor(name: string, clock: Clock) {
    this.name = name;
    setMaxListeners(0, this.#end.signal); // Each open stream listens.
    this.clock = {
      nowMs: () => clock.nowMs(),
      monotonicMs: () => clock.monotonicMs(),
      after: (delayMs, callback) => {
        if (!this.alive) return { cancel: () => undefined };
        const timer = clock.after(delayMs, () => {
          this.#timers.delete(own);
          callback();
        });
        const own: Timer = {
          cancel: () => {
            this.#timers.delete(own);
            timer.cancel();
          },
        };
        this.#timers.add(own);
        return own;
      },
    };
  }

  /** Aborts when it is killed: for what others do on its behalf, never for its own code. */
  get ended(): AbortSignal {
    return this.#end.signal;
  }

  get alive(): boolean {
    return !this.#end.signal.aborted;
  }

  kill(): void {
    for (const timer of [...this.#timers]) timer.cancel();
    this.#end.abort();
  }

  /** What the call answers, as long as the process lives. */
  async wait<T>(call: () => Promise<T>): Promise<T> {
    if (!this.alive) return never();
    try {
      const answer = await call();
      if (this.alive) return answer;
    } catch (error) {
      if (this.alive) throw error;
    }
    return never();
  }

  /** What the source brings, as long as the process lives. The source's signal aborts with the process, or with `signal`. */
  async *stream<T>(open: (signal: AbortSignal) => AsyncIterable<T>, signal?: AbortSignal): AsyncGenerator<T> {
    const stop = new AbortController();
    const abort = () => stop.abort();
    this.#end.signal.addEventListener('abort', abort, { once: true });
    signal?.addEventListener('abort', abort, { once: true });
    if (signal?.aborted || !this.alive) abort();
    try {
      for await (const item of open(stop.signal)) {
        if (!this.alive) return await never();
        yield item;
      }
    } catch (error) {
      if (this.alive) throw error;
    } finally {
      this.#end.signal.removeEventListener('abort', abort);
      signal?.removeEventListener('abort', abort);
      stop.abort();
    }
    if (!this.alive) await never();
  }

  /** All methods of `target` that answer promises, as long as the process lives. Streams need `stream`. */
  door<T extends object>(target: T): T {
    return new Proxy(target, {
      get: (_, name) => {
        const value: unknown = Reflect.get(target, name, target);
        if (typeof value !== 'function') return value;
        return (...args: unknown[]) => {
          if (!this.alive) return never();
          const answer: unknown = Reflect.apply(value, target, args);
          return answer instanceof Promise ? this.wait(() => answer) : answer;
        };
      },
    });
  }
}

function never<T>(): Promise<T> {
  return new Promise<T>(() => undefined);
}
