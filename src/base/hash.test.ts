import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalJson, sha256Hex, shortHash } from './hash.ts';

describe('src/base/hash.ts', () => {
  it('gives the digest of FIPS 180-2, of text and of its bytes alike', () => {
    const expected = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad';
    expect(sha256Hex('abc')).toBe(expected);
    expect(sha256Hex(Buffer.from('abc'))).toBe(expected);
    expect(shortHash('abc')).toBe(expected.slice(0, 10));
    expect(shortHash('abc', 4)).toBe('ba78');
  });

  it('writes JSON that reads back as the same value', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  it('writes equal objects equally, in whatever order they were built', () => {
    const entries = fc.uniqueArray(fc.tuple(fc.string(), fc.jsonValue()), { selector: ([key]) => key });
    fc.assert(
      fc.property(entries, (pairs) => {
        const forwards = canonicalJson(Object.fromEntries(pairs));
        expect(canonicalJson(Object.fromEntries([...pairs].reverse()))).toBe(forwards);
      }),
    );
  });

  it.each([
    [{ b: 1, a: [{ d: 1, c: 2 }] }, '{"a":[{"c":2,"d":1}],"b":1}'],
    [{ a: undefined, b: 1 }, '{"b":1}'],
    [JSON.parse('{"z":1,"__proto__":2}'), '{"__proto__":2,"z":1}'],
    [null, 'null'],
  ])('writes %j as %s', (value, text) => {
    expect(canonicalJson(value)).toBe(text);
  });
});
