import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { deepFreeze } from '#base';
import type { Json } from '../meta/object.ts';
import { isApiError } from '../meta/status.ts';
import { applyJsonPatch, formatPointer, MAX_JSON_PATCH_OPERATIONS, parsePointer } from './json-patch.ts';

const document: Json = deepFreeze({ a: 1, list: [1, 2, 3], map: { x: { y: 1 } }, 'sl/ash': 1, 'til~de': 2 });
const patched = (...operations: unknown[]) => applyJsonPatch(document, operations);
const with_ = (changes: object) => ({ ...(document as object), ...changes });

describe('src/api/patch/json-patch.ts', () => {
  it.each([
    [[{ op: 'add', path: '/b', value: 2 }], { b: 2 }],
    [[{ op: 'add', path: '/a', value: null }], { a: null }],
    [[{ op: 'add', path: '/list/1', value: 9 }], { list: [1, 9, 2, 3] }],
    [[{ op: 'add', path: '/list/-', value: 9 }], { list: [1, 2, 3, 9] }],
    [[{ op: 'add', path: '/list/3', value: 9 }], { list: [1, 2, 3, 9] }],
    [[{ op: 'remove', path: '/list/0' }], { list: [2, 3] }],
    [[{ op: 'remove', path: '/map/x/y' }], { map: { x: {} } }],
    [[{ op: 'replace', path: '/map/x', value: 1 }], { map: { x: 1 } }],
    [[{ op: 'replace', path: '/list/2', value: 9 }], { list: [1, 2, 9] }],
    [[{ op: 'move', from: '/map/x', path: '/list/0' }], { map: {}, list: [{ y: 1 }, 1, 2, 3] }],
    [[{ op: 'move', from: '/list/0', path: '/list/2' }], { list: [2, 3, 1] }],
    [[{ op: 'copy', from: '/map', path: '/map/x/m' }], { map: { x: { y: 1, m: { x: { y: 1 } } } } }],
    [[{ op: 'test', path: '/map', value: { x: { y: 1 } } }], {}],
    [[{ op: 'test', path: '/list', value: [1, 2, 3] }], {}],
    [[{ op: 'replace', path: '/sl~1ash', value: 3 }], { 'sl/ash': 3 }],
    [[{ op: 'replace', path: '/til~0de', value: 3 }], { 'til~de': 3 }],
  ])('%j', (operations, changes) => {
    expect(patched(...operations)).toEqual(with_(changes));
  });

  it('may replace the whole document', () => {
    expect(patched({ op: 'replace', path: '', value: [1] })).toEqual([1]);
    expect(patched({ op: 'add', path: '', value: 1 })).toBe(1);
  });

  it.each([
    [{ op: 'remove', path: '/none' }],
    [{ op: 'remove', path: '/list/3' }],
    [{ op: 'replace', path: '/none', value: 1 }],
    [{ op: 'add', path: '/none/b', value: 1 }],
    [{ op: 'add', path: '/a/b', value: 1 }],
    [{ op: 'add', path: '/list/4', value: 1 }],
    [{ op: 'add', path: '/list/01', value: 1 }],
    [{ op: 'add', path: '/list/+1', value: 1 }],
    [{ op: 'remove', path: '/list/-' }],
    [{ op: 'test', path: '/a', value: 2 }],
    [{ op: 'test', path: '/a', value: '1' }],
    [{ op: 'test', path: '/toString', value: null }],
    [{ op: 'copy', from: '/none', path: '/b' }],
    [{ op: 'move', from: '/map', path: '/map/x/m' }],
    [{ op: 'remove', path: '/__proto__' }],
    [{ op: 'add', path: '/constructor/prototype/polluted', value: 1 }],
  ])('does not fit: %j', (operation) => {
    expect(() => patched(operation)).toThrow(expect.objectContaining({ reason: 'Invalid' }));
  });

  it.each([
    ['text'],
    [{ op: 'add', path: '/a' }],
    [{ op: 'add', path: 'a', value: 1 }],
    [{ op: 'add', path: '/~2', value: 1 }],
    [{ op: 'add', path: 3, value: 1 }],
    [{ op: 'move', path: '/a' }],
    [{ op: 'copy', path: '/a', from: 'a' }],
    [{ op: 'merge', path: '/a', value: 1 }],
    [null],
  ])('is malformed: %j', (operation) => {
    expect(() => patched(operation)).toThrow(expect.objectContaining({ reason: 'BadRequest' }));
  });

  it('wants a list', () => {
    expect(() => applyJsonPatch(document, { op: 'add' })).toThrow(/must be a list/);
  });

  it('does all or nothing, and never touches its arguments', () => {
    const value = deepFreeze({ deep: [1] });
    const result = patched({ op: 'add', path: '/b', value }, { op: 'add', path: '/b/deep/-', value: 2 });
    expect(result).toEqual(with_({ b: { deep: [1, 2] } }));
    expect(value).toEqual({ deep: [1] });
    expect(() => patched({ op: 'remove', path: '/a' }, { op: 'remove', path: '/a' })).toThrow(/operation 1/);
  });

  it('keeps __proto__ as data', () => {
    const result = patched({ op: 'add', path: '/__proto__', value: { polluted: 1 } });
    expect(Object.hasOwn(result as object, '__proto__')).toBe(true);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  describe('refuses what costs too much', () => {
    const times = (count: number, operation: object) => Array.from({ length: count }, () => operation);
    it.each([
      ['too many operations', times(MAX_JSON_PATCH_OPERATIONS + 1, { op: 'test', path: '/a', value: 1 })],
      ['copies that double', times(40, { op: 'copy', from: '', path: '/map/x/m' })],
      [
        'a text that doubles',
        [
          { op: 'add', path: '/t', value: ['x'.repeat(1000)] },
          ...Array.from({ length: 30 }, () => [
            { op: 'copy', from: '/t', path: '/u' },
            { op: 'move', from: '/u', path: '/t/-' },
          ]).flat(),
        ],
      ],
      [
        'ten thousand insertions at the head of a long list',
        [
          { op: 'add', path: '/l', value: Array.from({ length: 100_000 }, () => 0) },
          ...times(9000, { op: 'add', path: '/l/0', value: 0 }),
        ],
      ],
    ])('%s', (_name, operations) => {
      const before = performance.now();
      expect(() => patched(...operations)).toThrow(expect.objectContaining({ reason: 'RequestEntityTooLarge' }));
      expect(performance.now() - before).toBeLessThan(5000);
    });
  });

  it('answers or refuses, whatever the patch', () => {
    const path = fc
      .array(fc.constantFrom('a', 'list', 'map', 'x', 'y', '0', '1', '-', '__proto__'), { maxLength: 4 })
      .map(formatPointer);
    const operation = fc.record({
      op: fc.constantFrom('add', 'remove', 'replace', 'move', 'copy', 'test'),
      path,
      from: path,
      value: fc.oneof(fc.integer({ max: 3 }), fc.constant({ x: [1] }), fc.constant([])),
    });
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 8 }), (operations) => {
        try {
          JSON.stringify(applyJsonPatch(document, operations));
        } catch (error) {
          expect(isApiError(error, 'Invalid', 'RequestEntityTooLarge')).toBe(true);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('reads the pointers it writes', () => {
    fc.assert(
      fc.property(fc.array(fc.string()), (tokens) => {
        expect(parsePointer(formatPointer(tokens))).toEqual(tokens);
      }),
    );
  });
});
