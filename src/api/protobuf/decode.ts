import type { Json } from '../meta/object.ts';
import { groupOf, versionOf } from '../meta/object.ts';
import { ApiError } from '../meta/status.ts';
import { type JsonObject, setField } from '../schema/json.ts';
import { parseJsonStrict } from '../yaml/json.ts';
import { hasMagic, readEnvelope } from './envelope.ts';
import { protobufLimits } from './limits.ts';
import { type FieldType, type Message, type MessageField, messageNamed, messageOfKind } from './messages.ts';
import { VALUE_CODECS, ValueError } from './values.ts';
import { WIRE, WireError, WireReader } from './wire.ts';

/** An object as its JSON is: fields that were left out, and those whose zero says nothing, are not there. */
export type DecodedObject = { readonly apiVersion: string; readonly kind: string } & { readonly [field: string]: Json };

/**
 * Reads a protobuf body of Kubernetes: the magic number, the envelope, and the message of the kind that it names; a kind or
 * version it leaves out are those of `defaults`. The result is the JSON that the same Go client would have sent. Fields
 * that the tables do not know are passed over, as Kubernetes does. Throws `BadRequest` for whatever is wrong with the
 * bytes, for a kind that has no protobuf form, and beyond `protobufLimits`; nothing else.
 */
export function decodeProtobuf(
  bytes: Uint8Array,
  defaults: { readonly apiVersion: string; readonly kind: string },
): DecodedObject {
  if (!hasMagic(bytes))
    throw new ApiError('BadRequest', 'the body is not Kubernetes protobuf: it does not begin with "k8s\\0"');
  return new Decoder(bytes).envelope(defaults, 0);
}

class Decoder {
  readonly #reader: WireReader;
  /** The fields we are in, for errors. */
  readonly #path: string[] = [];
  #values = 0;

  constructor(bytes: Uint8Array) {
    this.#reader = new WireReader(bytes);
  }

  /** The object whose envelope stands from here to the reader's end. */
  envelope(defaults: { readonly apiVersion: string; readonly kind: string }, depth: number): DecodedObject {
    try {
      const reader = this.#reader;
      const outer = reader.end;
      const { apiVersion: givenVersion, kind: givenKind, start, end } = readEnvelope(reader);
      const apiVersion = givenVersion || defaults.apiVersion;
      const kind = givenKind || defaults.kind;
      const object: JsonObject = { apiVersion, kind };
      const message = messageOfKind(groupOf(apiVersion), versionOf(apiVersion), kind);
      if (message === undefined) {
        throw this.#bad(`no kind ${quote(kind)} of version ${quote(apiVersion)} has a protobuf form; send JSON`);
      }
      reader.position = start;
      reader.end = end;
      this.#message(message, object, depth);
      reader.end = outer;
      reader.position = outer;
      return object as DecodedObject;
    } catch (error) {
      if (error instanceof WireError) throw this.#bad(`${error.message}, at byte ${error.at}`);
      throw error;
    }
  }

  /** Reads fields to the reader's end into `target`, which may hold some already: Go merges what comes twice. */
  #message(message: Message, target: JsonObject, depth: number): void {
    if (depth >= protobufLimits.maxDepth)
      throw this.#bad(`it is nested deeper than ${protobufLimits.maxDepth} messages`);
    const reader = this.#reader;
    while (reader.nextField()) {
      const field = message.byNumber.get(reader.number);
      if (field === undefined) reader.skip();
      else this.#field(field, target, depth);
    }
  }

  #field(field: MessageField, target: JsonObject, depth: number): void {
    const { name, type } = field;
    if (name === '') {
      this.#expect(WIRE.bytes);
      this.#within(() => this.#typed(type, target, depth));
      return;
    }
    this.#path.push(name);
    if (field.many === 'list') this.#list(field, target, depth);
    else if (field.many === 'map') this.#map(field, target, depth);
    else this.#single(field, target, depth);
    this.#path.pop();
  }

  #single({ name, type, empty }: MessageField, target: JsonObject, depth: number): void {
    const value = this.#value(type, target[name], depth);
    const isNothing = value === null || (empty === 'zero' && (value === '' || value === 0 || value === false));
    if (isNothing) delete target[name];
    else target[name] = value;
  }

  #list({ name, type }: MessageField, target: JsonObject, depth: number): void {
    const known = target[name];
    const list: unknown[] = Array.isArray(known) ? known : [];
    target[name] = list;
    const isPacked = type.is === 'scalar' && wireOf(type) !== WIRE.bytes && this.#reader.wireType === WIRE.bytes;
    if (!isPacked) {
      list.push(this.#value(type, undefined, depth));
      return;
    }
    this.#within(() => {
      this.#reader.wireType = wireOf(type);
      while (this.#reader.position < this.#reader.end) list.push(this.#value(type, undefined, depth));
    });
  }

  #map({ name, type }: MessageField, target: JsonObject, depth: number): void {
    const map = (target[name] ?? {}) as JsonObject;
    target[name] = map;
    this.#expect(WIRE.bytes);
    this.#within(() => {
      const reader = this.#reader;
      let key = '';
      let value: unknown;
      while (reader.nextField()) {
        if (reader.number === 1) {
          this.#expect(WIRE.bytes);
          key = reader.text();
        } else if (reader.number === 2) value = this.#value(type, value, depth);
        else reader.skip();
      }
      setField(map, key, value === undefined ? this.#emptyValue(type) : value);
    });
  }

  /** The value of a field whose tag was just read; `known` is the message that the field held before. */
  #value(type: FieldType, known: unknown, depth: number): unknown {
    this.#values += 1;
    if (this.#values > protobufLimits.maxValues) {
      throw this.#bad(`it holds more than ${protobufLimits.maxValues} values`);
    }
    this.#expect(wireOf(type));
    if (type.is === 'scalar') return this.#scalar(type.scalar);
    return this.#within(() => this.#typed(type, known, depth));
  }

  #scalar(scalar: Extract<FieldType, { is: 'scalar' }>['scalar']): unknown {
    const reader = this.#reader;
    switch (scalar) {
      case 'string':
        return reader.text();
      case 'bool':
        return reader.bool();
      case 'int32':
        return reader.int32();
      case 'int64':
        return reader.int64();
      case 'double':
        return reader.double();
      case 'bytes':
        return reader.bytes().toString('base64');
    }
  }

  /** The message that reaches from the reader's position to its end, as JSON. */
  #typed(type: FieldType, known: unknown, depth: number): unknown {
    if (type.is === 'message') {
      const target = (known ?? {}) as JsonObject;
      this.#message(messageNamed(type.name), target, depth + 1);
      return target;
    }
    if (type.is === 'scalar') return this.#scalar(type.scalar);
    if (type.value === 'raw-json' || type.value === 'raw-object') return this.#raw(depth);
    const { message, toJson } = VALUE_CODECS[type.value];
    const fields: JsonObject = {};
    this.#message(message, fields, depth + 1);
    try {
      return toJson(fields);
    } catch (error) {
      if (error instanceof ValueError) throw this.#bad(`it ${error.message}`);
      throw error;
    }
  }

  /** A message with bytes in its field 1, which are JSON, or protobuf with an envelope of its own. */
  #raw(depth: number): unknown {
    const reader = this.#reader;
    let value: unknown = null;
    while (reader.nextField()) {
      if (reader.number !== 1) {
        reader.skip();
        continue;
      }
      this.#expect(WIRE.bytes);
      const start = reader.position;
      const bytes = reader.bytes();
      if (hasMagic(bytes)) {
        const after = reader.position;
        reader.position = after - bytes.length;
        value = this.#until(after, () => this.envelope({ apiVersion: '', kind: '' }, depth + 1));
      } else if (bytes.length === 0) value = null;
      else value = this.#json(bytes, start);
    }
    return value;
  }

  #json(bytes: Buffer, at: number): Json {
    const text = bytes.toString('utf8');
    if (text.includes('\ufffd') && !bytes.equals(Buffer.from(text)))
      throw new WireError('a text is not valid UTF-8', at);
    try {
      return parseJsonStrict(text).value;
    } catch (error) {
      if (error instanceof ApiError) throw this.#bad(error.message);
      throw error;
    }
  }

  /** A map entry without a value has the empty one. */
  #emptyValue(type: FieldType): unknown {
    if (type.is === 'message') return {};
    if (type.is === 'scalar') return type.scalar === 'bool' ? false : isText(type.scalar) ? '' : 0;
    return type.value === 'raw-json' || type.value === 'raw-object' ? null : VALUE_CODECS[type.value].toJson({});
  }

  /** Reads the length, then what it reaches to. */
  #within<T>(read: () => T): T {
    return this.#until(this.#reader.length() + this.#reader.position, read);
  }

  #until<T>(end: number, read: () => T): T {
    const reader = this.#reader;
    const outer = reader.end;
    reader.end = end;
    const result = read();
    reader.end = outer;
    reader.position = end;
    return result;
  }

  #expect(wireType: number): void {
    const { wireType: given, position } = this.#reader;
    if (given !== wireType) throw new WireError(`wire type ${given} where ${wireType} belongs`, position);
  }

  #bad(what: string): ApiError {
    const path = this.#path.join('.');
    const where = path === '' ? '' : ` in ${path.slice(0, MAX_PATH_LENGTH)}`;
    return new ApiError('BadRequest', `the protobuf body cannot be read${where}: ${what}`);
  }
}

/** Of a path that an error names. */
const MAX_PATH_LENGTH = 200;

function wireOf(type: FieldType): number {
  if (type.is !== 'scalar' || isText(type.scalar)) return WIRE.bytes;
  return type.scalar === 'double' ? WIRE.fixed64 : WIRE.varint;
}

function isText(scalar: string): boolean {
  return scalar === 'string' || scalar === 'bytes';
}

function quote(text: string): string {
  return JSON.stringify(text.slice(0, 128));
}
