import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { StoredObject } from '#api';
import { ObjectIndex } from './object-index.ts';

const object = (namespace: string, name: string, color: string): StoredObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { namespace, name, uid: `${namespace}-${name}`, resourceVersion: '1', creationTimestamp: '' },
  color,
});
const byColor = (each: StoredObject) => [each['color'] as string];

describe('src/reconcile/object-index.ts', () => {
  it('finds objects by key, namespace and index', () => {
    const index = new ObjectIndex({ color: byColor });
    const red = object('one', 'a', 'red');
    index.put(red);
    index.put(object('two', 'b', 'blue'));
    expect(index.get('one/a')).toBe(red);
    expect(index.list('one')).toEqual([red]);
    expect(index.byIndex('color', 'red')).toEqual([red]);
    expect(index.list()).toHaveLength(2);
    expect(() => index.byIndex('size', 'xl')).toThrow(RangeError);
  });

  it('indexes what was there before the index', () => {
    const index = new ObjectIndex();
    index.put(object('one', 'a', 'red'));
    index.addIndex('color', byColor);
    expect(index.byIndex('color', 'red')).toHaveLength(1);
  });

  it('answers every index as a scan would, after any puts and removals', () => {
    const name = fc.constantFrom('a', 'b', 'c');
    const color = fc.constantFrom('red', 'blue');
    const step = fc.record({ put: fc.boolean(), namespace: fc.constantFrom('one', 'two'), name, color });
    fc.assert(
      fc.property(fc.array(step), (steps) => {
        const index = new ObjectIndex({ color: byColor });
        const model = new Map<string, StoredObject>();
        for (const { put, ...each } of steps) {
          const key = `${each.namespace}/${each.name}`;
          const next = object(each.namespace, each.name, each.color);
          expect(put ? index.put(next) : index.remove(key)).toBe(model.get(key));
          if (put) model.set(key, next);
          else model.delete(key);
        }
        for (const wanted of ['red', 'blue']) {
          const scan = [...model.values()].filter((each) => each['color'] === wanted);
          expect(new Set(index.byIndex('color', wanted))).toEqual(new Set(scan));
        }
        expect(index.size).toBe(model.size);
      }),
    );
  });
});
