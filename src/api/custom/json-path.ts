/**
 * The paths that definitions name: `.spec.replicas`, `.status.conditions[?(@.type=="Ready")].status`.
 * Source: client-go util/jsonpath (v0.32), behaviour only; ranges and functions are not read.
 */
import { getOwn, isRecord } from '../values/own.ts';

/** Longest path that is read, in characters. */
export const MAX_JSON_PATH_LENGTH = 1_024;
/** Values that one path answers. */
export const MAX_JSON_PATH_RESULTS = 1_000;

type Step =
  | { readonly is: 'field'; readonly names: readonly string[] }
  | { readonly is: 'index'; readonly indexes: readonly number[] }
  | { readonly is: 'slice'; readonly from?: number; readonly to?: number; readonly by: number }
  | { readonly is: 'all' }
  | { readonly is: 'deep' }
  | { readonly is: 'filter'; readonly left: Operand; readonly operator?: Operator; readonly right?: Operand };

type Operator = '==' | '!=' | '<' | '<=' | '>' | '>=';
type Operand = { readonly path: readonly Step[] } | { readonly value: string | number | boolean };

export interface JsonPath {
  /** What the path leads to, in order; nothing where it leads nowhere. */
  find(value: unknown): readonly unknown[];
  /** The names of the fields it goes through, when it does nothing else. */
  readonly fields?: readonly string[];
}

/** Reads a path; undefined for what is none. */
export function parseJsonPath(text: string): JsonPath | undefined {
  if (text.length > MAX_JSON_PATH_LENGTH) return undefined;
  const inner = text.startsWith('{') && text.endsWith('}') ? text.slice(1, -1) : text;
  const reader = new Reader(inner);
  const steps = reader.steps();
  if (steps === undefined || !reader.isAtEnd) return undefined;
  const isPlain = steps.every((step) => step.is === 'field' && step.names.length === 1);
  return {
    find: (value) => walk(steps, value),
    ...(isPlain ? { fields: steps.flatMap((step) => (step.is === 'field' ? step.names : [])) } : {}),
  };
}

class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#text.length;
  }

  #match(expression: RegExp): RegExpExecArray | undefined {
    expression.lastIndex = this.#at;
    const match = expression.exec(this.#text);
    if (match === null) return undefined;
    this.#at = expression.lastIndex;
    return match;
  }

  /** As far as there are steps; undefined when one is broken. */
  steps(): readonly Step[] | undefined {
    const steps: Step[] = [];
    this.#match(/[$@]/y);
    for (;;) {
      if (this.#match(/\.\./y) !== undefined) {
        steps.push({ is: 'deep' });
        if (this.#text[this.#at] === '[') continue;
        const name = this.#match(FIELD);
        if (name === undefined) return undefined;
        steps.push(fieldStep(name[0]));
      } else if (this.#match(/\.(?=\[)/y) !== undefined) {
        // `.[0]` is `[0]`.
      } else if (this.#match(/\./y) !== undefined) {
        const name = this.#match(FIELD);
        // A dot alone is the whole.
        if (name === undefined) return steps.length === 0 ? steps : undefined;
        steps.push(fieldStep(name[0]));
      } else if (this.#text[this.#at] === '[') {
        const step = this.#bracket();
        if (step === undefined) return undefined;
        steps.push(step);
      } else return steps;
    }
  }

  #bracket(): Step | undefined {
    if (this.#match(/\[\s*\*\s*\]/y) !== undefined) return { is: 'all' };
    if (this.#match(/\[\s*\?\s*\(\s*/y) !== undefined) return this.#filter();
    const names = this.#match(/\[\s*((?:'[^']*'|"[^"]*")(?:\s*,\s*(?:'[^']*'|"[^"]*"))*)\s*\]/y);
    if (names !== undefined) {
      return {
        is: 'field',
        names: [...(names[1] ?? '').matchAll(/'([^']*)'|"([^"]*)"/g)].map(([, a, b]) => a ?? b ?? ''),
      };
    }
    const indexes = this.#match(/\[\s*(-?\d{1,9}(?:\s*,\s*-?\d{1,9})*)\s*\]/y);
    if (indexes !== undefined) return { is: 'index', indexes: (indexes[1] ?? '').split(',').map(Number) };
    const slice = this.#match(/\[(-?\d{1,9})?:(-?\d{1,9})?(?::(\d{1,9}))?\]/y);
    if (slice === undefined) return undefined;
    const [, from, to, by] = slice;
    return {
      is: 'slice',
      ...(from === undefined ? {} : { from: Number(from) }),
      ...(to === undefined ? {} : { to: Number(to) }),
      by: Math.max(1, Number(by ?? 1)),
    };
  }

  #filter(): Step | undefined {
    const left = this.#operand();
    if (left === undefined) return undefined;
    const operator = this.#match(/\s*(==|!=|<=|>=|<|>)\s*/y)?.[1] as Operator | undefined;
    const right = operator === undefined ? undefined : this.#operand();
    if (this.#match(/\s*\)\s*\]/y) === undefined || (operator !== undefined && right === undefined)) return undefined;
    return {
      is: 'filter',
      left,
      ...(operator === undefined ? {} : { operator }),
      ...(right === undefined ? {} : { right }),
    };
  }

  #operand(): Operand | undefined {
    const text = this.#match(/'([^']*)'|"([^"]*)"/y);
    if (text !== undefined) return { value: text[1] ?? text[2] ?? '' };
    const number = this.#match(/-?\d{1,15}(?:\.\d{1,15})?/y);
    if (number !== undefined) return { value: Number(number[0]) };
    const word = this.#match(/true|false/y);
    if (word !== undefined) return { value: word[0] === 'true' };
    if (this.#text[this.#at] !== '@') return undefined;
    const path = this.steps();
    return path === undefined ? undefined : { path };
  }
}

/** A name; a backslash takes the dot into it. */
const FIELD = /(?:\\.|[^\\.[\]{}()\s=<>!'",])+/y;

function fieldStep(name: string): Step {
  return name === '*' ? { is: 'all' } : { is: 'field', names: [name.replaceAll(/\\(.)/g, '$1')] };
}

function walk(steps: readonly Step[], root: unknown): readonly unknown[] {
  let values: readonly unknown[] = [root];
  for (const step of steps) {
    const next: unknown[] = [];
    for (const value of values) {
      for (const found of follow(step, value)) {
        if (next.length >= MAX_JSON_PATH_RESULTS) break;
        next.push(found);
      }
    }
    values = next;
  }
  return values;
}

function* follow(step: Step, value: unknown): Iterable<unknown> {
  switch (step.is) {
    case 'field':
      for (const name of step.names) {
        const found = isRecord(value) ? getOwn(value, name) : undefined;
        if (found !== undefined) yield found;
      }
      return;
    case 'index':
      for (const index of step.indexes) {
        const found = Array.isArray(value) ? value.at(index) : undefined;
        if (found !== undefined) yield found;
      }
      return;
    case 'slice':
      if (Array.isArray(value)) {
        for (const [index, item] of value.slice(step.from, step.to).entries()) if (index % step.by === 0) yield item;
      }
      return;
    case 'all':
      yield* childrenOf(value);
      return;
    case 'deep':
      yield* descendants(value);
      return;
    case 'filter':
      for (const item of childrenOf(value)) if (passes(step, item)) yield item;
  }
}

function childrenOf(value: unknown): Iterable<unknown> {
  if (Array.isArray(value)) return value;
  return isRecord(value) ? Object.values(value) : [];
}

function* descendants(value: unknown): Iterable<unknown> {
  const waiting = [value];
  for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
    yield next;
    waiting.push(...childrenOf(next));
  }
}

function passes({ left, operator, right }: Extract<Step, { is: 'filter' }>, item: unknown): boolean {
  const [a] = valuesOf(left, item);
  if (operator === undefined || right === undefined) return a !== undefined;
  const [b] = valuesOf(right, item);
  if (a === undefined || b === undefined) return false;
  switch (operator) {
    case '==':
      return a === b;
    case '!=':
      return a !== b;
    default:
      return (
        typeof a === typeof b && (typeof a === 'number' || typeof a === 'string') && ordered(operator, a, b as typeof a)
      );
  }
}

function ordered(operator: Operator, a: string | number, b: string | number): boolean {
  if (operator === '<') return a < b;
  if (operator === '<=') return a <= b;
  return operator === '>' ? a > b : a >= b;
}

function valuesOf(operand: Operand, item: unknown): readonly unknown[] {
  return 'value' in operand ? [operand.value] : walk(operand.path, item);
}
