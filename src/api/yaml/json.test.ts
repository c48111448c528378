import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isApiError } from '../meta/status.ts';
import { parseJsonStrict } from './json.ts';

describe('src/api/yaml/json.ts', () => {
  it('gives what JSON.parse gives', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 6 }), (text) => {
        expect(parseJsonStrict(text)).toEqual({ value: JSON.parse(text), duplicates: [] });
      }),
    );
  });

  it.each([
    ['{"a":1,"a":2}', ['a']],
    ['{"a":{"a":1},"b":{"a":1}}', []],
    ['{"spec":{"containers":[{"image":"a"},{"image":"b","image":"c"}]}}', ['spec.containers[1].image']],
    ['{"a":1,"\\u0061":2}', ['a']],
    ['{"a\\"":1,"a\\"":2}', ['a"']],
    ['{"a" :1, "a"\n:2}', ['a']],
    ['{"a":"b","c":"a","d":["a","a"]}', []],
    ['{"a":"\\\\","a":"x"}', ['a']],
    ['[{"x":1},{"x":1}]', []],
    ['{"a":1,"a":2,"a":3}', ['a', 'a']],
  ])('%s doubles %j', (text, duplicates) => {
    expect(parseJsonStrict(text).duplicates).toEqual(duplicates);
  });

  it('keeps __proto__ as data', () => {
    const { value, duplicates } = parseJsonStrict('{"__proto__":{"x":1},"__proto__":{"x":2}}');
    expect(duplicates).toEqual(['__proto__']);
    expect(Object.keys(value as object)).toEqual(['__proto__']);
    expect(({} as Record<string, unknown>)['x']).toBeUndefined();
  });

  it.each([
    ['', /not valid JSON/],
    ['{', /not valid JSON/],
    ['{"a":1,}', /not valid JSON/],
    ['"open', /not valid JSON/],
    ['['.repeat(200_000), /deeper than 100/],
    ['{"a":'.repeat(200_000), /deeper than 100/],
    ['{"spec":{"n":[1,9007199254740993]}}', /9007199254740993 at spec.n\[1\] is beyond ±2\^53/],
    ['{"n":1e400}', /1e400 at n is beyond the range/],
  ])('refuses %.30s', (text, message) => {
    const before = performance.now();
    expect(() => parseJsonStrict(text)).toThrow(expect.objectContaining({ reason: 'BadRequest' }));
    expect(() => parseJsonStrict(text)).toThrow(message);
    expect(performance.now() - before).toBeLessThan(2000);
  });

  it('allows the depth it names', () => {
    expect(parseJsonStrict('['.repeat(100) + ']'.repeat(100)).duplicates).toEqual([]);
    expect(parseJsonStrict('{"n":9007199254740991,"x":1.5e300}').value).toEqual({ n: 9007199254740991, x: 1.5e300 });
    // What a client got from us it may send back.
    for (const n of [2 ** 53, 1e17, 2 ** 64, -(2 ** 53)])
      expect(parseJsonStrict(JSON.stringify({ n })).value).toEqual({ n });
  });

  it('answers or refuses, whatever the text', () => {
    const text = fc.array(fc.constantFrom(...'{}[]",:\\ 019.eE-+na', '"a":'), { maxLength: 60 });
    fc.assert(
      fc.property(text, (pieces) => {
        try {
          parseJsonStrict(pieces.join(''));
        } catch (error) {
          expect(isApiError(error, 'BadRequest')).toBe(true);
        }
      }),
      { numRuns: 500 },
    );
  });
});
