import { StoreError } from './errors.ts';
import { type Operation, storeLimits } from './store.ts';

/** A zero byte, or a surrogate without its other half: text that does not survive UTF-8 or SQL. */
const UNUSABLE = /[\0\p{Surrogate}]/u;

/** UTF-16 units that compare unlike their UTF-8 bytes: surrogates stand below U+E000–U+FFFF though they encode above. */
const FIRST_SURROGATE = 0xd800;
const FIRST_AFTER_SURROGATES = 0xe000;

/** Orders keys by their UTF-8 bytes, as every store does. Negative: `left` comes first. */
export function compareKeys(left: string, right: string): number {
  const length = Math.min(left.length, right.length);
  for (let index = 0; index < length; index += 1) {
    const a = left.charCodeAt(index);
    const b = right.charCodeAt(index);
    if (a === b) continue;
    if (a < FIRST_SURROGATE || b < FIRST_SURROGATE) return a - b;
    return rank(a) - rank(b);
  }
  return left.length - right.length;
}

function rank(unit: number): number {
  return unit < FIRST_AFTER_SURROGATES ? unit + 0x10000 : unit;
}

/** The least key above every key that starts with `prefix`; undefined when there is none. */
export function prefixEnd(prefix: string): string | undefined {
  const points = [...prefix];
  for (let last = points.pop(); last !== undefined; last = points.pop()) {
    const point = last.codePointAt(0) ?? 0;
    if (point === 0x10ffff) continue;
    const next = point + 1 === FIRST_SURROGATE ? FIRST_AFTER_SURROGATES : point + 1;
    return points.join('') + String.fromCodePoint(next);
  }
  return undefined;
}

/** Throws `InvalidCommit` unless the operations keep the limits, name well-formed keys, and each key once. */
export function assertCommit(operations: readonly Operation[]): void {
  if (operations.length === 0) refuse('A commit needs at least one operation.');
  if (operations.length > storeLimits.operationsPerCommit) {
    refuse(`A commit of ${operations.length} operations exceeds the limit of ${storeLimits.operationsPerCommit}.`);
  }
  if (operations.length > 1 && new Set(operations.map(({ key }) => key)).size !== operations.length) {
    refuse('A commit names one key twice.');
  }
  for (const operation of operations) {
    assertKey(operation.key);
    if (operation.type === 'put' && operation.value.byteLength > storeLimits.valueBytes) {
      refuse(`${operation.key}: a value of ${operation.value.byteLength} bytes exceeds ${storeLimits.valueBytes}.`);
    }
  }
}

function assertKey(key: string): void {
  if (key === '' || UNUSABLE.test(key)) refuse('A key is empty or not well-formed text.');
  if (key.length * 3 > storeLimits.keyBytes && Buffer.byteLength(key) > storeLimits.keyBytes) {
    refuse(`A key of ${Buffer.byteLength(key)} bytes exceeds ${storeLimits.keyBytes}.`);
  }
}

function refuse(message: string): never {
  throw new StoreError('InvalidCommit', message);
}
