import { describe, expect, it } from 'vitest';
import { type Allowance, planAllowance, planSimilar, type Similar } from './event-aggregation.plan.ts';

describe('src/reconcile/event-aggregation.plan.ts', () => {
  it('allows 25 events at once, then one in five minutes', () => {
    let allowance: Allowance | undefined;
    for (let n = 0; n < 25; n += 1) {
      allowance = planAllowance(allowance, 0);
      expect(allowance).toBeDefined();
    }
    expect(planAllowance(allowance, 299_999)).toBeUndefined();
    expect(planAllowance(allowance, 300_000)).toBeDefined();
  });

  it('puts the eleventh different message together with those after it, for ten minutes', () => {
    let similar: Similar | undefined;
    for (let n = 0; n < 10; n += 1) {
      const planned = planSimilar(similar, `message ${n}`, 0);
      expect(planned.combined).toBe(false);
      similar = planned.similar;
    }
    expect(planSimilar(similar, 'message 3', 0).combined).toBe(false);
    expect(planSimilar(similar, 'message 11', 0).combined).toBe(true);
    expect(planSimilar(similar, 'message 11', 600_001).combined).toBe(false);
  });
});
