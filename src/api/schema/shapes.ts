/**
 * The notation of the shapes tables. A table maps a name (`core.v1.Container`) to one line of text:
 *
 *     'core.v1.ContainerPort': 'containerPort! int32; name string; protocol string default=TCP'
 *
 * Fields stand between semicolons: name (`!` = required), type, modifiers.
 * - Types: `string` `boolean` `integer` `int32` `int64` `number` `double` `bytes` (base64) `time` `micro-time` `quantity`
 *   `int-or-string` `object` (any JSON object) `any`; `[]T` list; `{}T` map; else the name of a shape, of the same package
 *   when it has no dot.
 * - Modifiers: `atomic` `granular` `set` `by=a,b` (server-side apply: list and map types), `merge` `merge=key` `replace`
 *   `retainKeys` (strategic merge patch), `default=x`, `enum=a|b`.
 * - In front of the fields: `@kind` (a kind of its own), `@atomic` (applied as one value). In place of a field: `...`
 *   (unknown fields are kept).
 */
import { KUBERNETES_GROUPS, KUBERNETES_SHAPES } from './kubernetes.shapes.ts';
import { METRICS_GROUPS, METRICS_SHAPES } from './metrics.shapes.ts';
import { PLUMBLINE_GROUPS, PLUMBLINE_SHAPES } from './plumbline.shapes.ts';

export type ValueType =
  | 'string'
  | 'boolean'
  | 'integer'
  | 'int32'
  | 'int64'
  | 'number'
  | 'double'
  | 'bytes'
  | 'time'
  | 'micro-time'
  | 'quantity'
  | 'int-or-string'
  | 'object'
  | 'any';

export type ShapeType =
  | { readonly is: 'value'; readonly value: ValueType }
  | { readonly is: 'shape'; readonly name: string }
  | { readonly is: 'list'; readonly items: ShapeType }
  | { readonly is: 'map'; readonly values: ShapeType };

export interface ShapeField {
  readonly name: string;
  readonly required: boolean;
  readonly type: ShapeType;
  /** Word → what stands behind its `=`, '' when nothing does. */
  readonly modifiers: ReadonlyMap<string, string>;
}

export interface Shape {
  readonly name: string;
  readonly isKind: boolean;
  readonly isAtomic: boolean;
  readonly keepsUnknown: boolean;
  readonly fields: readonly ShapeField[];
}

const VALUE_TYPES: ReadonlySet<string> = new Set<ValueType>([
  'string',
  'boolean',
  'integer',
  'int32',
  'int64',
  'number',
  'double',
  'bytes',
  'time',
  'micro-time',
  'quantity',
  'int-or-string',
  'object',
  'any',
]);

const isValueType = (text: string): text is ValueType => VALUE_TYPES.has(text);

const texts: ReadonlyMap<string, string> = new Map([
  ...Object.entries(KUBERNETES_SHAPES),
  ...Object.entries(METRICS_SHAPES),
  ...Object.entries(PLUMBLINE_SHAPES),
]);

const groups: ReadonlyMap<string, string> = new Map([
  ...Object.entries(KUBERNETES_GROUPS),
  ...Object.entries(METRICS_GROUPS),
  ...Object.entries(PLUMBLINE_GROUPS),
]);

const packages: ReadonlyMap<string, string> = new Map(
  [...groups].filter(([name]) => name !== 'meta').map(([name, group]) => [group, name]),
);

const parsed = new Map<string, Shape>();

/** The shape of that name. Throws on a name that stands in no table: a mistake of ours, never of a user. */
export function shapeNamed(name: string): Shape {
  const known = parsed.get(name);
  if (known !== undefined) return known;
  const text = texts.get(name);
  if (text === undefined) throw new Error(`no shape is named ${name}`);
  const shape = parseShape(name, text);
  parsed.set(name, shape);
  return shape;
}

/** The name of a kind's shape; undefined when there is none. */
export function shapeNameOfKind(group: string, version: string, kind: string): string | undefined {
  const own = `${packages.get(group) ?? '?'}.${version}.${kind}`;
  const name = texts.has(own) || group !== '' ? own : `meta.${version}.${kind}`;
  return texts.has(name) && shapeNamed(name).isKind ? name : undefined;
}

/** `core.v1.Pod` → its group, version and kind. */
export function kindOfShape(name: string): { readonly group: string; readonly version: string; readonly kind: string } {
  const [packageName = '', version = '', kind = ''] = name.split('.');
  return { group: groups.get(packageName) ?? '', version, kind };
}

/** Every shape's name. */
export function shapeNames(): readonly string[] {
  return [...texts.keys()];
}

function parseShape(name: string, text: string): Shape {
  const flags = new Set<string>();
  let rest = text;
  for (let match = /^@(\w+) ?/.exec(rest); match !== null; match = /^@(\w+) ?/.exec(rest)) {
    flags.add(match[1] ?? '');
    rest = rest.slice(match[0].length);
  }
  const parts = rest.split('; ').filter((part) => part !== '');
  const packageName = name.slice(0, name.lastIndexOf('.'));
  return {
    name,
    isKind: flags.has('kind'),
    isAtomic: flags.has('atomic'),
    keepsUnknown: parts.includes('...'),
    fields: parts.filter((part) => part !== '...').map((part) => parseField(part, packageName)),
  };
}

function parseField(text: string, packageName: string): ShapeField {
  const [head = '', type = '', ...modifiers] = text.split(' ');
  const required = head.endsWith('!');
  return {
    name: required ? head.slice(0, -1) : head,
    required,
    type: parseType(type, packageName),
    modifiers: new Map(
      modifiers.map((modifier) => {
        const equals = modifier.indexOf('=');
        return equals < 0 ? [modifier, ''] : [modifier.slice(0, equals), modifier.slice(equals + 1)];
      }),
    ),
  };
}

function parseType(text: string, packageName: string): ShapeType {
  if (text.startsWith('[]')) return { is: 'list', items: parseType(text.slice(2), packageName) };
  if (text.startsWith('{}')) return { is: 'map', values: parseType(text.slice(2), packageName) };
  if (isValueType(text)) return { is: 'value', value: text };
  return { is: 'shape', name: text.includes('.') ? text : `${packageName}.${text}` };
}
