import { validators } from '../generated/validators.js';
import {
  BASE64_PATTERN,
  INT32_MAX,
  INT32_MIN,
  INT64_LIMIT,
  QUANTITY_PATTERN,
  TIME_PATTERN,
} from '../schema/formats.ts';
import { getField, isJsonObject, type JsonObject, jsonTypeOf } from '../schema/json.ts';
import type { FieldIssue, Schema } from '../schema/schema.ts';
import { schemaOfShape } from '../schema/schema-of.ts';
import { shapeNameOfKind } from '../schema/shapes.ts';
import { QUANTITY_RULE } from '../values/quantity.ts';
import { invalid, required, unsupported, wrongType } from './issues.ts';

/** Issues that one answer names; a body of 3 MiB could hold a million. */
export const MAX_ISSUES = 100;

/**
 * Whether an object has the types of its kind: strings where strings belong, numbers in their range, times, quantities,
 * required fields. Expects what `pruneUnknown` returned. At most `MAX_ISSUES`. A kind without a shape has no issues.
 */
export function structureIssues(
  { group, version, kind }: { readonly group: string; readonly version: string; readonly kind: string },
  object: unknown,
): FieldIssue[] {
  const name = shapeNameOfKind(group, version, kind);
  return name === undefined ? [] : shapeIssues(name, object);
}

/** The same for a shape by its name, such as `meta.v1.DeleteOptions`. */
export function shapeIssues(name: string, object: unknown): FieldIssue[] {
  // The compiled validator says whether, in microseconds; only for a wrong object the walk below says what.
  if (Object.hasOwn(validators, name) && validators[name]?.(object) === true) return [];
  const walk = new StructureWalk();
  walk.check(schemaOfShape(name), object, '', { isRoot: true, inStatus: false });
  return walk.issues;
}

interface Place {
  readonly isRoot: boolean;
  /** Missing fields are no issue here: the decoder fills them. */
  readonly inStatus: boolean;
}

const TIME = new RegExp(TIME_PATTERN, 'u');
const BASE64 = new RegExp(BASE64_PATTERN, 'u');
const QUANTITY = new RegExp(QUANTITY_PATTERN, 'u');

class StructureWalk {
  readonly issues: FieldIssue[] = [];

  check(schema: Schema, value: unknown, path: string, place: Place): void {
    if (this.issues.length >= MAX_ISSUES) return;
    if (schema.type === 'object' && isJsonObject(value)) this.#checkObject(schema, value, path, place);
    else if (schema.type === 'map' && isJsonObject(value)) this.#checkMap(schema, value, path, place);
    else if (schema.type === 'array' && Array.isArray(value)) this.#checkList(schema, value, path, place);
    else this.#add(valueIssue(schema, value, path));
  }

  #checkObject(schema: Schema, object: JsonObject, path: string, { isRoot, inStatus }: Place): void {
    const properties = schema.properties ?? {};
    for (const name of schema.required ?? []) {
      const isList = properties[name]?.type === 'array';
      if (!inStatus && !isList && getField(object, name) === undefined) this.#add(required(child(path, name)));
    }
    for (const name of Object.keys(object)) {
      const property = properties[name];
      const value = object[name];
      if (property === undefined || value === undefined) continue;
      const place = { isRoot: false, inStatus: inStatus || (isRoot && name === 'status') };
      this.check(property, value, child(path, name), place);
    }
  }

  #checkMap({ values }: Schema, map: JsonObject, path: string, { inStatus }: Place): void {
    if (values === undefined || values.type === 'any') return;
    for (const key of Object.keys(map)) this.check(values, map[key], `${path}[${key}]`, { isRoot: false, inStatus });
  }

  #checkList({ items }: Schema, list: readonly unknown[], path: string, { inStatus }: Place): void {
    if (items === undefined || items.type === 'any') return;
    for (const [index, value] of list.entries()) {
      this.check(items, value, `${path}[${index}]`, { isRoot: false, inStatus });
    }
  }

  #add(issue: FieldIssue | undefined): void {
    if (issue !== undefined && this.issues.length < MAX_ISSUES) this.issues.push(issue);
  }
}

/** What is wrong with a value that is no object, map or list of the right type. */
function valueIssue(schema: Schema, value: unknown, path: string): FieldIssue | undefined {
  const at = path === '' ? '<root>' : path;
  switch (schema.type) {
    case 'any':
      return undefined;
    case 'string':
      return typeof value === 'string' ? stringIssue(schema, value, at) : wrongType(at, 'string', jsonTypeOf(value));
    case 'boolean':
      return typeof value === 'boolean' ? undefined : wrongType(at, 'boolean', jsonTypeOf(value));
    case 'number':
      return Number.isFinite(value) ? undefined : wrongType(at, 'number', jsonTypeOf(value));
    case 'integer':
      return isInteger(value) ? rangeIssue(schema.format, value, at) : wrongType(at, 'integer', jsonTypeOf(value));
    case 'int-or-string':
      if (isInteger(value)) return rangeIssue('int32', value, at);
      return typeof value === 'string' ? undefined : wrongType(at, 'integer or string', jsonTypeOf(value));
    case 'quantity':
      if (typeof value === 'string') return QUANTITY.test(value) ? undefined : invalid(at, value, QUANTITY_RULE);
      return Number.isFinite(value) ? undefined : wrongType(at, 'quantity', jsonTypeOf(value));
    case 'array':
      return wrongType(at, 'array', jsonTypeOf(value));
    case 'object':
    case 'map':
      return wrongType(at, 'object', jsonTypeOf(value));
  }
}

const isInteger = (value: unknown): value is number => Number.isInteger(value);

function stringIssue({ format, enum: choices }: Schema, value: string, path: string): FieldIssue | undefined {
  if (choices !== undefined && !choices.includes(value)) return unsupported(path, value, choices);
  if (format === 'date-time' && !TIME.test(value)) {
    return invalid(path, value, 'must be a time of RFC 3339, such as 2006-01-02T15:04:05Z');
  }
  // The value stays out of the message: it may be a secret.
  if (format === 'byte' && !BASE64.test(value)) {
    return { reason: 'FieldValueInvalid', path, message: 'Invalid value: illegal base64 data' };
  }
  return undefined;
}

function rangeIssue(format: string | undefined, value: number, path: string): FieldIssue | undefined {
  if (format === 'int32' && (value < INT32_MIN || value > INT32_MAX)) {
    return invalid(path, value, `must be between ${INT32_MIN} and ${INT32_MAX}, inclusive`);
  }
  if (format === 'int64' && (value < -INT64_LIMIT || value >= INT64_LIMIT)) {
    return invalid(path, value, 'must be an integer of 64 bits');
  }
  return undefined;
}

function child(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`;
}
