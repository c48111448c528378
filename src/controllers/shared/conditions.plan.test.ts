import { describe, expect, it } from 'vitest';
import { type Condition, withCondition, withoutCondition } from './conditions.plan.ts';

describe('src/controllers/shared/conditions.plan.ts', () => {
  it('moves the transition time with the status only, and keeps what says the same', () => {
    const first = withCondition<Condition>([], { type: 'Ready', status: 'True', reason: 'A', message: '' }, 0);
    expect(withCondition(first, { type: 'Ready', status: 'True', reason: 'A', message: '' }, 60_000)).toBe(first);
    const second = withCondition(first, { type: 'Ready', status: 'True', reason: 'B', message: '' }, 60_000);
    expect(second[0]).toMatchObject({ reason: 'B', lastTransitionTime: '1970-01-01T00:00:00Z' });
    const third = withCondition(second, { type: 'Ready', status: 'False', reason: 'B', message: '' }, 60_000);
    expect(third[0]).toMatchObject({ status: 'False', lastTransitionTime: '1970-01-01T00:01:00Z' });
  });

  it('leaves the others alone', () => {
    const before: Condition[] = [{ type: 'Ready', status: 'True' }];
    expect(withoutCondition(before, 'Other')).toBe(before);
    expect(withoutCondition(before, 'Ready')).toEqual([]);
  });
});
