/**
 * The small steps that the rules of kinds are made of. Rules are generators of issues: they compose with `yield*`, and
 * whoever reads them stops when there are enough. Types were checked before; presence was not, hence `Loose`.
 */
import type { FieldIssue } from '../schema/schema.ts';
import { duplicate, forbidden, invalid, required, unsupported } from './issues.ts';
import { notNegative, portName, portNumber, type Rule } from './names.ts';

/** The names of the declared fields, without the index signature that lets unknown ones be. */
type Declared<T> = keyof { [K in keyof T as string extends K ? never : number extends K ? never : K]: T[K] };

/** A value whose types are right but of which any part may be missing. */
export type Loose<T> = T extends readonly (infer U)[]
  ? readonly Loose<U>[]
  : T extends object
    ? [Declared<T>] extends [never]
      ? { readonly [K in keyof T]: Loose<T[K]> }
      : { readonly [K in Declared<T> & keyof T]?: Loose<T[K]> | undefined }
    : T;

export type Issues = Iterable<FieldIssue>;

/** A value that is there must keep to the rule. */
export function* checked<T>(path: string, value: T | undefined, rule: (value: T) => string | undefined): Issues {
  const detail = value === undefined ? undefined : rule(value);
  if (detail !== undefined) yield invalid(path, value, detail);
}

/** The same, for texts of which an empty one counts as absent. */
export function* checkedText(path: string, value: string | undefined, rule: Rule): Issues {
  if (value) yield* checked(path, value, rule);
}

export function* requiredText(path: string, value: string | undefined, rule?: Rule): Issues {
  if (!value) yield required(path);
  else if (rule !== undefined) yield* checked(path, value, rule);
}

export function* oneOf(path: string, value: string | undefined, supported: readonly string[]): Issues {
  if (value && !supported.includes(value)) yield unsupported(path, value, supported);
}

export function* requiredOneOf(path: string, value: string | undefined, supported: readonly string[]): Issues {
  if (!value) yield required(path);
  else yield* oneOf(path, value, supported);
}

export function* notNegativeNumber(path: string, value: number | undefined): Issues {
  yield* checked(path, value, notNegative);
}

/** A port's number or the name of a container's port. */
export function* portReference(path: string, value: number | string | undefined): Issues {
  if (value === undefined || value === '') yield required(path);
  else if (typeof value === 'number') yield* checked(path, value, portNumber);
  else yield* checked(path, value, portName);
}

/** Each value that was seen before is an issue. Absent and empty ones are not. */
export function* noDuplicates(values: Iterable<{ readonly path: string; readonly value: string | undefined }>): Issues {
  const seen = new Set<string>();
  for (const { path, value } of values) {
    if (!value) continue;
    if (seen.has(value)) yield duplicate(path, value);
    seen.add(value);
  }
}

/** Of `names`, the fields that are set. */
export function setFields<T extends object>(object: T | undefined, names: readonly (keyof T & string)[]): string[] {
  return object === undefined ? [] : names.filter((name) => object[name] !== undefined);
}

/** Exactly one of the named fields must be set. */
export function* exactlyOne<T extends object>(
  path: string,
  object: T,
  names: readonly (keyof T & string)[],
  words: { readonly none: string; readonly more: string },
): Issues {
  const [first, ...more] = setFields(object, names);
  if (first === undefined) yield required(path, words.none);
  for (const name of more) yield forbidden(`${path}.${name}`, words.more);
}

export function* itemsOf<T>(
  path: string,
  list: readonly T[] | undefined,
  rule: (item: T, path: string, index: number) => Issues,
): Issues {
  for (const [index, item] of (list ?? []).entries()) yield* rule(item, `${path}[${index}]`, index);
}
