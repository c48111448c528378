import fc from 'fast-check';
import type { KubeObject, ResourceType, Schema } from '#api';

/** Levels below which only scalars are made, and of optional fields only some. */
const MAX_DEPTH = 9;

const word = fc.constantFrom('a', 'b', 'c', 'web', '');

/** Any value that a schema allows, as a person may write it: fields left out, null, empty, quantities in all spellings. */
export function anyOf(schema: Schema, depth: number): fc.Arbitrary<unknown> {
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

/** An object of a kind, as a person may write it; always of the same name. */
export function kubeObjectOf({ group, version, kind }: ResourceType, schema: Schema): fc.Arbitrary<KubeObject> {
  return objectOf(schema, 0).map((body) => ({
    ...(body as object),
    apiVersion: group === '' ? version : `${group}/${version}`,
    kind,
    metadata: { name: 'x', namespace: 'y', labels: { app: 'web' } },
  }));
}
