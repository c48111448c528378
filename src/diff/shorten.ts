import { MAX_VALUE_LENGTH } from './limits.ts';

/** Characters shown before the first that differs. */
const LEAD = 40;

/** Two different values, fit to be shown and stored: long ones cut to where they begin to differ. */
export function shortenPair(left: unknown, right: unknown): readonly [unknown, unknown] {
  const [a, b] = [textOf(left), textOf(right)];
  if (a.length <= MAX_VALUE_LENGTH && b.length <= MAX_VALUE_LENGTH) return [left, right];
  let start = 0;
  while (start < a.length && a[start] === b[start]) start += 1;
  const from = Math.max(0, start - LEAD);
  return [shorten(left, a, from), shorten(right, b, from)];
}

function shorten(value: unknown, text: string, from: number): unknown {
  if (value === undefined || (from === 0 && text.length <= MAX_VALUE_LENGTH)) return value;
  const to = Math.min(text.length, from + MAX_VALUE_LENGTH);
  return `${from > 0 ? '…' : ''}${text.slice(from, to)}${to < text.length ? '…' : ''} (${text.length} characters)`;
}

function textOf(value: unknown): string {
  if (value === undefined) return '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}
