import { bytesOf, textOf } from './bytes.ts';
import { formatFloat } from './numbers.ts';
import { isPrint, quote } from './quote.ts';
import { ByteList, GoObject, intOf, listOf, mapOf, SizedInt, sortedKeys, typeOf, type Value } from './value.ts';

/** Widest and most precise that a verb may ask for. Source: go fmt/print.go tooLarge. */
const MAX_WIDTH = 1_000_000;

/** `fmt.Sprint`: blanks between operands of which neither is a text. */
export function sprint(values: readonly Value[]): string {
  let text = '';
  for (const [index, value] of values.entries()) {
    const apart = index > 0 && typeof value !== 'string' && typeof values[index - 1] !== 'string';
    text += (apart ? ' ' : '') + formatValue(value);
  }
  return text;
}

/** `fmt.Sprintln`. */
export const sprintln = (values: readonly Value[]): string =>
  `${values.map((value) => formatValue(value)).join(' ')}\n`;

/** A value as `%v` prints it. */
export function formatValue(value: Value): string {
  return new Printer('v', NO_FLAGS).print(value, 0);
}

interface Flags {
  readonly plus: boolean;
  readonly minus: boolean;
  readonly sharp: boolean;
  readonly space: boolean;
  readonly zero: boolean;
  readonly width: number | undefined;
  readonly precision: number | undefined;
}

const NO_FLAGS: Flags = {
  plus: false,
  minus: false,
  sharp: false,
  space: false,
  zero: false,
  width: undefined,
  precision: undefined,
};

/** `fmt.Sprintf`. Mistakes stand in the text, as in Go: `%!d(string=x)`. Source: Go fmt/print.go (go1.23). */
export function sprintf(format: string, args: readonly Value[]): string {
  return new Formatter(format, args).run();
}

class Formatter {
  readonly #format: string;
  readonly #args: readonly Value[];
  #at = 0;
  #arg = 0;
  #reordered = false;
  #goodIndex = true;

  constructor(format: string, args: readonly Value[]) {
    this.#format = format;
    this.#args = args;
  }

  run(): string {
    let text = '';
    while (this.#at < this.#format.length) {
      const percent = this.#format.indexOf('%', this.#at);
      if (percent < 0) {
        text += this.#format.slice(this.#at);
        break;
      }
      text += this.#format.slice(this.#at, percent);
      this.#at = percent + 1;
      text += this.#verb();
    }
    if (!this.#reordered && this.#arg < this.#args.length) {
      const extra = this.#args.slice(this.#arg).map((value) => typed(value));
      text += `%!(EXTRA ${extra.join(', ')})`;
    }
    return text;
  }

  #verb(): string {
    this.#goodIndex = true;
    const flags = this.#flags();
    this.#index();
    const width = this.#size();
    if (typeof width === 'string') return width + this.#rest({ ...flags, width: undefined });
    const minus = flags.minus || (width !== undefined && width < 0);
    return this.#rest({
      ...flags,
      minus,
      zero: flags.zero && !minus,
      width: width === undefined ? undefined : Math.abs(width),
    });
  }

  #rest(flags: Omit<Flags, 'precision'>): string {
    let precision: number | undefined;
    let before = '';
    if (this.#format[this.#at] === '.') {
      this.#at += 1;
      this.#index();
      const found = this.#size();
      if (typeof found === 'string') before = found.replace('WIDTH', 'PREC');
      else precision = found === undefined ? 0 : found < 0 ? undefined : found;
    }
    this.#index();
    const code = this.#format.codePointAt(this.#at);
    if (code === undefined) return `${before}%!(NOVERB)`;
    const verb = String.fromCodePoint(code);
    this.#at += verb.length;
    if (verb === '%') return `${before}%`;
    if (!this.#goodIndex) return `${before}%!${verb}(BADINDEX)`;
    if (this.#arg >= this.#args.length) return `${before}%!${verb}(MISSING)`;
    const value = this.#args[this.#arg];
    this.#arg += 1;
    return before + new Printer(verb, { ...flags, precision }).print(value, 0);
  }

  #flags(): { plus: boolean; minus: boolean; sharp: boolean; space: boolean; zero: boolean } {
    const flags = { plus: false, minus: false, sharp: false, space: false, zero: false };
    for (; ; this.#at += 1) {
      const character = this.#format[this.#at];
      if (character === '+') flags.plus = true;
      else if (character === '-') flags.minus = true;
      else if (character === '#') flags.sharp = true;
      else if (character === ' ') flags.space = true;
      else if (character === '0') flags.zero = true;
      else return { ...flags, zero: flags.zero && !flags.minus };
    }
  }

  /** `[2]`: which argument is next. */
  #index(): void {
    if (this.#format[this.#at] !== '[') return;
    this.#reordered = true;
    const match = /^\[(\d+)\]/.exec(this.#format.slice(this.#at, this.#at + 12));
    const index = Number(match?.[1] ?? 0);
    if (match === null) {
      this.#goodIndex = false;
      const close = this.#format.indexOf(']', this.#at);
      this.#at = close < 0 ? this.#at + 1 : close + 1;
      return;
    }
    this.#at += match[0].length;
    if (index < 1 || index > this.#args.length) this.#goodIndex = false;
    else this.#arg = index - 1;
  }

  /** A width or precision, in digits or as an argument; a text when that argument is none. */
  #size(): number | undefined | string {
    if (this.#format[this.#at] === '*') {
      this.#at += 1;
      const value = intOf(this.#args[this.#arg]);
      this.#arg += 1;
      if (value === undefined || value > MAX_WIDTH || value < -MAX_WIDTH) return '%!(BADWIDTH)';
      return Number(value);
    }
    const digits = /^\d+/.exec(this.#format.slice(this.#at, this.#at + 8))?.[0];
    if (digits === undefined) return undefined;
    this.#at += digits.length;
    return Math.min(Number(digits), MAX_WIDTH);
  }
}

function typed(value: Value): string {
  return value === undefined || value === null ? '<nil>' : `${typeOf(value)}=${formatValue(value)}`;
}

/** Levels of lists and maps that are printed. */
const MAX_DEPTH = 100;

class Printer {
  readonly #verb: string;
  readonly #flags: Flags;

  constructor(verb: string, flags: Flags) {
    this.#verb = verb;
    this.#flags = flags;
  }

  print(value: Value, depth: number): string {
    if (depth > MAX_DEPTH) return '...';
    if (value === undefined || value === null) {
      if (depth > 0) return this.#pad('<nil>');
      return this.#verb === 'T' || this.#verb === 'v' ? this.#pad('<nil>') : this.#bad(value);
    }
    if (this.#verb === 'T') return this.#string(typeOf(value), 's');
    if (this.#verb === 'p') return this.#bad(value);
    if (typeof value === 'boolean') return this.#boolean(value);
    if (typeof value === 'number') return this.#float(value);
    if (typeof value === 'bigint') return this.#integer(value, value);
    if (value instanceof SizedInt) return this.#integer(value.value, value);
    if (typeof value === 'string') return this.#string(value, this.#verb);
    return this.#composite(value, depth);
  }

  #composite(
    value: Exclude<Value, null | undefined | boolean | number | bigint | string | SizedInt>,
    depth: number,
  ): string {
    const verb = this.#verb;
    if (value instanceof ByteList && 'sqxX'.includes(verb)) return this.#string(textOf(value.bytes), verb);
    if (value instanceof GoObject && value.text !== undefined && 'vsqxX'.includes(verb))
      return this.#string(value.text, verb);
    const map = mapOf(value);
    const go = this.#flags.sharp && verb === 'v';
    const inner = (item: Value) => this.print(item, depth + 1);
    if (map !== undefined) {
      const entries = sortedKeys(map).map((key) => `${this.print(key, depth + 1)}:${inner(map.get(key))}`);
      return go ? `${typeOf(value)}{${entries.join(', ')}}` : `map[${entries.join(' ')}]`;
    }
    const list = listOf(value);
    if (list !== undefined) {
      const items = list.map(inner);
      return go ? `${typeOf(value)}{${items.join(', ')}}` : `[${items.join(' ')}]`;
    }
    if (!(value instanceof GoObject)) return '';
    const plus = this.#flags.plus && verb === 'v';
    const fields = [...value.fields].map(([name, item]) => (plus ? `${name}:${inner(item)}` : inner(item)));
    return `${value.kind === 'ptr' && depth === 0 ? '&' : ''}{${fields.join(' ')}}`;
  }

  #boolean(value: boolean): string {
    return this.#verb === 't' || this.#verb === 'v' ? this.#pad(String(value)) : this.#bad(value);
  }

  #string(text: string, verb: string): string {
    const { precision, sharp, plus, space } = this.#flags;
    const cut = precision === undefined || verb === 'x' || verb === 'X' ? text : [...text].slice(0, precision).join('');
    switch (verb) {
      case 'v':
        return this.#pad(sharp ? quote(cut) : cut);
      case 's':
        return this.#pad(cut);
      case 'q': {
        // With `#` between backquotes, where they can hold the text.
        const raw =
          sharp && !cut.includes('`') && [...cut].every((character) => character === '\t' || isPrint(character));
        return this.#pad(raw ? `\`${cut}\`` : quote(cut, { ascii: plus }));
      }
      case 'x':
      case 'X': {
        const bytes = bytesOf(text).subarray(0, precision);
        const pairs = [...bytes].map((byte) => byte.toString(16).padStart(2, '0'));
        const prefix = sharp ? '0x' : '';
        const hex = space
          ? pairs.map((pair) => prefix + pair).join(' ')
          : (pairs.length > 0 ? prefix : '') + pairs.join('');
        return this.#pad(verb === 'X' ? hex.toUpperCase() : hex);
      }
      default:
        return this.#bad(text);
    }
  }

  #integer(value: bigint, original: Value): string {
    const { sharp, plus } = this.#flags;
    switch (this.#verb) {
      case 'v':
      case 'd':
        return this.#digits(value, 10, '');
      case 'b':
        return this.#digits(value, 2, sharp ? '0b' : '');
      case 'o':
        return this.#digits(value, 8, sharp ? '0' : '');
      case 'O':
        return this.#digits(value, 8, '0o');
      case 'x':
        return this.#digits(value, 16, sharp ? '0x' : '');
      case 'X':
        return this.#digits(value, 16, sharp ? '0X' : '').toUpperCase();
      case 'c':
        return this.#pad(character(value));
      case 'q':
        return this.#pad(quote(character(value), { mark: "'", ascii: plus }));
      case 'U': {
        const code = `U+${value
          .toString(16)
          .toUpperCase()
          .padStart(Math.max(4, this.#flags.precision ?? 4), '0')}`;
        return this.#pad(sharp ? `${code} '${character(value)}'` : code);
      }
      default:
        return this.#bad(original);
    }
  }

  #digits(value: bigint, base: number, prefix: string): string {
    const { precision, zero, width, space } = this.#flags;
    // `%+v` asks for the names of fields, not for signs.
    const plus = this.#flags.plus && this.#verb !== 'v';
    const magnitude = (value < 0n ? -value : value).toString(base);
    const sign = value < 0n ? '-' : plus ? '+' : space ? ' ' : '';
    if (precision === 0 && value === 0n) return this.#pad('', false);
    if (precision !== undefined) return this.#pad(sign + prefix + magnitude.padStart(precision, '0'), false);
    const filled = zero && width !== undefined ? magnitude.padStart(width - sign.length, '0') : magnitude;
    return this.#pad(sign + prefix + filled, false);
  }

  #float(value: number): string {
    const verb = this.#verb;
    const format = verb.toLowerCase();
    if (verb !== 'v' && !'efg'.includes(format)) return this.#bad(value);
    const { precision, space, zero, width, sharp } = this.#flags;
    const plus = this.#flags.plus && verb !== 'v';
    const kind = format === 'v' ? 'g' : (format as 'e' | 'f' | 'g');
    let text = formatFloat(value, kind, precision ?? (kind === 'g' ? -1 : 6));
    if (sharp && kind === 'g' && Number.isFinite(value)) text = withPoint(text, precision ?? 6);
    if (verb === 'E' || verb === 'G') text = text.toUpperCase().replace('INF', 'Inf').replace('NAN', 'NaN');
    const negative = text.startsWith('-');
    const bare = text.replace(/^[+-]/, '');
    const infinite = text === '+Inf';
    const sign = negative ? '-' : plus || (infinite && !space) ? '+' : space ? ' ' : '';
    const fills = zero && width !== undefined && Number.isFinite(value);
    return this.#pad(sign + (fills ? bare.padStart(width - sign.length, '0') : bare), false);
  }

  #bad(value: Value): string {
    if (value === undefined || value === null) return `%!${this.#verb}(<nil>)`;
    return `%!${this.#verb}(${typeOf(value)}=${new Printer('v', { ...this.#flags, sharp: false }).print(value, 0)})`;
  }

  #pad(text: string, mayFill = true): string {
    const { width, minus, zero } = this.#flags;
    if (width === undefined) return text;
    const missing = width - [...text].length;
    if (missing <= 0) return text;
    if (minus) return text + ' '.repeat(missing);
    return (zero && mayFill ? '0' : ' ').repeat(missing) + text;
  }
}

function withPoint(text: string, digits: number): string {
  const [mantissa = '', exponent] = text.split('e');
  const significant = mantissa.replace(/^-?0*\.?0*|[-.]/g, '').length;
  const pointed = mantissa.includes('.') ? mantissa : `${mantissa}.`;
  const filled = pointed + '0'.repeat(Math.max(0, digits - Math.max(significant, 1)));
  return exponent === undefined ? filled : `${filled}e${exponent}`;
}

function character(value: bigint): string {
  const valid = value >= 0n && value <= 0x10ffffn && !(value >= 0xd800n && value < 0xe000n);
  return valid ? String.fromCodePoint(Number(value)) : '\ufffd';
}
