import type { Json } from '../meta/object.ts';
import { ApiError } from '../meta/status.ts';
import { MAX_DEPTH } from './limits.ts';
import { keepsInteger } from './scalar.ts';

export interface StrictJson {
  readonly value: Json;
  /** Field paths of keys that stand twice in one object: `spec.replicas`, `spec.containers[0].image`. The last value won. */
  readonly duplicates: readonly string[];
}

/** Doubled keys told per body. */
const MAX_DUPLICATES = 20;

/**
 * Parses a request body. Throws `BadRequest` when it is not JSON, is nested deeper than `MAX_DEPTH`, or holds a number
 * that a double cannot keep. A key named `__proto__` is data. Takes about three times as long as `JSON.parse`.
 */
export function parseJsonStrict(text: string): StrictJson {
  const duplicates = new JsonScan(text).run();
  try {
    return { value: JSON.parse(text) as Json, duplicates };
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    throw new ApiError('BadRequest', `the body is not valid JSON: ${detail.slice(0, 200)}`, undefined, error);
  }
}

interface Level {
  /** Keys seen, when this is an object. */
  readonly keys: Set<string> | undefined;
  /** Where the level is: the key or index now being read. */
  key: string;
  index: number;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_MAP = 0x7b;
const CLOSE_MAP = 0x7d;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const COMMA = 0x2c;
const COLON = 0x3a;
const NUMBER = /-?\d+([.eE][\d.eE+-]*)?/y;

/** One pass over the characters. Text that is no JSON may give any answer: `JSON.parse` refuses it after. */
class JsonScan {
  readonly #text: string;
  readonly #levels: Level[] = [];
  readonly #duplicates: string[] = [];
  #position = 0;

  constructor(text: string) {
    this.#text = text;
  }

  run(): string[] {
    const text = this.#text;
    while (this.#position < text.length) {
      const code = text.charCodeAt(this.#position);
      if (code === QUOTE) this.#string();
      else if (code === OPEN_MAP || code === OPEN_LIST) this.#open(code === OPEN_MAP);
      else if (code === CLOSE_MAP || code === CLOSE_LIST) this.#close();
      else if (code === COMMA) this.#comma();
      else if (code === 0x2d || (code >= 0x30 && code <= 0x39)) this.#number();
      else this.#position += 1;
    }
    return this.#duplicates;
  }

  #open(isMap: boolean): void {
    this.#levels.push({ keys: isMap ? new Set() : undefined, key: '', index: 0 });
    if (this.#levels.length > MAX_DEPTH) {
      throw new ApiError('BadRequest', `the body is nested deeper than ${MAX_DEPTH} levels`);
    }
    this.#position += 1;
  }

  #close(): void {
    this.#levels.pop();
    this.#position += 1;
  }

  #comma(): void {
    const level = this.#levels.at(-1);
    if (level !== undefined) level.index += 1;
    this.#position += 1;
  }

  #string(): void {
    const text = this.#text;
    const start = this.#position;
    let end = text.indexOf('"', start + 1);
    while (end > 0 && isEscaped(text, end, start)) end = text.indexOf('"', end + 1);
    this.#position = end < 0 ? text.length : end + 1;
    const level = this.#levels.at(-1);
    if (end < 0 || level?.keys === undefined || !this.#colonFollows()) return;
    const key = unquote(text.slice(start, end + 1));
    if (key === undefined) return;
    level.key = key;
    if (level.keys.has(key) && this.#duplicates.length < MAX_DUPLICATES) this.#duplicates.push(this.#path());
    level.keys.add(key);
  }

  #colonFollows(): boolean {
    let at = this.#position;
    while (at < this.#text.length && this.#text.charCodeAt(at) <= 0x20) at += 1;
    return this.#text.charCodeAt(at) === COLON;
  }

  #number(): void {
    NUMBER.lastIndex = this.#position;
    const match = NUMBER.exec(this.#text);
    if (match === null) {
      this.#position += 1;
      return;
    }
    const [number, fraction] = match;
    this.#position += number.length;
    const exact = fraction !== undefined || keepsInteger(number) || Math.abs(Number(number)) > 2 ** 63;
    if (exact && Number.isFinite(Number(number))) return;
    const what = exact ? 'is beyond the range of a double' : 'is beyond ±2^53 and cannot be kept exact';
    throw new ApiError('BadRequest', `the number ${number.slice(0, 40)} at ${this.#path()} ${what}`);
  }

  #path(): string {
    let path = '';
    for (const { keys, key, index } of this.#levels) {
      if (keys === undefined) path += `[${index}]`;
      else path += path === '' ? key : `.${key}`;
    }
    return path;
  }
}

/** Whether an odd number of backslashes stands before `at`. */
function isEscaped(text: string, at: number, start: number): boolean {
  let before = at - 1;
  while (before > start && text.charCodeAt(before) === BACKSLASH) before -= 1;
  return (at - before) % 2 === 0;
}

/** The key behind its JSON text: `"a\u0062"` and `"ab"` are the same key. */
function unquote(quoted: string): string | undefined {
  if (!quoted.includes('\\')) return quoted.slice(1, -1);
  try {
    return JSON.parse(quoted) as string;
  } catch {
    // Not a JSON string, so not JSON: `JSON.parse` of the whole body says so.
    return undefined;
  }
}
