import { RenderError } from './errors.ts';

export type TokenType =
  | 'text'
  | 'open'
  | 'close'
  | 'space'
  | 'identifier'
  | 'keyword'
  | 'field'
  | 'variable'
  | 'bool'
  | 'nil'
  | 'dot'
  | 'number'
  | 'char'
  | 'string'
  | 'rawString'
  | 'assign'
  | 'declare'
  | 'pipe'
  | '('
  | ')'
  | ','
  | 'end';

export interface Token {
  readonly type: TokenType;
  readonly text: string;
  /** Where it begins in the source. */
  readonly at: number;
}

const KEYWORDS = new Set(['block', 'break', 'continue', 'define', 'else', 'end', 'if', 'range', 'template', 'with']);

const LEFT = '{{';
const RIGHT = '}}';
const SPACE = ' \t\r\n';
const WORD = /[\p{L}\p{Nd}_]/u;
/** A number as far as it can go; what may not follow is checked after. Source: go text/template/parse/lex.go scanNumber. */
const NUMBER =
  /[+-]?(?:0[xX][0-9a-fA-F_]*(?:\.[0-9a-fA-F_]*)?(?:[pP][+-]?[0-9_]*)?|0[bB][01_]*|0[oO][0-7_]*|[0-9_]*(?:\.[0-9_]*)?(?:[eE][+-]?[0-9_]*)?)i?/y;

/** The place of an offset: line from 1, column in bytes from 1. */
export function placeIn(source: string, path: string, at: number) {
  const before = source.slice(0, at);
  const lineStart = before.lastIndexOf('\n') + 1;
  let line = 1;
  for (let found = before.indexOf('\n'); found >= 0; found = before.indexOf('\n', found + 1)) line += 1;
  return { path, line, column: Buffer.byteLength(before.slice(lineStart)) + 1 };
}

/**
 * Cuts a template into tokens, with comments and trimmed spaces gone. Throws `TemplateInvalid`.
 * Source: Go text/template/parse/lex.go (go1.23).
 */
export function lex(source: string, path: string): readonly Token[] {
  return new Lexer(source, path).run();
}

class Lexer {
  readonly #source: string;
  readonly #path: string;
  readonly #tokens: Token[] = [];
  #at = 0;

  constructor(source: string, path: string) {
    this.#source = source;
    this.#path = path;
  }

  run(): readonly Token[] {
    const source = this.#source;
    while (this.#at < source.length) {
      const open = source.indexOf(LEFT, this.#at);
      const trims = open >= 0 && source[open + 2] === '-' && isSpace(source[open + 3]);
      const text = source.slice(this.#at, open < 0 ? source.length : open);
      const kept = trims ? text.replace(/[ \t\r\n]+$/, '') : text;
      if (kept !== '') this.#add('text', kept, this.#at);
      if (open < 0) break;
      const inside = open + (trims ? 4 : 2);
      if (source.startsWith('/*', inside)) {
        this.#comment(open, inside);
        continue;
      }
      this.#add('open', LEFT, open);
      this.#at = inside;
      this.#action();
    }
    this.#add('end', '', source.length);
    return this.#tokens;
  }

  #comment(open: number, inside: number): void {
    const end = this.#source.indexOf('*/', inside + 2);
    if (end < 0) this.#fail(open, 'unclosed comment');
    this.#at = end + 2;
    const close = this.#closing();
    if (close === undefined) this.#fail(open, 'comment ends before closing delimiter');
    this.#leave(close);
  }

  /** Length of the closing delimiter here, and whether it trims what follows. */
  #closing(): { readonly length: number; readonly trims: boolean } | undefined {
    const source = this.#source;
    if (isSpace(source[this.#at]) && source[this.#at + 1] === '-' && source.startsWith(RIGHT, this.#at + 2))
      return { length: 4, trims: true };
    return source.startsWith(RIGHT, this.#at) ? { length: 2, trims: false } : undefined;
  }

  #leave({ length, trims }: { readonly length: number; readonly trims: boolean }): void {
    this.#at += length;
    if (trims) while (isSpace(this.#source[this.#at])) this.#at += 1;
  }

  #action(): void {
    const source = this.#source;
    let depth = 0;
    for (;;) {
      const start = this.#at;
      const close = this.#closing();
      if (close !== undefined) {
        if (depth > 0) this.#fail(start, 'unclosed left paren');
        this.#add('close', RIGHT, start);
        this.#leave(close);
        return;
      }
      const character = source[start];
      if (character === undefined) this.#fail(start, 'unclosed action');
      else if (isSpace(character)) this.#spaces();
      else if (character === '=') this.#one('assign');
      else if (character === ':') {
        if (source[start + 1] !== '=') this.#fail(start, 'expected :=');
        this.#take('declare', 2);
      } else if (character === '|') this.#one('pipe');
      else if (character === '"') this.#quoted('string', '"');
      else if (character === "'") this.#quoted('char', "'");
      else if (character === '`') this.#raw();
      else if (character === '$') this.#word('variable', 1);
      else if (character === '.' && !isDigit(source[start + 1])) this.#dot();
      else if (character === '.' || character === '+' || character === '-' || isDigit(character)) this.#number();
      else if (character === '(') {
        this.#one('(');
        depth += 1;
      } else if (character === ')') {
        depth -= 1;
        if (depth < 0) this.#fail(start, 'unexpected right paren');
        this.#one(')');
      } else if (character === ',') this.#one(',');
      else if (isWordAt(source, start)) this.#identifier();
      else this.#fail(start, `unrecognized character in action: ${name(source, start)}`);
    }
  }

  /** The space before a trimming delimiter belongs to the delimiter. */
  #spaces(): void {
    const start = this.#at;
    while (isSpace(this.#source[this.#at])) this.#at += 1;
    const trimming = this.#source.startsWith(`-${RIGHT}`, this.#at);
    if (trimming) this.#at -= 1;
    if (this.#at > start) this.#tokens.push({ type: 'space', text: ' ', at: start });
  }

  #quoted(type: 'string' | 'char', quote: string): void {
    const start = this.#at;
    for (let at = start + 1; at < this.#source.length; at += 1) {
      const character = this.#source[at];
      if (character === '\\' && this.#source[at + 1] !== '\n') at += 1;
      else if (character === '\n') break;
      else if (character === quote) {
        this.#take(type, at + 1 - start);
        return;
      }
    }
    this.#fail(start, type === 'string' ? 'unterminated quoted string' : 'unterminated character constant');
  }

  #raw(): void {
    const end = this.#source.indexOf('`', this.#at + 1);
    if (end < 0) this.#fail(this.#at, 'unterminated raw quoted string');
    this.#take('rawString', end + 1 - this.#at);
  }

  #dot(): void {
    if (isWordAt(this.#source, this.#at + 1)) this.#word('field', 1);
    else {
      this.#ends(this.#at + 1);
      this.#one('dot');
    }
  }

  #word(type: 'variable' | 'field', skip: number): void {
    const end = endOfWord(this.#source, this.#at + skip);
    this.#ends(end);
    this.#take(type, end - this.#at);
  }

  #identifier(): void {
    const end = endOfWord(this.#source, this.#at);
    this.#ends(end);
    const word = this.#source.slice(this.#at, end);
    const type =
      word === 'true' || word === 'false'
        ? 'bool'
        : word === 'nil'
          ? 'nil'
          : KEYWORDS.has(word)
            ? 'keyword'
            : 'identifier';
    this.#take(type, word.length);
  }

  #number(): void {
    NUMBER.lastIndex = this.#at;
    const text = NUMBER.exec(this.#source)?.[0] ?? '';
    const end = this.#at + text.length;
    if (isWordAt(this.#source, end) || !/[0-9]/.test(text)) {
      this.#fail(
        this.#at,
        `bad number syntax: ${JSON.stringify(this.#source.slice(this.#at, endOfWord(this.#source, end)))}`,
      );
    }
    if (text.endsWith('i')) this.#fail(this.#at, 'complex numbers are not supported');
    this.#take('number', text.length);
  }

  /** A word ends at a space, a mark or the delimiter. */
  #ends(at: number): void {
    const next = this.#source[at];
    if (next === undefined || isSpace(next) || '.,|:)('.includes(next) || this.#source.startsWith(RIGHT, at)) return;
    this.#fail(at, `bad character ${name(this.#source, at)}`);
  }

  #one(type: TokenType): void {
    this.#take(type, 1);
  }

  #take(type: TokenType, length: number): void {
    this.#add(type, this.#source.slice(this.#at, this.#at + length), this.#at);
    this.#at += length;
  }

  #add(type: TokenType, text: string, at: number): void {
    this.#tokens.push({ type, text, at });
  }

  #fail(at: number, message: string): never {
    throw new RenderError('TemplateInvalid', message, placeIn(this.#source, this.#path, at));
  }
}

const isSpace = (character: string | undefined) => character !== undefined && SPACE.includes(character);
const isDigit = (character: string | undefined) => character !== undefined && character >= '0' && character <= '9';

function characterAt(source: string, at: number): string {
  const code = source.codePointAt(at);
  return code === undefined ? '' : String.fromCodePoint(code);
}

const isWordAt = (source: string, at: number) => WORD.test(characterAt(source, at));

function endOfWord(source: string, from: number): number {
  let at = from;
  for (let character = characterAt(source, at); WORD.test(character); character = characterAt(source, at))
    at += character.length;
  return at;
}

/** As Go's `%#U`. */
function name(source: string, at: number): string {
  const character = characterAt(source, at);
  const code = (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
  return `U+${code} '${character}'`;
}
