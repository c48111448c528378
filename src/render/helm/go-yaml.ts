import { bytesOf, formatFloat, isList, isMap, type Value } from '../template/index.ts';

/** How YAML is written: Helm's `toYaml` folds long lines at 80, `toYamlPretty` indents lists and folds nothing. */
export interface YamlStyle {
  readonly width: number;
  readonly indentsLists: boolean;
}

export const HELM_STYLE: YamlStyle = { width: 80, indentsLists: false };
export const PRETTY_STYLE: YamlStyle = { width: Number.POSITIVE_INFINITY, indentsLists: true };

/**
 * YAML of a JSON value, byte for byte as sigs.k8s.io/yaml v1.4 writes it, with its last line break.
 * Source: gopkg.in/yaml.v2 v2.4.0 encode.go, emitterc.go, sorter.go.
 */
export function goYaml(value: Value, style: YamlStyle = HELM_STYLE): string {
  const writer = new Writer(style);
  writer.node(value, -1, 'root');
  return writer.finish();
}

type Context = 'root' | 'item' | 'value' | 'key';
type ScalarStyle = 'plain' | 'single' | 'double' | 'literal';

const INDENT = 2;
/** Longest key that stands before its colon, in bytes. Source: emitterc.go, check_simple_key. */
const MAX_SIMPLE_KEY = 128;

class Writer {
  readonly #style: YamlStyle;
  readonly #parts: string[] = [];
  #column = 0;
  /** Whether what was written last is a blank or a break, and whether the line holds nothing but indentation yet. */
  #whitespace = true;
  #indention = true;

  constructor(style: YamlStyle) {
    this.#style = style;
  }

  finish(): string {
    const text = this.#parts.join('');
    return text.endsWith('\n') ? text : `${text}\n`;
  }

  node(value: Value, indent: number, context: Context): void {
    if (isMap(value)) this.#map(value, indent);
    else if (isList(value)) this.#list(value, indent, context);
    else this.#scalar(value, indent, context);
  }

  #map(map: ReadonlyMap<string, Value>, indent: number): void {
    if (map.size === 0) {
      this.#indicator('{', true);
      this.#indicator('}', false);
      return;
    }
    const inner = indent < 0 ? 0 : indent + INDENT;
    for (const key of [...map.keys()].sort(compareKeys)) {
      this.#indent(inner);
      const simple = !key.includes('\n') && bytesOf(key).length <= MAX_SIMPLE_KEY;
      if (simple) {
        this.#scalar(key, inner, 'key');
        this.#indicator(':', false);
      } else {
        this.#indicator('?', true, true);
        this.#scalar(key, inner, 'value');
        this.#indent(inner);
        this.#indicator(':', true, true);
      }
      this.node(map.get(key), inner, 'value');
    }
  }

  #list(list: readonly Value[], indent: number, context: Context): void {
    if (list.length === 0) {
      this.#indicator('[', true);
      this.#indicator(']', false);
      return;
    }
    const flush = context === 'value' && !this.#indention && !this.#style.indentsLists;
    const inner = flush ? indent : indent < 0 ? 0 : indent + INDENT;
    for (const item of list) {
      this.#indent(inner);
      this.#indicator('-', true, true);
      this.node(item, inner, 'item');
    }
  }

  #scalar(value: Value, indent: number, context: Context): void {
    const below = indent < 0 ? INDENT : indent + INDENT;
    if (typeof value !== 'string') {
      this.#plain(otherText(value, this.#style), below, false);
      return;
    }
    const isKey = context === 'key';
    const wanted: ScalarStyle = value.includes('\n') ? 'literal' : readsAsText(value) ? 'plain' : 'double';
    const style = styleFor(analyse(value), wanted, value, isKey);
    if (style === 'literal') this.#literal(value, below);
    else if (style === 'plain') this.#plain(value, below, !isKey);
    else if (style === 'single') this.#single(value, below, !isKey);
    else this.#double(value, below, !isKey);
  }

  #put(text: string): void {
    this.#parts.push(text);
    this.#column += [...text].length;
  }

  #break(): void {
    this.#parts.push('\n');
    this.#column = 0;
  }

  #indent(indent: number): void {
    if (!this.#indention || this.#column > indent || (this.#column === indent && !this.#whitespace)) this.#break();
    if (this.#column < indent) this.#put(' '.repeat(indent - this.#column));
    this.#whitespace = true;
    this.#indention = true;
  }

  #indicator(text: string, needsBlank: boolean, isIndention = false): void {
    if (needsBlank && !this.#whitespace) this.#put(' ');
    this.#put(text);
    this.#whitespace = false;
    this.#indention &&= isIndention;
  }

  #plain(text: string, indent: number, mayFold: boolean): void {
    if (!this.#whitespace) this.#put(' ');
    this.#folded(
      text,
      indent,
      mayFold && text.length > this.#style.width - this.#column,
      (at, characters) => characters[at + 1] !== ' ',
    );
    this.#whitespace = false;
    this.#indention = false;
  }

  /** The characters, with a break in place of a blank where the line is full. */
  #folded(
    text: string,
    indent: number,
    mayFold: boolean,
    foldsAt: (at: number, characters: readonly string[]) => boolean,
  ): void {
    if (!mayFold) {
      this.#put(text);
      return;
    }
    let afterBlank = false;
    const characters = [...text];
    for (const [at, character] of characters.entries()) {
      if (character !== ' ') this.#put(character);
      else if (!afterBlank && this.#column > this.#style.width && foldsAt(at, characters)) {
        this.#indention = false;
        this.#indent(indent);
      } else this.#put(character);
      afterBlank = character === ' ';
    }
  }

  #single(text: string, indent: number, mayFold: boolean): void {
    this.#indicator("'", true);
    // A doubled quote is one character to fold by, so the text is cut before it is doubled.
    const pieces = text.split("'");
    for (const [index, piece] of pieces.entries()) {
      if (index > 0) this.#put("''");
      const [first, last] = [index === 0, index === pieces.length - 1];
      this.#folded(piece, indent, mayFold, (at, characters) => {
        const inside = (!first || at > 0) && (!last || at < characters.length - 1);
        return inside && characters[at + 1] !== ' ';
      });
    }
    this.#indicator("'", false);
  }

  #double(text: string, indent: number, mayFold: boolean): void {
    this.#indicator('"', true);
    const characters = [...text];
    let afterBlank = false;
    for (const [at, character] of characters.entries()) {
      const escaped = escapeCharacter(character);
      if (escaped !== undefined) this.#put(escaped);
      else if (character !== ' ') this.#put(character);
      else if (mayFold && !afterBlank && this.#column > this.#style.width && at > 0 && at < characters.length - 1) {
        this.#indention = false;
        this.#indent(indent);
        if (characters[at + 1] === ' ') this.#put('\\');
      } else this.#put(character);
      afterBlank = character === ' ';
    }
    this.#indicator('"', false);
  }

  #literal(text: string, indent: number): void {
    this.#indicator('|', true);
    if (/^[ \n\r\u0085\u2028\u2029]/.test(text)) this.#put(String(INDENT));
    if (!BREAK.test(text.at(-1) ?? '')) this.#put('-');
    else if (text.length === 1 || BREAK.test(text.at(-2) ?? '')) this.#put('+');
    this.#break();
    for (const [at, line] of text.split('\n').entries()) {
      if (at > 0) this.#break();
      if (line !== '') this.#put(' '.repeat(indent) + line);
    }
    this.#indention = this.#column === 0;
    this.#whitespace = this.#column === 0;
  }
}

const BREAK = /[\n\r\u0085\u2028\u2029]/;

function otherText(value: Value, style: YamlStyle): string {
  if (typeof value !== 'number') return value === undefined || value === null ? 'null' : String(value);
  // By way of JSON whole numbers become integers again.
  const whole = Number.isInteger(value) && value >= -(2 ** 63) && value < 2 ** 64;
  return whole && style.width === HELM_STYLE.width ? String(BigInt(value)) : formatFloat(value, 'g', -1);
}

interface Analysis {
  readonly plain: boolean;
  readonly single: boolean;
  readonly block: boolean;
}

/** In what ways a text can be written in a block. Source: emitterc.go, analyze_scalar. */
function analyse(text: string): Analysis {
  if (text === '') return { plain: true, single: true, block: false };
  const special = SPECIAL.test(text) || /[ ][\n\r\u0085\u2028\u2029]/.test(text);
  const breakThenBlank = /[\n\r\u0085\u2028\u2029] /.test(text);
  const edges = /^[ \n\r\u0085\u2028\u2029]|[ \n\r\u0085\u2028\u2029]$/.test(text);
  const indicators =
    /^(---|\.\.\.)/.test(text) ||
    /^[#,[\]{}&*!|>'"%@`]/.test(text) ||
    /^[?:-]([ \t]|$)/.test(text) ||
    /:([ \t]|$)/.test(text) ||
    /[ \t\n\r\u0085\u2028\u2029]#/.test(text);
  return {
    plain: !(special || breakThenBlank || edges || BREAK.test(text) || indicators),
    // Helm writes these two as they are, and they come back as line breaks.
    single: !(special || breakThenBlank || /[\u2028\u2029]/.test(text)),
    block: !(special || text.endsWith(' ')),
  };
}

/** What is not printable to libyaml: among others tabs, and characters beyond the first plane. */
const SPECIAL = /[^\n\u0020-\u007e\u00a0-\ud7ff\ue000-\ufefe\uff00-\ufffd]/u;

function styleFor({ plain, single, block }: Analysis, wanted: ScalarStyle, text: string, isKey: boolean): ScalarStyle {
  if (wanted === 'literal') return block && !isKey ? 'literal' : 'double';
  if (wanted === 'double') return 'double';
  if (plain && !(isKey && text === '')) return 'plain';
  return single ? 'single' : 'double';
}

const NAMED: Readonly<Record<string, string>> = {
  '\0': '\\0',
  '\u0007': '\\a',
  '\b': '\\b',
  '\t': '\\t',
  '\n': '\\n',
  '\v': '\\v',
  '\f': '\\f',
  '\r': '\\r',
  '\u001b': '\\e',
  '"': '\\"',
  '\\': '\\\\',
  '\u0085': '\\N',
  '\u2028': '\\L',
  '\u2029': '\\P',
};

function escapeCharacter(character: string): string | undefined {
  const named = NAMED[character];
  if (named !== undefined || !SPECIAL.test(character)) return named;
  const code = character.codePointAt(0) ?? 0;
  const hex = code.toString(16).toUpperCase();
  if (code <= 0xff) return `\\x${hex.padStart(2, '0')}`;
  return code <= 0xffff ? `\\u${hex.padStart(4, '0')}` : `\\U${hex.padStart(8, '0')}`;
}

const WORDS = new Set([
  ...['', '~', 'null', 'Null', 'NULL', 'y', 'Y', 'yes', 'Yes', 'YES', 'on', 'On', 'ON', 'true', 'True', 'TRUE'],
  ...['n', 'N', 'no', 'No', 'NO', 'off', 'Off', 'OFF', 'false', 'False', 'FALSE'],
  ...['.nan', '.NaN', '.NAN', '.inf', '.Inf', '.INF', '+.inf', '+.Inf', '+.INF', '-.inf', '-.Inf', '-.INF'],
]);

const INTEGER = /^[-+]?(0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO]?[0-7]+|0|[1-9][0-9]*)$/;
const FLOAT = /^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$/;
const BASE60 = /^[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?$/;
const TIMESTAMP =
  /^\d{4}-\d{1,2}-\d{1,2}(?:[Tt]\d{1,2}:\d{1,2}:\d{1,2}(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)| \d{1,2}:\d{1,2}:\d{1,2}(?:\.\d+)?)?$/;

/** Whether the text means itself without quotes. Source: yaml.v2 resolve.go. */
function readsAsText(text: string): boolean {
  if (WORDS.has(text)) return false;
  if (text.startsWith('.')) return !/^\.\d+([eE][-+]?\d+)?$/.test(text);
  if (!/^[-+0-9]/.test(text)) return true;
  if (TIMESTAMP.test(text) || BASE60.test(text)) return false;
  const plain = text.replaceAll('_', '');
  return !INTEGER.test(plain) && !FLOAT.test(plain);
}

const isLetter = (character: string) => /^\p{L}$/u.test(character);
const isDigit = (character: string | undefined) => character !== undefined && /^\p{Nd}$/u.test(character);

/** `a2` before `a10`, marks before letters. Source: yaml.v2 sorter.go. */
export function compareKeys(left: string, right: string): number {
  const [a, b] = [[...left], [...right]];
  for (let at = 0; at < a.length && at < b.length; at += 1) {
    const [x, y] = [a[at] as string, b[at] as string];
    if (x === y) continue;
    const [xLetter, yLetter] = [isLetter(x), isLetter(y)];
    if (xLetter && yLetter) return order(x, y);
    if (xLetter || yLetter) return yLetter ? -1 : 1;
    return compareNumbers(a, b, at);
  }
  return a.length - b.length;
}

const order = (x: string, y: string) => (x.codePointAt(0) ?? 0) - (y.codePointAt(0) ?? 0);

function compareNumbers(a: readonly string[], b: readonly string[], at: number): number {
  let base = 0n;
  if (a[at] === '0' || b[at] === '0') {
    for (let before = at - 1; before >= 0 && isDigit(a[before]); before -= 1) if (a[before] !== '0') base = 1n;
  }
  const [left, leftEnd] = numberFrom(a, at, base);
  const [right, rightEnd] = numberFrom(b, at, base);
  if (left !== right) return left < right ? -1 : 1;
  return leftEnd - rightEnd || order(a[at] as string, b[at] as string);
}

function numberFrom(characters: readonly string[], from: number, base: bigint): readonly [bigint, number] {
  let value = base;
  let at = from;
  for (; isDigit(characters[at]); at += 1)
    value = BigInt.asIntN(64, value * 10n + BigInt((characters[at]?.codePointAt(0) ?? 48) - 48));
  return [value, at];
}
