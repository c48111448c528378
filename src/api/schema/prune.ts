import { isJsonObject, type JsonObject, MAX_JSON_DEPTH, setField } from './json.ts';
import type { Schema } from './schema.ts';

/** Unknown fields that are named; more are still taken off. Source: sigs.k8s.io/json, strict error limit. */
export const MAX_UNKNOWN_FIELDS = 100;

export interface Pruned<T> {
  /** A copy without unknown fields and nulls. */
  readonly object: T;
  /** `spec.template.spec.containers[0].foo`, at most `MAX_UNKNOWN_FIELDS`. */
  readonly unknown: readonly string[];
}

/**
 * Reads a JSON value as Kubernetes' decoder does: fields the schema does not know are left out and named, a null field
 * is an absent one, a null in a list or map is the empty value of its type. Values of a wrong type stay: telling so is
 * `structureIssues`' work. What is nested deeper than `MAX_JSON_DEPTH` counts as unknown. Never changes its argument.
 */
export function pruneUnknown<T>(schema: Schema, object: T): Pruned<T> {
  const walk = new Walk();
  return { object: walk.read(schema, object, '', 0) as T, unknown: walk.unknown };
}

/** Paths of the fields that the schema keeps without knowing them (`preserveUnknown`), at most `MAX_UNKNOWN_FIELDS`. */
export function keptUnknownFields(schema: Schema, object: unknown): readonly string[] {
  const walk = new Walk();
  walk.read(schema, object, '', 0);
  return walk.kept;
}

class Walk {
  readonly unknown: string[] = [];
  readonly kept: string[] = [];

  read(schema: Schema, value: unknown, path: string, depth: number): unknown {
    if (typeof value !== 'object' || value === null) return value;
    if (schema.type === 'object' && isJsonObject(value)) return this.#readObject(schema, value, path, depth);
    if (schema.type === 'map' && isJsonObject(value)) return this.#readMap(schema.values ?? ANY, value, path, depth);
    if (schema.type === 'array' && Array.isArray(value)) {
      return this.#readList(schema.items ?? ANY, value, path, depth);
    }
    return this.#copy(value, path, depth);
  }

  #readObject(schema: Schema, object: JsonObject, path: string, depth: number): JsonObject {
    const copy: JsonObject = {};
    for (const name of Object.keys(object)) {
      const value = object[name];
      const property = schema.properties?.[name];
      const at = path === '' ? name : `${path}.${name}`;
      if (property === undefined && schema.preserveUnknown !== true) note(this.unknown, at);
      else if (value !== null && value !== undefined && !this.#isTooDeep(depth, value, at)) {
        if (property === undefined) note(this.kept, at);
        setField(copy, name, this.read(property ?? ANY, value, at, depth + 1));
      }
    }
    return copy;
  }

  #readMap(values: Schema, map: JsonObject, path: string, depth: number): JsonObject {
    const copy: JsonObject = {};
    for (const key of Object.keys(map)) {
      const at = path === '' ? key : `${path}.${key}`;
      const value = map[key];
      if (value !== undefined && !this.#isTooDeep(depth, value, at)) {
        setField(copy, key, value === null ? emptyOf(values) : this.read(values, value, at, depth + 1));
      }
    }
    return copy;
  }

  #readList(items: Schema, list: readonly unknown[], path: string, depth: number): unknown[] {
    const copy: unknown[] = [];
    for (const [index, value] of list.entries()) {
      const at = `${path}[${index}]`;
      if (this.#isTooDeep(depth, value, at)) continue;
      copy.push(value === null ? emptyOf(items) : this.read(items, value, at, depth + 1));
    }
    return copy;
  }

  /** Copies what no schema describes; nulls are data there. */
  #copy(value: unknown, path: string, depth: number): unknown {
    if (Array.isArray(value)) {
      return value
        .filter((inner, index) => !this.#isTooDeep(depth, inner, `${path}[${index}]`))
        .map((inner, index) => this.#copy(inner, `${path}[${index}]`, depth + 1));
    }
    if (!isJsonObject(value)) return value;
    const copy: JsonObject = {};
    for (const key of Object.keys(value)) {
      const inner = value[key];
      if (inner === undefined || this.#isTooDeep(depth, inner, `${path}.${key}`)) continue;
      setField(copy, key, this.#copy(inner, `${path}.${key}`, depth + 1));
    }
    return copy;
  }

  #isTooDeep(depth: number, value: unknown, path: string): boolean {
    if (depth < MAX_JSON_DEPTH - 1 || typeof value !== 'object' || value === null) return false;
    // The path alone may be long by now; its head says where to look.
    note(this.unknown, `${path.slice(0, 200)}…`);
    return true;
  }
}

const ANY: Schema = { type: 'any' };

function note(list: string[], path: string): void {
  if (list.length < MAX_UNKNOWN_FIELDS) list.push(path);
}

/** Go's zero value of an element, as its JSON: what a null in a list or map decodes to. */
function emptyOf(schema: Schema): unknown {
  switch (schema.type) {
    case 'string':
      return '';
    case 'quantity':
      return '0';
    case 'integer':
    case 'number':
    case 'int-or-string':
      return 0;
    case 'boolean':
      return false;
    case 'object':
    case 'map':
      return {};
    case 'array':
      return [];
    case 'any':
      return null;
  }
}
