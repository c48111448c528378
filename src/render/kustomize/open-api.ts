/** Merge keys of kinds that a kustomization's `openapi.path` describes. Source: kyaml/openapi (v5.5). */
import { getOwn, isRecord, type Json, parseYamlValues, type Schema } from '#api';
import type { Gvk } from './kustomize.types.ts';
import { KustomizeProblem } from './problem.ts';

export type SchemaOf = (gvk: Gvk) => Schema | undefined;

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
type Node = Readonly<Record<string, Json>>;

const PREFIX = '#/definitions/';
const MERGE_KEY = 'x-kubernetes-patch-merge-key';
const STRATEGY = 'x-kubernetes-patch-strategy';
const MAP_KEYS = 'x-kubernetes-list-map-keys';

/** Reads the definitions of an OpenAPI v2 document, JSON or YAML. They take the place of the built-in ones, as kustomize has it. */
export function readOpenApi(path: string, text: string): SchemaOf {
  const parsed = parseYamlValues(text);
  if ('problem' in parsed) throw new KustomizeProblem(path, parsed.problem.line, parsed.problem.message);
  const document = parsed.values[0]?.value;
  const definitions = isRecord(document) ? document['definitions'] : undefined;
  if (!isRecord(definitions)) throw new KustomizeProblem(path, 1, 'an OpenAPI document with `definitions` is expected');
  const known = new Map<string, Schema>();
  const byKind = new Map<string, string>();
  for (const [name, definition] of Object.entries(definitions)) {
    for (const gvk of gvksOf(definition as Json)) byKind.set(textOf(gvk), name);
  }

  const convert = (node: Json | undefined): Schema | undefined => {
    if (!isRecord(node)) return undefined;
    const ref = node['$ref'];
    if (typeof ref === 'string') {
      const target = named(ref.startsWith(PREFIX) ? ref.slice(PREFIX.length) : '');
      return target === undefined ? undefined : { ...target, ...extensions(node as Node) };
    }
    return body(node as Node, {} as Mutable<Schema>);
  };
  /** A definition may hold itself: it is known before it is read. */
  const named = (name: string): Schema | undefined => {
    const found = known.get(name);
    const node = getOwn(definitions as Node, name);
    if (found !== undefined || !isRecord(node)) return found;
    const made = {} as Mutable<Schema>;
    known.set(name, made);
    return body(node as Node, made);
  };
  const body = (node: Node, made: Mutable<Schema>): Schema => {
    const properties = node['properties'];
    const items = convert(node['items']);
    const values = convert(node['additionalProperties']);
    const type =
      node['type'] === 'array' ? 'array' : isRecord(properties) || node['type'] === 'object' ? 'object' : 'any';
    return Object.assign(
      made,
      { type, ...extensions(node) },
      items === undefined ? {} : { items },
      values === undefined ? {} : { values },
      isRecord(properties) ? { properties: converted(properties as Node) } : {},
    );
  };
  const converted = (properties: Node): Readonly<Record<string, Schema>> => {
    const entries = Object.entries(properties).flatMap(([key, value]) => {
      const schema = convert(value);
      return schema === undefined ? [] : [[key, schema] as const];
    });
    return Object.fromEntries(entries);
  };
  return (gvk) => {
    const name = byKind.get(textOf(gvk));
    return name === undefined ? undefined : named(name);
  };
}

function extensions(node: Node): Partial<Schema> {
  const key = node[MERGE_KEY];
  const strategy = node[STRATEGY];
  const keys = node[MAP_KEYS];
  return {
    ...(typeof key === 'string' ? { patchMergeKey: key } : {}),
    ...(typeof strategy === 'string' ? { patchStrategy: strategy.split(',') as Schema['patchStrategy'] & object } : {}),
    ...(Array.isArray(keys) ? { listType: 'map', listMapKeys: keys.map(String) } : {}),
  };
}

function gvksOf(definition: Json): readonly Gvk[] {
  const list = isRecord(definition) ? definition['x-kubernetes-group-version-kind'] : undefined;
  if (!Array.isArray(list)) return [];
  return list.filter(isRecord).map(({ group, version, kind }) => ({
    group: String(group ?? ''),
    version: String(version ?? ''),
    kind: String(kind ?? ''),
  }));
}

const textOf = ({ group, version, kind }: Gvk) => `${group}/${version}/${kind}`;
