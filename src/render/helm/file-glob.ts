/**
 * A test for paths as `.Files.Glob` means it: `*` stays in its folder, `**` does not, `?` is one character, `[abc]` one of
 * a set, `{a,b}` either. What cannot be read takes everything, as Helm does. Source: gobwas/glob with the separator `/`.
 */
export function compileFileGlob(pattern: string): (path: string) => boolean {
  const expression = pattern.length > MAX_PATTERN ? undefined : translate(pattern);
  return (path) => expression === undefined || expression.test(path);
}

const MAX_PATTERN = 1_024;

function translate(pattern: string): RegExp | undefined {
  let depth = 0;
  const source = pattern.replace(/\\[\s\S]|\*\*+|\[!?[^\]]+\]|[\s\S]/g, (part) => {
    if (part === '*') return '[^/]*';
    if (part.startsWith('**')) return '[\\s\\S]*';
    if (part === '?') return '[^/]';
    if (part === '{') depth += 1;
    if (part === '}') depth -= 1;
    if (part === '{') return '(?:';
    if (part === '}') return ')';
    if (part === ',' && depth > 0) return '|';
    if (part.startsWith('[') && part.length > 1) return part.replace(/^\[!/, '[^').replaceAll('\\', '\\\\');
    return part.replace(/^\\([\s\S])$/, '$1').replace(/[\\.+*?()|[\]{}^$]/g, '\\$&');
  });
  try {
    return new RegExp(`^(?:${source})$`);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
