import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cloneJson, deepFreeze, equalJson } from './freeze.ts';
import { canonicalJson } from './hash.ts';

/** Reverses the order of keys, through and through: the same value, built in another way. */
function reordered(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reordered);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, inner]) => [key, reordered(inner)]),
  );
}

function isFrozenThrough(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return true;
  return Object.isFrozen(value) && Object.values(value).every(isFrozenThrough);
}

describe('src/base/freeze.ts', () => {
  it('freezes through and through, and gives back the very same value', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(deepFreeze(value)).toBe(value);
        expect(isFrozenThrough(value)).toBe(true);
      }),
    );
  });

  it('clones into an equal value that shares nothing and may be changed', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const clone = cloneJson(deepFreeze(value));
        expect(clone).toEqual(value);
        if (typeof value !== 'object' || value === null) return;
        expect(clone).not.toBe(value);
        expect(Object.isFrozen(clone)).toBe(Object.isFrozen(Array.isArray(value) ? [] : {}));
      }),
    );
  });

  it('treats a key named __proto__ as data', () => {
    const hostile: unknown = JSON.parse('{"__proto__":{"admin":true}}');
    const clone = cloneJson(hostile) as { admin?: boolean };
    expect(clone.admin).toBeUndefined();
    expect(JSON.stringify(clone)).toBe('{"__proto__":{"admin":true}}');
    expect(equalJson(hostile, {})).toBe(false);
    expect(equalJson(clone, hostile)).toBe(true);
  });

  it('finds values equal whatever the order of their keys', () => {
    fc.assert(fc.property(fc.jsonValue(), (value) => equalJson(value, reordered(cloneJson(value)))));
  });

  it('agrees with canonical JSON on what is equal, both ways round', () => {
    const small = fc.jsonValue({ maxDepth: 2, stringUnit: fc.constantFrom('a', 'b') });
    fc.assert(
      fc.property(small, small, (left, right) => {
        // JSON writes -0 as 0; Object.is tells them apart.
        fc.pre(!/-0(?![.\d])/.test(inspect(left) + inspect(right)));
        expect(equalJson(left, right)).toBe(canonicalJson(left) === canonicalJson(right));
        expect(equalJson(right, left)).toBe(equalJson(left, right));
      }),
    );
  });

  it.each([
    [{ a: undefined }, {}, true],
    [{}, { a: undefined }, true],
    [{ a: null }, {}, false],
    [[], {}, false],
    [[1, 2], [2, 1], false],
    [[1], [1, undefined], false],
    [{ toString: 1 }, {}, false],
    [{}, { constructor: 1 }, false],
    [null, undefined, false],
    [0, '0', false],
  ])('compares %j and %j: %s', (left, right, equal) => {
    expect(equalJson(left, right)).toBe(equal);
    expect(equalJson(right, left)).toBe(equal);
  });
});

const inspect = (value: unknown): string =>
  JSON.stringify(value, (_key, inner: unknown) => (Object.is(inner, -0) ? '-0' : inner)).replaceAll('"-0"', '-0');
