import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareKeys, prefixEnd } from './keys.ts';
import { SortedKeys } from './sorted-keys.ts';

const key = fc.string({
  unit: fc.constantFrom('a', 'b', '/', 'é', '\ud7ff', '\ue000', '\uffff', '\u{10000}', '\u{10ffff}'),
});
const byBytes = (left: string, right: string) => Buffer.compare(Buffer.from(left), Buffer.from(right));

describe('src/store/keys.ts', () => {
  it('compares as the UTF-8 bytes do', () => {
    fc.assert(fc.property(key, key, (a, b) => Math.sign(compareKeys(a, b)) === byBytes(a, b)));
  });

  it('ends a prefix just behind its last key', () => {
    fc.assert(
      fc.property(key, key, (prefix, other) => {
        const end = prefixEnd(prefix);
        const inRange = byBytes(other, prefix) >= 0 && (end === undefined || byBytes(other, end) < 0);
        expect(inRange).toBe(other.startsWith(prefix));
      }),
    );
  });
});

describe('src/store/sorted-keys.ts', () => {
  it('scans what was added and not removed, in order, whatever the sizes', () => {
    const change = fc.record({ add: fc.boolean(), number: fc.nat(3_000) });
    fc.assert(
      fc.property(fc.array(change, { maxLength: 3_000, size: 'max' }), key, (changes, after) => {
        const keys = new SortedKeys();
        const model = new Set<string>();
        for (const { add, number } of changes) {
          const name = `k${number}`;
          if (add) keys.add(name);
          else keys.remove(name);
          if (add) model.add(name);
          else model.delete(name);
        }
        expect([...keys.scan('')]).toEqual([...model].sort(byBytes));
        const from = `k${after.length * 7}`;
        const expected = [...model].filter((name) => name.startsWith('k1') && byBytes(name, from) > 0).sort(byBytes);
        expect([...keys.scan('k1', from)]).toEqual(expected);
      }),
      { numRuns: 20 },
    );
  });
});
