import { type Clock, systemClock } from '#base';

/** A clock that starts with the machine's and goes so many times as fast, for what takes minutes by its nature. */
export function hastyClock(speed: number): Clock {
  const startMs = systemClock.nowMs();
  const originMs = systemClock.monotonicMs();
  const passedMs = () => (systemClock.monotonicMs() - originMs) * speed;
  return {
    nowMs: () => startMs + passedMs(),
    monotonicMs: passedMs,
    after: (delayMs, callback) => systemClock.after(delayMs / speed, callback),
  };
}
