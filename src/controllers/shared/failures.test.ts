import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../../test/support/fake-clock.ts';
import { FailureMemory } from './failures.ts';

describe('src/controllers/shared/failures.ts', () => {
  it('makes what fails again wait twice as long, each place by itself, and forgets', async () => {
    const clock = new FakeClock();
    const failures = new FailureMemory(clock, { initialMs: 1_000, maxMs: 3_000 });
    const waits = (place: string) => Math.max(0, failures.retryAtMs('a', place) - clock.nowMs());
    expect(waits('x')).toBe(0);
    const waited = [1, 2, 3, 4].map(() => {
      failures.note('a', 'x');
      return waits('x');
    });
    expect(waited).toEqual([1_000, 2_000, 3_000, 3_000]);
    expect([waits('y'), failures.retryAtMs('b', 'x')]).toEqual([0, 0]);
    // Long after, whoever fails next clears away what was calm.
    await clock.advance(6_001);
    failures.note('a', 'y');
    failures.note('a', 'x');
    expect([waits('y'), waits('x')]).toEqual([1_000, 1_000]);
    failures.forget('a');
    expect([waits('y'), waits('x')]).toEqual([0, 0]);
  });
});
