import { formatFloat, GoObject, intOf, isList, isMap, sortedKeys, type Value } from '../template/index.ts';

/** TOML as BurntSushi/toml v1.4.0 writes it; of what TOML cannot hold, its complaint. */
export function goToml(value: Value): string {
  const lines = new Lines();
  if (isMap(value)) table(lines, value, []);
  else return 'toml: top-level values must be Go maps or structs';
  return lines.text;
}

class Lines {
  text = '';

  add(depth: number, line: string): void {
    this.text += `${'  '.repeat(depth)}${line}\n`;
  }

  blank(): void {
    if (this.text !== '') this.text += '\n';
  }
}

const isTables = (value: Value): value is Map<string, Value>[] =>
  isList(value) && value.length > 0 && value.every(isMap);

function table(lines: Lines, map: ReadonlyMap<string, Value>, path: readonly string[]): void {
  const depth = path.length;
  const keys = sortedKeys(map).filter((key) => map.get(key) !== null && map.get(key) !== undefined);
  const isBelow = (key: string) => isMap(map.get(key)) || isTables(map.get(key));
  for (const key of keys.filter((name) => !isBelow(name)))
    lines.add(depth, `${keyText(key)} = ${inline(map.get(key))}`);
  for (const key of keys.filter(isBelow)) {
    const inner = [...path, key];
    const name = inner.map(keyText).join('.');
    const value = map.get(key);
    if (depth === 0) lines.blank();
    if (isMap(value)) {
      lines.add(depth, `[${name}]`);
      table(lines, value, inner);
    } else if (isTables(value)) {
      for (const [index, item] of value.entries()) {
        if (index > 0 && depth === 0) lines.blank();
        lines.add(depth, `[[${name}]]`);
        table(lines, item, inner);
      }
    }
  }
}

const keyText = (key: string) => (/^[A-Za-z0-9_-]+$/.test(key) ? key : quoteToml(key));

function inline(value: Value): string {
  if (typeof value === 'string') return quoteToml(value);
  if (typeof value === 'number') return floatText(value);
  if (isList(value)) return `[${value.map(inline).join(', ')}]`;
  if (isMap(value))
    return `{${sortedKeys(value)
      .map((key) => `${keyText(key)} = ${inline(value.get(key))}`)
      .join(', ')}}`;
  if (value instanceof GoObject) return inline(value.json);
  return String(intOf(value) ?? value);
}

function floatText(value: number): string {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  const text = formatFloat(value, 'g', -1);
  if (/^-?\d+$/.test(text)) return `${text}.0`;
  return text.replace(/^(-?\d+)e/, '$1.0e');
}

const ESCAPES: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\b': '\\b',
  '\t': '\\t',
  '\n': '\\n',
  '\f': '\\f',
  '\r': '\\r',
};

function quoteToml(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is escaped.
  const escaped = text.replace(/["\\\u0000-\u001f\u007f]/g, (character) => {
    const code = character.charCodeAt(0).toString(16).padStart(4, '0');
    return ESCAPES[character] ?? `\\u${code}`;
  });
  return `"${escaped}"`;
}
