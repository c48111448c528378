/** Alternatives that one pattern's braces may expand to. */
const MAX_ALTERNATIVES = 256;
/** Longest pattern that is looked at. */
const MAX_PATTERN = 1_024;

/**
 * A test for paths, as Argo CD's `directory.include` and `exclude` mean it: `*` matches any characters, `/` too; `?`
 * one character; `[abc]`, `[a-c]`, `[!a]` one of a set; `{a,b}` either. Linear in the path for each alternative, so a
 * pattern from a repository cannot hang the program. Source: gobwas/glob without separators, as argo-cd
 * reposerver/repository.go uses it (v3.0). Undefined: the pattern cannot be read.
 */
export function compileGlob(pattern: string): ((path: string) => boolean) | undefined {
  if (pattern.length > MAX_PATTERN) return undefined;
  const alternatives = expandBraces(pattern);
  if (alternatives === undefined) return undefined;
  const compiled: (readonly Token[])[] = [];
  for (const alternative of alternatives) {
    const tokens = tokenize(alternative);
    if (tokens === undefined) return undefined;
    compiled.push(tokens);
  }
  return (path) => compiled.some((tokens) => matches(tokens, path));
}

type Token = '*' | ((character: string) => boolean);

function expandBraces(pattern: string): readonly string[] | undefined {
  const open = findUnescaped(pattern, 0, '{');
  if (open < 0) return [pattern];
  const parts: string[] = [];
  let depth = 0;
  let from = open + 1;
  for (let index = open; index < pattern.length; index += 1) {
    const character = pattern[index];
    if (character === '\\') index += 1;
    else if (character === '{') depth += 1;
    else if (character === ',' && depth === 1) {
      parts.push(pattern.slice(from, index));
      from = index + 1;
    } else if (character === '}') {
      depth -= 1;
      if (depth > 0) continue;
      parts.push(pattern.slice(from, index));
      return expandAll(pattern.slice(0, open), parts, pattern.slice(index + 1));
    }
  }
  return undefined;
}

function expandAll(before: string, parts: readonly string[], after: string): readonly string[] | undefined {
  const expanded: string[] = [];
  for (const part of parts) {
    const inner = expandBraces(before + part + after);
    if (inner === undefined || expanded.length + inner.length > MAX_ALTERNATIVES) return undefined;
    expanded.push(...inner);
  }
  return expanded;
}

function findUnescaped(text: string, from: number, wanted: string): number {
  for (let index = from; index < text.length; index += 1) {
    if (text[index] === '\\') index += 1;
    else if (text[index] === wanted) return index;
  }
  return -1;
}

function tokenize(pattern: string): readonly Token[] | undefined {
  const tokens: Token[] = [];
  for (let index = 0; index < pattern.length; index += 1) {
    const character = pattern[index] as string;
    if (character === '*') {
      if (tokens.at(-1) !== '*') tokens.push('*');
    } else if (character === '?') tokens.push(() => true);
    else if (character === '[') {
      const close = pattern.indexOf(']', index + 2);
      if (close < 0) return undefined;
      tokens.push(characterSet(pattern.slice(index + 1, close)));
      index = close;
    } else {
      if (character === '\\') index += 1;
      const literal = pattern[index];
      if (literal === undefined) return undefined;
      tokens.push((candidate) => candidate === literal);
    }
  }
  return tokens;
}

function characterSet(body: string): (character: string) => boolean {
  const negated = body.startsWith('!');
  const set = negated ? body.slice(1) : body;
  const range = /^(.)-(.)$/.exec(set);
  const low = range?.[1];
  const high = range?.[2];
  const holds =
    low !== undefined && high !== undefined
      ? (character: string) => character >= low && character <= high
      : (character: string) => set.includes(character);
  return (character) => holds(character) !== negated;
}

/** Greedy with one step back: a later star makes an earlier one's choice final. */
function matches(tokens: readonly Token[], text: string): boolean {
  let token = 0;
  let star = -1;
  let resume = 0;
  let index = 0;
  while (index < text.length) {
    const current = tokens[token];
    if (current === '*') {
      star = token;
      token += 1;
      resume = index;
    } else if (current?.(text[index] as string)) {
      token += 1;
      index += 1;
    } else if (star >= 0) {
      token = star + 1;
      resume += 1;
      index = resume;
    } else return false;
  }
  while (tokens[token] === '*') token += 1;
  return token === tokens.length;
}
