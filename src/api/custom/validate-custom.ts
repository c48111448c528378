/** Whether a value keeps to a custom resource's schema, in the words of Kubernetes. */
import { canonicalJson, equalJson } from '#base';
import { INT32_MAX, INT32_MIN, INT64_LIMIT } from '../schema/formats.ts';
import { jsonTypeOf } from '../schema/json.ts';
import type { FieldIssue } from '../schema/schema.ts';
import { duplicate, invalid, required, shown, tooLong, tooMany, unsupported } from '../validation/issues.ts';
import { MAX_ISSUES } from '../validation/structure.ts';
import { getOwn, isRecord } from '../values/own.ts';
import { hasFormat } from './formats.ts';
import { type LinearPattern, readPattern, type StepBudget } from './linear-pattern.ts';
import type { StructuralSchema } from './structural-schema.ts';

/** Values of one object that are looked at, and steps of its patterns, before it is refused for taking too long. */
export const MAX_VALIDATION_STEPS = 5_000_000;

/**
 * What is wrong with a value; at most `MAX_ISSUES`. With `old`, parts that did not change are not judged again, so that a
 * stricter schema does not hold up what has nothing to do with it. Takes bounded time, whatever the schema. Never throws.
 * Source: apiextensions-apiserver pkg/apiserver/validation/validation.go and kube-openapi pkg/validation (v0.32), behaviour only.
 */
export function customIssues(schema: StructuralSchema, value: unknown, old?: unknown): FieldIssue[] {
  const walk = new Walk();
  walk.check(schema, value, '', old);
  return walk.isExhausted ? [...walk.issues, tooExpensive()] : walk.issues;
}

function tooExpensive(): FieldIssue {
  return {
    reason: 'FieldValueInvalid',
    path: '<root>',
    message: `Invalid value: checking the object by its schema takes more than ${MAX_VALIDATION_STEPS} steps; make its patterns or the object smaller`,
  };
}

class Walk {
  readonly issues: FieldIssue[] = [];
  readonly #budget: StepBudget;

  constructor(budget: StepBudget = { steps: MAX_VALIDATION_STEPS }) {
    this.#budget = budget;
  }

  get isExhausted(): boolean {
    return this.#budget.steps <= 0;
  }

  check(schema: StructuralSchema, value: unknown, path: string, old?: unknown): void {
    this.#budget.steps -= 1;
    if (this.issues.length >= MAX_ISSUES || this.isExhausted) return;
    if (old !== undefined && equalJson(value, old)) return;
    if (value === null && schema.nullable) return;
    if (!this.#hasType(schema, value, path)) return;
    this.#checkChoices(schema, value, path);
    if (typeof value === 'string') this.#checkText(schema, value, path);
    else if (typeof value === 'number') this.#checkNumber(schema, value, path);
    else if (Array.isArray(value)) this.#checkList(schema, value, path, old);
    else if (isRecord(value)) this.#checkObject(schema, value, path, old);
    this.#checkBranches(schema, value, path);
  }

  #add(issue: FieldIssue): void {
    if (this.issues.length < MAX_ISSUES) this.issues.push(issue);
  }

  /** Of text and numbers no type is wrong when both may be. */
  #hasType({ type, intOrString }: StructuralSchema, value: unknown, path: string): boolean {
    const actual = jsonTypeOf(value);
    const expected = intOrString ? 'integer,string' : type;
    const fits =
      expected === undefined || expected.split(',').includes(actual) || (expected === 'number' && actual === 'integer');
    if (fits) return true;
    const at = path === '' ? '<root>' : path;
    const told = typeof value === 'object' ? actual : value;
    this.#add({
      reason: 'FieldValueTypeInvalid',
      path: at,
      message: `Invalid value: ${JSON.stringify(actual)}: ${path} in body must be of type ${expected}: ${shown(told)}`,
    });
    return false;
  }

  #checkChoices({ enum: choices }: StructuralSchema, value: unknown, path: string): void {
    if (choices === undefined || choices.some((choice) => equalJson(choice, value))) return;
    const texts = choices.map((choice) => (typeof choice === 'string' ? choice : JSON.stringify(choice)));
    this.#add(unsupported(path, value, texts));
  }

  #checkText(schema: StructuralSchema, text: string, path: string): void {
    const { pattern, format, minLength = 0, maxLength = Number.POSITIVE_INFINITY } = schema;
    const length = codePoints(text);
    if (length > maxLength) this.#add(tooLong(path, maxLength));
    if (length < minLength) {
      this.#add(invalid(path, text, `${path} in body should be at least ${minLength} chars long`));
    }
    if (format !== undefined && !hasFormat(format, text)) {
      this.#add(invalid(path, text, `${path} in body must be of type ${format}: ${shown(text)}`));
    }
    if (pattern !== undefined && compiled(schema, pattern).matches(text, this.#budget) === false) {
      this.#add(invalid(path, text, `${path} in body should match '${pattern}'`));
    }
  }

  #checkNumber(schema: StructuralSchema, value: number, path: string): void {
    const { minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf, format } = schema;
    if (minimum !== undefined && (exclusiveMinimum ? value <= minimum : value < minimum)) {
      const bound = exclusiveMinimum ? 'greater than' : 'greater than or equal to';
      this.#add(invalid(path, value, `${path} in body should be ${bound} ${minimum}`));
    }
    if (maximum !== undefined && (exclusiveMaximum ? value >= maximum : value > maximum)) {
      const bound = exclusiveMaximum ? 'less than' : 'less than or equal to';
      this.#add(invalid(path, value, `${path} in body should be ${bound} ${maximum}`));
    }
    if (multipleOf !== undefined && !isMultiple(value, multipleOf)) {
      this.#add(invalid(path, value, `${path} in body should be a multiple of ${multipleOf}`));
    }
    const isOutside =
      (format === 'int32' && (value < INT32_MIN || value > INT32_MAX)) ||
      (format === 'int64' && (value < -INT64_LIMIT || value >= INT64_LIMIT));
    if (isOutside) this.#add(invalid(path, value, `${path} in body must be of type integer with format ${format}`));
  }

  #checkList(schema: StructuralSchema, list: readonly unknown[], path: string, old: unknown): void {
    const { items, minItems = 0, maxItems = Number.POSITIVE_INFINITY } = schema;
    if (list.length > maxItems) this.#add(tooMany(path, list.length, maxItems));
    if (list.length < minItems) {
      this.#add(invalid(path, list.length, `${path} in body should have at least ${minItems} items`));
    }
    const names = list.map((item) => nameOfItem(schema, item));
    this.#checkNames(list, names, path);
    if (items === undefined) return;
    const before = new Map((Array.isArray(old) ? old : []).map((item) => [nameOfItem(schema, item), item]));
    for (const [index, item] of list.entries()) {
      const name = names[index];
      this.check(items, item, `${path}[${index}]`, name === undefined ? undefined : before.get(name));
    }
  }

  /** Two items of one name. */
  #checkNames(list: readonly unknown[], names: readonly (string | undefined)[], path: string): void {
    const seen = new Set<string>();
    for (const [index, name] of names.entries()) {
      if (name === undefined) continue;
      if (seen.has(name)) this.#add(duplicate(`${path}[${index}]`, list[index]));
      seen.add(name);
    }
  }

  #checkObject(schema: StructuralSchema, object: Readonly<Record<string, unknown>>, path: string, old: unknown): void {
    const { minProperties = 0, maxProperties = Number.POSITIVE_INFINITY } = schema;
    const keys = Object.keys(object);
    if (keys.length > maxProperties) this.#add(tooMany(path, keys.length, maxProperties));
    if (keys.length < minProperties) {
      this.#add(invalid(path, keys.length, `${path} in body should have at least ${minProperties} properties`));
    }
    for (const name of schema.required) if (getOwn(object, name) === undefined) this.#add(required(child(path, name)));
    const before = isRecord(old) ? old : {};
    for (const key of keys) {
      const inner = schema.properties.get(key) ?? schema.additional;
      if (inner !== undefined && object[key] !== undefined) {
        this.check(inner, object[key], child(path, key), getOwn(before, key));
      }
    }
  }

  /** `allOf`, `anyOf`, `oneOf`, `not`. */
  #checkBranches(schema: StructuralSchema, value: unknown, path: string): void {
    for (const branch of schema.allOf) this.check(branch, value, path);
    const at = path === '' ? '<nil>' : path;
    const says = (text: string) =>
      this.#add({ reason: 'FieldValueInvalid', path: at, message: `Invalid value: "": ${text}` });
    if (schema.anyOf.length > 0 && !schema.anyOf.some((branch) => this.#fits(branch, value))) {
      says(`"${path}" must validate at least one schema (anyOf)`);
    }
    if (schema.oneOf.length > 0) {
      const valid = schema.oneOf.filter((branch) => this.#fits(branch, value)).length;
      const found = valid === 0 ? 'Found none valid' : `Found ${valid} valid alternatives`;
      if (valid !== 1) says(`"${path}" must validate one and only one schema (oneOf). ${found}`);
    }
    if (schema.not !== undefined && this.#fits(schema.not, value)) {
      says(`"${path}" must not validate the schema (not)`);
    }
  }

  #fits(branch: StructuralSchema, value: unknown): boolean {
    const walk = new Walk(this.#budget);
    walk.check(branch, value, '');
    return walk.issues.length === 0;
  }
}

/** Compiled when first asked for. A pattern that cannot be read, from before it was checked, says nothing. */
const patterns = new WeakMap<StructuralSchema, LinearPattern>();
const NO_PATTERN: LinearPattern = { size: 0, matches: () => true };

function compiled(schema: StructuralSchema, pattern: string): LinearPattern {
  const known = patterns.get(schema);
  if (known !== undefined) return known;
  const read = readPattern(pattern);
  const made = 'problem' in read ? NO_PATTERN : read;
  patterns.set(schema, made);
  return made;
}

/** What must be unique about an item; undefined where nothing must. */
function nameOfItem({ listType, listMapKeys, items }: StructuralSchema, item: unknown): string | undefined {
  if (listType === 'set') return canonicalJson(item);
  if (listType !== 'map' || !isRecord(item)) return undefined;
  const keys = listMapKeys.map((key) => getOwn(item, key) ?? items?.properties.get(key)?.default ?? null);
  return canonicalJson(keys);
}

function codePoints(text: string): number {
  let count = 0;
  for (const _ of text) count += 1;
  return count;
}

function isMultiple(value: number, factor: number): boolean {
  if (factor <= 0) return true;
  const quotient = value / factor;
  return Math.abs(quotient - Math.round(quotient)) < 1e-9;
}

function child(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`;
}
