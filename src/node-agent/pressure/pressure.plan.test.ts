import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NO_MEMORY, type PressureMemory, planPressure } from './pressure.plan.ts';
import type { Observations, Signal, Threshold } from './threshold.plan.ts';

const MINUTE = 60_000;
const thresholdOf = (signal: Signal, limit: string, more: Partial<Threshold> = {}): Threshold => ({
  signal,
  limit: { quantity: limit },
  graceMs: 0,
  minReclaim: undefined,
  ...more,
});
const seen = (available: number, signal: Signal = 'memory.available'): Observations =>
  new Map([[signal, { available, capacity: 1000 }]]);

const look = (memory: PressureMemory, thresholds: readonly Threshold[], observations: Observations, nowMs: number) =>
  planPressure({ memory, thresholds, observations, nowMs, transitionMs: 5 * MINUTE });

describe('src/node-agent/pressure/pressure.plan.ts', () => {
  const hard = thresholdOf('memory.available', '100');
  it.each<[string, Threshold, Observations, boolean]>([
    ['less than the limit', hard, seen(99), true],
    ['exactly the limit', hard, seen(100), false],
    ['a part of all', { ...hard, limit: { share: 0.2 } }, seen(199), true],
    ['not less than the part', { ...hard, limit: { share: 0.2 } }, seen(200), false],
    ['something else that is short', hard, seen(1, 'pid.available'), false],
    ['nothing seen at all', hard, new Map(), false],
  ])('with %s', (_, threshold, observations, isShort) => {
    const plan = look(NO_MEMORY, [threshold], observations, 0);
    expect(plan.act).toBe(isShort ? threshold : undefined);
    expect([...plan.pressure]).toEqual(isShort ? ['MemoryPressure'] : []);
  });

  it('says at once that it is short, but acts on a soft threshold only when that was crossed without a break', () => {
    const soft = { ...hard, graceMs: MINUTE };
    const first = look(NO_MEMORY, [soft], seen(50), 0);
    expect(first.act).toBeUndefined();
    expect([...first.pressure]).toEqual(['MemoryPressure']);
    const broken = look(first.memory, [soft], seen(500), MINUTE / 2);
    const again = look(broken.memory, [soft], seen(50), MINUTE);
    expect(again.act).toBeUndefined();
    expect(look(again.memory, [soft], seen(50), 2 * MINUTE - 1).act).toBeUndefined();
    expect(look(again.memory, [soft], seen(50), 2 * MINUTE).act).toBe(soft);
  });

  it('goes on until the minimum is reclaimed', () => {
    const threshold = { ...hard, minReclaim: { quantity: '50' } };
    expect(look(NO_MEMORY, [threshold], seen(120), 0).act).toBeUndefined();
    const { memory } = look(NO_MEMORY, [threshold], seen(99), 0);
    const still = look(memory, [threshold], seen(149), 1);
    expect(still.act).toBe(threshold);
    expect(look(still.memory, [threshold], seen(150), 2).act).toBeUndefined();
  });

  it('says that it is short for the whole transition after it was', () => {
    const { memory } = look(NO_MEMORY, [hard], seen(1), 0);
    const late = look(memory, [hard], seen(500), 5 * MINUTE - 1);
    expect([...late.pressure]).toEqual(['MemoryPressure']);
    expect(late.act).toBeUndefined();
    expect([...look(late.memory, [hard], seen(500), 5 * MINUTE).pressure]).toEqual([]);
  });

  it('sees to memory first', () => {
    const disk = thresholdOf('nodefs.available', '100');
    const both = new Map([...seen(1), ...seen(1, 'nodefs.available')]);
    expect(look(NO_MEMORY, [disk, hard], both, 0)).toMatchObject({ act: hard, starved: 'memory' });
  });

  it('acts only on what is below its threshold now, or was and has not reclaimed its minimum', () => {
    const step = fc.record({
      available: fc.integer({ min: 0, max: 300 }),
      afterMs: fc.integer({ min: 0, max: MINUTE }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), fc.integer({ min: 0, max: MINUTE }), (steps, graceMs) => {
        const threshold = { ...hard, graceMs, minReclaim: { quantity: '50' } };
        let memory = NO_MEMORY;
        let nowMs = 0;
        let acted = false;
        for (const { available, afterMs } of steps) {
          nowMs += afterMs;
          const plan = look(memory, [threshold], seen(available), nowMs);
          if (plan.act !== undefined) expect(available).toBeLessThan(acted ? 150 : 100);
          if (available < 100) expect(plan.pressure.has('MemoryPressure')).toBe(true);
          acted = plan.act !== undefined;
          memory = plan.memory;
        }
      }),
    );
  });
});
