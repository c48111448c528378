/**
 * What a custom resource's schema must look like, so that it says of every field which type it has.
 * Source: apiextensions-apiserver pkg/apiserver/schema/validation.go, complete.go and pkg/apis/apiextensions/validation (v0.32),
 * behaviour and words only.
 */
import { equalJson } from '#base';
import type { Issues } from '../validation/checks.ts';
import { duplicate, forbidden, invalid, required, unsupported } from '../validation/issues.ts';
import { isRecord } from '../values/own.ts';
import { defaultCustom } from './default-custom.ts';
import { readPattern } from './linear-pattern.ts';
import { pruneCustom } from './prune-custom.ts';
import { readStructuralSchema } from './structural-schema.ts';
import { customIssues } from './validate-custom.ts';

type Json = Readonly<Record<string, unknown>>;

/** Nodes of one schema. The largest of well-known definitions have about 20 000. */
export const MAX_SCHEMA_NODES = 50_000;
/** Schemas inside schemas. The deepest of well-known definitions have about 30. */
export const MAX_SCHEMA_DEPTH = 100;

/** Instructions of all patterns of one schema. */
export const MAX_PATTERNS_SIZE = 500_000;

const TYPES = ['array', 'boolean', 'integer', 'number', 'object', 'string'];
/** Keywords that say nothing here, or would take more than a look at each value. */
const UNSUPPORTED = ['$ref', '$schema', 'id', 'definitions', 'dependencies', 'patternProperties', 'additionalItems'];
/** Keywords that only the structure may use, not what is said of values besides. */
const STRUCTURE_ONLY = [
  'additionalProperties',
  'default',
  'description',
  'nullable',
  'title',
  'type',
  'x-kubernetes-embedded-resource',
  'x-kubernetes-int-or-string',
  'x-kubernetes-list-map-keys',
  'x-kubernetes-list-type',
  'x-kubernetes-map-type',
  'x-kubernetes-preserve-unknown-fields',
];
/** How `anyOf` may say once more what `x-kubernetes-int-or-string` says. */
const INT_OR_STRING = [{ type: 'integer' }, { type: 'string' }];

interface Place {
  readonly path: string;
  readonly level: 'root' | 'field' | 'item' | 'branch';
  readonly depth: number;
  /** Of a branch: what the structure says of the same place. */
  readonly structure?: Json | undefined;
  /** Of a branch: where it says so. */
  readonly branchPath?: string;
  /** Inside an embedded object or the root. */
  readonly isObject: boolean;
}

/** What is wrong with the schema at `path`. Never throws, and stops at the first limit. */
export function* schemaIssues(schema: unknown, path: string): Issues {
  yield* new SchemaWalk().check(schema, { path, level: 'root', depth: 0, isObject: true });
}

class SchemaWalk {
  #nodes = 0;
  #patternSize = 0;

  *check(schema: unknown, place: Place): Issues {
    const { path, level, depth } = place;
    this.#nodes += 1;
    if (this.#nodes > MAX_SCHEMA_NODES) {
      if (this.#nodes === MAX_SCHEMA_NODES + 1) yield forbidden(path, `more than ${MAX_SCHEMA_NODES} schemas in one`);
      return;
    }
    if (depth > MAX_SCHEMA_DEPTH) {
      yield forbidden(path, `nested deeper than ${MAX_SCHEMA_DEPTH} levels`);
      return;
    }
    if (!isRecord(schema)) {
      yield invalid(path, schema, 'must be a schema object');
      return;
    }
    yield* keywordIssues(schema, path);
    yield* this.#patternIssues(schema, path);
    if (level === 'branch') yield* branchIssues(schema, place);
    else {
      yield* typeIssues(schema, place);
      yield* extensionIssues(schema, path);
      yield* defaultIssues(schema, path);
    }
    yield* this.#inner(schema, place);
    yield* this.#branches(schema, place);
  }

  *#patternIssues({ pattern }: Json, path: string): Issues {
    if (typeof pattern !== 'string') return;
    if (this.#patternSize > MAX_PATTERNS_SIZE) return;
    const read = readPattern(pattern);
    if ('problem' in read) {
      yield invalid(`${path}.pattern`, pattern, `must be a valid regular expression, but isn't: ${read.problem}`);
      return;
    }
    this.#patternSize += read.size;
    if (this.#patternSize > MAX_PATTERNS_SIZE)
      yield forbidden(`${path}.pattern`, 'the patterns of the schema are too large together');
  }

  *#inner(schema: Json, place: Place): Issues {
    const { path, level, depth, structure } = place;
    const inside = (at: string, next: Json | undefined, isItem: boolean): Place => ({
      path: at,
      level: level === 'branch' ? 'branch' : isItem ? 'item' : 'field',
      depth: depth + 1,
      isObject: !isItem && isRecord(schema) && schema['x-kubernetes-embedded-resource'] === true,
      ...(level === 'branch' ? { structure: next, branchPath: at } : {}),
    });
    for (const [name, property] of Object.entries(recordAt(schema, 'properties'))) {
      const at = `${path}.properties[${name}]`;
      if (level !== 'branch' && place.isObject && name === 'metadata') {
        yield* metadataIssues(property, at);
        continue;
      }
      const next = propertyOf(structure, name);
      if (level === 'branch' && next === undefined && !isMetadataPart(place, name)) {
        yield required(
          `${path}.properties[${name}]`,
          'because it is defined in a branch, it must be defined outside of it too',
        );
        continue;
      }
      yield* this.check(property, inside(at, next, false));
    }
    const additional = schema['additionalProperties'];
    if (isRecord(additional)) yield* this.check(additional, inside(`${path}.additionalProperties`, undefined, true));
    const items = schema['items'];
    if (Array.isArray(items)) yield forbidden(`${path}.items`, 'items must be a schema object and not an array');
    else if (items !== undefined) {
      yield* this.check(
        items,
        inside(`${path}.items`, isRecord(structure?.['items']) ? structure['items'] : undefined, true),
      );
    }
  }

  *#branches(schema: Json, place: Place): Issues {
    const structure = place.level === 'branch' ? place.structure : schema;
    const branch = (path: string): Place => ({
      path,
      level: 'branch',
      depth: place.depth + 1,
      structure,
      branchPath: path,
      isObject: place.isObject,
    });
    for (const keyword of ['allOf', 'anyOf', 'oneOf'] as const) {
      const list = schema[keyword];
      if (!Array.isArray(list) || saysIntOrString(schema, keyword)) continue;
      for (const [index, inner] of list.entries()) {
        const path = `${place.path}.${keyword}[${index}]`;
        const isDoubled = keyword === 'allOf' && index === 0 && structure?.['x-kubernetes-int-or-string'] === true;
        if (isDoubled && isRecord(inner) && equalJson(inner, { anyOf: INT_OR_STRING })) continue;
        yield* this.check(inner, branch(path));
      }
    }
    if (schema['not'] !== undefined) yield* this.check(schema['not'], branch(`${place.path}.not`));
  }
}

function* keywordIssues(schema: Json, path: string): Issues {
  for (const keyword of UNSUPPORTED) {
    if (schema[keyword] !== undefined) yield forbidden(`${path}.${keyword}`, `${keyword} is not supported`);
  }
  if (schema['uniqueItems'] === true) {
    yield forbidden(
      `${path}.uniqueItems`,
      'uniqueItems cannot be set to true since the runtime complexity becomes quadratic',
    );
  }
  for (const [keyword, what] of Object.entries(KEYWORD_TYPES)) {
    const value = schema[keyword];
    if (value !== undefined && value !== null && !what.test(value)) {
      yield invalid(`${path}.${keyword}`, value, `must be ${what.name}`);
    }
  }
}

const isText = (value: unknown): boolean => typeof value === 'string';
const isTexts = (value: unknown): boolean => Array.isArray(value) && value.every(isText);
const isCount = (value: unknown): boolean => Number.isInteger(value);
const count = { name: 'an integer', test: isCount };
const flag = { name: 'a boolean', test: (value: unknown) => typeof value === 'boolean' };
const number = { name: 'a number', test: (value: unknown) => typeof value === 'number' };
const list = { name: 'a list', test: (value: unknown) => Array.isArray(value) };

/** What the shapes cannot check below `items` and `additionalProperties`, which may be of several kinds. */
const KEYWORD_TYPES: Readonly<Record<string, { readonly name: string; test(value: unknown): boolean }>> = {
  allOf: list,
  anyOf: list,
  oneOf: list,
  enum: list,
  description: { name: 'a string', test: isText },
  pattern: { name: 'a string', test: isText },
  format: { name: 'a string', test: isText },
  required: { name: 'a list of strings', test: isTexts },
  properties: { name: 'an object', test: isRecord },
  minLength: count,
  maxLength: count,
  minItems: count,
  maxItems: count,
  minProperties: count,
  maxProperties: count,
  minimum: number,
  maximum: number,
  multipleOf: number,
  nullable: flag,
  exclusiveMinimum: flag,
  exclusiveMaximum: flag,
  'x-kubernetes-preserve-unknown-fields': flag,
  'x-kubernetes-int-or-string': flag,
  'x-kubernetes-embedded-resource': flag,
};

/** A branch says something of values, nothing of the structure. */
function* branchIssues(schema: Json, { path, structure }: Place): Issues {
  for (const keyword of STRUCTURE_ONLY) {
    if (schema[keyword] === undefined || schema[keyword] === false || schema[keyword] === '') continue;
    yield forbidden(`${path}.${keyword}`, 'must be empty to be structural');
  }
  if (schema['items'] !== undefined && structure !== undefined && structure['items'] === undefined) {
    yield required(`${path}.items`, 'because it is defined in a branch, it must be defined outside of it too');
  }
}

const WHERE: Readonly<Record<Place['level'], string>> = {
  root: 'must not be empty at the root',
  field: 'must not be empty for specified object fields',
  item: 'must not be empty for specified array items',
  branch: '',
};

function* typeIssues(schema: Json, { path, level }: Place): Issues {
  const { type } = schema;
  const isFree =
    schema['x-kubernetes-int-or-string'] === true || schema['x-kubernetes-preserve-unknown-fields'] === true;
  if (type === undefined || type === '') {
    if (level === 'root' || !isFree) yield required(`${path}.type`, WHERE[level]);
  } else if (typeof type !== 'string' || !TYPES.includes(type)) yield unsupported(`${path}.type`, type, TYPES);
  else if (level === 'root' && type !== 'object') yield invalid(`${path}.type`, type, 'must be object at the root');
  if (type === 'array' && schema['items'] === undefined) yield required(`${path}.items`, 'must be specified');
  if (schema['items'] !== undefined && type !== 'array')
    yield forbidden(`${path}.items`, 'must only be used with type array');

  const hasProperties = Object.keys(recordAt(schema, 'properties')).length > 0;
  const additional = schema['additionalProperties'];
  if (additional === false)
    yield forbidden(`${path}.additionalProperties`, 'additionalProperties cannot be set to false');
  if (additional === undefined) return;
  if (hasProperties) {
    yield forbidden(`${path}.additionalProperties`, 'additionalProperties and properties are mutual exclusive');
  }
  if (level === 'root') yield forbidden(`${path}.additionalProperties`, 'must not be used at the root');
  if (schema['x-kubernetes-embedded-resource'] === true) {
    yield forbidden(`${path}.additionalProperties`, 'must not be used if x-kubernetes-embedded-resource is set');
  }
}

function* extensionIssues(schema: Json, path: string): Issues {
  const { type } = schema;
  if (schema['x-kubernetes-int-or-string'] === true && type !== undefined && type !== '') {
    yield invalid(`${path}.type`, type, 'must be empty if x-kubernetes-int-or-string is true');
  }
  if (schema['x-kubernetes-preserve-unknown-fields'] === false) {
    yield invalid(`${path}.x-kubernetes-preserve-unknown-fields`, false, 'must be true or undefined');
  }
  if (
    schema['x-kubernetes-preserve-unknown-fields'] === true &&
    type !== undefined &&
    type !== '' &&
    type !== 'object'
  ) {
    yield invalid(`${path}.type`, type, 'must be object if x-kubernetes-preserve-unknown-fields is true');
  }
  if (schema['x-kubernetes-embedded-resource'] === true) {
    if (type !== 'object')
      yield invalid(`${path}.type`, type ?? '', 'must be object if x-kubernetes-embedded-resource is true');
    const isEmpty = Object.keys(recordAt(schema, 'properties')).length === 0;
    if (isEmpty && schema['x-kubernetes-preserve-unknown-fields'] !== true) {
      yield required(
        `${path}.properties`,
        'must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields',
      );
    }
  }
  yield* listIssues(schema, path);
  const mapType = schema['x-kubernetes-map-type'];
  if (mapType === undefined) return;
  if (type !== 'object')
    yield invalid(`${path}.type`, type ?? '', 'must be object if x-kubernetes-map-type is specified');
  if (mapType !== 'atomic' && mapType !== 'granular') {
    yield unsupported(`${path}.x-kubernetes-map-type`, mapType, ['atomic', 'granular']);
  }
}

function* listIssues(schema: Json, path: string): Issues {
  const listType = schema['x-kubernetes-list-type'];
  const keys = schema['x-kubernetes-list-map-keys'];
  const items = recordAt(schema, 'items');
  if (listType !== 'map' && keys !== undefined) {
    yield invalid(
      `${path}.x-kubernetes-list-type`,
      listType ?? null,
      'must be map if x-kubernetes-list-map-keys is non-empty',
    );
  }
  if (listType === undefined) return;
  if (listType !== 'atomic' && listType !== 'set' && listType !== 'map') {
    yield unsupported(`${path}.x-kubernetes-list-type`, listType, ['atomic', 'map', 'set']);
    return;
  }
  if (schema['type'] !== 'array') {
    yield invalid(`${path}.type`, schema['type'] ?? '', 'must be array if x-kubernetes-list-type is specified');
    return;
  }
  if (listType === 'set') yield* setIssues(items, path);
  if (listType !== 'map') return;
  if (!Array.isArray(keys) || keys.length === 0) {
    yield required(`${path}.x-kubernetes-list-map-keys`, 'must not be empty if x-kubernetes-list-type is map');
    return;
  }
  if (items['type'] !== 'object') {
    yield invalid(
      `${path}.items.type`,
      items['type'] ?? '',
      "must be object if parent array's x-kubernetes-list-type is map",
    );
  }
  yield* mapKeyIssues(keys, items, path);
}

function* setIssues(items: Json, path: string): Issues {
  if (items['nullable'] === true) {
    yield forbidden(`${path}.items.nullable`, 'cannot be nullable when x-kubernetes-list-type is set');
  }
  const isLoose =
    (items['type'] === 'object' && items['x-kubernetes-map-type'] !== 'atomic') ||
    (items['type'] === 'array' && (items['x-kubernetes-list-type'] ?? 'atomic') !== 'atomic');
  if (isLoose) {
    yield invalid(`${path}.items`, items['type'], 'items must be atomic when x-kubernetes-list-type is set');
  }
}

function* mapKeyIssues(keys: readonly unknown[], items: Json, path: string): Issues {
  const needed: unknown[] = Array.isArray(items['required']) ? items['required'] : [];
  const seen = new Set<unknown>();
  for (const [index, key] of keys.entries()) {
    const at = `${path}.x-kubernetes-list-map-keys[${index}]`;
    if (seen.has(key)) yield duplicate(at, key);
    seen.add(key);
    const property = typeof key === 'string' ? propertyOf(items, key) : undefined;
    if (property === undefined) {
      yield invalid(at, key, 'entries must all be names of item properties');
      continue;
    }
    if (property['type'] === 'array' || property['type'] === 'object') {
      yield invalid(
        `${path}.items.properties[${String(key)}].type`,
        property['type'],
        "must be a scalar type if parent array's x-kubernetes-list-type is map",
      );
    }
    if (!needed.includes(key) && property['default'] === undefined) {
      yield required(
        `${path}.items.properties[${String(key)}].default`,
        'this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property',
      );
    }
  }
}

/** Metadata is what Kubernetes says; only names may be told more about. */
function* metadataIssues(schema: unknown, path: string): Issues {
  if (!isRecord(schema)) {
    yield invalid(path, schema, 'must be a schema object');
    return;
  }
  if ((schema['type'] ?? 'object') !== 'object') yield invalid(`${path}.type`, schema['type'], 'must be object');
  const others = Object.keys(recordAt(schema, 'properties')).filter(
    (name) => name !== 'name' && name !== 'generateName',
  );
  if (others.length > 0) {
    yield forbidden(
      path,
      'must not specify anything other than name and generateName, but metadata is implicitly specified',
    );
  }
  if (schema['default'] !== undefined) yield forbidden(`${path}.default`, 'must not be set in embedded metadata');
}

/** A default must be what a writer could have said. */
function* defaultIssues(schema: Json, path: string): Issues {
  const value = schema['default'];
  if (value === undefined) return;
  const read = readStructuralSchema(schema);
  const filled = defaultCustom(read, value);
  // The walk treats its root as a whole object: one level down a default is none.
  const { unknown } = pruneCustom(readStructuralSchema({ type: 'object', properties: { default: schema } }), {
    default: filled,
  });
  if (unknown.length > 0) {
    yield invalid(
      `${path}.default`,
      value,
      `must not have fields that the schema does not know (${unknown.join(', ')})`,
    );
  }
  for (const issue of customIssues(read, filled)) {
    const at = issue.path === '' || issue.path.startsWith('<') ? `${path}.default` : `${path}.default.${issue.path}`;
    yield { ...issue, path: at };
  }
}

function saysIntOrString(schema: Json, keyword: string): boolean {
  return (
    keyword === 'anyOf' && schema['x-kubernetes-int-or-string'] === true && equalJson(schema['anyOf'], INT_OR_STRING)
  );
}

function propertyOf(schema: Json | undefined, name: string): Json | undefined {
  const properties = schema === undefined ? {} : recordAt(schema, 'properties');
  const property = Object.hasOwn(properties, name) ? properties[name] : undefined;
  return isRecord(property) ? property : undefined;
}

/** What every whole object has may be told about without being defined. */
function isMetadataPart({ isObject }: Place, name: string): boolean {
  return isObject && (name === 'metadata' || name === 'apiVersion' || name === 'kind');
}

function recordAt(schema: Json, field: string): Json {
  const value = schema[field];
  return isRecord(value) ? value : {};
}
