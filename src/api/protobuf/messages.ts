/**
 * The notation of the messages table. It maps a name (`core.v1.ServicePort`) to one line of text:
 *
 *     'core.v1.ServicePort': '1 name string; 3 port! int32; 4 targetPort int-or-string; 6 appProtocol? string'
 *
 * Fields stand between semicolons: number, name in JSON, type. `@kind` in front: a kind of its own.
 * - Types: `string` `bool` `int32` `int64` `double` `bytes` (base64 in JSON), and messages that are values in JSON: `time`
 *   `micro-time` `quantity` `int-or-string` `strings` (a list) `raw-object` (bytes that hold any object) `raw-json` (any
 *   value) `schema-or-array` `schema-or-bool` `schema-or-strings` (of JSONSchemaProps); `[]T` list; `{}T` map by text; else
 *   the name of a message, of the same package when it has no dot.
 * - Marks: `?` the field may be absent, so that its zero says something; `!` its zero is written in JSON too. Without a
 *   mark, zero means absent. `^` in place of a name: the message's fields stand in the same JSON object.
 */
import { KUBERNETES_GROUPS } from '../schema/kubernetes.shapes.ts';
import { KUBERNETES_MESSAGES } from './kubernetes.messages.ts';
import { OPENAPI_MESSAGES } from './openapi.messages.ts';

export type ScalarType = 'string' | 'bool' | 'int32' | 'int64' | 'double' | 'bytes';

/** Messages that are something other than an object of their fields in JSON. */
export type ValueMessageType =
  | 'time'
  | 'micro-time'
  | 'quantity'
  | 'int-or-string'
  | 'strings'
  | 'raw-object'
  | 'raw-json'
  | 'schema-or-array'
  | 'schema-or-bool'
  | 'schema-or-strings';

export type FieldType =
  | { readonly is: 'scalar'; readonly scalar: ScalarType }
  | { readonly is: 'value'; readonly value: ValueMessageType }
  | { readonly is: 'message'; readonly name: string };

export interface MessageField {
  readonly number: number;
  /** The name in JSON; '' when the fields of the message stand beside its own. */
  readonly name: string;
  readonly many: 'no' | 'list' | 'map';
  readonly type: FieldType;
  /** `absent`: a zero is a value. `zero`: a zero means that nothing was said. `written`: the same, but JSON has the zero. */
  readonly empty: 'absent' | 'zero' | 'written';
}

export interface Message {
  readonly name: string;
  readonly isKind: boolean;
  /** By rising number. */
  readonly fields: readonly MessageField[];
  readonly byNumber: ReadonlyMap<number, MessageField>;
}

const SCALARS: ReadonlySet<string> = new Set<ScalarType>(['string', 'bool', 'int32', 'int64', 'double', 'bytes']);

const VALUES: ReadonlySet<string> = new Set<ValueMessageType>([
  'time',
  'micro-time',
  'quantity',
  'int-or-string',
  'strings',
  'raw-object',
  'raw-json',
  'schema-or-array',
  'schema-or-bool',
  'schema-or-strings',
]);

const isScalar = (text: string): text is ScalarType => SCALARS.has(text);
const isValue = (text: string): text is ValueMessageType => VALUES.has(text);

const packages: ReadonlyMap<string, string> = new Map(
  Object.entries(KUBERNETES_GROUPS)
    .filter(([name]) => name !== 'meta')
    .map(([name, group]) => [group, name]),
);

const texts: ReadonlyMap<string, string> = new Map([
  ...Object.entries(KUBERNETES_MESSAGES),
  ...Object.entries(OPENAPI_MESSAGES),
]);
const parsed = new Map<string, Message>();

/** The message of that name. Throws on a name that stands in no table: a mistake of ours, never of a user. */
export function messageNamed(name: string): Message {
  const known = parsed.get(name);
  if (known !== undefined) return known;
  const text = texts.get(name);
  if (text === undefined) throw new Error(`no message is named ${name}`);
  const message = messageOf(name, text);
  parsed.set(name, message);
  return message;
}

/**
 * The message of a kind; undefined when the kind has no protobuf form. Options, `Status` and `List` belong to every group:
 * clients write `apps/v1` over the DeleteOptions of a Deployment.
 */
export function messageOfKind(group: string, version: string, kind: string): Message | undefined {
  for (const name of [`${packages.get(group) ?? '?'}.${version}.${kind}`, `meta.${version}.${kind}`]) {
    if (!texts.has(name)) continue;
    const message = messageNamed(name);
    if (message.isKind) return message;
  }
  return undefined;
}

/** Whether objects of a kind can be read and written as protobuf: those of custom resources cannot. */
export function hasProtobufForm(type: {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}): boolean {
  return messageOfKind(type.group, type.version, type.kind) !== undefined;
}

/** Every message's name. */
export function messageNames(): readonly string[] {
  return [...texts.keys()];
}

const KIND_FLAG = '@kind';

/** The message that a line of the notation tells of. */
export function messageOf(name: string, text: string): Message {
  const isKind = text.startsWith(KIND_FLAG);
  const packageName = name.slice(0, name.lastIndexOf('.'));
  const parts = (isKind ? text.slice(KIND_FLAG.length) : text).split(';').map((part) => part.trim());
  const fields = parts.filter((part) => part !== '').map((part) => parseField(part, packageName));
  return { name, isKind, fields, byNumber: new Map(fields.map((field) => [field.number, field])) };
}

function parseField(text: string, packageName: string): MessageField {
  const [number = '', label = '', typeText = ''] = text.split(' ');
  const many = typeText.startsWith('[]') ? 'list' : typeText.startsWith('{}') ? 'map' : 'no';
  const mark = /[?!^]$/.exec(label)?.[0];
  return {
    number: Number(number),
    name: mark === undefined ? label : label.slice(0, -1),
    many,
    type: parseType(many === 'no' ? typeText : typeText.slice(2), packageName),
    empty: mark === '?' ? 'absent' : mark === '!' ? 'written' : 'zero',
  };
}

function parseType(text: string, packageName: string): FieldType {
  if (isScalar(text)) return { is: 'scalar', scalar: text };
  if (isValue(text)) return { is: 'value', value: text };
  return { is: 'message', name: text.includes('.') ? text : `${packageName}.${text}` };
}
