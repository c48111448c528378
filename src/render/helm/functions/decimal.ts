import { FunctionProblem } from '../../template/index.ts';

/** Sums of floats as people do them: 0.1 + 0.2 is 0.3. Source: shopspring/decimal v1.4.0, as sprig uses it. */

interface Decimal {
  readonly units: bigint;
  /** Digits behind the point. */
  readonly scale: number;
}

/** Digits behind the point of a quotient. Source: shopspring/decimal DivisionPrecision. */
const DIVISION_SCALE = 16;

function decimalOf(value: number): Decimal {
  const [mantissa = '0', exponent = '0'] = value.toExponential().split('e');
  const [whole = '0', fraction = ''] = mantissa.split('.');
  const scale = fraction.length - Number(exponent);
  const units = BigInt(whole + fraction);
  return scale < 0 ? { units: units * 10n ** BigInt(-scale), scale: 0 } : { units, scale };
}

const numberOf = ({ units, scale }: Decimal) => Number(`${units}e-${scale}`);

const finite = (left: number, right: number) => Number.isFinite(left) && Number.isFinite(right);

export function addDecimals(left: number, right: number): number {
  if (!finite(left, right)) return left + right;
  const [a, b] = [decimalOf(left), decimalOf(right)];
  const scale = Math.max(a.scale, b.scale);
  const units = (decimal: Decimal) => decimal.units * 10n ** BigInt(scale - decimal.scale);
  return numberOf({ units: units(a) + units(b), scale });
}

export function multiplyDecimals(left: number, right: number): number {
  if (!finite(left, right)) return left * right;
  const [a, b] = [decimalOf(left), decimalOf(right)];
  return numberOf({ units: a.units * b.units, scale: a.scale + b.scale });
}

/** Rounded half away from zero. */
export function divideDecimals(left: number, right: number): number {
  if (right === 0) throw new FunctionProblem('decimal division by 0');
  if (!finite(left, right)) return left / right;
  const [a, b] = [decimalOf(left), decimalOf(right)];
  // One digit more than is kept, to round by.
  const numerator = a.units * 10n ** BigInt(b.scale + DIVISION_SCALE + 1);
  const quotient = numerator / (b.units * 10n ** BigInt(a.scale));
  return numberOf({ units: (quotient + (quotient < 0n ? -5n : 5n)) / 10n, scale: DIVISION_SCALE });
}
