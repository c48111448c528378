import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { OrderedMap } from './ordered-map.ts';

describe('src/server/watch-cache/ordered-map.ts', () => {
  it('lists what a plain map holds, in key order, after any sequence of writes', () => {
    const key = fc.constantFrom('a/x', 'a-b/x', 'a/y', 'b/x', 'c');
    const step = fc.oneof(
      fc.record({ do: fc.constant('set' as const), key, value: fc.integer() }),
      fc.record({ do: fc.constant('delete' as const), key }),
      fc.record({ do: fc.constant('list' as const) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const ordered = new OrderedMap<number>();
        const model = new Map<string, number>();
        for (const taken of steps) {
          if (taken.do === 'set') {
            ordered.set(taken.key, taken.value);
            model.set(taken.key, taken.value);
          } else if (taken.do === 'delete') {
            ordered.delete(taken.key);
            model.delete(taken.key);
          }
          if (taken.do !== 'list') continue;
          expect(ordered.keys()).toEqual([...model.keys()].sort());
        }
        expect(ordered.keys()).toEqual([...model.keys()].sort());
        expect(ordered.values()).toEqual([...model.keys()].sort().map((each) => model.get(each)));
        expect(ordered.size).toBe(model.size);
      }),
    );
  });

  it('lists a key once that was deleted and came back', () => {
    const ordered = new OrderedMap<number>();
    ordered.set('a', 1);
    expect(ordered.keys()).toEqual(['a']);
    ordered.delete('a');
    ordered.set('a', 2);
    expect(ordered.keys()).toEqual(['a']);
    expect(ordered.values()).toEqual([2]);
  });
});
