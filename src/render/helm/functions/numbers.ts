import { define, FunctionProblem, formatValue, type GoFunction, int64, type Value } from '../../template/index.ts';
import { floatOf, integerOf, sizeOf } from './convert.ts';
import { addDecimals, divideDecimals, multiplyDecimals } from './decimal.ts';

const divide = (left: bigint, right: bigint, by: (a: bigint, b: bigint) => bigint) => {
  if (right === 0n) throw new FunctionProblem('runtime error: integer divide by zero');
  return int64(by(left, right));
};

const most = define('any, any...', (_, first, ...rest) =>
  int64(rest.map(integerOf).reduce((best, value) => (value > best ? value : best), integerOf(first))),
);

/** Functions of sprig on numbers: those without `f` count in int64. Source: Masterminds/sprig v3.3.0 numeric.go. */
export const NUMBERS: Readonly<Record<string, GoFunction>> = {
  int: define('any', (_, value) => integerOf(value)),
  int64: define('any', (_, value) => int64(integerOf(value))),
  float64: define('any', (_, value) => floatOf(value)),
  atoi: define('string', (_, text) => (/^[+-]?\d+$/.test(text) ? atoi(text) : 0n)),
  toDecimal: define('any', (_, value) => int64(octal(formatValue(value)))),
  add1: define('any', (_, value) => int64(integerOf(value) + 1n)),
  add: define('any...', (_, ...values) => int64(values.map(integerOf).reduce((sum, value) => sum + value, 0n))),
  sub: define('any, any', (_, left, right) => int64(integerOf(left) - integerOf(right))),
  div: define('any, any', (_, left, right) => divide(integerOf(left), integerOf(right), (a, b) => a / b)),
  mod: define('any, any', (_, left, right) => divide(integerOf(left), integerOf(right), (a, b) => a % b)),
  mul: define('any, any...', (_, first, ...rest) =>
    int64(rest.map(integerOf).reduce((product, value) => BigInt.asIntN(64, product * value), integerOf(first))),
  ),
  max: most,
  biggest: most,
  min: define('any, any...', (_, first, ...rest) =>
    int64(rest.map(integerOf).reduce((best, value) => (value < best ? value : best), integerOf(first))),
  ),
  add1f: define('any', (_, value) => addDecimals(floatOf(value), 1)),
  addf: define('any...', (_, ...values) => fold(0, values, addDecimals)),
  subf: define('any, any...', (_, first, ...rest) => fold(floatOf(first), rest, (a, b) => addDecimals(a, -b))),
  mulf: define('any, any...', (_, first, ...rest) => fold(floatOf(first), rest, multiplyDecimals)),
  divf: define('any, any...', (_, first, ...rest) => fold(floatOf(first), rest, divideDecimals)),
  maxf: define('any, any...', (_, first, ...rest) => Math.max(floatOf(first), ...rest.map(floatOf))),
  minf: define('any, any...', (_, first, ...rest) => Math.min(floatOf(first), ...rest.map(floatOf))),
  floor: define('any', (_, value) => Math.floor(floatOf(value))),
  ceil: define('any', (_, value) => Math.ceil(floatOf(value))),
  round: define('any, int, float...', (_, value, places, ...on) => round(floatOf(value), sizeOf(places), on[0] ?? 0.5)),
};

const fold = (first: number, rest: readonly Value[], by: (left: number, right: number) => number) =>
  rest.map(floatOf).reduce(by, first);

function atoi(text: string): bigint {
  const value = BigInt(text.replace(/^\+/, ''));
  return value === BigInt.asIntN(64, value) ? value : value > 0n ? 2n ** 63n - 1n : -(2n ** 63n);
}

function octal(text: string): bigint {
  if (!/^[+-]?[0-7]+$/.test(text)) return 0n;
  const magnitude = BigInt(`0o${text.replace(/^[+-]/, '')}`);
  return text.startsWith('-') ? -magnitude : magnitude;
}

function round(value: number, places: number, on: number): number {
  const power = 10 ** places;
  const digit = power * value;
  const rest = digit - Math.trunc(digit);
  return (rest >= on ? Math.ceil(digit) : Math.floor(digit)) / power;
}
