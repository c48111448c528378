import {
  ByteList,
  FunctionProblem,
  formatValue,
  GoObject,
  intOf,
  kindOf,
  listOf,
  MAX_INT64,
  MIN_INT64,
  parseInteger,
  textOf,
  type Value,
} from '../../template/index.ts';

/** sprig's `toString`. */
export function stringOf(value: Value): string {
  if (typeof value === 'string') return value;
  if (value instanceof ByteList) return textOf(value.bytes);
  if (value instanceof GoObject && value.text !== undefined) return value.text;
  return formatValue(value);
}

/** Items of a list, and the same of a single value: what `join`, `sortAlpha` and `toStrings` take. Nil is left out. */
export function stringsOf(value: Value): string[] {
  const list = listOf(value);
  if (list === undefined) return value === undefined || value === null ? [] : [stringOf(value)];
  return list.filter((item) => item !== undefined && item !== null).map(stringOf);
}

/** Digits of a text as cast reads them: any base of Go's, and a fraction of zeros is cut. */
const integerText = (text: string): bigint => parseInteger(text.replace(/\.0+$/, '')) ?? 0n;

/** sprig's `int64`: 0 for what is no number. Source: spf13/cast v1.7 caste.go. */
export function integerOf(value: Value): bigint {
  const int = intOf(value);
  if (int !== undefined) return int;
  if (typeof value === 'number') return truncate(value);
  if (typeof value === 'boolean') return value ? 1n : 0n;
  return typeof value === 'string' ? integerText(value) : 0n;
}

function truncate(value: number): bigint {
  if (!Number.isFinite(value)) return MIN_INT64;
  const whole = BigInt(Math.trunc(value));
  return whole < MIN_INT64 || whole > MAX_INT64 ? MIN_INT64 : whole;
}

const FLOAT = /^[+-]?(\d[\d_]*\.?[\d_]*|\.\d[\d_]*)([eE][+-]?\d+)?$/;

/** sprig's `float64`. */
export function floatOf(value: Value): number {
  if (typeof value === 'number') return value;
  const int = intOf(value);
  if (int !== undefined) return Number(int);
  if (typeof value === 'boolean') return value ? 1 : 0;
  return typeof value === 'string' && FLOAT.test(value) ? Number(value.replaceAll('_', '')) : 0;
}

/** The items of what must be a list. */
export function needList(value: Value, doing: string): readonly Value[] {
  const list = listOf(value);
  if (list === undefined) throw new FunctionProblem(`Cannot ${doing} on type ${kindOf(value)}`);
  return list;
}

/** An int as a size; for texts and lists that do not fit into memory anyway it is cut. */
export const sizeOf = (value: bigint): number => Number(BigInt.asIntN(53, value));
