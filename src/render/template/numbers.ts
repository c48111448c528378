/** Go's numbers as text: `strconv.FormatFloat` and the literals of templates. */

interface Decimal {
  readonly negative: boolean;
  /** Without leading zeros; '0' for zero. */
  readonly digits: string;
  /** The point stands after so many digits. */
  readonly point: number;
}

/** The fewest digits that read back as the same float. */
function shortest(value: number): Decimal {
  const [mantissa = '0', exponent = '0'] = Math.abs(value).toExponential().split('e');
  return { negative: isNegative(value), digits: mantissa.replace('.', ''), point: Number(exponent) + 1 };
}

/** Every digit of the float: it is a fraction with a power of two below. */
function exact(value: number): Decimal {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, Math.abs(value));
  const bits = view.getBigUint64(0);
  const biased = Number(bits >> 52n);
  const fraction = bits & 0xfffffffffffffn;
  const mantissa = biased === 0 ? fraction : fraction | 0x10000000000000n;
  const exponent = (biased === 0 ? 1 : biased) - 1_075;
  if (mantissa === 0n) return { negative: isNegative(value), digits: '0', point: 1 };
  if (exponent >= 0) {
    const digits = String(mantissa << BigInt(exponent));
    return { negative: isNegative(value), digits, point: digits.length };
  }
  const digits = String(mantissa * 5n ** BigInt(-exponent));
  return { negative: isNegative(value), digits, point: digits.length + exponent };
}

/** To so many digits after the first, halves to even. */
function roundTo({ negative, digits, point }: Decimal, keep: number): Decimal {
  if (keep >= digits.length) return { negative, digits, point };
  if (keep < 0) return { negative, digits: '0', point: 1 };
  const head = digits.slice(0, keep);
  const rest = digits.slice(keep);
  const half = `5${'0'.repeat(rest.length - 1)}`;
  const odd = Number(head.at(-1) ?? '0') % 2 === 1;
  const up = rest > half || (rest === half && odd);
  if (!up) return head === '' ? { negative, digits: '0', point: 1 } : { negative, digits: head, point };
  const raised = String(BigInt(head === '' ? '0' : head) + 1n).padStart(keep, '0');
  return { negative, digits: raised, point: point + raised.length - keep };
}

const isNegative = (value: number) => value < 0 || Object.is(value, -0);

/** `strconv.FormatFloat(value, format, precision, 64)`; precision -1: the shortest text that reads back the same. */
export function formatFloat(value: number, format: 'e' | 'f' | 'g', precision: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  const few = precision < 0;
  const all = few ? shortest(value) : exact(value);
  if (format === 'f') {
    const decimal = few ? all : roundTo(all, all.point + precision);
    return sign(decimal) + fixed(decimal, few ? Math.max(decimal.digits.length - decimal.point, 0) : precision);
  }
  if (format === 'e') {
    const decimal = few ? all : roundTo(all, precision + 1);
    return sign(decimal) + exponential(decimal, few ? decimal.digits.length - 1 : precision);
  }
  const places = precision === 0 ? 1 : precision;
  const decimal = few ? all : roundTo(all, places);
  const digits = decimal.digits.replace(/0+$/, '') || '0';
  const trimmed = { ...decimal, digits };
  // Source: go strconv/ftoa.go, %e is used when the exponent is below -4 or not below this.
  const limit = few ? 6 : places > digits.length && digits.length >= decimal.point ? digits.length : places;
  const exponent = digits === '0' ? 0 : decimal.point - 1;
  if (exponent < -4 || exponent >= limit) return sign(trimmed) + exponential(trimmed, digits.length - 1);
  return sign(trimmed) + fixed(trimmed, Math.max(digits.length - decimal.point, 0));
}

const sign = ({ negative }: Decimal) => (negative ? '-' : '');

function fixed({ digits, point }: Decimal, places: number): string {
  const whole = point > 0 ? digits.slice(0, point).padEnd(point, '0') : '0';
  if (places === 0) return whole;
  const fraction = point > 0 ? digits.slice(point) : '0'.repeat(-point) + digits;
  return `${whole}.${fraction.padEnd(places, '0').slice(0, places)}`;
}

function exponential({ digits, point }: Decimal, places: number): string {
  const exponent = digits === '0' ? 0 : point - 1;
  const rest = places === 0 ? '' : `.${digits.slice(1).padEnd(places, '0')}`;
  const power = String(Math.abs(exponent)).padStart(2, '0');
  return `${digits[0]}${rest}e${exponent < 0 ? '-' : '+'}${power}`;
}

const INT = /^[+-]?(0[xX](_?[0-9a-fA-F])+|0[bB](_?[01])+|0[oO](_?[0-7])+|0(_?[0-7])*|[1-9](_?[0-9])*)$/;
const FLOAT = /^[+-]?((\d(_?\d)*)(\.(\d(_?\d)*)?)?|\.\d(_?\d)*)([eE][+-]?\d+)?$/;
const HEX_FLOAT = /^([+-]?)0[xX]([0-9a-fA-F_]*)\.?([0-9a-fA-F_]*)[pP]([+-]?\d+)$/;

export const MIN_INT64 = -(2n ** 63n);
export const MAX_INT64 = 2n ** 63n - 1n;

/** `strconv.ParseInt(text, 0, 64)`; undefined when it is none or has no room. */
export function parseInteger(text: string): bigint | undefined {
  if (!INT.test(text)) return undefined;
  const plain = text.replaceAll('_', '');
  const digits = plain.replace(/^[+-]/, '');
  const octal = /^0[0-7]+$/.test(digits);
  const magnitude = BigInt(octal ? `0o${digits.slice(1)}` : digits);
  const value = plain.startsWith('-') ? -magnitude : magnitude;
  return value < MIN_INT64 || value > MAX_INT64 ? undefined : value;
}

/** `strconv.ParseFloat(text, 64)` of what a template may hold. */
export function parseFloating(text: string): number | undefined {
  if (FLOAT.test(text)) return finite(Number(text.replaceAll('_', '')));
  const hex = HEX_FLOAT.exec(text);
  if (hex === null || `${hex[2]}${hex[3]}` === '') return undefined;
  const [, minus, whole = '', fraction = '', power = '0'] = hex;
  const digits = (whole + fraction).replaceAll('_', '');
  const value = Number(BigInt(`0x${digits}`)) * 2 ** (Number(power) - 4 * fraction.replaceAll('_', '').length);
  return finite(minus === '-' ? -value : value);
}

const finite = (value: number) => (Number.isFinite(value) ? value : undefined);

/** Whether the text is written as an integer, however large. */
export const looksLikeInteger = (text: string): boolean => INT.test(text);
