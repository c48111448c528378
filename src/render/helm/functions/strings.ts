import {
  byteLength,
  byteSlice,
  define,
  FunctionProblem,
  formatValue,
  type GoFunction,
  quote,
  type Value,
  walking,
} from '../../template/index.ts';
import { sizeOf, stringOf, stringsOf } from './convert.ts';

const isNil = (value: Value) => value === undefined || value === null;

/** Functions of sprig on texts. Source: Masterminds/sprig v3.3.0 strings.go. */
export const STRINGS: Readonly<Record<string, GoFunction>> = {
  trim: define('string', (_, text) => trimSpace(text)),
  trimAll: define('string, string', (_, cut, text) => trimSet(text, cut)),
  trimall: define('string, string', (_, cut, text) => trimSet(text, cut)),
  trimPrefix: define('string, string', (_, cut, text) => (text.startsWith(cut) ? text.slice(cut.length) : text)),
  trimSuffix: define('string, string', (_, cut, text) =>
    cut !== '' && text.endsWith(cut) ? text.slice(0, -cut.length) : text,
  ),
  upper: define('string', (_, text) => upper(text)),
  lower: define('string', (_, text) => lower(text)),
  title: define('string', (_, text) => title(text)),
  untitle: define('string', (_, text) => eachWordStart(text, lower)),
  repeat: define('int, string', (context, count, text) => {
    if (count < 0n) throw new FunctionProblem('strings: negative Repeat count');
    context.checkBytes(sizeOf(count) * text.length);
    return text.repeat(sizeOf(count));
  }),
  substr: define('int, int, string', (_, start, end, text) => substring(sizeOf(start), sizeOf(end), text)),
  nospace: define('string', (_, text) => text.replace(/[\p{White_Space}]/gu, '')),
  trunc: define('int, string', (_, count, text) => truncate(sizeOf(count), text)),
  abbrev: define('int, string', (_, width, text) => abbreviate(text, 0, sizeOf(width))),
  abbrevboth: define('int, int, string', (_, left, right, text) => abbreviateBoth(text, sizeOf(left), sizeOf(right))),
  initials: define('string', (_, text) => initials(text)),
  wrap: define('int, string', (_, width, text) => wrap(text, sizeOf(width), '\n', false)),
  wrapWith: define('int, string, string', (context, width, separator, text) => {
    context.spend(text.length);
    context.checkBytes(text.length + Math.ceil(text.length / Math.max(sizeOf(width), 1)) * separator.length);
    return wrap(text, sizeOf(width), separator, true);
  }),
  contains: define('string, string', (_, part, text) => text.includes(part)),
  hasPrefix: define('string, string', (_, part, text) => text.startsWith(part)),
  hasSuffix: define('string, string', (_, part, text) => text.endsWith(part)),
  indent: define('int, string', (context, spaces, text) => {
    context.checkBytes(text.length + sizeOf(spaces));
    return indent(spaces, text);
  }),
  nindent: define('int, string', (context, spaces, text) => {
    context.checkBytes(text.length + sizeOf(spaces));
    return `\n${indent(spaces, text)}`;
  }),
  replace: define('string, string, string', (context, old, by, text) => {
    const count = old === '' ? text.length + 1 : text.split(old).length - 1;
    context.checkBytes(text.length + count * by.length);
    return old === '' ? between(text, by) : text.split(old).join(by);
  }),
  plural: define('string, string, int', (_, one, many, count) => (count === 1n ? one : many)),
  snakecase: define('string', (_, text) => wordsOf(text).join('_')),
  kebabcase: define('string', (_, text) => wordsOf(text).join('-')),
  camelcase: define('string', (_, text) => pascal(text)),
  swapcase: define('string', (_, text) => swapCase(text)),
  split: define('string, string', (_, separator, text) => numbered(splitGo(text, separator))),
  splitn: define('string, int, string', (_, separator, count, text) =>
    numbered(splitGo(text, separator, sizeOf(count))),
  ),
  splitList: define('string, string', (_, separator, text) => [...splitGo(text, separator)]),
  hello: define('', () => 'Hello!'),
  ...walking({
    quote: define('any...', (_, ...values) =>
      values
        .filter((value) => !isNil(value))
        .map((value) => quote(stringOf(value)))
        .join(' '),
    ),
    squote: define('any...', (_, ...values) =>
      values
        .filter((value) => !isNil(value))
        .map((value) => `'${formatValue(value)}'`)
        .join(' '),
    ),
    cat: define('any...', (_, ...values) =>
      values
        .filter((value) => !isNil(value))
        .map(formatValue)
        .join(' '),
    ),
    toString: define('any', (_, value) => stringOf(value)),
    toStrings: define('any', (_, value) => stringsOf(value)),
    join: define('string, any', (_, separator, value) => stringsOf(value).join(separator)),
  }),
};

/** Go's `strings.TrimSpace`. */
export const trimSpace = (text: string): string => text.replace(/^\p{White_Space}+|\p{White_Space}+$/gu, '');

function trimSet(text: string, set: string): string {
  const characters = [...text];
  let start = 0;
  let end = characters.length;
  while (start < end && set.includes(characters[start] as string)) start += 1;
  while (end > start && set.includes(characters[end - 1] as string)) end -= 1;
  return characters.slice(start, end).join('');
}

/** Go maps each character to one: `ß` stays. */
function mapCharacters(text: string, change: (character: string) => string): string {
  // Of ASCII each is one anyway.
  return text.replace(/\p{ASCII}+|./gsu, (part) => {
    const changed = change(part);
    return changed.length === part.length || [...changed].length === 1 ? changed : part;
  });
}

export const upper = (text: string): string => mapCharacters(text, (character) => character.toUpperCase());
export const lower = (text: string): string => mapCharacters(text, (character) => character.toLowerCase());

/** Go's `strings.Title`: the first letter after what is neither letter, digit, underscore nor (for ASCII) a mark inside words. */
function title(text: string): string {
  let before = ' ';
  let titled = '';
  for (const character of text) {
    titled += separates(before) ? upper(character) : character;
    before = character;
  }
  return titled;
}

function separates(character: string): boolean {
  if (/^[0-9A-Za-z_]$/.test(character)) return false;
  if (character.charCodeAt(0) < 0x80) return true;
  return /^\p{White_Space}$/u.test(character);
}

function eachWordStart(text: string, change: (character: string) => string): string {
  let start = true;
  let changed = '';
  for (const character of text) {
    changed += start ? change(character) : character;
    start = /^\p{White_Space}$/u.test(character);
  }
  return changed;
}

function swapCase(text: string): string {
  return [...text].map((character) => (/^\p{Lu}$/u.test(character) ? lower(character) : upper(character))).join('');
}

function substring(start: number, end: number, text: string): string {
  const length = byteLength(text);
  const check = (from: number, to: number): string => {
    if (from > to || to > length || from < 0)
      throw new FunctionProblem(`slice bounds out of range [${from}:${to}] with length ${length}`);
    return byteSlice(text, from, to);
  };
  if (start < 0) return check(0, end);
  return end < 0 || end > length ? check(start, length) : check(start, end);
}

function truncate(count: number, text: string): string {
  const length = byteLength(text);
  if (count < 0 && length + count > 0) return byteSlice(text, length + count);
  return count >= 0 && length > count ? byteSlice(text, 0, count) : text;
}

/** Source: Masterminds/goutils v1.1.1 stringutils.go, AbbreviateFull. */
function abbreviate(text: string, start: number, width: number): string {
  if (width < 4) return text;
  const length = byteLength(text);
  if (length <= width) return text;
  let offset = Math.min(start, length);
  if (length - offset < width - 3) offset = length - (width - 3);
  if (offset <= 4) return `${byteSlice(text, 0, width - 3)}...`;
  if (width < 7) return '';
  if (offset + width - 3 < length) return `...${abbreviate(byteSlice(text, offset), 0, width - 3)}`;
  return `...${byteSlice(text, length - (width - 3))}`;
}

function abbreviateBoth(text: string, left: number, right: number): string {
  return right < 4 || (left > 0 && right < 7) ? text : abbreviate(text, left, right);
}

function initials(text: string): string {
  let result = '';
  let start = true;
  for (const character of text) {
    const space = /^\p{White_Space}$/u.test(character);
    if (start && !space) result += character;
    start = space;
  }
  return result;
}

/** Source: Masterminds/goutils v1.1.1 wordutils.go, WrapCustom. */
function wrap(text: string, width: number, separator: string, breaksWords: boolean): string {
  const room = Math.max(width, 1);
  const mark = separator === '' ? '\n' : separator;
  let wrapped = '';
  let offset = 0;
  while (text.length - offset > room) {
    if (text[offset] === ' ') {
      offset += 1;
      continue;
    }
    const space = text.slice(offset, offset + room + 1).lastIndexOf(' ');
    if (space >= 0) {
      wrapped += text.slice(offset, offset + space) + mark;
      offset += space + 1;
    } else if (breaksWords) {
      wrapped += text.slice(offset, offset + room) + mark;
      offset += room;
    } else {
      const next = text.indexOf(' ', offset + room);
      if (next < 0) break;
      wrapped += text.slice(offset, next) + mark;
      offset = next + 1;
    }
  }
  return wrapped + text.slice(offset);
}

function indent(spaces: bigint, text: string): string {
  if (spaces < 0n) throw new FunctionProblem('strings: negative Repeat count');
  const pad = ' '.repeat(sizeOf(spaces));
  return pad + text.replaceAll('\n', `\n${pad}`);
}

const between = (text: string, by: string) => by + [...text].map((character) => character + by).join('');

/** Go's `strings.SplitN`: an empty separator gives the characters. */
function splitGo(text: string, separator: string, count = -1): readonly string[] {
  if (count === 0) return [];
  const parts = separator === '' ? [...text] : text.split(separator);
  if (count < 0 || parts.length <= count) return parts;
  return [...parts.slice(0, count - 1), parts.slice(count - 1).join(separator)];
}

const numbered = (parts: readonly string[]) => new Map<string, Value>(parts.map((part, index) => [`_${index}`, part]));

type CharacterClass = 'upper' | 'lower' | 'digit' | 'connector' | 'other';

function classOf(character: string): CharacterClass {
  if (character === '_' || character === '-' || /^\p{White_Space}$/u.test(character)) return 'connector';
  if (/^\p{Lu}$/u.test(character)) return 'upper';
  if (/^\p{Nd}$/u.test(character)) return 'digit';
  return /^[\p{L}]$/u.test(character) ? 'lower' : 'other';
}

/** Words in lower case: `HTTPServer2` is http, server2. Source: huandu/xstrings v1.5.0 convert.go, camelCaseToLowerCase. */
function wordsOf(text: string): readonly string[] {
  const words: string[] = [];
  let word = '';
  let before: CharacterClass | undefined;
  const characters = [...text];
  for (const [index, character] of characters.entries()) {
    const now = classOf(character);
    if (now === 'connector') {
      words.push(word);
      word = '';
      before = undefined;
      continue;
    }
    const next = characters[index + 1];
    const nextIsLower = next !== undefined && classOf(next) === 'lower';
    if (before !== undefined && now === 'upper' && (before !== 'upper' || nextIsLower)) {
      words.push(word);
      word = '';
    }
    word += lower(character);
    before = now;
  }
  return [...words, word];
}

/** Source: huandu/xstrings v1.5.0 convert.go, ToPascalCase. */
function pascal(text: string): string {
  let result = '';
  let raise = true;
  for (const character of text) {
    if (classOf(character) === 'connector') {
      if (result === '' || raise) result += result === '' ? character : '';
      raise = true;
      continue;
    }
    result += raise ? upper(character) : lower(character);
    raise = false;
  }
  return result;
}
