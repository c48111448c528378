import { MAX_UNKNOWN_FIELDS, type Pruned, pruneUnknown } from '../schema/prune.ts';
import { schemaOfShape } from '../schema/schema-of.ts';
import { isRecord, setOwn } from '../values/own.ts';
import type { StructuralSchema } from './structural-schema.ts';

const META = 'meta.v1.ObjectMeta';
/** Of every whole object, whether its schema names them or not. */
const OBJECT_FIELDS: ReadonlySet<string> = new Set(['apiVersion', 'kind', 'metadata']);

/**
 * A copy of a custom resource without the fields that its schema does not know, and without nulls where null is no value.
 * What is unknown is named, at most `MAX_UNKNOWN_FIELDS`. Doing it twice changes nothing. Never changes its argument.
 * Source: apiextensions-apiserver pkg/apiserver/schema/pruning and objectmeta (v0.32), behaviour only.
 */
export function pruneCustom<T>(schema: StructuralSchema, object: T): Pruned<T> {
  const walk = new Walk();
  return { object: walk.read({ ...schema, embedded: true }, object, '') as T, unknown: walk.unknown };
}

class Walk {
  readonly unknown: string[] = [];

  read(schema: StructuralSchema, value: unknown, path: string): unknown {
    if (isRecord(value)) return this.#readObject(schema, value, path);
    if (!Array.isArray(value)) return value;
    const { items } = schema;
    return items === undefined ? value : value.map((item, index) => this.read(items, item, `${path}[${index}]`));
  }

  #readObject(schema: StructuralSchema, object: Readonly<Record<string, unknown>>, path: string): unknown {
    const copy: Record<string, unknown> = {};
    for (const key of Object.keys(object)) {
      const value = object[key];
      const at = path === '' ? key : `${path}.${key}`;
      if (schema.embedded && OBJECT_FIELDS.has(key)) {
        setOwn(copy, key, key === 'metadata' ? this.#readMetadata(value, at) : value);
        continue;
      }
      const inner = schema.properties.get(key) ?? schema.additional;
      if (inner === undefined) {
        if (schema.preserveUnknown) setOwn(copy, key, value);
        else this.#note(at);
      } else if (value !== undefined && (value !== null || inner.nullable)) {
        setOwn(copy, key, this.read(inner, value, at));
      }
    }
    return copy;
  }

  #readMetadata(metadata: unknown, path: string): unknown {
    if (!isRecord(metadata)) return metadata;
    const { object, unknown } = pruneUnknown(schemaOfShape(META), metadata);
    for (const field of unknown) this.#note(`${path}.${field}`);
    return object;
  }

  #note(path: string): void {
    if (this.unknown.length < MAX_UNKNOWN_FIELDS) this.unknown.push(path);
  }
}
