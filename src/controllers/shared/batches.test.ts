import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { settle } from '../../../test/support/fake-clock.ts';
import { inBatches } from './batches.ts';

const never = new AbortController().signal;

describe('src/controllers/shared/batches.ts', () => {
  it('does everything, in groups of 1, 2, 4 …', async () => {
    const groups: number[] = [];
    let inGroup = 0;
    const act = async () => {
      inGroup += 1;
      await settle(); // By now the whole group has begun.
      if (inGroup > 0) groups.push(inGroup);
      inGroup = 0;
    };
    expect(await inBatches([1, 2, 3, 4, 5, 6, 7, 8], act, never)).toEqual({ done: 8, error: undefined });
    expect(groups).toEqual([1, 2, 4, 1]);
  });

  it('stops after the batch that fails, and starts nothing once it is told to stop', async () => {
    const tried: number[] = [];
    const act = (item: number) => {
      tried.push(item);
      return item === 2 ? Promise.reject(new Error('no')) : Promise.resolve();
    };
    const { done, error } = await inBatches([1, 2, 3, 4, 5], act, never);
    expect([done, (error as Error).message, tried]).toEqual([2, 'no', [1, 2, 3]]);
    expect(await inBatches([1], act, AbortSignal.abort('stop'))).toEqual({ done: 0, error: 'stop' });
  });

  it('costs at most twice the good work, and one call, when things begin to fail', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(40), fc.nat(40), async (count, good) => {
        let tried = 0;
        const act = () => {
          tried += 1;
          return tried > good ? Promise.reject(new Error('no')) : Promise.resolve();
        };
        const { done } = await inBatches(Array(count).fill(0), act, never);
        expect(done).toBe(Math.min(count, good));
        expect(tried).toBeLessThanOrEqual(Math.min(count, 2 * good + 1));
      }),
    );
  });
});
