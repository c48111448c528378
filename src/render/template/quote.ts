import { bytesOf, textOf } from './bytes.ts';

const SIMPLE: Readonly<Record<string, number>> = {
  a: 7,
  b: 8,
  f: 12,
  n: 10,
  r: 13,
  t: 9,
  v: 11,
  '\\': 92,
  "'": 39,
  '"': 34,
};

const ESCAPE = /\\(?:([abfnrtv\\'"])|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3}))/y;

/** `strconv.Unquote`; undefined when it is not quoted as Go does. */
export function unquote(quoted: string): string | undefined {
  const quote = quoted[0];
  const inner = quoted.slice(1, -1);
  if (quote === '`') return inner.replaceAll('\r', '');
  if (!inner.includes('\\')) return inner;
  const parts: Uint8Array[] = [];
  for (let at = 0; at < inner.length; ) {
    if (inner[at] !== '\\') {
      const next = inner.indexOf('\\', at);
      const end = next < 0 ? inner.length : next;
      parts.push(bytesOf(inner.slice(at, end)));
      at = end;
      continue;
    }
    ESCAPE.lastIndex = at;
    const match = ESCAPE.exec(inner);
    const bytes = match === null ? undefined : escaped(match, quote);
    if (match === null || bytes === undefined) return undefined;
    parts.push(bytes);
    at += match[0].length;
  }
  return textOf(Buffer.concat(parts));
}

function escaped(match: RegExpExecArray, quote: string | undefined): Uint8Array | undefined {
  const [, simple, hex, short, long, octal] = match;
  if (simple !== undefined) {
    if ((simple === "'" || simple === '"') && simple !== quote) return undefined;
    return Uint8Array.of(SIMPLE[simple] ?? 0);
  }
  if (hex !== undefined) return Uint8Array.of(Number.parseInt(hex, 16));
  if (octal !== undefined) {
    const byte = Number.parseInt(octal, 8);
    return byte > 255 ? undefined : Uint8Array.of(byte);
  }
  const code = Number.parseInt(short ?? long ?? '', 16);
  if (code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) return undefined;
  return bytesOf(String.fromCodePoint(code));
}

const NAMED: ReadonlyMap<number, string> = new Map([
  [7, '\\a'],
  [8, '\\b'],
  [12, '\\f'],
  [10, '\\n'],
  [13, '\\r'],
  [9, '\\t'],
  [11, '\\v'],
]);

// Source: go unicode.IsPrint: letters, marks, numbers, punctuation, symbols and the ASCII space.
const PRINTS = /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]$/u;

export const isPrint = (character: string): boolean => PRINTS.test(character);

/** `strconv.Quote`; with `ascii` `strconv.QuoteToASCII`. */
export function quote(text: string, { mark = '"', ascii = false } = {}): string {
  let quoted = mark;
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    if (character === mark || character === '\\') quoted += `\\${character}`;
    else if (code >= 0xdc80 && code <= 0xdcff) quoted += `\\x${hexOf(code - 0xdc00, 2)}`;
    else if (ascii ? code < 0x7f && code >= 0x20 : isPrint(character)) quoted += character;
    else if (NAMED.has(code)) quoted += NAMED.get(code);
    else if (code < 0x20 || code === 0x7f) quoted += `\\x${hexOf(code, 2)}`;
    else quoted += code > 0xffff ? `\\U${hexOf(code, 8)}` : `\\u${hexOf(code, 4)}`;
  }
  return quoted + mark;
}

const hexOf = (code: number, width: number) => code.toString(16).padStart(width, '0');
