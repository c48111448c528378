/** A custom kind's schema as OpenAPI tells it. */
import { COMMON_FIELDS } from '../openapi/descriptions.ts';
import { isRecord, setOwn } from '../values/own.ts';

type OpenApiSchema = { readonly [keyword: string]: unknown };

/** `stable.example.com`, `v1`, `CronTab` → `com.example.stable.v1.CronTab`. */
export function customComponentName({
  group,
  version,
  kind,
}: {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}): string {
  return [...group.split('.').toReversed(), version, kind].join('.');
}

/**
 * The component of a custom kind: its schema with what every object has. A schema that keeps every unknown field at its root
 * tells only that, as in Kubernetes: clients would refuse what the server takes.
 * Source: apiextensions-apiserver pkg/controller/openapi/builder/builder.go (v0.32), behaviour only.
 */
export function customComponent(
  schema: unknown,
  kind: { readonly group: string; readonly version: string; readonly kind: string },
  objectMeta: OpenApiSchema,
): OpenApiSchema {
  const told = isRecord(schema) ? schema : {};
  const properties: Record<string, unknown> = {};
  const own = isRecord(told['properties']) ? told['properties'] : {};
  for (const name of Object.keys(own)) setOwn(properties, name, published(own[name]));
  for (const name of ['apiVersion', 'kind']) {
    setOwn(properties, name, { type: 'string', description: COMMON_FIELDS[name] });
  }
  setOwn(properties, 'metadata', { description: COMMON_FIELDS['metadata'], allOf: [objectMeta] });
  return { ...(published(told) as OpenApiSchema), properties, 'x-kubernetes-group-version-kind': [{ ...kind }] };
}

export function customListComponent(
  kind: { readonly group: string; readonly version: string; readonly kind: string },
  item: OpenApiSchema,
  listMeta: OpenApiSchema,
): OpenApiSchema {
  return {
    description: `A list of ${kind.kind}.`,
    type: 'object',
    required: ['items'],
    properties: {
      apiVersion: { type: 'string', description: COMMON_FIELDS['apiVersion'] },
      items: { type: 'array', items: item },
      kind: { type: 'string', description: COMMON_FIELDS['kind'] },
      metadata: { allOf: [listMeta] },
    },
    'x-kubernetes-group-version-kind': [{ ...kind, kind: `${kind.kind}List` }],
  };
}

/** Rules that are not enforced here are not published as if they were. */
function published(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(published);
  if (!isRecord(schema)) return schema;
  const copy: Record<string, unknown> = {};
  for (const key of Object.keys(schema)) {
    if (key === 'x-kubernetes-validations') continue;
    const isData = key === 'default' || key === 'enum' || key === 'example';
    setOwn(copy, key, isData ? schema[key] : published(schema[key]));
  }
  return copy;
}
