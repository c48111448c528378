/**
 * A custom resource's schema as the definition says it, read once into a form that is quick to walk. What it must look like
 * is for structural-rules.ts to say: this reads anything, and leaves out what makes no sense.
 */
import { isDeeperThan } from '../schema/json.ts';
import { isRecord } from '../values/own.ts';

export type StructuralType = 'object' | 'array' | 'string' | 'integer' | 'number' | 'boolean';

export interface StructuralSchema {
  /** Absent: any type. */
  readonly type?: StructuralType;
  readonly nullable: boolean;
  readonly intOrString: boolean;
  readonly preserveUnknown: boolean;
  /** A whole object with `apiVersion`, `kind` and `metadata`. */
  readonly embedded: boolean;
  readonly properties: ReadonlyMap<string, StructuralSchema>;
  /** Of the values of every other key. */
  readonly additional?: StructuralSchema;
  readonly items?: StructuralSchema;
  readonly default?: unknown;
  /** Whether a default stands here or below. */
  readonly hasDefaults: boolean;
  readonly listType?: 'atomic' | 'set' | 'map';
  readonly listMapKeys: readonly string[];
  readonly mapType?: 'atomic' | 'granular';

  readonly required: readonly string[];
  readonly enum?: readonly unknown[];
  readonly pattern?: string;
  readonly format?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly uniqueItems: boolean;
  readonly minProperties?: number;
  readonly maxProperties?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum: boolean;
  readonly exclusiveMaximum: boolean;
  readonly multipleOf?: number;
  readonly allOf: readonly StructuralSchema[];
  readonly anyOf: readonly StructuralSchema[];
  readonly oneOf: readonly StructuralSchema[];
  readonly not?: StructuralSchema;
}

const TYPES: ReadonlySet<string> = new Set<StructuralType>([
  'object',
  'array',
  'string',
  'integer',
  'number',
  'boolean',
]);

/** Where nothing is said: everything is kept, and nothing checked. */
export const ANYTHING: StructuralSchema = {
  nullable: true,
  intOrString: false,
  preserveUnknown: true,
  embedded: false,
  properties: new Map(),
  hasDefaults: false,
  listMapKeys: [],
  required: [],
  uniqueItems: false,
  exclusiveMinimum: false,
  exclusiveMaximum: false,
  allOf: [],
  anyOf: [],
  oneOf: [],
};

/** Takes time in proportion to the schema. Never throws, whatever the JSON. */
export function readStructuralSchema(json: unknown): StructuralSchema {
  return isDeeperThan(json) ? ANYTHING : read(json);
}

function read(json: unknown): StructuralSchema {
  if (!isRecord(json)) return ANYTHING;
  const properties = new Map(Object.entries(recordAt(json, 'properties')).map(([name, inner]) => [name, read(inner)]));
  const additional = readAdditional(json['additionalProperties']);
  const items = isRecord(json['items']) ? read(json['items']) : undefined;
  const below = [...properties.values(), additional, items];
  const { type } = json;
  return {
    ...(typeof type === 'string' && TYPES.has(type) ? { type: type as StructuralType } : {}),
    nullable: json['nullable'] === true,
    intOrString: json['x-kubernetes-int-or-string'] === true,
    preserveUnknown: json['x-kubernetes-preserve-unknown-fields'] === true,
    embedded: json['x-kubernetes-embedded-resource'] === true,
    properties,
    ...(additional === undefined ? {} : { additional }),
    ...(items === undefined ? {} : { items }),
    ...(json['default'] === undefined ? {} : { default: json['default'] }),
    hasDefaults: json['default'] !== undefined || below.some((inner) => inner?.hasDefaults === true),
    ...oneOf(json, 'x-kubernetes-list-type', 'listType', ['atomic', 'set', 'map']),
    listMapKeys: textsAt(json, 'x-kubernetes-list-map-keys'),
    ...oneOf(json, 'x-kubernetes-map-type', 'mapType', ['atomic', 'granular']),
    ...readRules(json),
  };
}

function readRules(json: Readonly<Record<string, unknown>>) {
  const { enum: choices, pattern, format, not } = json;
  return {
    required: textsAt(json, 'required'),
    ...(Array.isArray(choices) ? { enum: choices } : {}),
    ...(typeof pattern === 'string' ? { pattern } : {}),
    ...(typeof format === 'string' ? { format } : {}),
    ...numbers(json, 'minLength', 'maxLength', 'minItems', 'maxItems', 'minProperties', 'maxProperties'),
    ...numbers(json, 'minimum', 'maximum', 'multipleOf'),
    uniqueItems: json['uniqueItems'] === true,
    exclusiveMinimum: json['exclusiveMinimum'] === true,
    exclusiveMaximum: json['exclusiveMaximum'] === true,
    allOf: schemasAt(json, 'allOf'),
    anyOf: schemasAt(json, 'anyOf'),
    oneOf: schemasAt(json, 'oneOf'),
    ...(isRecord(not) ? { not: read(not) } : {}),
  };
}

function readAdditional(json: unknown): StructuralSchema | undefined {
  if (json === true) return ANYTHING;
  return isRecord(json) ? read(json) : undefined;
}

function recordAt(json: Readonly<Record<string, unknown>>, field: string): Readonly<Record<string, unknown>> {
  const value = json[field];
  return isRecord(value) ? value : {};
}

function textsAt(json: Readonly<Record<string, unknown>>, field: string): readonly string[] {
  const value = json[field];
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}

function schemasAt(json: Readonly<Record<string, unknown>>, field: string): readonly StructuralSchema[] {
  const value = json[field];
  return Array.isArray(value) ? value.map(read) : [];
}

function numbers<K extends string>(json: Readonly<Record<string, unknown>>, ...names: readonly K[]) {
  const found: Partial<Record<K, number>> = {};
  for (const name of names) if (typeof json[name] === 'number') found[name] = json[name];
  return found;
}

function oneOf<K extends string, const V extends string>(
  json: Readonly<Record<string, unknown>>,
  keyword: string,
  name: K,
  choices: readonly V[],
): { readonly [name in K]?: V } {
  const found = choices.find((choice) => choice === json[keyword]);
  return found === undefined ? {} : ({ [name]: found } as { readonly [name in K]: V });
}
