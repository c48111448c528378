import { describe, expect, it } from 'vitest';
import { chanceFrom, generatedName, systemChance } from './chance.ts';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

describe('src/server/registry/chance.ts', () => {
  it('makes names that fit into a label, whatever the base', () => {
    expect(generatedName('web-', () => 0)).toBe('web-bbbbb');
    expect(generatedName('x'.repeat(200), () => 0.999)).toBe(`${'x'.repeat(58)}99999`);
  });

  it('makes uids, the same ones from the same numbers', () => {
    const numbers = () => {
      let seed = 1;
      return () => {
        seed = (seed * 16_807) % 2_147_483_647;
        return seed / 2_147_483_647;
      };
    };
    const [one, other] = [chanceFrom(numbers()), chanceFrom(numbers())];
    const uids = [one.uid(), one.uid()];
    expect(uids).toEqual([other.uid(), other.uid()]);
    expect(new Set([...uids, systemChance.uid()]).size).toBe(3);
    for (const uid of [...uids, systemChance.uid()]) expect(uid).toMatch(UUID);
  });
});
