import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { backoffMs, jitterMs } from './backoff.ts';

describe('src/base/backoff.ts', () => {
  it.each([
    [0, 0],
    [-1, 0],
    [1, 10],
    [2, 20],
    [3, 40],
    [7, 640],
    [8, 1_000],
    [1e9, 1_000],
  ])('waits after %i failures %i ms', (failures, ms) => {
    expect(backoffMs(failures, { initialMs: 10, maxMs: 1_000 })).toBe(ms);
  });

  it('never shrinks with more failures, never passes its ceiling, and is always a finite time', () => {
    const factor = fc.double({ min: 1, max: 10, noNaN: true });
    fc.assert(
      fc.property(
        fc.nat(),
        fc.integer({ min: 1, max: 1e6 }),
        fc.integer({ min: 1, max: 1e9 }),
        factor,
        (n, initialMs, maxMs, factor) => {
          const options = { initialMs, maxMs, factor };
          const [less, more] = [backoffMs(n, options), backoffMs(n + 1, options)];
          expect(more).toBeGreaterThanOrEqual(less);
          expect(more).toBeLessThanOrEqual(maxMs);
          expect(Number.isFinite(more)).toBe(true);
        },
      ),
    );
  });

  it('spreads a time evenly around itself', () => {
    expect(jitterMs(1_000, 0.2, 0)).toBe(800);
    expect(jitterMs(1_000, 0.2, 0.5)).toBe(1_000);
    expect(jitterMs(1_000, 0, 0.9)).toBe(1_000);
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (random) => {
        const ms = jitterMs(1_000, 0.1, random);
        expect(ms).toBeGreaterThanOrEqual(900 - 1e-9);
        expect(ms).toBeLessThanOrEqual(1_100 + 1e-9);
      }),
    );
  });
});
