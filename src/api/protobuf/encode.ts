import { groupOf, versionOf } from '../meta/object.ts';
import { ApiError } from '../meta/status.ts';
import { getField, isJsonObject, type JsonObject, jsonTypeOf } from '../schema/json.ts';
import { writeEnvelope } from './envelope.ts';
import { type FieldType, type Message, type MessageField, messageNamed, messageOfKind } from './messages.ts';
import { VALUE_CODECS, ValueError } from './values.ts';
import { WIRE, WireWriter } from './wire.ts';

const INT32_MAX = 2 ** 31 - 1;

/** What says which kind an object is. */
export interface TypeMeta {
  readonly apiVersion: string;
  readonly kind: string;
}

/**
 * Writes an object as the protobuf body that Go's encoder makes of it, byte for byte where it is in canonical form: empty
 * lists and maps are left out, zeros are written. Undefined when its kind has no protobuf form. Fields that the tables do
 * not know are left out. `type` is for what carries no type of its own, such as a `WatchEvent`. Throws `BadRequest`, naming
 * the field, for a value of another type than the field's.
 */
export function encodeProtobuf(
  object: Partial<TypeMeta> & { readonly [field: string]: unknown },
  type?: TypeMeta,
): Buffer | undefined {
  const { apiVersion = '', kind = '' } = object;
  const named = type ?? { apiVersion, kind };
  const message = messageOfKind(groupOf(named.apiVersion), versionOf(named.apiVersion), named.kind);
  if (message === undefined) return undefined;
  const encoder = new Encoder();
  encoder.message(message, object as JsonObject);
  return writeEnvelope(encoder.writer, apiVersion, kind);
}

/** A message by its name in the tables, without envelope. */
export function encodeMessage(name: string, object: object): Buffer {
  const encoder = new Encoder();
  encoder.message(messageNamed(name), object as JsonObject);
  return encoder.writer.finish();
}

class Encoder {
  readonly writer = new WireWriter();
  readonly #path: string[] = [];

  /** From the last field to the first: the writer goes backwards. */
  message({ fields }: Message, object: JsonObject): void {
    for (let index = fields.length - 1; index >= 0; index -= 1) {
      const field = fields[index];
      if (field !== undefined) this.#field(field, object);
    }
  }

  #field(field: MessageField, object: JsonObject): void {
    const { number, name, type } = field;
    if (name === '') {
      this.#delimited(number, () => this.#typed(type, object));
      return;
    }
    const value = getField(object, name) ?? undefined;
    this.#path.push(name);
    if (field.many === 'list') this.#list(field, value);
    else if (field.many === 'map') this.#map(field, value);
    else if (value !== undefined || (field.empty !== 'absent' && !isBytes(type))) this.#tagged(number, type, value);
    this.#path.pop();
  }

  #list({ number, type }: MessageField, value: unknown): void {
    if (value === undefined) return;
    if (!Array.isArray(value)) throw this.#wrong('a list', value);
    for (let index = value.length - 1; index >= 0; index -= 1) this.#tagged(number, type, value[index] ?? undefined);
  }

  #map({ number, type }: MessageField, value: unknown): void {
    if (value === undefined) return;
    if (!isJsonObject(value)) throw this.#wrong('a map', value);
    for (const key of sortedKeys(value).reverse()) {
      this.#delimited(number, () => {
        this.#tagged(2, type, value[key] ?? undefined);
        this.writer.text(key);
        this.writer.tag(1, WIRE.bytes);
      });
    }
  }

  /** A value with its tag before it; undefined is the empty value of the type. */
  #tagged(number: number, type: FieldType, value: unknown): void {
    if (type.is === 'scalar') this.writer.tag(number, this.#scalar(type.scalar, value));
    else this.#delimited(number, () => this.#typed(type, value));
  }

  #delimited(number: number, write: () => void): void {
    const before = this.writer.length;
    write();
    this.writer.varint(this.writer.length - before);
    this.writer.tag(number, WIRE.bytes);
  }

  /** Writes a scalar; returns its wire type. */
  #scalar(scalar: Extract<FieldType, { is: 'scalar' }>['scalar'], value: unknown): number {
    switch (scalar) {
      case 'string':
        this.writer.text(this.#text(value));
        return WIRE.bytes;
      case 'bytes':
        this.writer.bytes(Buffer.from(this.#text(value), 'base64'));
        return WIRE.bytes;
      case 'bool':
        if (value !== undefined && typeof value !== 'boolean') throw this.#wrong('a boolean', value);
        this.writer.varint(value === true ? 1 : 0);
        return WIRE.varint;
      case 'int32':
      case 'int64':
        this.writer.varint(this.#integer(scalar, value));
        return WIRE.varint;
      case 'double':
        if (value !== undefined && !Number.isFinite(value)) throw this.#wrong('a number', value);
        this.writer.double(typeof value === 'number' ? value : 0);
        return WIRE.fixed64;
    }
  }

  #typed(type: FieldType, value: unknown): void {
    if (type.is === 'scalar') {
      this.#scalar(type.scalar, value);
    } else if (type.is === 'message') {
      if (value !== undefined && !isJsonObject(value)) throw this.#wrong('an object', value);
      this.message(messageNamed(type.name), value ?? {});
    } else if (type.value === 'raw-json' || type.value === 'raw-object') {
      if (value === undefined) return;
      this.writer.text(JSON.stringify(value));
      this.writer.tag(1, WIRE.bytes);
    } else {
      const { message, toFields } = VALUE_CODECS[type.value];
      this.message(message, this.#fieldsOf(toFields, value));
    }
  }

  #fieldsOf(toFields: (value: unknown) => JsonObject, value: unknown): JsonObject {
    try {
      return toFields(value);
    } catch (error) {
      if (error instanceof ValueError) throw this.#bad(error.message);
      throw error;
    }
  }

  #text(value: unknown): string {
    if (value === undefined) return '';
    if (typeof value !== 'string') throw this.#wrong('a text', value);
    return value;
  }

  #integer(scalar: 'int32' | 'int64', value: unknown): number {
    if (value === undefined) return 0;
    if (typeof value !== 'number' || !Number.isSafeInteger(value)) throw this.#wrong('an integer', value);
    if (scalar === 'int32' && (value > INT32_MAX || value < -INT32_MAX - 1)) throw this.#bad('has more than 32 bits');
    return value;
  }

  #wrong(expected: string, value: unknown): ApiError {
    return this.#bad(`is not ${expected} but ${jsonTypeOf(value)}`);
  }

  #bad(what: string): ApiError {
    return new ApiError('BadRequest', `${this.#path.join('.')} cannot be written as protobuf: it ${what}`);
  }
}

/** Go leaves out bytes that are nil. */
function isBytes(type: FieldType): boolean {
  return type.is === 'scalar' && type.scalar === 'bytes';
}

/** Go sorts texts by their bytes; JavaScript by UTF-16 units, which differ once characters beyond the first plane are there. */
function sortedKeys(map: JsonObject): string[] {
  const keys = Object.keys(map);
  if (!keys.some((key) => SURROGATE.test(key))) return keys.sort();
  return keys.sort((left, right) => Buffer.compare(Buffer.from(left), Buffer.from(right)));
}

const SURROGATE = /[\ud800-\udfff]/;
