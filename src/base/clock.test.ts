import { describe, expect, it } from 'vitest';
import { FakeClock, settle } from '../../test/support/fake-clock.ts';
import { formatMicroTime, formatTime, sleep, systemClock } from './clock.ts';

describe('src/base/clock.ts', () => {
  it('sleeps until the time has come and no longer', async () => {
    const clock = new FakeClock();
    let awake = false;
    void sleep(clock, 1_000).then(() => {
      awake = true;
    });
    await clock.advance(999);
    expect(awake).toBe(false);
    await clock.advance(1);
    expect(awake).toBe(true);
  });

  it('wakes with the reason of the abort, at once, and leaves no timer', async () => {
    const clock = new FakeClock();
    const stop = new AbortController();
    const slept = sleep(clock, 1_000, stop.signal).catch((reason: unknown) => reason);
    stop.abort('enough');
    expect(await slept).toBe('enough');
    expect(clock.waiting).toBe(0);
  });

  it('does not begin when the signal has aborted already', async () => {
    const clock = new FakeClock();
    await expect(sleep(clock, 1_000, AbortSignal.abort(new Error('over')))).rejects.toThrow('over');
    expect(clock.waiting).toBe(0);
  });

  it('is not disturbed by an abort after it ended, and lets go of the signal', async () => {
    const clock = new FakeClock();
    const stop = new AbortController();
    const slept = sleep(clock, 10, stop.signal);
    await clock.advance(10);
    await slept;
    stop.abort(new Error('late'));
    await settle();
    expect(clock.waiting).toBe(0);
  });

  it('fires no timer that was called off, and a delay beyond what Node takes does not fire at once', async () => {
    let fired = 0;
    const timers = [0, 2 ** 40].map((ms) =>
      systemClock.after(ms, () => {
        fired += 1;
      }),
    );
    timers[0]?.cancel();
    timers[0]?.cancel();
    await new Promise((resolve) => systemClock.after(5, () => resolve(undefined)));
    timers[1]?.cancel();
    expect(fired).toBe(0);
  });

  it('measures with a clock that never goes back', () => {
    const times = Array.from({ length: 1_000 }, () => systemClock.monotonicMs());
    expect(times).toEqual([...times].sort((a, b) => a - b));
  });

  it('writes times as Kubernetes does', () => {
    const ms = Date.UTC(2026, 0, 2, 3, 4, 5, 678);
    expect(formatTime(ms)).toBe('2026-01-02T03:04:05Z');
    expect(formatMicroTime(ms)).toBe('2026-01-02T03:04:05.678000Z');
  });
});
