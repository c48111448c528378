import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { deepFreeze, equalJson } from '#base';
import type { Json } from '../meta/object.ts';
import { applyMergePatch } from './merge-patch.ts';

describe('src/api/patch/merge-patch.ts', () => {
  // The table of RFC 7396, appendix A.
  it.each<[Json, Json, Json]>([
    [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
    [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
    [{ a: 'b' }, { a: null }, {}],
    [{ a: 'b', b: 'c' }, { a: null }, { b: 'c' }],
    [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
    [{ a: 'c' }, { a: ['b'] }, { a: ['b'] }],
    [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
    [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
    [
      ['a', 'b'],
      ['c', 'd'],
      ['c', 'd'],
    ],
    [{ a: 'b' }, ['c'], ['c']],
    [{ a: 'foo' }, null, null],
    [{ a: 'foo' }, 'bar', 'bar'],
    [{ e: null }, { a: 1 }, { e: null, a: 1 }],
    [[1, 2], { a: 'b', c: null }, { a: 'b' }],
    [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
  ])('%j + %j = %j', (document, patch, result) => {
    expect(applyMergePatch(deepFreeze(document), deepFreeze(patch))).toEqual(result);
  });

  it('keeps __proto__ as data', () => {
    const patch = JSON.parse('{"__proto__":{"polluted":1}}') as Json;
    expect(JSON.stringify(applyMergePatch({}, patch))).toBe('{"__proto__":{"polluted":1}}');
    expect(JSON.stringify(applyMergePatch(patch, { a: 1 }))).toBe('{"__proto__":{"polluted":1},"a":1}');
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  it('is idempotent', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4 }), fc.jsonValue({ maxDepth: 4 }), (document, patch) => {
        const once = applyMergePatch(document as Json, patch as Json);
        expect(equalJson(applyMergePatch(once, patch as Json), once)).toBe(true);
      }),
    );
  });

  it('refuses a patch nested too deep', () => {
    let patch: Json = 1;
    for (let level = 0; level < 200; level += 1) patch = { a: patch };
    expect(() => applyMergePatch({}, patch)).toThrow(expect.objectContaining({ reason: 'RequestEntityTooLarge' }));
  });
});
