import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  applyServerSide,
  defaultObject,
  type KubeObject,
  RESOURCES,
  type ResourceType,
  type Schema,
  schemaOf,
} from '#api';
import { equalJson } from '#base';
import { diffObject } from './diff-object.ts';

/** Objects per kind; more by PLUMB_TEST_RUNS=1000. */
const RUNS = Number(process.env['PLUMB_TEST_RUNS'] ?? 40);
/** Levels below which only scalars are made, and of optional fields only some. */
const MAX_DEPTH = 9;

const word = fc.constantFrom('a', 'b', 'c', 'web', '');

/** Any value that a schema allows, as a person may write it: fields left out, null, empty, quantities in all spellings. */
function anyOf(schema: Schema, depth: number): fc.Arbitrary<unknown> {
  switch (schema.type) {
    case 'object':
      return objectOf(schema, depth);
    case 'map':
      return depth > MAX_DEPTH
        ? fc.constant({})
        : fc.dictionary(fc.constantFrom('a', 'b', 'x.io/y'), anyOf(schema.values ?? { type: 'string' }, depth + 1), {
            maxKeys: 2,
          });
    case 'array':
      return listOf(schema, depth);
    case 'integer':
      return fc.integer({ min: 0, max: 3 });
    case 'number':
      return fc.constantFrom(0, 0.5, 2);
    case 'boolean':
      return fc.boolean();
    case 'quantity':
      return fc.constantFrom('1', '1000m', '0.5', '500m', '1Gi', '1024Mi', '1e3', 2, 0.25);
    case 'int-or-string':
      return fc.constantFrom(1, '25%', 'http');
    case 'any':
      return fc.jsonValue({ maxDepth: 1 });
    case 'string':
      if (schema.enum !== undefined) return fc.constantFrom(...schema.enum);
      if (schema.format === 'byte') return fc.constantFrom('', 'eA==');
      return schema.format === 'date-time' ? fc.constant('2026-01-01T00:00:00Z') : word;
  }
}

/** Second names of a value: Git that contradicts itself has no true state. */
const ALIASES = new Set(['serviceAccount', 'clusterIPs', 'podCIDRs']);

function objectOf(schema: Schema, depth: number): fc.Arbitrary<unknown> {
  const properties = Object.entries(schema.properties ?? {}).filter(([name]) => !ALIASES.has(name));
  if (properties.length === 0 || depth > MAX_DEPTH) return fc.constant({});
  // A few fields at a time: all at once would be too large, and most meet over the runs.
  return fc.subarray(properties, { maxLength: Math.min(properties.length, depth < 3 ? 6 : 3) }).chain((chosen) => {
    const required = properties.filter(([name]) => schema.required?.includes(name));
    const fields = Object.fromEntries(
      [...required, ...chosen].map(([name, field]) => [
        name,
        fc.option(anyOf(field, depth + 1), { nil: null, freq: 9 }),
      ]),
    );
    return fc.record(fields as Record<string, fc.Arbitrary<unknown>>);
  });
}

function listOf(schema: Schema, depth: number): fc.Arbitrary<unknown> {
  const items = schema.items ?? { type: 'string' };
  if (depth > MAX_DEPTH) return fc.constant([]);
  if (schema.listType !== 'map')
    return fc.uniqueArray(anyOf(items, depth + 1), { maxLength: 2, selector: (item) => JSON.stringify(item) });
  const keys = schema.listMapKeys ?? [];
  const keyed = fc
    .tuple(
      anyOf(items, depth + 1),
      fc.record(Object.fromEntries(keys.map((key) => [key, keyOf(items.properties?.[key])]))),
    )
    .map(([item, own]) => ({ ...(item as object), ...own }));
  return fc.uniqueArray(keyed, {
    maxLength: 2,
    selector: (item) => JSON.stringify(keys.map((key) => (item as Record<string, unknown>)[key])),
  });
}

function keyOf(schema: Schema | undefined): fc.Arbitrary<unknown> {
  return schema?.type === 'integer' ? fc.integer({ min: 1, max: 3 }) : fc.constantFrom('a', 'b', 'TCP');
}

function kubeObjectOf({ group, version, kind }: ResourceType, schema: Schema): fc.Arbitrary<KubeObject> {
  return objectOf(schema, 0).map((body) => ({
    ...(body as object),
    apiVersion: group === '' ? version : `${group}/${version}`,
    kind,
    metadata: { name: 'x', namespace: 'y', labels: { app: 'web' } },
  }));
}

describe('src/diff/every-kind.test.ts', () => {
  it.each(RESOURCES.map((resource) => [resource.kind, resource] as const))(
    'applying a %s leaves no difference',
    (_kind, resource) => {
      const schema = schemaOf(resource.group, resource.version, resource.kind);
      if (schema === undefined) throw new Error(`no schema for ${resource.kind}`);
      const apply = (live: KubeObject | undefined, applied: KubeObject, time: string) =>
        defaultObject(
          resource,
          applyServerSide({ schema, live, applied, manager: 'plumbline-sync', force: true, time }).object,
        );
      fc.assert(
        fc.property(kubeObjectOf(resource, schema), kubeObjectOf(resource, schema), (first, second) => {
          const live = apply(undefined, first, 't1');
          expect(diffObject({ schema, desired: first, live }).changes).toEqual([]);
          expect(diffObject({ schema, desired: first, applied: apply(live, first, 't2'), live }).changes).toEqual([]);

          const next = apply(live, second, 't3');
          expect(diffObject({ schema, desired: second, live: next }).changes).toEqual([]);
          // What differs is told, unless only defaults and spellings do.
          const changes = diffObject({ schema, desired: second, applied: next, live }).changes;
          const { metadata: _a, status: _b, operation: _c, ...before } = live;
          const { metadata: _d, status: _e, operation: _f, ...after } = next;
          if (changes.length > 0) expect(equalJson(before, after)).toBe(false);

          // Applying once more changes neither a field nor an owner.
          expect(apply(next, second, 't3')).toEqual(next);
        }),
        { numRuns: RUNS },
      );
    },
  );
});
