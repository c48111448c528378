import { parsePointer } from '#api';

/** One step of an ignore rule into a value. */
export type IgnoreStep =
  | { readonly type: 'key'; readonly key: string }
  /** Every item of a list, or every value of a map. */
  | { readonly type: 'each' }
  | { readonly type: 'index'; readonly index: number }
  /** The items whose field has this value: `select(.name == "x")` after `[]`. */
  | { readonly type: 'select'; readonly field: readonly string[]; readonly value: unknown };

export type IgnorePath = readonly IgnoreStep[];

/** Longest expression that is read, in characters. */
const MAX_LENGTH = 1024;

/** `/spec/template/spec/containers/0/image`; undefined when it is no JSON pointer, or points at the whole object. */
export function parsePointerRule(pointer: string): IgnorePath | undefined {
  const tokens = pointer.length > MAX_LENGTH ? undefined : parsePointer(pointer);
  return tokens === undefined || tokens.length === 0 ? undefined : tokens.map((key) => ({ type: 'key', key }));
}

const FIELD = /\s*\.?([A-Za-z_][A-Za-z0-9_]*)\??/y;
const QUOTED = /\s*\.("(?:[^"\\]|\\.)*")\??/y;
const BRACKET = /\s*\.?\[\s*(?:(-?\d{1,9})|("(?:[^"\\]|\\.)*"))?\s*\]\??/y;
const SELECT =
  /\s*\|\s*select\(\s*\.((?:[A-Za-z_][A-Za-z0-9_]*)(?:\.[A-Za-z_][A-Za-z0-9_]*)*)\s*==\s*("(?:[^"\\]|\\.)*"|-?\d{1,15}|true|false)\s*\)/y;
const PIPE = /\s*\|\s*(?=\.)/y;

/**
 * The paths of jq that ignore rules are written in: `.spec.replicas`, `.spec.template.spec.containers[].image`,
 * `.metadata.annotations["a/b"]`, `.x[0]`, `.x[]?`, `.x[] | select(.name == "y") | .image`. Undefined for all other jq.
 */
export function parseJqRule(expression: string): IgnorePath | undefined {
  const text = expression.trim();
  if (text.length > MAX_LENGTH || !text.startsWith('.')) return undefined;
  const steps: IgnoreStep[] = [];
  let position = 0;
  const take = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = position;
    const match = pattern.exec(text);
    if (match !== null) position = pattern.lastIndex;
    return match;
  };
  while (position < text.length) {
    const step = readStep(take, steps.at(-1), text[position] === '.' || steps.length > 0);
    if (step === undefined) return undefined;
    if (step !== 'pipe') steps.push(step);
  }
  return steps.length === 0 ? undefined : steps;
}

function readStep(
  take: (pattern: RegExp) => RegExpExecArray | null,
  before: IgnoreStep | undefined,
  allowed: boolean,
): IgnoreStep | 'pipe' | undefined {
  if (!allowed) return undefined;
  const select = take(SELECT);
  if (select !== null) {
    if (before?.type !== 'each') return undefined;
    return { type: 'select', field: (select[1] ?? '').split('.'), value: JSON.parse(select[2] ?? 'null') as unknown };
  }
  if (take(PIPE) !== null) return 'pipe';
  const bracket = take(BRACKET);
  if (bracket !== null) return bracketStep(bracket[1], bracket[2]);
  const quoted = take(QUOTED);
  if (quoted !== null) return keyStep(quoted[1] ?? '""');
  const field = take(FIELD);
  return field === null || !field[0].trimStart().startsWith('.') ? undefined : { type: 'key', key: field[1] ?? '' };
}

function bracketStep(index: string | undefined, quoted: string | undefined): IgnoreStep | undefined {
  if (quoted !== undefined) return keyStep(quoted);
  if (index === undefined) return { type: 'each' };
  // Counting from the end is not supported.
  return index.startsWith('-') ? undefined : { type: 'index', index: Number(index) };
}

function keyStep(quoted: string): IgnoreStep | undefined {
  try {
    return { type: 'key', key: JSON.parse(quoted) as string };
  } catch {
    // An escape that JSON does not have: not a rule we can read.
    return undefined;
  }
}
