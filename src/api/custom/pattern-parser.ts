/**
 * Reads regular expressions in the syntax that CustomResourceDefinitions are written in: Go's.
 * Source: go regexp/syntax, package documentation (1.23), behaviour only.
 */

/** Whether a code point belongs to a class. */
export type CharTest = (codePoint: number) => boolean;

export type Assertion = 'text-start' | 'text-end' | 'line-start' | 'line-end' | 'word-edge' | 'no-word-edge';

export type PatternNode =
  | { readonly is: 'empty' }
  | { readonly is: 'char'; readonly test: CharTest }
  | { readonly is: 'assert'; readonly assertion: Assertion }
  | { readonly is: 'all' | 'any'; readonly parts: readonly PatternNode[] }
  /** `max` absent: without end. */
  | { readonly is: 'repeat'; readonly part: PatternNode; readonly min: number; readonly max?: number };

/** Longest expression that is read, in UTF-16 units. */
export const MAX_PATTERN_LENGTH = 10_000;
/** Groups inside groups. Source: go regexp/syntax/parse.go, maxHeight. */
const MAX_NESTING = 200;
/** Source: go regexp/syntax/parse.go, repeat (1.23). */
const MAX_REPEAT = 1_000;

/** An expression that cannot be read; the message is Go's where Go has one. */
export class PatternError extends Error {}

interface Flags {
  readonly ignoreCase: boolean;
  readonly multiLine: boolean;
  readonly dotAll: boolean;
}

/** Throws `PatternError`. */
export function parsePattern(text: string): PatternNode {
  if (text.length > MAX_PATTERN_LENGTH) throw new PatternError(`longer than ${MAX_PATTERN_LENGTH} characters`);
  const parser = new Parser([...text]);
  return parser.whole();
}

const isDigit: CharTest = (c) => c >= 48 && c <= 57;
const isSpace: CharTest = (c) => c === 9 || c === 10 || c === 12 || c === 13 || c === 32;
export const isWord: CharTest = (c) => isDigit(c) || (c >= 65 && c <= 90) || (c >= 97 && c <= 122) || c === 95;
const not =
  (test: CharTest): CharTest =>
  (c) =>
    !test(c);
const between =
  (from: number, to: number): CharTest =>
  (c) =>
    c >= from && c <= to;

const PERL: Readonly<Record<string, CharTest>> = {
  d: isDigit,
  D: not(isDigit),
  s: isSpace,
  S: not(isSpace),
  w: isWord,
  W: not(isWord),
};

const CONTROL: Readonly<Record<string, number>> = { a: 7, f: 12, t: 9, n: 10, r: 13, v: 11 };

const POSIX: Readonly<Record<string, CharTest>> = {
  alnum: (c) => isWord(c) && c !== 95,
  alpha: (c) => isWord(c) && c !== 95 && !isDigit(c),
  ascii: between(0, 127),
  blank: (c) => c === 9 || c === 32,
  cntrl: (c) => c <= 31 || c === 127,
  digit: isDigit,
  graph: between(33, 126),
  lower: between(97, 122),
  print: between(32, 126),
  punct: (c) => c >= 33 && c <= 126 && !(isWord(c) && c !== 95),
  space: (c) => isSpace(c) || c === 11,
  upper: between(65, 90),
  word: isWord,
  xdigit: (c) => isDigit(c) || (c >= 65 && c <= 70) || (c >= 97 && c <= 102),
};

class Parser {
  readonly #chars: readonly string[];
  #at = 0;
  #depth = 0;
  #flags: Flags = { ignoreCase: false, multiLine: false, dotAll: false };

  constructor(chars: readonly string[]) {
    this.#chars = chars;
  }

  whole(): PatternNode {
    const node = this.#alternatives();
    if (this.#at < this.#chars.length) throw new PatternError('unexpected )');
    return node;
  }

  #peek(): string | undefined {
    return this.#chars[this.#at];
  }

  #take(): string {
    const char = this.#chars[this.#at];
    if (char === undefined) throw new PatternError('it ends too early');
    this.#at += 1;
    return char;
  }

  #startsWith(text: string): boolean {
    return [...text].every((char, index) => this.#chars[this.#at + index] === char);
  }

  #skip(text: string): boolean {
    if (!this.#startsWith(text)) return false;
    this.#at += text.length;
    return true;
  }

  #alternatives(): PatternNode {
    this.#depth += 1;
    if (this.#depth > MAX_NESTING) throw new PatternError('expression nests too deeply');
    const parts = [this.#sequence()];
    while (this.#skip('|')) parts.push(this.#sequence());
    this.#depth -= 1;
    return parts.length === 1 ? (parts[0] as PatternNode) : { is: 'any', parts };
  }

  #sequence(): PatternNode {
    const parts: PatternNode[] = [];
    for (let char = this.#peek(); char !== undefined && char !== '|' && char !== ')'; char = this.#peek()) {
      if (this.#skip('\\Q')) {
        while (this.#at < this.#chars.length && !this.#skip('\\E')) parts.push(this.#literal(this.#take()));
        continue;
      }
      const atom = this.#atom();
      if (atom !== undefined) parts.push(this.#repeated(atom));
    }
    return parts.length === 1 ? (parts[0] as PatternNode) : { is: 'all', parts };
  }

  /** Undefined for what is no part of the text: `(?i)`. */
  #atom(): PatternNode | undefined {
    const char = this.#take();
    switch (char) {
      case '(':
        return this.#group();
      case '[':
        return { is: 'char', test: this.#folded(this.#charClass()) };
      case '.':
        return { is: 'char', test: this.#flags.dotAll ? () => true : (c) => c !== 10 };
      case '^':
        return { is: 'assert', assertion: this.#flags.multiLine ? 'line-start' : 'text-start' };
      case '$':
        return { is: 'assert', assertion: this.#flags.multiLine ? 'line-end' : 'text-end' };
      case '\\':
        return this.#escape();
      case '*':
      case '+':
      case '?':
        throw new PatternError(`missing argument to repetition operator: \`${char}\``);
      default:
        return this.#literal(char);
    }
  }

  #literal(char: string): PatternNode {
    const code = char.codePointAt(0) ?? 0;
    return { is: 'char', test: this.#folded((c) => c === code) };
  }

  #folded(test: CharTest): CharTest {
    if (!this.#flags.ignoreCase) return test;
    return (c) => test(c) || foldings(c).some(test);
  }

  #group(): PatternNode | undefined {
    const before = this.#flags;
    if (this.#skip('?')) {
      if (this.#skip('P<') || (this.#startsWith('<') && !this.#startsWith('<=') && !this.#startsWith('<!'))) {
        this.#skip('<');
        this.#groupName();
      } else {
        if (!/^[-imsU:)]$/.test(this.#peek() ?? '')) {
          throw new PatternError(`invalid or unsupported Perl syntax: \`(?${this.#peek() ?? ''}\``);
        }
        this.#flags = this.#readFlags();
        // Flags alone hold to the end of the group they stand in.
        if (this.#skip(')')) return undefined;
        this.#take();
      }
    }
    const node = this.#alternatives();
    if (!this.#skip(')')) throw new PatternError('missing closing )');
    this.#flags = before;
    return node;
  }

  #groupName(): void {
    let name = '';
    for (let char = this.#take(); char !== '>'; char = this.#take()) name += char;
    if (!/^\w+$/.test(name)) throw new PatternError(`invalid named capture: \`(?P<${name}>\``);
  }

  /** Up to the `:` or `)`. */
  #readFlags(): Flags {
    const flags = { ...this.#flags };
    let value = true;
    for (;;) {
      const char = this.#peek();
      if (char === ':' || char === ')') return flags;
      this.#take();
      if (char === '-' && value) value = false;
      else if (char === 'i') flags.ignoreCase = value;
      else if (char === 'm') flags.multiLine = value;
      else if (char === 's') flags.dotAll = value;
      // Which of several matches is found makes no difference to whether there is one.
      else if (char !== 'U') throw new PatternError(`invalid or unsupported Perl syntax: \`(?${char ?? ''}\``);
    }
  }

  #repeated(atom: PatternNode): PatternNode {
    const range = this.#quantifier();
    if (range === undefined) return atom;
    this.#skip('?');
    if (this.#quantifier() !== undefined) throw new PatternError('invalid nested repetition operator');
    return { is: 'repeat', part: atom, ...range };
  }

  #quantifier(): { readonly min: number; readonly max?: number } | undefined {
    if (this.#skip('*')) return { min: 0 };
    if (this.#skip('+')) return { min: 1 };
    if (this.#skip('?')) return { min: 0, max: 1 };
    const text = this.#chars.slice(this.#at, this.#at + 16).join('');
    const match = /^\{(\d+)(?:(,)(\d*))?\}/.exec(text);
    if (match === null) return undefined;
    const [whole, low, comma, high] = match;
    const min = Number(low);
    const max = comma === undefined ? min : high === '' ? undefined : Number(high);
    if (min > MAX_REPEAT || (max ?? 0) > MAX_REPEAT || (max !== undefined && max < min)) {
      throw new PatternError(`invalid repeat count: \`${whole}\``);
    }
    this.#at += whole.length;
    return { min, ...(max === undefined ? {} : { max }) };
  }

  #escape(): PatternNode {
    const char = this.#take();
    switch (char) {
      case 'A':
        return { is: 'assert', assertion: 'text-start' };
      case 'z':
        return { is: 'assert', assertion: 'text-end' };
      case 'b':
        return { is: 'assert', assertion: 'word-edge' };
      case 'B':
        return { is: 'assert', assertion: 'no-word-edge' };
      case 'C':
        return { is: 'char', test: () => true };
      default:
        return { is: 'char', test: this.#folded(this.#escapedClass(char)) };
    }
  }

  /** What an escape stands for, in and outside of brackets. */
  #escapedClass(char: string): CharTest {
    const perl = Object.hasOwn(PERL, char) ? PERL[char] : undefined;
    if (perl !== undefined) return perl;
    if (char === 'p' || char === 'P') return this.#unicodeClass(char === 'P');
    const code = this.#escapedCode(char);
    return (c) => c === code;
  }

  #escapedCode(char: string): number {
    const control = Object.hasOwn(CONTROL, char) ? CONTROL[char] : undefined;
    if (control !== undefined) return control;
    if (char === 'x') return this.#hexCode();
    if (/^[0-7]$/.test(char)) {
      let digits = char;
      while (digits.length < 3 && /^[0-7]$/.test(this.#peek() ?? '')) digits += this.#take();
      // A digit alone would be a reference to a group, which takes more than linear time.
      if (char !== '0' && digits.length === 1) throw new PatternError(`invalid escape sequence: \`\\${char}\``);
      return Number.parseInt(digits, 8);
    }
    if (/^[A-Za-z0-9]$/.test(char)) throw new PatternError(`invalid escape sequence: \`\\${char}\``);
    return char.codePointAt(0) ?? 0;
  }

  #hexCode(): number {
    let digits = '';
    if (this.#skip('{')) for (let char = this.#take(); char !== '}'; char = this.#take()) digits += char;
    else digits = this.#take() + this.#take();
    const code = /^[0-9A-Fa-f]{1,8}$/.test(digits) ? Number.parseInt(digits, 16) : Number.NaN;
    if (!(code <= 0x10_ff_ff)) throw new PatternError(`invalid escape sequence: \`\\x${digits}\``);
    return code;
  }

  #unicodeClass(outside: boolean): CharTest {
    let name = this.#take();
    if (name === '{') {
      name = '';
      for (let char = this.#take(); char !== '}'; char = this.#take()) name += char;
    }
    const inverted = name.startsWith('^');
    const test = unicodeTest(inverted ? name.slice(1) : name);
    return inverted !== outside ? not(test) : test;
  }

  #charClass(): CharTest {
    const inverted = this.#skip('^');
    const tests: CharTest[] = [];
    for (let first = true; first || !this.#startsWith(']'); first = false) {
      const posix = /^\[:(\^?)(\w+):\]/.exec(this.#chars.slice(this.#at, this.#at + 16).join(''));
      if (posix !== null) {
        const test = Object.hasOwn(POSIX, posix[2] ?? '') ? POSIX[posix[2] ?? ''] : undefined;
        if (test === undefined) throw new PatternError(`invalid character class range: \`${posix[0]}\``);
        this.#at += posix[0].length;
        tests.push(posix[1] === '^' ? not(test) : test);
        continue;
      }
      tests.push(this.#classItem());
    }
    this.#take();
    const any: CharTest = (c) => tests.some((test) => test(c));
    return inverted ? not(this.#folded(any)) : any;
  }

  #classItem(): CharTest {
    if (this.#at >= this.#chars.length) throw new PatternError('missing closing ]');
    const char = this.#take();
    if (char === '\\' && /^[dDsSwWpP]$/.test(this.#peek() ?? '')) return this.#escapedClass(this.#take());
    const from = char === '\\' ? this.#escapedCode(this.#take()) : (char.codePointAt(0) ?? 0);
    if (!this.#startsWith('-') || this.#chars[this.#at + 1] === ']') return (c) => c === from;
    this.#take();
    const end = this.#take();
    const to = end === '\\' ? this.#escapedCode(this.#take()) : (end.codePointAt(0) ?? 0);
    if (to < from) throw new PatternError(`invalid character class range: \`${char}-${end}\``);
    return between(from, to);
  }
}

/** Categories and scripts have the same names in Go and in JavaScript. One character at a time: it takes no longer than that. */
function unicodeTest(name: string): CharTest {
  for (const property of [`\\p{${name}}`, `\\p{Script=${name}}`]) {
    if (!/^\w+$/.test(name)) break;
    try {
      const expression = new RegExp(property, 'u');
      return (c) => expression.test(String.fromCodePoint(c));
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error; // No such property: perhaps a script.
    }
  }
  throw new PatternError(`invalid character class range: \`\\p{${name}}\``);
}

/** The other cases of a letter. */
function foldings(codePoint: number): number[] {
  const char = String.fromCodePoint(codePoint);
  return [char.toLowerCase(), char.toUpperCase()]
    .filter((other) => other !== char && [...other].length === 1)
    .map((other) => other.codePointAt(0) ?? 0);
}
