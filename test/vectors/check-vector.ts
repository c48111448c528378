import { isDeepStrictEqual } from 'node:util';
import {
  decodeProtobuf,
  encodeProtobuf,
  groupOf,
  type Json,
  parseJsonStrict,
  pruneUnknown,
  schemaOf,
  versionOf,
} from '#api';
import { errorMessage } from '#base';

/** One object as it stands in two files: the official JSON and the official protobuf of it. */
export interface Vector {
  /** `apps.v1.Deployment`: what both files are called. */
  readonly name: string;
  readonly json: Uint8Array;
  readonly protobuf: Uint8Array;
}

export interface VectorResult {
  readonly name: string;
  /** What each check found; empty: it passed. */
  readonly checks: Readonly<Record<VectorCheck, string>>;
}

/**
 * - `json`: our strict parser reads the JSON, and where the kind has a schema, the schema knows every field of it
 * - `decode`: the protobuf decodes to that JSON
 * - `encode`: the JSON encodes to that protobuf, byte for byte
 * - `round trip`: what was decoded encodes to those bytes again
 */
export const VECTOR_CHECKS = ['json', 'decode', 'encode', 'round trip'] as const;
export type VectorCheck = (typeof VECTOR_CHECKS)[number];

export function checkVector({ name, json, protobuf }: Vector): VectorResult {
  const type = typeOfName(name);
  let object: Json = null;
  let decoded: Json = null;
  /** A WatchEvent has no type of its own. */
  const isTyped = () => isObject(object) && 'kind' in object;
  const encode = (value: Json) => {
    if (!isObject(value)) return 'no object was read';
    const { apiVersion: _version, kind: _kind, ...fields } = value;
    return differenceOfBytes(encodeProtobuf(isTyped() ? { ...fields, ...type } : fields, type), protobuf);
  };
  const checks = {
    json: attempt(() => {
      object = parseJsonStrict(Buffer.from(json).toString()).value;
      const schema = schemaOf(groupOf(type.apiVersion), versionOf(type.apiVersion), type.kind);
      const unknown = schema === undefined ? [] : pruneUnknown(schema, object).unknown;
      return unknown.length === 0 ? '' : `the schema does not know ${unknown.join(', ')}`;
    }),
    decode: attempt(() => {
      decoded = decodeProtobuf(protobuf, type);
      return differenceOf(decoded, isTyped() ? object : { ...type, ...(object as object) });
    }),
    encode: attempt(() => encode(object)),
    'round trip': attempt(() => encode(decoded)),
  };
  return { name, checks };
}

/** `core.v1.Pod` → `v1`, `Pod`; `storage.k8s.io.v1.CSINode` → `storage.k8s.io/v1`, `CSINode`. */
export function typeOfName(name: string): { readonly apiVersion: string; readonly kind: string } {
  const parts = name.split('.');
  const kind = parts.pop() ?? '';
  const version = parts.pop() ?? '';
  const group = parts.join('.');
  return { apiVersion: group === 'core' ? version : `${group}/${version}`, kind };
}

function attempt(check: () => string): string {
  try {
    return check();
  } catch (error) {
    return errorMessage(error);
  }
}

function isObject(value: Json): value is { readonly [field: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function differenceOfBytes(actual: Uint8Array | undefined, expected: Uint8Array): string {
  if (actual === undefined) return 'the kind has no protobuf form';
  const at = expected.findIndex((byte, index) => actual[index] !== byte);
  if (at < 0 && actual.length === expected.length) return '';
  return `other bytes from byte ${at < 0 ? expected.length : at} on (${actual.length} bytes, not ${expected.length})`;
}

/** The first place where two values differ; '' when they are equal. */
function differenceOf(actual: unknown, expected: unknown, path = ''): string {
  if (isDeepStrictEqual(actual, expected)) return '';
  const isBoth = [actual, expected].every((value) => typeof value === 'object' && value !== null);
  if (!isBoth) return `${path || 'the object'} is ${JSON.stringify(actual)}, not ${JSON.stringify(expected)}`;
  const left = actual as Readonly<Record<string, unknown>>;
  const right = expected as Readonly<Record<string, unknown>>;
  const keys = new Set([...Object.keys(right), ...Object.keys(left)]);
  for (const key of keys) {
    const inner = differenceOf(left[key], right[key], path === '' ? key : `${path}.${key}`);
    if (inner !== '') return inner;
  }
  return `${path || 'the object'} has another form`;
}
