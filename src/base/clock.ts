/** A timer that can be called off. Calling it off twice, or after it fired, does nothing. */
export interface Timer {
  cancel(): void;
}

/**
 * Time as the product sees it. Only the system clock below reads the machine's; tests step a fake one.
 * Durations are measured with `monotonicMs`, which never jumps; `nowMs` is for timestamps people read.
 */
export interface Clock {
  /** Wall clock, Unix milliseconds. */
  nowMs(): number;
  /** Milliseconds since an arbitrary origin; never decreases. */
  monotonicMs(): number;
  /** Calls back once, after at least `delayMs`. Does not keep the process alive. */
  after(delayMs: number, callback: () => void): Timer;
}

/** Longest delay Node's timers take (2^31 − 1 ms, about 24.8 days); longer ones would fire at once. */
const MAX_TIMER_MS = 2_147_483_647;

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  after(delayMs, callback) {
    const timer = setTimeout(callback, Math.min(Math.max(0, delayMs), MAX_TIMER_MS));
    timer.unref();
    return { cancel: () => clearTimeout(timer) };
  },
};

/** Resolves after `delayMs`, or rejects with the signal's reason as soon as it aborts. */
export function sleep(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(signal.reason);
      return;
    }
    const onAbort = () => {
      timer.cancel();
      reject(signal?.reason);
    };
    const timer = clock.after(delayMs, () => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    });
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}

/** RFC 3339 with whole seconds, as Kubernetes writes `metav1.Time`. */
export function formatTime(unixMs: number): string {
  return `${new Date(unixMs).toISOString().slice(0, 19)}Z`;
}

/** RFC 3339 with microseconds, as Kubernetes writes `metav1.MicroTime`. */
export function formatMicroTime(unixMs: number): string {
  return `${new Date(unixMs).toISOString().slice(0, 23)}000Z`;
}
