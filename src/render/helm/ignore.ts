import { RenderError } from '../template/index.ts';
import { base } from './functions/paths.ts';

interface Rule {
  readonly negated: boolean;
  readonly directoryOnly: boolean;
  matches(path: string): boolean;
}

/**
 * Which files a `.helmignore` keeps out of a chart. A folder that is ignored takes along all below it.
 * Source: helm pkg/ignore/rules.go (v3.17).
 */
export function ignoreRules(text: string, place: string): (path: string) => boolean {
  const rules: Rule[] = [readRule('templates/.?*') as Rule];
  for (const [index, line] of text
    .replace(/^\ufeff/, '')
    .split('\n')
    .entries()) {
    const problem = readRule(line.trim());
    if (typeof problem === 'string')
      throw new RenderError('ChartInvalid', problem, { path: place, line: index + 1, column: 1 });
    if (problem !== undefined) rules.push(problem);
  }
  const ignores = (path: string, isDirectory: boolean): boolean => {
    for (const { negated, directoryOnly, matches } of rules) {
      if (negated) {
        if ((directoryOnly && !isDirectory) || !matches(path)) return true;
      } else if ((!directoryOnly || isDirectory) && matches(path)) return true;
    }
    return false;
  };
  return (path) => {
    const parts = path.split('/');
    for (let count = 1; count < parts.length; count += 1)
      if (ignores(parts.slice(0, count).join('/'), true)) return true;
    return ignores(path, false);
  };
}

/** A rule; a text when it cannot be read. */
function readRule(line: string): Rule | string | undefined {
  if (line === '' || line.startsWith('#')) return undefined;
  if (line.includes('**')) return 'double-star (**) syntax is not supported';
  const negated = line.startsWith('!');
  const bare = negated ? line.slice(1) : line;
  const directoryOnly = bare.endsWith('/');
  const pattern = directoryOnly ? bare.slice(0, -1) : bare;
  const anchored = pattern.startsWith('/');
  const test = compile(anchored ? pattern.slice(1) : pattern);
  if (test === undefined) return `syntax error in pattern ${JSON.stringify(line)}`;
  const whole = anchored || pattern.includes('/');
  return { negated, directoryOnly, matches: (path) => test.test(whole ? path : base(path)) };
}

/** Go's `filepath.Match`: a star does not cross a slash. */
function compile(pattern: string): RegExp | undefined {
  const source = pattern.replace(/\\.|\[\^?(?:\\.|[^\]\\])+\]|[\s\S]/g, (part) => {
    if (part === '*') return '[^/]*';
    if (part === '?') return '[^/]';
    if (part.startsWith('[') && part.length > 1) return part;
    const literal = part.startsWith('\\') ? part.slice(1) : part;
    return literal.replace(/[\\.+*?()|[\]{}^$/]/g, '\\$&');
  });
  try {
    return new RegExp(`^${source}$`);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
