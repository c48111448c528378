import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { deepFreeze, equalJson } from '#base';
import type { Json } from '../meta/object.ts';
import { isApiError } from '../meta/status.ts';
import type { Schema } from '../schema/schema.ts';
import { applyStrategicMergePatch } from './strategic.ts';

const text: Schema = { type: 'string' };
const named: Schema = {
  type: 'object',
  properties: { name: text, value: text, args: { type: 'array', items: text } },
};
const schema: Schema = {
  type: 'object',
  properties: {
    items: { type: 'array', items: named, patchStrategy: ['merge'], patchMergeKey: 'name' },
    plain: { type: 'array', items: text },
    set: { type: 'array', items: text, patchStrategy: ['merge'] },
    labels: { type: 'map', values: text },
    strategy: {
      type: 'object',
      patchStrategy: ['retainKeys'],
      properties: { type: text, rolling: { type: 'map', values: text } },
    },
    volumes: { type: 'array', items: named, patchStrategy: ['merge', 'retainKeys'], patchMergeKey: 'name' },
    whole: { type: 'object', patchStrategy: ['replace'], properties: { a: text, b: text } },
    nested: {
      type: 'array',
      patchStrategy: ['merge'],
      patchMergeKey: 'name',
      items: {
        type: 'object',
        properties: {
          name: text,
          env: { type: 'array', items: named, patchStrategy: ['merge'], patchMergeKey: 'name' },
        },
      },
    },
  },
};
const names = (...list: string[]) => list.map((name) => ({ name }));

describe('src/api/patch/strategic.ts', () => {
  it.each<[string, Json, Json, Json]>([
    [
      'merges maps',
      { labels: { a: '1', b: '2' } },
      { labels: { b: '3', c: '4' } },
      { labels: { a: '1', b: '3', c: '4' } },
    ],
    ['removes by null', { labels: { a: '1', b: '2' } }, { labels: { a: null } }, { labels: { b: '2' } }],
    ['drops null where nothing is', {}, { labels: { a: null, b: '1' } }, { labels: { b: '1' } }],
    ['replaces plain lists', { plain: ['a'] }, { plain: ['b'] }, { plain: ['b'] }],
    ['adds to sets, once', { set: ['a', 'b'] }, { set: ['b', 'c'] }, { set: ['a', 'b', 'c'] }],
    [
      'deletes from sets',
      { set: ['a', 'b', 'c'] },
      { '$deleteFromPrimitiveList/set': ['b', 'x'] },
      { set: ['a', 'c'] },
    ],
    [
      'merges items by key',
      { items: [{ name: 'a', value: '1', args: ['x'] }, { name: 'b' }] },
      { items: [{ name: 'a', value: '2' }] },
      { items: [{ name: 'a', value: '2', args: ['x'] }, { name: 'b' }] },
    ],
    ['puts new items first, as kubectl does', { items: names('a') }, { items: names('n') }, { items: names('n', 'a') }],
    [
      'keeps other items where they stood',
      { items: names('a', 'b', 'c') },
      { items: names('c', 'a') },
      { items: names('b', 'c', 'a') },
    ],
    [
      'obeys $setElementOrder',
      { items: names('a', 'b', 'c') },
      { '$setElementOrder/items': names('a', 'n', 'c'), items: names('n') },
      { items: names('a', 'n', 'b', 'c') },
    ],
    [
      'reorders without a change',
      { items: names('a', 'b', 'c'), set: ['x', 'y'] },
      { '$setElementOrder/items': names('c', 'a'), '$setElementOrder/set': ['y', 'x'] },
      { items: names('b', 'c', 'a'), set: ['y', 'x'] },
    ],
    ['ignores an order for a list that is not there', {}, { '$setElementOrder/items': names('a') }, {}],
    [
      'deletes items',
      { items: names('a', 'b') },
      {
        items: [
          { name: 'a', $patch: 'delete' },
          { name: 'x', $patch: 'delete' },
        ],
      },
      { items: names('b') },
    ],
    [
      'replaces a list',
      { items: names('a', 'b') },
      { items: [{ $patch: 'replace' }, { name: 'c' }] },
      { items: names('c') },
    ],
    ['replaces a map', { labels: { a: '1' } }, { labels: { $patch: 'replace', b: '2' } }, { labels: { b: '2' } }],
    ['empties a map', { labels: { a: '1' } }, { labels: { $patch: 'delete' } }, { labels: {} }],
    [
      'merges when told so',
      { labels: { a: '1' } },
      { labels: { $patch: 'merge', b: '2' } },
      { labels: { a: '1', b: '2' } },
    ],
    [
      'retains only the keys named',
      { strategy: { type: 'RollingUpdate', rolling: { max: '1' } } },
      { strategy: { $retainKeys: ['type'], type: 'Recreate' } },
      { strategy: { type: 'Recreate' } },
    ],
    [
      'retains keys inside items',
      { volumes: [{ name: 'v', value: '1' }] },
      { volumes: [{ name: 'v', $retainKeys: ['name', 'args'], args: ['x'] }] },
      { volumes: [{ name: 'v', args: ['x'] }] },
    ],
    ['replaces maps whose strategy says so', { whole: { a: '1' } }, { whole: { b: '2' } }, { whole: { b: '2' } }],
    [
      'goes down into items',
      { nested: [{ name: 'a', env: names('x', 'y') }] },
      {
        nested: [
          { name: 'a', '$setElementOrder/env': names('x', 'z'), env: [{ name: 'z' }, { name: 'y', $patch: 'delete' }] },
        ],
      },
      { nested: [{ name: 'a', env: names('x', 'z') }] },
    ],
    [
      'leaves no directive in what is new',
      {},
      {
        nested: [{ name: 'a', env: [{ $patch: 'replace' }, { name: 'x', value: null }] }],
        labels: { $retainKeys: ['a'], a: '1' },
      },
      { nested: [{ name: 'a', env: names('x') }], labels: { a: '1' } },
    ],
    [
      'takes the patch where the kinds differ',
      { items: 'x', labels: [] },
      { items: names('a'), labels: { a: '1' } },
      { items: names('a'), labels: { a: '1' } },
    ],
    [
      'merges what the schema does not know like maps',
      { free: { a: 1, l: [1] } },
      { free: { b: 2, l: [2] } },
      { free: { a: 1, b: 2, l: [2] } },
    ],
  ])('%s', (_name, original, patch, result) => {
    expect(applyStrategicMergePatch(schema, deepFreeze(original), deepFreeze(patch))).toEqual(result);
  });

  it.each<[Json]>([
    ['text'],
    [[]],
    [{ labels: { $patch: 'explode' } }],
    [{ items: ['a'] }],
    [{ items: [{ value: '1' }] }],
    [{ items: [{ name: 'a', $patch: 'explode' }] }],
    [{ '$setElementOrder/items': 'a' }],
    [{ '$setElementOrder/items': names('a', 'b'), items: names('b', 'a') }],
    [{ '$setElementOrder/items': names('a'), items: names('b') }],
    [{ '$setElementOrder/set': ['a', 'b'], set: ['b', 'a'] }],
    [{ '$deleteFromPrimitiveList/set': 'a' }],
    [{ strategy: { $retainKeys: 'type' } }],
    [{ strategy: { $retainKeys: ['type'], rolling: {} } }],
  ])('refuses %j', (patch) => {
    const original = { items: names('a', 'b'), set: ['a'], labels: {} };
    expect(() => applyStrategicMergePatch(schema, original, patch)).toThrow(
      expect.objectContaining({ reason: 'BadRequest' }),
    );
  });

  it('is quick on long lists', () => {
    const long = Array.from({ length: 20_000 }, (_, index) => ({ name: `n${index}` }));
    const before = performance.now();
    const result = applyStrategicMergePatch(schema, { items: long }, { items: [...long].reverse() });
    expect(performance.now() - before).toBeLessThan(5000);
    expect((result as { items: unknown[] }).items).toHaveLength(20_000);
  });

  it('keeps __proto__ as data', () => {
    const patch = JSON.parse('{"labels":{"__proto__":"x"},"__proto__":{"polluted":1}}') as Json;
    expect(JSON.stringify(applyStrategicMergePatch(schema, {}, patch))).toBe(JSON.stringify(patch));
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  const item = fc.record(
    {
      name: fc.constantFrom('a', 'b', 'c'),
      value: fc.constantFrom('1', '2'),
      $patch: fc.constantFrom('delete', 'replace'),
    },
    { requiredKeys: ['name'] },
  );
  const patches = fc.record(
    {
      items: fc.oneof(fc.array(item), fc.constant(null)),
      set: fc.array(fc.constantFrom('a', 'b')),
      labels: fc.dictionary(fc.constantFrom('a', 'b', '$patch'), fc.constantFrom('1', 'replace', 'delete')),
      '$setElementOrder/items': fc.array(item),
      '$deleteFromPrimitiveList/set': fc.array(fc.constantFrom('a', 'b')),
    },
    { requiredKeys: [] },
  );
  const objects = fc.record({
    items: fc.uniqueArray(
      item.map(({ name }) => ({ name })),
      { selector: ({ name }) => name },
    ),
    set: fc.array(fc.constantFrom('a', 'x')),
  });

  it('answers or refuses, whatever the patch; a second time changes nothing', () => {
    fc.assert(
      fc.property(objects, patches, (object, patch) => {
        try {
          const once = applyStrategicMergePatch(schema, object, patch as Json);
          expect(JSON.stringify(once)).not.toContain('"$');
          if ('items' in patch && patch.items?.some((one) => one.$patch !== undefined)) return;
          expect(equalJson(applyStrategicMergePatch(schema, once, patch as Json), once)).toBe(true);
        } catch (error) {
          if (!isApiError(error)) throw error;
          expect(error.reason).toBe('BadRequest');
        }
      }),
      { numRuns: 300 },
    );
  });
});
