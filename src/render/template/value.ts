import { compareTexts } from './bytes.ts';

/**
 * What templates compute with. Go's `int` is a `bigint`, its `float64` a `number`: values from YAML are floats, literals
 * ints, and Go never takes one for the other. `null` is a nil inside of data; `undefined` is no value at all, what a
 * pipeline makes of nil: a field of it is nothing again, whereas a field of `null` is an error.
 */
export type Value =
  | undefined
  | null
  | boolean
  | number
  | bigint
  | string
  | SizedInt
  | ByteList
  | GoObject
  | GoList
  | GoMap;

export type GoMap = Map<string, Value>;
export type GoList = Value[];

export type IntKind = 'int64' | 'int32' | 'uint8' | 'uint32' | 'uint64';

/** An integer that is not of Go's type `int`. */
export class SizedInt {
  readonly kind: IntKind;
  readonly value: bigint;

  constructor(kind: IntKind, value: bigint) {
    this.kind = kind;
    this.value = kind === 'int64' ? BigInt.asIntN(64, value) : value;
  }
}

export const int64 = (value: bigint): SizedInt => new SizedInt('int64', value);

/** Go's `[]byte`. */
export class ByteList {
  readonly bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }
}

export interface GoObjectShape {
  readonly typeName: string;
  readonly kind?: 'struct' | 'ptr' | 'map' | 'slice';
  /** Fields of a struct, entries of a map. */
  readonly fields?: GoMap;
  readonly items?: GoList;
  readonly methods?: ReadonlyMap<string, GoFunction>;
  /** What `String()` answers. */
  readonly text?: string;
  /** What JSON and YAML make of it. */
  readonly json?: Value;
  /** An instant, for the functions of dates: ms since 1970. */
  readonly timeMs?: number;
}

/** A value of a type with methods, such as `.Files` or `.Capabilities`. */
export class GoObject {
  readonly typeName: string;
  readonly kind: 'struct' | 'ptr' | 'map' | 'slice';
  readonly fields: GoMap;
  readonly items: GoList;
  readonly methods: ReadonlyMap<string, GoFunction>;
  readonly text: string | undefined;
  readonly json: Value;
  readonly timeMs: number | undefined;

  constructor(shape: GoObjectShape) {
    this.typeName = shape.typeName;
    this.kind = shape.kind ?? 'struct';
    this.fields = shape.fields ?? new Map();
    this.items = shape.items ?? [];
    this.methods = shape.methods ?? new Map();
    this.text = shape.text;
    this.json = shape.json ?? (this.kind === 'slice' ? this.items : this.fields);
    this.timeMs = shape.timeMs;
  }
}

export const isMap = (value: Value): value is GoMap => value instanceof Map;
export const isList = (value: Value): value is GoList => Array.isArray(value);

/** The entries of what is a map to Go. */
export function mapOf(value: Value): GoMap | undefined {
  if (isMap(value)) return value;
  return value instanceof GoObject && value.kind === 'map' ? value.fields : undefined;
}

/** The items of what is a slice to Go. */
export function listOf(value: Value): readonly Value[] | undefined {
  if (isList(value)) return value;
  if (value instanceof ByteList) return [...value.bytes].map((byte) => new SizedInt('uint8', BigInt(byte)));
  return value instanceof GoObject && value.kind === 'slice' ? value.items : undefined;
}

/** The number of what is an integer to Go. */
export function intOf(value: Value): bigint | undefined {
  if (typeof value === 'bigint') return value;
  return value instanceof SizedInt ? value.value : undefined;
}

/** As `reflect.Kind` prints it. */
export function kindOf(value: Value): string {
  if (value === undefined || value === null) return 'invalid';
  switch (typeof value) {
    case 'boolean':
      return 'bool';
    case 'number':
      return 'float64';
    case 'bigint':
      return 'int';
    case 'string':
      return 'string';
  }
  if (value instanceof SizedInt) return value.kind;
  if (value instanceof ByteList || isList(value)) return 'slice';
  return value instanceof GoObject ? value.kind : 'map';
}

/** As `%T` prints it. */
export function typeOf(value: Value): string {
  if (value === undefined || value === null) return '<nil>';
  if (value instanceof ByteList) return '[]uint8';
  if (value instanceof GoObject) return value.typeName;
  if (isList(value)) return '[]interface {}';
  return isMap(value) ? 'map[string]interface {}' : kindOf(value);
}

/** Go's truth: of templates, and of sprig's `empty` turned round. */
export function isTrue(value: Value): boolean {
  if (value === undefined || value === null) return false;
  if (typeof value === 'boolean') return value;
  // NaN is not zero.
  if (typeof value === 'number') return value !== 0;
  if (typeof value === 'bigint') return value !== 0n;
  if (typeof value === 'string') return value !== '';
  if (value instanceof SizedInt) return value.value !== 0n;
  if (value instanceof ByteList) return value.bytes.length > 0;
  if (isList(value)) return value.length > 0;
  if (isMap(value)) return value.size > 0;
  if (value.kind === 'map') return value.fields.size > 0;
  return value.kind === 'slice' ? value.items.length > 0 : true;
}

/** Keys in Go's order. */
export function sortedKeys(map: ReadonlyMap<string, unknown>): readonly string[] {
  return [...map.keys()].sort(compareTexts);
}

/** JSON as Helm reads it: every number is a float. */
export function fromJson(json: unknown): Value {
  if (Array.isArray(json)) return json.map(fromJson);
  if (typeof json === 'object' && json !== null)
    return new Map(Object.entries(json).map(([key, value]) => [key, fromJson(value)]));
  return json as null | boolean | number | string;
}

/** `reflect.DeepEqual`: of one type, and the same all the way down. */
export function deepEqual(left: Value, right: Value): boolean {
  if (left === null || left === undefined) return right === null || right === undefined;
  if (left instanceof SizedInt)
    return right instanceof SizedInt && left.kind === right.kind && left.value === right.value;
  if (left instanceof ByteList) return right instanceof ByteList && Buffer.compare(left.bytes, right.bytes) === 0;
  if (isList(left))
    return isList(right) && left.length === right.length && left.every((item, index) => deepEqual(item, right[index]));
  if (isMap(left)) {
    if (!isMap(right) || left.size !== right.size) return false;
    return [...left].every(([key, item]) => right.has(key) && deepEqual(item, right.get(key)));
  }
  if (left instanceof GoObject)
    return right instanceof GoObject && left.typeName === right.typeName && deepEqual(left.json, right.json);
  return left === right;
}

/**
 * Spends what it takes to walk through a value: a step for all that is reached, as often as it is reached, more for long
 * texts and for what is nested deep. To be asked before a value is copied, compared or written: lists that hold a list
 * twice, which hold a list twice, are small and have no end.
 */
export function weigh(value: Value, spend: (steps: number) => void, depth = 0): void {
  spend(1 + (depth >> 3) + (typeof value === 'string' ? value.length >> 4 : 0));
  if (value instanceof GoObject) weigh(value.json, spend, depth + 1);
  else if (isList(value)) for (const item of value) weigh(item, spend, depth + 1);
  else if (isMap(value))
    for (const [key, item] of value) {
      spend(key.length >> 4);
      weigh(item, spend, depth + 1);
    }
}

/** A copy that shares no map and no list with its original. */
export function deepCopy(value: Value): Value {
  if (isList(value)) return value.map(deepCopy);
  if (isMap(value)) return copyMap(value);
  return value;
}

export function copyMap(map: ReadonlyMap<string, Value>): GoMap {
  return new Map([...map].map(([key, item]) => [key, deepCopy(item)]));
}

/** Types of parameters. `any` takes everything; the others take what Go would assign to them. */
export type ParameterType = 'any' | 'string' | 'int' | 'bool' | 'dict' | 'list' | 'float' | 'time';

/** What a function may ask of the evaluation that calls it. */
export interface CallContext {
  /** What the named template makes of `data`. */
  execute(name: string, data: Value): string;
  /** What this text makes of `data`, seeing all templates that are seen here. */
  executeText(text: string, data: Value): string;
  /** Takes so many steps of those that are left. */
  spend(steps: number): void;
  /** Refuses a text of so many bytes before it is made. */
  checkBytes(bytes: number): void;
  /** Tells whoever asked for the rendering something about this call, with its place. */
  warn(message: string): void;
  /** A number of this call, for what must differ between calls and be the same each time: file, line, column, how often. */
  callId(): string;
}

export interface GoFunction {
  readonly parameters: readonly ParameterType[];
  /** The last parameter may be given any number of times. */
  readonly variadic: boolean;
  /** It copies, compares or writes all that is in its arguments, which is spent before it is called. */
  readonly walks?: boolean;
  call(context: CallContext, args: readonly Value[]): Value;
}
