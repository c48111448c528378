import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { initialState, isWorthTelling, judge, nextDelayMs, scheduleOf } from './probe.plan.ts';

const readiness = scheduleOf('readiness', { httpGet: { port: 80 }, periodSeconds: 1, failureThreshold: 3 });
const liveness = scheduleOf('liveness', { httpGet: { port: 80 }, periodSeconds: 10, failureThreshold: 3 });
const startup = scheduleOf('startup', { httpGet: { port: 80 }, periodSeconds: 1, failureThreshold: 5 });
const ok = { ok: true, message: '' };
const bad = { ok: false, message: 'refused' };

describe('src/node-agent/probes/probe.plan.ts', () => {
  it("has Kubernetes' defaults", () => {
    expect(scheduleOf('liveness', {})).toMatchObject({
      initialDelayMs: 0,
      periodMs: 10_000,
      timeoutMs: 1_000,
      successThreshold: 1,
      failureThreshold: 3,
    });
  });

  it('asks often until the first success, then once a period', () => {
    let state = initialState();
    const delays: number[] = [];
    for (let asked = 0; asked < 9; asked += 1) {
      state = judge(state, bad, readiness, asked);
      delays.push(nextDelayMs(state, readiness));
    }
    expect(delays).toEqual([20, 40, 80, 160, 320, 640, 1000, 1000, 1000]);
    expect(nextDelayMs(judge(state, ok, readiness, 10), readiness)).toBe(1000);
    expect(nextDelayMs(initialState('success'), liveness)).toBe(10_000);
  });

  it('turns ready with the first success', () => {
    expect(judge(initialState(), ok, readiness, 0).verdict).toBe('success');
  });

  it('turns only after the threshold of failures in a row', () => {
    let state = initialState('success');
    for (const outcome of [bad, bad, ok, bad, bad]) state = judge(state, outcome, liveness, 0);
    expect(state.verdict).toBe('success');
    expect(judge(state, bad, liveness, 0).verdict).toBe('failure');
  });

  it('gives a starting container the time of its threshold, however often it is asked', () => {
    let state = initialState();
    let nowMs = 0;
    while (state.verdict !== 'failure') {
      state = judge(state, bad, startup, nowMs);
      nowMs += nextDelayMs(state, startup);
    }
    expect(nowMs).toBeGreaterThanOrEqual(4 * startup.periodMs * 0.9);
    expect(nowMs).toBeLessThanOrEqual(6 * startup.periodMs);
  });

  it('tells no failure of a container that is only starting', () => {
    const first = judge(initialState(), bad, readiness, 0);
    expect(isWorthTelling(initialState(), first)).toBe(false);
    const eager = judge(first, bad, readiness, 20);
    expect(isWorthTelling(first, eager)).toBe(false);
    const later = judge(eager, bad, readiness, 1_000);
    expect(isWorthTelling(eager, later)).toBe(true);
  });

  it('never lets a verdict turn without a reason', () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { maxLength: 40 }), (outcomes) => {
        let state = initialState('success');
        for (const [index, good] of outcomes.entries()) {
          const next = judge(state, { ok: good, message: '' }, liveness, index * 10_000);
          if (next.verdict !== state.verdict) expect(good).toBe(next.verdict === 'success');
          state = next;
        }
        const tail = outcomes.slice(-liveness.failureThreshold);
        const allBad = tail.length === liveness.failureThreshold && tail.every((good) => !good);
        expect(state.verdict).toBe(allBad ? 'failure' : state.verdict);
        if (outcomes.at(-1) === true) expect(state.verdict).toBe('success');
      }),
    );
  });
});
