import { define, FunctionProblem, type GoFunction } from '../../template/index.ts';
import { sizeOf } from './convert.ts';

/** Longest expression that is looked at, in characters. */
const MAX_PATTERN = 2_000;

const CLASSES: Readonly<Record<string, string>> = {
  alnum: '0-9A-Za-z',
  alpha: 'A-Za-z',
  ascii: '\\x00-\\x7F',
  blank: '\\t ',
  cntrl: '\\x00-\\x1F\\x7F',
  digit: '0-9',
  graph: '!-~',
  lower: 'a-z',
  print: ' -~',
  punct: '!-\\/:-@\\[-`\\{-~',
  space: '\\t\\n\\v\\f\\r ',
  upper: 'A-Z',
  word: '0-9A-Za-z_',
  xdigit: '0-9A-Fa-f',
};

/** RE2's own: what JavaScript reads in another way, or not at all. Source: google/re2 doc/syntax.txt. */
const ESCAPES: Readonly<Record<string, string>> = {
  s: '[\\t\\n\\f\\r ]',
  S: '[^\\t\\n\\f\\r ]',
  A: '(?<![\\s\\S])',
  z: '(?![\\s\\S])',
  a: '\\x07',
};

/**
 * The same expression for JavaScript. Refused are the few things that RE2 has and JavaScript has not. Leftmost-first
 * matching, which Go's functions use, is JavaScript's as well.
 */
function translate(pattern: string): RegExp {
  if (pattern.length > MAX_PATTERN)
    throw new FunctionProblem(`an expression of ${pattern.length} characters is too long`);
  let flags = 'u';
  let source = '';
  let at = 0;
  const leading = /^\(\?([imsU]+)\)/.exec(pattern);
  let multiline = false;
  let dotAll = false;
  if (leading !== null) {
    at = leading[0].length;
    for (const flag of leading[1] ?? '') {
      if (flag === 'U') unsupported(pattern, '(?U)');
      if (flag === 'i') flags += 'i';
      if (flag === 'm') multiline = true;
      if (flag === 's') dotAll = true;
    }
  }
  while (at < pattern.length) {
    const character = pattern[at] as string;
    if (character === '\\') {
      const [text, length] = escapeAt(pattern, at, false);
      source += text;
      at += length;
    } else if (character === '[') {
      const [text, length] = characterClass(pattern, at);
      source += text;
      at += length;
    } else if (character === '(') {
      const named = /^\(\?P?<([A-Za-z_]\w*)>/.exec(pattern.slice(at));
      const other = /^\(\?(?!:)/.test(pattern.slice(at));
      if (named !== null) {
        source += `(?<${named[1]}>`;
        at += named[0].length;
      } else if (other) unsupported(pattern, pattern.slice(at, at + 5));
      else {
        source += character;
        at += 1;
      }
    } else if (character === '.') {
      source += dotAll ? '[\\s\\S]' : '[^\\n]';
      at += 1;
    } else if (character === '^') {
      source += multiline ? '(?<=^|\\n)' : '(?<![\\s\\S])';
      at += 1;
    } else if (character === '$') {
      source += multiline ? '(?=\\n|(?![\\s\\S]))' : '(?![\\s\\S])';
      at += 1;
    } else if (character === '{' && !/^\{\d+(,\d*)?\}/.test(pattern.slice(at))) {
      source += '\\{';
      at += 1;
    } else if (character === '{') {
      const repeat = /^\{\d+(,\d*)?\}/.exec(pattern.slice(at))?.[0] ?? '';
      if (/\d{4,}/.test(repeat)) throw new FunctionProblem(`error parsing regexp: invalid repeat count: \`${repeat}\``);
      source += repeat;
      at += repeat.length;
    } else if (character === '}' || character === ']') {
      source += `\\${character}`;
      at += 1;
    } else {
      source += character;
      at += 1;
    }
  }
  try {
    return new RegExp(source, flags);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new FunctionProblem(`error parsing regexp: ${error.message}`);
  }
}

function unsupported(pattern: string, part: string): never {
  throw new FunctionProblem(`the expression ${JSON.stringify(pattern)} has ${part}, which is not supported here`);
}

/** What an escape stands for, and how long it is. */
function escapeAt(pattern: string, at: number, inClass: boolean): readonly [string, number] {
  const next = pattern[at + 1];
  if (next === undefined)
    throw new FunctionProblem('error parsing regexp: trailing backslash at end of expression: ``');
  if (next === 'Q') {
    const end = pattern.indexOf('\\E', at);
    const literal = pattern.slice(at + 2, end < 0 ? undefined : end);
    return [quoteMeta(literal), end < 0 ? pattern.length - at : end + 2 - at];
  }
  const hex = /^\\x\{([0-9A-Fa-f]+)\}/.exec(pattern.slice(at));
  if (hex !== null) return [`\\u{${hex[1]}}`, hex[0].length];
  const property = /^\\([pP])(?:([A-Z])|\{(\^?)(\w+)\})/.exec(pattern.slice(at));
  if (property !== null) {
    const [whole, sign, letter, not, name = letter ?? ''] = property;
    const negated = (sign === 'P') !== (not === '^');
    const script = name.length > 2 ? `Script=${name}` : name;
    return [`\\${negated ? 'P' : 'p'}{${script}}`, whole.length];
  }
  const own = ESCAPES[next];
  if (own !== undefined && !inClass) return [own, 2];
  if (next === 's') return ['\\t\\n\\f\\r ', 2];
  if (inClass && next === 'S') unsupported(pattern, '\\S in a class');
  if (/[dDwWbBtnrfv]/.test(next)) return [`\\${next}`, 2];
  const octal = /^\\(0[0-7]{0,2}|[1-7][0-7]{1,2})/.exec(pattern.slice(at));
  if (octal !== null) return [`\\u{${Number.parseInt(octal[1] ?? '0', 8).toString(16)}}`, octal[0].length];
  const hexByte = /^\\x[0-9A-Fa-f]{2}/.exec(pattern.slice(at));
  if (hexByte !== null) return [hexByte[0], 4];
  if (/[A-Za-z0-9]/.test(next))
    throw new FunctionProblem(`error parsing regexp: invalid escape sequence: \`\\${next}\``);
  return [inClass ? inClassLiteral(next) : quoteMeta(next), 2];
}

const inClassLiteral = (character: string) => (/[\\\]\-^[]/.test(character) ? `\\${character}` : character);

function characterClass(pattern: string, start: number): readonly [string, number] {
  let at = start + 1;
  let text = '[';
  if (pattern[at] === '^') {
    text += '^';
    at += 1;
  }
  for (let first = true; ; first = false) {
    const character = pattern[at];
    if (character === undefined) throw new FunctionProblem('error parsing regexp: missing closing ]');
    if (character === ']' && !first) return [`${text}]`, at + 1 - start];
    const named = /^\[:(\^?)(\w+):\]/.exec(pattern.slice(at));
    if (named !== null) {
      const set = CLASSES[named[2] ?? ''];
      if (set === undefined)
        throw new FunctionProblem(`error parsing regexp: invalid character class range: \`${named[0]}\``);
      if (named[1] === '^') unsupported(pattern, named[0]);
      text += set;
      at += named[0].length;
    } else if (character === '\\') {
      const [escaped, length] = escapeAt(pattern, at, true);
      text += escaped;
      at += length;
    } else {
      text += character === '[' || character === ']' ? `\\${character}` : character;
      at += 1;
    }
  }
}

export const quoteMeta = (text: string): string => text.replace(/[\\.+*?()|[\]{}^$]/g, '\\$&');

/** Matches one after the other. Go takes no empty one right behind another. */
function* matchesOf(pattern: string, text: string): Generator<RegExpMatchArray & { readonly index: number }> {
  let end = -1;
  for (const match of text.matchAll(globally(translate(pattern)))) {
    if (match[0] === '' && match.index === end) continue;
    end = match.index + match[0].length;
    yield match;
  }
}

const globally = (expression: RegExp) => new RegExp(expression.source, `${expression.flags}g`);

function findAll(pattern: string, text: string, count: number): string[] {
  const found: string[] = [];
  if (count === 0) return found;
  for (const [match] of matchesOf(pattern, text)) {
    found.push(match);
    if (count > 0 && found.length === count) break;
  }
  return found;
}

/** Go's `$1`, `${1}`, `$name`: the longest word counts. */
function expand(template: string, match: RegExpMatchArray): string {
  return template.replace(
    /\$(?:\$|(\w+)|\{(\w+)\})/g,
    (whole, bare: string | undefined, braced: string | undefined) => {
      const name = bare ?? braced;
      if (name === undefined) return whole === '$$' ? '$' : whole;
      return (/^\d+$/.test(name) ? match[Number(name)] : match.groups?.[name]) ?? '';
    },
  );
}

function replaceAll(pattern: string, text: string, by: (match: RegExpMatchArray) => string): string {
  let replaced = '';
  let at = 0;
  for (const match of matchesOf(pattern, text)) {
    replaced += text.slice(at, match.index) + by(match);
    at = match.index + match[0].length;
  }
  return replaced + text.slice(at);
}

function split(pattern: string, text: string, count: number): string[] {
  if (count === 0) return [];
  const parts: string[] = [];
  if (pattern !== '' && text === '') return [''];
  let start = 0;
  let end = 0;
  for (const match of matchesOf(pattern, text)) {
    if (count > 0 && parts.length === count - 1) break;
    end = match.index;
    if (match.index + match[0].length !== 0) parts.push(text.slice(start, end));
    start = match.index + match[0].length;
  }
  if (end !== text.length) parts.push(text.slice(start));
  return parts;
}

const match = define('string, string', (_, pattern, text) => translate(pattern).test(text));
const all = define('string, string, int', (_, pattern, text, count) => findAll(pattern, text, sizeOf(count)));
const find = define('string, string', (_, pattern, text) => translate(pattern).exec(text)?.[0] ?? '');
const replace = define('string, string, string', (_, pattern, text, by) =>
  replaceAll(pattern, text, (found) => expand(by, found)),
);
const literally = define('string, string, string', (_, pattern, text, by) => replaceAll(pattern, text, () => by));
const splitBy = define('string, string, int', (_, pattern, text, count) => split(pattern, text, sizeOf(count)));

/** Regular expressions. What may take long is ended by whoever runs the renderer. Source: Masterminds/sprig v3.3.0 regex.go. */
export const REGEX: Readonly<Record<string, GoFunction>> = {
  // Unlike all others this one answers false to an expression that cannot be read.
  regexMatch: define('string, string', (_, pattern, text) => {
    try {
      return translate(pattern).test(text);
    } catch (error) {
      if (error instanceof FunctionProblem && error.message.startsWith('error parsing')) return false;
      throw error;
    }
  }),
  mustRegexMatch: match,
  regexFindAll: all,
  mustRegexFindAll: all,
  regexFind: find,
  mustRegexFind: find,
  regexReplaceAll: replace,
  mustRegexReplaceAll: replace,
  regexReplaceAllLiteral: literally,
  mustRegexReplaceAllLiteral: literally,
  regexSplit: splitBy,
  mustRegexSplit: splitBy,
  regexQuoteMeta: define('string', (_, text) => quoteMeta(text)),
};
