import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { applyMergePatch, type Json } from '#api';
import { equalJson } from '#base';
import { mergePatch } from './merge-patch.ts';

describe('src/controllers/shared/merge-patch.ts', () => {
  it.each([
    ['nothing changed', { a: 1 }, { a: 1 }, undefined],
    ['a value changed', { a: 1, b: 2 }, { a: 1, b: 3 }, { b: 3 }],
    ['a value went', { a: 1, b: 2 }, { a: 1 }, { b: null }],
    ['only the changed part of a part is named', { a: { b: 1, c: 2 } }, { a: { b: 1, c: 3 } }, { a: { c: 3 } }],
    ['lists are replaced whole', { a: [1, 2] }, { a: [1] }, { a: [1] }],
    ['undefined is the same as absent', { a: 1 }, { a: 1, b: undefined }, undefined],
  ])('%s', (_, from, to, patch) => {
    expect(mergePatch(from, to)).toEqual(patch);
  });

  it('makes the one out of the other', () => {
    // Merge patches cannot set null: statuses hold none.
    const leaf = fc.oneof(fc.string(), fc.integer(), fc.boolean());
    const { object } = fc.letrec((tie) => ({
      value: fc.oneof({ depthSize: 'small' }, leaf, fc.array(leaf, { maxLength: 3 }), tie('object')),
      object: fc.dictionary(fc.constantFrom('a', 'b', 'c'), tie('value'), { maxKeys: 3 }),
    }));
    fc.assert(
      fc.property(object, object, (from, to) => {
        const patch = mergePatch(from, to);
        const made = patch === undefined ? from : applyMergePatch(from as Json, patch);
        expect(equalJson(made, to)).toBe(true);
      }),
    );
  });
});
