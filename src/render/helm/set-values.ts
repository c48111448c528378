import {
  type GoList,
  type GoMap,
  int64,
  isList,
  isMap,
  MAX_INT64,
  MIN_INT64,
  RenderError,
  type Value,
} from '../template/index.ts';
import { chartLimits } from './limits.ts';

/**
 * Puts `a.b=1,c[0].d=x,e={1,2}` into values, as `--set` does; with `asText` every value stays text, as `--set-string`.
 * Throws `ValuesInvalid`. Source: helm pkg/strvals/parser.go (v3.17).
 */
export function setValues(values: GoMap, text: string, asText = false): void {
  new SetParser(text, asText).into(values);
}

class SetParser {
  readonly #text: string;
  readonly #asText: boolean;
  #at = 0;

  constructor(text: string, asText: boolean) {
    this.#text = text;
    this.#asText = asText;
  }

  into(values: GoMap): void {
    while (this.#at < this.#text.length) this.#key(values, 0);
  }

  #fail(message: string): never {
    throw new RenderError('ValuesInvalid', `failed parsing ${JSON.stringify(this.#text.slice(0, 200))}: ${message}`);
  }

  /** Up to one of the marks, which is taken as well; a backslash keeps the next character from being one. */
  #until(marks: string): { readonly text: string; readonly mark: string | undefined } {
    let text = '';
    while (this.#at < this.#text.length) {
      const character = this.#text[this.#at] as string;
      this.#at += 1;
      if (marks.includes(character)) return { text, mark: character };
      if (character === '\\') {
        text += this.#text[this.#at] ?? '';
        this.#at += 1;
      } else text += character;
    }
    return { text, mark: undefined };
  }

  #key(values: GoMap, depth: number): void {
    const { text: key, mark } = this.#until('=[,.');
    if (mark === undefined) {
      if (key !== '') this.#fail(`key ${JSON.stringify(key)} has no value`);
      return;
    }
    if (mark === ',') this.#fail(`key ${JSON.stringify(key)} has no value (cannot end with ,)`);
    if (mark === '=') {
      put(values, key, this.#value());
      return;
    }
    const known = values.get(key);
    if (mark === '[') {
      const index = this.#index();
      if (known !== undefined && known !== null && !isList(known)) this.#fail(`${key} is no list`);
      put(values, key, this.#item(isList(known) ? [...known] : [], index, depth));
      return;
    }
    if (depth >= chartLimits.nestedNames)
      this.#fail(
        `value name nested level is greater than maximum supported nested level of ${chartLimits.nestedNames}`,
      );
    if (known !== undefined && known !== null && !isMap(known)) this.#fail(`${key} is no map`);
    const inner: GoMap = isMap(known) ? known : new Map();
    this.#key(inner, depth + 1);
    if (inner.size === 0) this.#fail(`key map ${JSON.stringify(key)} has no value`);
    put(values, key, inner);
  }

  #index(): number {
    const { text, mark } = this.#until(']');
    if (mark === undefined || !/^\d+$/.test(text)) this.#fail('error parsing index');
    const index = Number(text);
    if (index > chartLimits.listIndex)
      this.#fail(`index of ${text} is greater than maximum supported index of ${chartLimits.listIndex}`);
    return index;
  }

  #item(list: GoList, index: number, depth: number): GoList {
    const { text, mark } = this.#until('[.=');
    if (text !== '') this.#fail(`unexpected data at end of array index: ${JSON.stringify(text)}`);
    const known = list[index];
    while (list.length < index) list.push(null);
    if (mark === '=') list[index] = this.#value();
    else if (mark === '[') list[index] = this.#item(isList(known) ? [...known] : [], this.#index(), depth);
    else if (mark === '.') {
      const inner: GoMap = isMap(known) ? known : new Map();
      this.#key(inner, depth);
      list[index] = inner;
    } else this.#fail('an index has no value');
    return list;
  }

  #value(): Value {
    if (this.#text[this.#at] !== '{') {
      const atEnd = this.#at >= this.#text.length;
      const { text } = this.#until(',');
      return atEnd ? '' : this.#typed(text);
    }
    this.#at += 1;
    const list: GoList = [];
    for (;;) {
      const { text, mark } = this.#until(',}');
      if (mark === undefined) this.#fail("list must terminate with '}'");
      list.push(this.#typed(text));
      if (mark === '}') break;
    }
    if (this.#text[this.#at] === ',') this.#at += 1;
    return list;
  }

  #typed(text: string): Value {
    if (this.#asText) return text;
    const word = text.toLowerCase();
    if (word === 'true') return true;
    if (word === 'false') return false;
    if (word === 'null') return null;
    if (text === '0') return int64(0n);
    if (!/^[+-]?\d+$/.test(text) || text.startsWith('0')) return text;
    const number = BigInt(text.replace(/^\+/, ''));
    return number < MIN_INT64 || number > MAX_INT64 ? text : int64(number);
  }
}

function put(values: GoMap, key: string, value: Value): void {
  if (key !== '') values.set(key, value);
}
