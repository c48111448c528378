import {
  ByteList,
  FunctionProblem,
  formatFloat,
  GoObject,
  intOf,
  isList,
  printable,
  sortedKeys,
  type Value,
} from '../template/index.ts';

/** Levels of lists and maps that are written. */
const MAX_DEPTH = 1_000;

export interface JsonStyle {
  /** `<`, `>` and `&` as `\u003c` and so on, as Go's encoder does unless told not to. */
  readonly escapesHtml: boolean;
  readonly indent: string;
}

/** JSON as Go's encoding/json writes it. Throws `FunctionProblem` for what JSON cannot hold. */
export function goJson(value: Value, style: JsonStyle = { escapesHtml: true, indent: '' }): string {
  return write(value, style, '\n', 0);
}

function write(value: Value, style: JsonStyle, line: string, depth: number): string {
  if (depth > MAX_DEPTH) throw new FunctionProblem('json: nested too deep');
  if (value === undefined || value === null) return 'null';
  if (typeof value === 'string') return quoteJson(value, style);
  if (typeof value === 'boolean') return String(value);
  if (typeof value === 'number') return numberText(value);
  const int = intOf(value);
  if (int !== undefined) return String(int);
  if (value instanceof ByteList) return `"${Buffer.from(value.bytes).toString('base64')}"`;
  if (value instanceof GoObject) return write(value.json, style, line, depth + 1);
  const pretty = style.indent !== '';
  const inner = pretty ? line + style.indent : '';
  const outer = pretty ? line : '';
  if (isList(value)) {
    if (value.length === 0) return '[]';
    const items = value.map((item) => inner + write(item, style, inner, depth + 1));
    return `[${items.join(',')}${outer}]`;
  }
  const map = value as ReadonlyMap<string, Value>;
  if (map.size === 0) return '{}';
  const colon = pretty ? ': ' : ':';
  const entries = sortedKeys(map).map(
    (key) => inner + quoteJson(key, style) + colon + write(map.get(key), style, inner, depth + 1),
  );
  return `{${entries.join(',')}${outer}}`;
}

/** Source: go encoding/json encode.go, floatEncoder. */
function numberText(value: number): string {
  if (!Number.isFinite(value)) throw new FunctionProblem(`json: unsupported value: ${formatFloat(value, 'g', -1)}`);
  const size = Math.abs(value);
  if (size === 0 || (size >= 1e-6 && size < 1e21)) return formatFloat(value, 'f', -1);
  return formatFloat(value, 'e', -1).replace(/e-0(\d)$/, 'e-$1');
}

function quoteJson(text: string, { escapesHtml }: JsonStyle): string {
  const quoted = JSON.stringify(printable(text)).replace(/[\u2028\u2029]/g, escapeCode);
  return escapesHtml ? quoted.replace(/[<>&]/g, escapeCode) : quoted;
}

const escapeCode = (character: string) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
