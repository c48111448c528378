import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  countAmong,
  countOf,
  firstMissing,
  formatIndexes,
  hasIndex,
  parseIndexes,
  withIndexes,
} from './indexes.plan.ts';

describe('src/controllers/job/indexes.plan.ts', () => {
  it.each([
    [[], ''],
    [[1], '1'],
    [[1, 2], '1,2'],
    [[1, 3, 4, 5, 7], '1,3-5,7'],
  ])('writes %j as %j', (indexes, text) => {
    expect(formatIndexes(withIndexes([], indexes))).toBe(text);
  });

  it('leaves out what is beyond the number of completions, and what is no number', () => {
    expect(formatIndexes(parseIndexes('1,3-5,x,7', 5))).toBe('1,3,4');
  });

  it('behaves as a set of numbers', () => {
    const numbers = fc.array(fc.nat(30), { maxLength: 20 });
    fc.assert(
      fc.property(numbers, numbers, fc.nat(10), (some, more, count) => {
        const set = new Set([...some, ...more]);
        const indexes = withIndexes(withIndexes([], some), more);
        const all = Array.from({ length: 31 }, (_, index) => index);
        expect(all.filter((index) => hasIndex(indexes, index))).toEqual(all.filter((index) => set.has(index)));
        expect(countOf(indexes)).toBe(set.size);
        expect(parseIndexes(formatIndexes(indexes), 31)).toEqual(indexes);
        expect(firstMissing(indexes, count, 31)).toEqual(all.filter((index) => !set.has(index)).slice(0, count));
        const among = [...new Set(some)].filter((index) => more.includes(index)).length;
        expect(countAmong(withIndexes([], some), withIndexes([], more))).toBe(among);
      }),
    );
  });
});
