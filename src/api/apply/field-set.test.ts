import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ManagedFieldsEntry } from '../meta/object.ts';
import { formatElements, normalElement } from './elements.ts';
import {
  differenceOf,
  EMPTY_SET,
  type FieldSet,
  intersectionOf,
  isEmptySet,
  MEMBER,
  pathsOf,
  unionOf,
} from './field-set.ts';
import { MAX_UPDATE_MANAGERS, readManagers, writeManagers } from './managers.ts';

const element = fc.constantFrom('f:a', 'f:b', 'f:__proto__', 'k:{"name":"x"}', 'v:"s"', 'i:0');
const path = fc.array(element, { minLength: 1, maxLength: 4 });
const setOf = (paths: readonly (readonly string[])[]) =>
  paths.reduce<FieldSet>(
    (set, elements) =>
      unionOf(
        set,
        elements.reduceRight<FieldSet>((node, one) => ({ [one]: node }), MEMBER),
      ),
    EMPTY_SET,
  );
const text = (elements: readonly string[]) => elements.join(' ');
const members = (set: FieldSet) => new Set(pathsOf(set).map(text));
const paths = fc.array(path, { maxLength: 8 });

describe('src/api/apply/field-set.ts', () => {
  it('holds exactly the paths put in', () => {
    fc.assert(fc.property(paths, (list) => void expect(members(setOf(list))).toEqual(new Set(list.map(text)))));
  });

  it('unites, subtracts and intersects like sets of paths', () => {
    fc.assert(
      fc.property(paths, paths, (left, right) => {
        const a = setOf(left);
        const b = setOf(right);
        const [inA, inB] = [members(a), members(b)];
        expect(members(unionOf(a, b))).toEqual(new Set([...inA, ...inB]));
        expect(members(differenceOf(a, b))).toEqual(new Set([...inA].filter((one) => !inB.has(one))));
        expect(members(intersectionOf(a, b))).toEqual(new Set([...inA].filter((one) => inB.has(one))));
        expect(isEmptySet(differenceOf(a, a))).toBe(true);
        expect(differenceOf(a, EMPTY_SET)).toBe(a);
      }),
    );
  });

  it('keeps a container without the mark out of the set', () => {
    const set = { 'f:spec': { 'f:replicas': MEMBER, 'f:list': { '.': MEMBER, 'v:1': MEMBER } } };
    expect(pathsOf(set)).toEqual([
      ['f:spec', 'f:replicas'],
      ['f:spec', 'f:list'],
      ['f:spec', 'f:list', 'v:1'],
    ]);
  });
});

describe('src/api/apply/elements.ts', () => {
  it.each([
    [['f:spec', 'f:replicas'], '.spec.replicas'],
    [['f:c', 'k:{"name":"web"}', 'f:image'], '.c[name="web"].image'],
    [['f:p', 'k:{"containerPort":80,"protocol":"TCP"}'], '.p[containerPort=80,protocol="TCP"]'],
    [['f:finalizers', 'v:"x"'], '.finalizers[="x"]'],
    [['f:l', 'i:3'], '.l[3]'],
  ])('writes %j as %s', (elements, formatted) => {
    expect(formatElements(elements)).toBe(formatted);
  });

  it.each([
    ['f:anything at all', 'f:anything at all'],
    ['k:{ "b":1, "a":"x" }', 'k:{"a":"x","b":1}'],
    ['v:"x"', 'v:"x"'],
    ['i:7', 'i:7'],
    ['k:[1]', undefined],
    ['k:{', undefined],
    ['v:', undefined],
    ['i:x', undefined],
    ['q:1', undefined],
    ['', undefined],
  ])('spells %s as %s', (given, normal) => {
    expect(normalElement(given)).toBe(normal);
  });
});

describe('src/api/apply/managers.ts', () => {
  const entry = (manager: string, fields: FieldSet, rest: ManagedFieldsEntry = {}): ManagedFieldsEntry => ({
    manager,
    operation: 'Update',
    apiVersion: 'v1',
    time: '2026-01-01T00:00:00Z',
    fieldsType: 'FieldsV1',
    fieldsV1: fields as Record<string, unknown>,
    ...rest,
  });

  it('gives back the entries it read, whatever the sets', () => {
    fc.assert(
      fc.property(
        paths.filter((list) => list.length > 0),
        (list) => {
          const entries = [
            entry('a', setOf(list), { operation: 'Apply' }),
            entry('b', setOf(list), { subresource: 'status', user: 'ann' }),
          ];
          const stored = JSON.parse(JSON.stringify(entries)) as ManagedFieldsEntry[];
          expect(writeManagers(readManagers(stored) ?? [])).toEqual(entries);
        },
      ),
    );
  });

  it.each<[string, ManagedFieldsEntry]>([
    ['no operation', { manager: 'a', fieldsV1: {} }],
    ['another form', entry('a', MEMBER, { fieldsType: 'FieldsV9' as 'FieldsV1' })],
    ['a bad element', entry('a', { x: MEMBER })],
    ['a bad key', entry('a', { 'k:nonsense': MEMBER })],
    ['a scalar for a node', entry('a', { 'f:a': 1 as unknown as FieldSet })],
    [
      'endless depth',
      entry(
        'a',
        Array.from({ length: 200 }).reduce<FieldSet>((node) => ({ 'f:a': node }), MEMBER),
      ),
    ],
  ])('does not read %s', (_name, bad) => {
    expect(readManagers([bad])).toBeUndefined();
  });

  it('unites entries of one identity and drops empty ones', () => {
    const managers =
      readManagers([entry('a', { 'f:x': MEMBER }), entry('a', { 'f:y': MEMBER }), entry('b', EMPTY_SET)]) ?? [];
    expect(writeManagers(managers)).toEqual([entry('a', { 'f:x': MEMBER, 'f:y': MEMBER })]);
  });

  it('sorts appliers first, then by time and name', () => {
    const managers = readManagers([
      entry('z', { 'f:a': MEMBER }, { time: '2026-01-02T00:00:00Z' }),
      entry('b', { 'f:a': MEMBER }),
      entry('a', { 'f:a': MEMBER }),
      entry('y', { 'f:a': MEMBER }, { operation: 'Apply', time: '2026-01-03T00:00:00Z' }),
    ]);
    expect(writeManagers(managers ?? []).map(({ manager }) => manager)).toEqual(['y', 'a', 'b', 'z']);
  });

  it('puts the oldest of too many updaters into one entry, and loses no field', () => {
    const many = Array.from({ length: 30 }, (_, index) =>
      entry(`m${index}`, { [`f:x${index}`]: MEMBER }, { time: `2026-01-01T00:00:${String(index).padStart(2, '0')}Z` }),
    );
    const stored = writeManagers(readManagers(many) ?? []);
    expect(stored).toHaveLength(MAX_UPDATE_MANAGERS);
    expect(stored[0]?.manager).toBe('ancient-changes');
    expect(stored.at(-1)?.manager).toBe('m29');
    expect(stored.flatMap(({ fieldsV1 }) => Object.keys(fieldsV1 ?? {}))).toHaveLength(30);
    // Once more with one more: still one old entry.
    const again = writeManagers(
      readManagers([...stored, entry('n', { 'f:n': MEMBER }, { time: '2026-02-01T00:00:00Z' })]) ?? [],
    );
    expect(again).toHaveLength(MAX_UPDATE_MANAGERS);
    expect(again.filter(({ manager }) => manager === 'ancient-changes')).toHaveLength(1);
  });
});
