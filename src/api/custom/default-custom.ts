import { cloneJson } from '#base';
import { isRecord, setOwn } from '../values/own.ts';
import type { StructuralSchema } from './structural-schema.ts';

/**
 * The value with the defaults of its schema where nothing is said: the same value where there are none to add. A default
 * within an object that is not there adds nothing. Doing it twice changes nothing. Never changes its argument.
 * Source: apiextensions-apiserver pkg/apiserver/schema/defaulting/algorithm.go (v0.32), behaviour only.
 */
export function defaultCustom(schema: StructuralSchema, value: unknown): unknown {
  if (!schema.hasDefaults) return value;
  if (isRecord(value)) return defaultFields(schema, value);
  const { items } = schema;
  return Array.isArray(value) && items?.hasDefaults === true ? value.map((item) => defaultCustom(items, item)) : value;
}

function defaultFields(schema: StructuralSchema, object: Readonly<Record<string, unknown>>): unknown {
  const copy: Record<string, unknown> = {};
  for (const key of Object.keys(object)) {
    const inner = schema.properties.get(key) ?? schema.additional;
    setOwn(copy, key, inner === undefined ? object[key] : defaultCustom(inner, object[key]));
  }
  for (const [name, property] of schema.properties) {
    if (property.default === undefined) continue;
    const isMissing = !Object.hasOwn(object, name) || object[name] === undefined;
    if (isMissing || (object[name] === null && !property.nullable)) {
      // What is filled in has defaults of its own.
      setOwn(copy, name, defaultCustom(property, cloneJson(property.default)));
    }
  }
  return copy;
}
