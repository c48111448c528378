import type { JsonObject } from '../schema/json.ts';
import { type Message, messageOf, type ValueMessageType } from './messages.ts';

/** A message that is something else in JSON: what its fields are, and how they become that value and come from it. */
export interface ValueCodec {
  readonly message: Message;
  /** The JSON value of the decoded fields; null is Go's empty value. Throws `ValueError`. */
  readonly toJson: (fields: JsonObject) => unknown;
  /** The fields of a JSON value; undefined stands for a field that was left out. Throws `ValueError`. */
  readonly toFields: (value: unknown) => JsonObject;
}

/** Why a value cannot be read or written; the caller says where. */
export class ValueError extends Error {}

/** Messages whose only field is JSON text are read and written by their bytes; see decode.ts and encode.ts. */
export type CodedValueType = Exclude<ValueMessageType, 'raw-object' | 'raw-json'>;

/** Year 1: what Go takes for no time at all. */
const GO_ZERO_SECONDS = -62_135_596_800;
/** The last second of year 9999, the last that RFC 3339 can write. */
const LAST_SECONDS = 253_402_300_799;
const NANOS_PER_SECOND = 1_000_000_000;
const NANOS_PER_MICRO = 1_000;
const TIME = /^(\d{4}-\d{2}-\d{2})[Tt](\d{2}:\d{2}:\d{2})(?:[.,](\d+))?([Zz]|[+-]\d{2}:\d{2})$/;

/** Source: apimachinery util/intstr/intstr.go, Type (v0.32). */
const INT = 0;
const STRING = 1;

/** Source: apimachinery meta/v1 time_proto.go and micro_time_proto.go (v0.32): Time keeps whole seconds. */
const TIME_FIELDS = '1 seconds? int64; 2 nanos? int32';

export const VALUE_CODECS: Readonly<Record<CodedValueType, ValueCodec>> = {
  time: {
    message: messageOf('time', TIME_FIELDS),
    toJson: (fields) => formatTime(fields, false),
    toFields: (value) => parseTime(value, false),
  },
  'micro-time': {
    message: messageOf('micro-time', TIME_FIELDS),
    toJson: (fields) => formatTime(fields, true),
    toFields: (value) => parseTime(value, true),
  },
  quantity: {
    message: messageOf('quantity', '1 string? string'),
    toJson: ({ string }) => string ?? '',
    toFields(value) {
      if (value === undefined) return { string: '0' };
      if (typeof value !== 'string' && typeof value !== 'number') throw new ValueError('is no quantity');
      return { string: String(value) };
    },
  },
  'int-or-string': {
    message: messageOf('int-or-string', '1 type int64; 2 intVal int32; 3 strVal string'),
    toJson({ type = INT, intVal = 0, strVal = '' }) {
      if (type !== INT && type !== STRING) throw new ValueError(`is neither an integer nor a text but of type ${type}`);
      return type === INT ? intVal : strVal;
    },
    toFields(value) {
      if (typeof value === 'string') return { type: STRING, strVal: value };
      if (value === undefined || typeof value === 'number') return { type: INT, intVal: value };
      throw new ValueError('is neither an integer nor a text');
    },
  },
  strings: {
    message: messageOf('strings', '1 items []string'),
    toJson: ({ items = [] }) => items,
    toFields: (value) => ({ items: value }),
  },
  'schema-or-array': {
    message: messageOf(
      'apiextensions.v1.JSONSchemaPropsOrArray',
      '1 schema? JSONSchemaProps; 2 list []JSONSchemaProps',
    ),
    toJson: ({ schema = null, list = schema }) => list,
    toFields: (value) => (Array.isArray(value) ? { list: value } : { schema: value }),
  },
  'schema-or-bool': {
    message: messageOf('apiextensions.v1.JSONSchemaPropsOrBool', '1 allows! bool; 2 schema? JSONSchemaProps'),
    toJson: ({ allows = false, schema = allows }) => schema,
    // Source: apiextensions v1 marshal.go (v0.32): a schema allows.
    toFields: (value) => (typeof value === 'boolean' ? { allows: value } : { allows: true, schema: value }),
  },
  'schema-or-strings': {
    message: messageOf('apiextensions.v1.JSONSchemaPropsOrStringArray', '1 schema? JSONSchemaProps; 2 list []string'),
    toJson: ({ schema = null, list = schema }) => list,
    toFields: (value) => (Array.isArray(value) ? { list: value } : { schema: value }),
  },
};

function formatTime({ seconds, nanos = 0 }: JsonObject, isMicro: boolean): string | null {
  // No field at all is Go's zero time; second 0 is sent as such.
  if (typeof seconds !== 'number' || seconds === GO_ZERO_SECONDS) return null;
  if (typeof nanos !== 'number' || nanos < 0 || nanos >= NANOS_PER_SECOND) {
    throw new ValueError('has nanoseconds that are not within a second');
  }
  if (seconds < GO_ZERO_SECONDS || seconds > LAST_SECONDS)
    throw new ValueError('is a time outside of the years 1 to 9999');
  const text = new Date(seconds * 1_000).toISOString().slice(0, 'YYYY-MM-DDTHH:MM:SS'.length);
  return isMicro ? `${text}.${String(Math.floor(nanos / NANOS_PER_MICRO)).padStart(6, '0')}Z` : `${text}Z`;
}

function parseTime(value: unknown, isMicro: boolean): JsonObject {
  if (value === undefined || value === null) return {};
  const match = typeof value === 'string' ? TIME.exec(value) : null;
  const [, day = '', clock = '', fraction = '', zone = ''] = match ?? [];
  const ms = Date.parse(`${day}T${clock}${zone.toUpperCase()}`);
  if (Number.isNaN(ms)) throw new ValueError('is no time of RFC 3339');
  const micros = isMicro ? Number(fraction.slice(0, 6).padEnd(6, '0')) : 0;
  return { seconds: ms / 1_000, nanos: micros * NANOS_PER_MICRO };
}
