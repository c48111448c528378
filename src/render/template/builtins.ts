import { byteLength, byteSlice, bytesOf } from './bytes.ts';
import { equals, isLess } from './compare.ts';
import { FunctionProblem } from './errors.ts';
import { sprint, sprintf, sprintln } from './format.ts';
import { define, walking } from './function.ts';
import type { GoFunction } from './value.ts';
import { intOf, isTrue, listOf, mapOf, SizedInt, typeOf, type Value } from './value.ts';

/** The functions of text/template itself. `and` and `or` stop early, so the evaluator has them. */
export const BUILTINS: ReadonlyMap<string, GoFunction> = new Map<string, GoFunction>([
  [
    'and',
    define(
      'any, any...',
      (_, first, ...rest) => [first, ...rest].find((value) => !isTrue(value)) ?? rest.at(-1) ?? first,
    ),
  ],
  ['or', define('any, any...', (_, first, ...rest) => [first, ...rest].find(isTrue) ?? rest.at(-1) ?? first)],
  ['not', define('any', (_, value) => !isTrue(value))],
  ['eq', define('any, any...', (_, first, ...rest) => equals(first, rest))],
  ['ne', define('any, any', (_, left, right) => !equals(left, [right]))],
  ['lt', define('any, any', (_, left, right) => isLess(left, right))],
  ['le', define('any, any', (_, left, right) => isLess(left, right) || equals(left, [right]))],
  ['gt', define('any, any', (_, left, right) => !(isLess(left, right) || equals(left, [right])))],
  ['ge', define('any, any', (_, left, right) => !isLess(left, right))],
  ['len', define('any', (_, value) => lengthOf(value))],
  ['index', define('any, any...', (_, value, ...indexes) => indexOf(value, indexes))],
  ['slice', define('any, any...', (_, value, ...indexes) => sliceOf(value, indexes))],
  ...Object.entries(
    walking({
      print: define('any...', (_, ...values) => sprint(values)),
      printf: define('string, any...', (_, format, ...values) => sprintf(format, values)),
      println: define('any...', (_, ...values) => sprintln(values)),
      html: define('any...', (_, ...values) => escapeHtml(textOf(values))),
      js: define('any...', (_, ...values) => escapeJs(textOf(values))),
      urlquery: define('any...', (_, ...values) => queryEscape(textOf(values))),
    }),
  ),
  [
    'call',
    define('any, any...', (_, value) => {
      throw new FunctionProblem(
        value === undefined || value === null ? 'call of nil' : `non-function of type ${typeOf(value)}`,
      );
    }),
  ],
]);

const textOf = (values: readonly Value[]): string =>
  values.length === 1 && typeof values[0] === 'string' ? values[0] : sprint(values);

function lengthOf(value: Value): bigint {
  if (typeof value === 'string') return BigInt(byteLength(value));
  const size = listOf(value)?.length ?? mapOf(value)?.size;
  if (size !== undefined) return BigInt(size);
  throw new FunctionProblem(
    value === undefined || value === null ? 'len of nil pointer' : `len of type ${typeOf(value)}`,
  );
}

function position(index: Value, length: number): number {
  const at = intOf(index);
  if (at === undefined) {
    const type = index === undefined || index === null ? 'nil' : `type ${typeOf(index)}`;
    throw new FunctionProblem(`cannot index slice/array with ${type}`);
  }
  if (at < 0n || at > BigInt(length)) throw new FunctionProblem(`index out of range: ${at}`);
  return Number(at);
}

function indexOf(start: Value, indexes: readonly Value[]): Value {
  let value = start;
  if (value === undefined || value === null) throw new FunctionProblem('index of untyped nil');
  for (const index of indexes) {
    if (value === undefined || value === null) throw new FunctionProblem('index of nil pointer');
    value = indexOne(value, index);
  }
  return value;
}

function indexOne(value: Value, index: Value): Value {
  const map = mapOf(value);
  if (map !== undefined) {
    if (typeof index !== 'string') {
      const nil = index === undefined || index === null;
      throw new FunctionProblem(
        nil ? 'value is nil; should be of type string' : `value has type ${typeOf(index)}; should be string`,
      );
    }
    return map.get(index) ?? null;
  }
  const bytes = typeof value === 'string' ? bytesOf(value) : undefined;
  const list = listOf(value);
  const length = bytes?.length ?? list?.length;
  if (length === undefined) throw new FunctionProblem(`can't index item of type ${typeOf(value)}`);
  const at = position(index, length);
  if (at === length) throw new FunctionProblem(`index out of range: ${at}`);
  return bytes === undefined ? (list?.[at] ?? null) : new SizedInt('uint8', BigInt(bytes[at] ?? 0));
}

function sliceOf(value: Value, indexes: readonly Value[]): Value {
  if (value === undefined || value === null) throw new FunctionProblem('slice of untyped nil');
  if (indexes.length > 3) throw new FunctionProblem(`too many slice indexes: ${indexes.length}`);
  const list = listOf(value);
  const length = typeof value === 'string' ? byteLength(value) : list?.length;
  if (length === undefined) throw new FunctionProblem(`can't slice item of type ${typeOf(value)}`);
  if (typeof value === 'string' && indexes.length === 3) throw new FunctionProblem('cannot 3-index slice a string');
  const [start = 0, end = length, most = length] = indexes.map((index) => position(index, length));
  if (start > end) throw new FunctionProblem(`invalid slice index: ${start} > ${end}`);
  if (end > most) throw new FunctionProblem(`invalid slice index: ${end} > ${most}`);
  return typeof value === 'string' ? byteSlice(value, start, end) : (list?.slice(start, end) ?? []);
}

const HTML: Readonly<Record<string, string>> = {
  '"': '&#34;',
  "'": '&#39;',
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '\0': '\ufffd',
};

const escapeHtml = (text: string) => text.replace(/["'&<>\0]/g, (character) => HTML[character] ?? '');

const JS: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  "'": "\\'",
  '"': '\\"',
  '<': '\\u003C',
  '>': '\\u003E',
  '&': '\\u0026',
  '=': '\\u003D',
};

function escapeJs(text: string): string {
  return text.replace(/[\\'"<>&=]|[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/gu, (character) => {
    const code = character.codePointAt(0) ?? 0;
    return JS[character] ?? `\\u${code.toString(16).toUpperCase().padStart(4, '0')}`;
  });
}

/** `url.QueryEscape`. */
export function queryEscape(text: string): string {
  let escaped = '';
  for (const byte of bytesOf(text)) {
    const character = String.fromCharCode(byte);
    if (/[A-Za-z0-9\-_.~]/.test(character)) escaped += character;
    else escaped += byte === 0x20 ? '+' : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return escaped;
}
