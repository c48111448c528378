import { describe, expect, it } from 'vitest';
import { intOrPercent, isIntOrPercent } from './int-or-percent.ts';

describe('src/api/values/int-or-percent.ts', () => {
  it.each([
    [3, 10, true, 3],
    ['25%', 10, true, 3],
    ['25%', 10, false, 2],
    ['0%', 10, true, 0],
    ['100%', 7, false, 7],
    ['25%', 0, true, 0],
  ])('%j of %d, rounded up %j, is %d', (value, total, roundUp, count) => {
    expect(intOrPercent(value, total, roundUp)).toBe(count);
  });

  it.each(['25', '%', '-5%', '1.5%', '1e3%', 1.5, Number.NaN])('refuses %j', (value) => {
    expect(isIntOrPercent(value)).toBe(false);
    expect(() => intOrPercent(value, 10, true)).toThrow(/integer or a percentage/);
  });
});
