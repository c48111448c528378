import {
  EMPTY_SET,
  type FieldSet,
  getOwn,
  type IgnoreDifference,
  isEmptySet,
  isRecord,
  type KubeObject,
  objectKeyOf,
  type Schema,
  unionOf,
} from '#api';
import { type IgnorePath, parseJqRule, parsePointerRule } from './ignore-path.ts';
import { ownsAllOf } from './owners.ts';

/** The ignore rules that hold for one object, ready to be followed into it. */
export interface IgnoreRules {
  readonly paths: readonly IgnorePath[];
  readonly managers: readonly string[];
  /** Expressions that cannot be read, as they were written: to be told, never silently dropped. */
  readonly unsupported: readonly string[];
}

export const NO_RULES: IgnoreRules = { paths: [], managers: [], unsupported: [] };

/** Rules looked at per object; a person writes a handful. */
const MAX_RULES = 1000;

/** Picks and reads the rules of an Application that are about this object. `*` is any kind or group; no name is any. */
export function rulesFor(rules: readonly IgnoreDifference[], object: KubeObject): IgnoreRules {
  const key = objectKeyOf(object);
  const fits = (wanted: string | undefined, actual: string) =>
    wanted === undefined || wanted === '*' || wanted === actual;
  const own = rules
    .slice(0, MAX_RULES)
    .filter(
      (rule) =>
        fits(rule.kind, key.kind) &&
        (rule.group === '*' || (rule.group ?? '') === key.group) &&
        fits(rule.name || undefined, key.name) &&
        fits(rule.namespace || undefined, key.namespace),
    );
  if (own.length === 0) return NO_RULES;
  return { ...readRules(own), managers: own.flatMap((rule) => rule.managedFieldsManagers ?? []) };
}

/** The expressions of an Application's rules that cannot be read. */
export function unsupportedRules(rules: readonly IgnoreDifference[]): readonly string[] {
  return readRules(rules.slice(0, MAX_RULES)).unsupported;
}

function readRules(rules: readonly IgnoreDifference[]): Pick<IgnoreRules, 'paths' | 'unsupported'> {
  const paths: IgnorePath[] = [];
  const unsupported: string[] = [];
  const read = (expression: string, path: IgnorePath | undefined) => {
    if (path === undefined) unsupported.push(expression);
    else paths.push(path);
  };
  for (const { jsonPointers, jqPathExpressions } of rules) {
    for (const pointer of jsonPointers ?? []) read(pointer, parsePointerRule(pointer));
    for (const expression of jqPathExpressions ?? []) read(expression, parseJqRule(expression));
  }
  return { paths, unsupported };
}

/** Where a walk stands among the rules: what is left of each path, and what the ignored managers own below. */
export interface IgnoreCursor {
  readonly rest: readonly IgnorePath[];
  readonly owned: FieldSet;
}

/** The start of a walk through an object. */
export function startIgnoring({ paths, managers }: IgnoreRules, live: KubeObject | undefined): IgnoreCursor {
  const owned = (live?.metadata.managedFields ?? [])
    .filter(({ manager }) => manager !== undefined && managers.includes(manager))
    .reduce<FieldSet>((all, { fieldsV1 }) => unionOf(all, (fieldsV1 ?? {}) as FieldSet), EMPTY_SET);
  return { rest: paths, owned };
}

/** The cursor at a field or map entry. */
export function ignoreField(cursor: IgnoreCursor, key: string): IgnoreCursor {
  return step(cursor, `f:${key}`, (path) => {
    const [head] = path;
    return head?.type === 'each' || (head?.type === 'key' && head.key === key) ? path.slice(1) : undefined;
  });
}

/** The cursor at an item of a list: where it stands, what it is, and its name in field sets if it has one. */
export function ignoreItem(
  cursor: IgnoreCursor,
  index: number,
  item: unknown,
  element: string | undefined,
): IgnoreCursor {
  return step(cursor, element ?? `i:${index}`, (path) => {
    const [head, next] = path;
    if (head?.type === 'index') return head.index === index ? path.slice(1) : undefined;
    if (head?.type === 'key') return head.key === String(index) ? path.slice(1) : undefined;
    if (head?.type !== 'each') return undefined;
    if (next?.type !== 'select') return path.slice(1);
    return valueAt(item, next.field) === next.value ? path.slice(2) : undefined;
  });
}

/** Whether the value here is ignored whole. */
export function isIgnored({ rest }: IgnoreCursor): boolean {
  return rest.some((path) => path.length === 0);
}

/** Whether all parts of a value are ignored, one by one: every item by a rule, or each field by its manager. */
export function ignoresAllOf({ rest, owned }: IgnoreCursor, schema: Schema | undefined, value: unknown): boolean {
  if (rest.some(([head, ...below]) => head?.type === 'each' && below.length === 0)) return true;
  return !isEmptySet(owned) && ownsAllOf(owned, schema, value);
}

/** Whether nothing here or below is ignored. */
export function ignoresNothing({ rest, owned }: IgnoreCursor): boolean {
  return rest.length === 0 && owned === EMPTY_SET;
}

function step(
  { rest, owned }: IgnoreCursor,
  element: string,
  follow: (path: IgnorePath) => IgnorePath | undefined,
): IgnoreCursor {
  const next = rest.flatMap((path) => {
    const followed = follow(path);
    return followed === undefined ? [] : [followed];
  });
  const below = Object.hasOwn(owned, element) ? owned[element] : undefined;
  // A manager's member without children owns the value whole.
  if (below !== undefined && Object.keys(below).length === 0) return { rest: [...next, []], owned: EMPTY_SET };
  return { rest: next, owned: below ?? EMPTY_SET };
}

function valueAt(item: unknown, field: readonly string[]): unknown {
  return field.reduce<unknown>((value, key) => (isRecord(value) ? getOwn(value, key) : undefined), item);
}
