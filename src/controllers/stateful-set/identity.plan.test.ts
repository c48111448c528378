import { describe, expect, it } from 'vitest';
import type { StatefulSet } from '#api';
import { ordinalOf, rangeOf } from './identity.plan.ts';

const setOf = (spec: object) => ({ metadata: { name: 'db' }, spec }) as StatefulSet;

describe('src/controllers/stateful-set/identity.plan.ts', () => {
  it.each<[string, number | undefined]>([
    ['db-0', 0],
    ['db-7', 7],
    ['db-999999999', 999_999_999],
    ['db-1000000000', 1_000_000_000],
    ['db-2147483647', 2_147_483_647],
    ['db-2147483648', undefined],
    ['db-9999999999', undefined],
    ['db-10000000000', undefined],
    ['db-01', undefined],
    ['db-', undefined],
    ['db--1', undefined],
    ['other-1', undefined],
  ])('reads the number of %s', (name, expected) => {
    expect(ordinalOf(setOf({}), { metadata: { name } })).toBe(expected);
  });

  it.each<[object, number, number]>([
    [{}, 0, 1],
    [{ replicas: 3, ordinals: { start: 5 } }, 5, 8],
    [{ replicas: 2, ordinals: { start: 2_147_483_646 } }, 2_147_483_646, 2_147_483_648],
    [{ replicas: 2_147_483_647, ordinals: { start: 2_147_483_647 } }, 2_147_483_647, 2_147_483_648],
  ])('of %j wants from %i to before %i', (spec, first, end) => {
    expect(rangeOf(setOf(spec))).toEqual({ first, end });
  });
});
