import { ApiError } from '../meta/status.ts';

/** How a quantity was written; its canonical text keeps it. */
export type QuantityFormat = 'DecimalSI' | 'BinarySI' | 'DecimalExponent';

/** An exact amount of a resource: nano-units, as Kubernetes keeps them. */
export interface Quantity {
  readonly nanos: bigint;
  readonly format: QuantityFormat;
}

/** What a bad quantity is told. Source: apimachinery api/resource quantity.go, ErrFormatWrong (v0.32). */
export const QUANTITY_RULE =
  "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";

/** Longest text that is looked at; real ones have fewer than 20 characters. */
const MAX_QUANTITY_LENGTH = 64;
/** Largest power of ten that is worked out: the largest amount has 19 digits, the smallest 9 decimals. */
const MAX_EXPONENT = 64;
/** Amounts are held in 64 bits. Source: apimachinery api/resource quantity.go, maxAllowed (v0.32). */
const MAX_AMOUNT = 2n ** 63n - 1n;
const NANO = 1_000_000_000n;

const DECIMAL_SUFFIX = new Map([
  ['n', -9],
  ['u', -6],
  ['m', -3],
  ['', 0],
  ['k', 3],
  ['M', 6],
  ['G', 9],
  ['T', 12],
  ['P', 15],
  ['E', 18],
]);
const BINARY_SUFFIX = new Map([
  ['Ki', 10],
  ['Mi', 20],
  ['Gi', 30],
  ['Ti', 40],
  ['Pi', 50],
  ['Ei', 60],
]);
const DECIMAL_BY_POWER = new Map([...DECIMAL_SUFFIX].map(([suffix, power]) => [power, suffix]));
const BINARY_BY_POWER = new Map([...BINARY_SUFFIX].map(([suffix, power]) => [power, suffix]));

const SHAPE = /^([+-]?)([0-9]*)(?:\.([0-9]*))?(?:([eE])([+-]?[0-9]+)|([numkMGTPE]|[KMGTPE]i)?)$/;

/**
 * The amount that `text` names, or undefined when it is not a quantity or does not fit in 64 bits. Parts smaller than
 * one nano are rounded away from zero. Takes microseconds whatever the text. A number counts as its decimal text.
 */
export function parseQuantity(text: string | number): Quantity | undefined {
  const trimmed = String(text).trim();
  if (trimmed.length > MAX_QUANTITY_LENGTH) return undefined;
  const match = SHAPE.exec(trimmed);
  if (match === null) return undefined;
  const [, sign, whole = '', fraction = '', exponentMark, exponentText, suffix = ''] = match;
  if (whole === '' && fraction === '') return undefined;

  const digits = BigInt(whole + fraction);
  const binary = BINARY_SUFFIX.get(suffix);
  const tens = exponentMark === undefined ? (DECIMAL_SUFFIX.get(suffix) ?? 0) : Number(exponentText);
  if (Math.abs(tens) > MAX_EXPONENT) return undefined;

  const scale = tens - fraction.length + 9;
  const units = binary === undefined ? digits : digits << BigInt(binary);
  const magnitude = scale >= 0 ? units * 10n ** BigInt(scale) : divideUp(units, 10n ** BigInt(-scale));
  if (magnitude > MAX_AMOUNT * NANO) return undefined;
  const format = exponentMark !== undefined ? 'DecimalExponent' : binary !== undefined ? 'BinarySI' : 'DecimalSI';
  return { nanos: sign === '-' ? -magnitude : magnitude, format };
}

/**
 * The one text of an amount: no fraction, the largest suffix that needs none, `1000m` → `1`, `0.5Gi` → `512Mi`.
 * Source: apimachinery api/resource quantity.go, CanonicalizeBytes (v0.32).
 */
export function formatQuantity({ nanos, format }: Quantity): string {
  if (nanos === 0n) return '0';
  const sign = nanos < 0n ? '-' : '';
  const magnitude = nanos < 0n ? -nanos : nanos;
  const wholeUnits = magnitude % NANO === 0n;
  if (format === 'BinarySI' && wholeUnits && magnitude >= 1024n * NANO) return sign + formatBinary(magnitude / NANO);
  return sign + formatDecimal(magnitude, format === 'DecimalExponent');
}

/** The canonical text of a quantity, or undefined when it is none. */
export function canonicalQuantity(text: string | number): string | undefined {
  const quantity = parseQuantity(text);
  return quantity === undefined ? undefined : formatQuantity(quantity);
}

/** Negative, zero or positive, as `left` is smaller than, equal to or larger than `right`. */
export function compareQuantities(left: QuantityLike, right: QuantityLike): number {
  const a = quantityOf(left).nanos;
  const b = quantityOf(right).nanos;
  return a < b ? -1 : a > b ? 1 : 0;
}

/** The sum, in the format of the first that is not zero. */
export function addQuantities(left: QuantityLike, right: QuantityLike): Quantity {
  const a = quantityOf(left);
  const b = quantityOf(right);
  return { nanos: a.nanos + b.nanos, format: a.nanos === 0n ? b.format : a.format };
}

/** A quantity, or its text. Text that is no quantity throws `BadRequest`: check with `parseQuantity` first. */
export type QuantityLike = Quantity | string | number;

/** Thousandths, rounded up: `0.1` → 100, `250m` → 250. How CPU is counted. */
export function quantityToMillis(value: QuantityLike): number {
  const quick = quickAmount(value);
  if (quick !== undefined && Number.isSafeInteger(quick * 1000)) return quick * 1000;
  return Number(divideUp(quantityOf(value).nanos, 1_000_000n));
}

/** Whole units, rounded up: `1Gi` → 1073741824. How memory and storage are counted. Inexact above 2^53. */
export function quantityToBytes(value: QuantityLike): number {
  const quick = quickAmount(value);
  return quick !== undefined && Number.isInteger(quick) ? quick : Number(divideUp(quantityOf(value).nanos, NANO));
}

/** The nearest number: `500m` → 0.5. For display, never for accounts. */
export function quantityToNumber(value: QuantityLike): number {
  const { nanos } = quantityOf(value);
  return nanos % NANO === 0n ? Number(nanos / NANO) : Number(nanos) / 1e9;
}

const QUICK = /^(\d{1,9})(m|[KMGT]i)?$/;
const QUICK_FACTOR: Readonly<Record<string, number>> = { Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30, Ti: 2 ** 40 };

/** The amount of nearly every real quantity, without big integers: the scheduler asks for millions. */
function quickAmount(value: QuantityLike): number | undefined {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? value : undefined;
  if (typeof value !== 'string') return undefined;
  const match = QUICK.exec(value);
  if (match === null) return undefined;
  const [, digits, suffix] = match;
  if (suffix === undefined) return Number(digits);
  if (suffix === 'm') return Number(digits) % 1000 === 0 ? Number(digits) / 1000 : undefined;
  const amount = Number(digits) * (QUICK_FACTOR[suffix] ?? Number.NaN);
  return Number.isSafeInteger(amount) ? amount : undefined;
}

function quantityOf(value: QuantityLike): Quantity {
  if (typeof value === 'object') return value;
  const quantity = parseQuantity(value);
  if (quantity === undefined) throw new ApiError('BadRequest', `${JSON.stringify(value)}: ${QUANTITY_RULE}`);
  return quantity;
}

/** Quotient rounded away from zero. */
function divideUp(value: bigint, by: bigint): bigint {
  const quotient = value / by;
  if (value % by === 0n) return quotient;
  return value < 0n ? quotient - 1n : quotient + 1n;
}

function formatBinary(units: bigint): string {
  let power = 0;
  let rest = units;
  while (power < 60 && rest % 1024n === 0n) {
    rest /= 1024n;
    power += 10;
  }
  return `${rest}${BINARY_BY_POWER.get(power) ?? ''}`;
}

function formatDecimal(nanos: bigint, asExponent: boolean): string {
  let power = -9;
  let rest = nanos;
  while (power < 18 && rest % 1000n === 0n) {
    rest /= 1000n;
    power += 3;
  }
  if (!asExponent) return `${rest}${DECIMAL_BY_POWER.get(power) ?? ''}`;
  return power === 0 ? `${rest}` : `${rest}e${power}`;
}
