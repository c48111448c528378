import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isApiError } from '../meta/status.ts';
import { isDeeperThan, type JsonObject, setField } from '../schema/json.ts';
import { KUBERNETES_GROUPS } from '../schema/kubernetes.shapes.ts';
import { decodeProtobuf } from './decode.ts';
import { encodeProtobuf, type TypeMeta } from './encode.ts';
import { type FieldType, type MessageField, messageNamed, messageNames, type ScalarType } from './messages.ts';

/**
 * Objects in the form that decoding gives: no empty lists and maps, no zero that says nothing, and every field that cannot
 * be absent. Deeper than this, only what cannot be absent.
 */
const MAX_GENERATED_DEPTH = 7;

/** Of fields that may be absent, those that are there: one in so many. More would make objects of a thousand fields. */
const ONE_IN = 4;

const text = fc.oneof(
  { weight: 8, arbitrary: fc.string({ unit: 'grapheme', maxLength: 6 }) },
  fc.constantFrom('__proto__', 'constructor', '\ufffd', '\ufeffx', '\u0000'),
);
const int32 = fc.oneof(fc.integer(), fc.constantFrom(2 ** 31 - 1, -(2 ** 31)));
const time = fc.integer({ min: -62_135_596_799, max: 253_402_300_799 });
const isoOf = (seconds: number) => new Date(seconds * 1_000).toISOString().slice(0, 19);

const SCALARS: Readonly<Record<ScalarType, fc.Arbitrary<unknown>>> = {
  string: text,
  bool: fc.boolean(),
  int32,
  int64: fc.oneof(int32, fc.maxSafeInteger()),
  double: fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0),
  bytes: fc.uint8Array({ maxLength: 9 }).map((bytes) => Buffer.from(bytes).toString('base64')),
};

function mapOf(values: fc.Arbitrary<unknown>): fc.Arbitrary<JsonObject> {
  return fc.array(fc.tuple(text, values), { minLength: 1, maxLength: 3 }).map((entries) => {
    const map: JsonObject = {};
    for (const [key, value] of entries) setField(map, key, value);
    return map;
  });
}

const someJson = fc.oneof(text, int32, fc.boolean());
const jsonObject = mapOf(fc.oneof(someJson, fc.constant(null), fc.array(someJson, { maxLength: 2 }), mapOf(someJson)));

const messages = new Map<string, fc.Arbitrary<JsonObject>>();

function messageArbitrary(name: string, depth: number): fc.Arbitrary<JsonObject> {
  const key = `${name} ${depth}`;
  const known = messages.get(key);
  if (known !== undefined) return known;
  const fields = messageNamed(name).fields.map((field) => [field, fieldArbitrary(field, depth)] as const);
  const made = fc.tuple(...fields.map(([, arbitrary]) => arbitrary)).map((values) => {
    const object: JsonObject = {};
    for (const [index, [field]] of fields.entries()) {
      const value = values[index];
      if (field.name === '') Object.assign(object, value);
      else if (value !== undefined) object[field.name] = value;
    }
    return object;
  });
  messages.set(key, made);
  return made;
}

const sometimes = (depth: number, arbitrary: () => fc.Arbitrary<unknown>): fc.Arbitrary<unknown> =>
  depth >= MAX_GENERATED_DEPTH
    ? fc.constant(undefined)
    : fc.oneof({ weight: ONE_IN - 1, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: arbitrary() });

function fieldArbitrary({ type, many, empty }: MessageField, depth: number): fc.Arbitrary<unknown> {
  const one = () => valueArbitrary(type, depth);
  if (many === 'list') return sometimes(depth, () => fc.array(one(), { minLength: 1, maxLength: 2 }));
  if (many === 'map') return sometimes(depth, () => mapOf(one()));
  if (empty === 'absent') return sometimes(depth, one);
  const isAlways = type.is === 'message' || (type.is === 'value' && ALWAYS.has(type.value)) || empty === 'written';
  if (isAlways && !(type.is === 'value' && NEVER_EMPTY.has(type.value))) return one();
  return sometimes(depth, () => one().filter((value) => value !== '' && value !== 0 && value !== false));
}

/** Whose empty value is a value in JSON: a quantity of "0", a list of nothing. */
const ALWAYS: ReadonlySet<string> = new Set(['quantity']);
/** Whose empty value is null in JSON, which is no field. */
const NEVER_EMPTY: ReadonlySet<string> = new Set(['time', 'micro-time', 'raw-object', 'raw-json']);

function valueArbitrary(type: FieldType, depth: number): fc.Arbitrary<unknown> {
  if (type.is === 'scalar') return SCALARS[type.scalar];
  if (type.is === 'message') return messageArbitrary(type.name, depth + 1);
  const schema = () => messageArbitrary('apiextensions.v1.JSONSchemaProps', depth + 2);
  switch (type.value) {
    case 'time':
      return time.map((seconds) => `${isoOf(seconds)}Z`);
    case 'micro-time':
      return fc
        .tuple(time, fc.nat({ max: 999_999 }))
        .map(([seconds, micros]) => `${isoOf(seconds)}.${String(micros).padStart(6, '0')}Z`);
    case 'quantity':
      return fc.constantFrom('0', '100m', '1Gi', '-3', '1e3');
    case 'int-or-string':
      return fc.oneof(int32, text);
    case 'strings':
      return fc.array(text, { maxLength: 2 });
    case 'raw-object':
      return jsonObject;
    case 'raw-json':
      return fc.oneof(someJson, jsonObject);
    case 'schema-or-array':
      return fc.oneof(schema(), fc.array(schema(), { minLength: 1, maxLength: 2 }));
    case 'schema-or-bool':
      return fc.oneof(fc.boolean(), schema());
    case 'schema-or-strings':
      return fc.oneof(schema(), fc.array(text, { minLength: 1, maxLength: 2 }));
  }
}

const KINDS = messageNames().filter((name) => messageNamed(name).isKind);

function typeOf(name: string): TypeMeta {
  const [packageName = '', version = '', kind = ''] = name.split('.');
  const group = KUBERNETES_GROUPS[packageName] ?? '';
  return { apiVersion: group === '' ? version : `${group}/${version}`, kind };
}

const objects = fc
  .constantFrom(...KINDS)
  .chain((name) => messageArbitrary(name, 0).map((fields) => ({ ...typeOf(name), ...fields })));

/** Any object, or a refusal: nothing else may come of any bytes. */
function readAnything(bytes: Uint8Array): 'read' | 'refused' {
  try {
    const object = decodeProtobuf(bytes, { apiVersion: 'v1', kind: 'Pod' });
    expect(isDeeperThan(object)).toBe(false);
    expect(Object.getPrototypeOf(object)).toBe(Object.prototype);
    return 'read';
  } catch (error) {
    if (isApiError(error, 'BadRequest')) return 'refused';
    throw error;
  }
}

describe('src/api/protobuf/round-trip', () => {
  it('reads every object as it was written', () => {
    fc.assert(
      fc.property(objects, (object) => {
        const bytes = encodeProtobuf(object) ?? Uint8Array.of();
        const read = decodeProtobuf(bytes, { apiVersion: '', kind: '' });
        if (!isDeepStrictEqual(read, object)) expect(read).toStrictEqual(object);
        expect(encodeProtobuf(read)?.equals(bytes)).toBe(true);
      }),
      { numRuns: 1_000 },
    );
  });

  it.each(KINDS)('reads a %s as it was written', (name) => {
    fc.assert(
      fc.property(messageArbitrary(name, 0), (fields) => {
        const object = { ...typeOf(name), ...fields };
        const read = decodeProtobuf(encodeProtobuf(object) ?? Uint8Array.of(), { apiVersion: '', kind: '' });
        if (!isDeepStrictEqual(read, object)) expect(read).toStrictEqual(object);
      }),
      { numRuns: 10 },
    );
  });

  it('gives an object or says what is wrong, whatever the bytes', () => {
    const delimited = (number: number, bytes: Uint8Array) =>
      Buffer.concat([Buffer.from([number * 8 + 2, bytes.length]), bytes]);
    const messages = fc.tuple(fc.constantFrom(...KINDS), fc.uint8Array({ maxLength: 0x7f })).map(([name, message]) => {
      const { apiVersion, kind } = typeOf(name);
      const type = Buffer.concat([delimited(1, Buffer.from(apiVersion)), delimited(2, Buffer.from(kind))]);
      return Buffer.concat([Buffer.from('k8s\0'), delimited(1, type), delimited(2, message)]);
    });
    const bare = fc.uint8Array({ maxLength: 100 }).map((bytes) => Buffer.concat([Buffer.from('k8s\0'), bytes]));
    const seen = new Set<string>();
    fc.assert(
      fc.property(fc.oneof(messages, bare, fc.uint8Array()), (bytes) => {
        seen.add(readAnything(bytes));
      }),
      { numRuns: 20_000 },
    );
    expect([...seen].sort()).toEqual(['read', 'refused']);
  });

  it('gives an object or says what is wrong, when a body was spoiled on its way', () => {
    const spoilt = fc
      .tuple(
        objects,
        fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 }), fc.nat(3)), { minLength: 1, maxLength: 4 }),
      )
      .map(([object, changes]) => {
        let bytes = [...(encodeProtobuf(object) ?? [])];
        for (const [place, byte, how] of changes) {
          const at = 4 + (place % Math.max(1, bytes.length - 4));
          if (how === 0) bytes[at] = byte;
          else if (how === 1) bytes.splice(at, 1);
          else if (how === 2) bytes.splice(at, 0, byte);
          else bytes = [...bytes.slice(0, at), ...bytes.slice(at - (byte % 16))];
        }
        return Uint8Array.from(bytes);
      });
    const seen = new Set<string>();
    fc.assert(
      fc.property(spoilt, (bytes) => {
        seen.add(readAnything(bytes));
      }),
      { numRuns: 2_000 },
    );
    expect([...seen].sort()).toEqual(['read', 'refused']);
  });

  it('reads the largest bodies that are right: a ConfigMap of as many keys as fit', () => {
    const data: Record<string, string> = {};
    for (let index = 0; index < 90_000; index += 1) data[`key-${index}`] = 'x'.repeat(10);
    const bytes = encodeProtobuf({ apiVersion: 'v1', kind: 'ConfigMap', data }) ?? Uint8Array.of();
    expect(bytes.length).toBeGreaterThan(2 * 1024 * 1024);
    expect(decodeProtobuf(bytes, { apiVersion: '', kind: '' })['data']).toEqual(data);
  });
});
