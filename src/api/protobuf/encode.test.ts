import { describe, expect, it } from 'vitest';
import { decodeProtobuf } from './decode.ts';
import { encodeProtobuf } from './encode.ts';

const hex = (object: object) => encodeProtobuf({ apiVersion: 'v1', kind: 'ConfigMap', ...object })?.toString('hex');

/** `k8s\0`, the type, and where the message begins; then two empty fields of the envelope. */
const before = `6b3873000a0f0a0276311209${Buffer.from('ConfigMap').toString('hex')}12`;
const after = '1a002200';
/** Metadata without anything: seven texts, a number and a time, all of them empty. */
const noMetadata = '0a100a0012001a0022002a00320038004200';

/** What is read back from what was written. */
function again(object: {
  readonly apiVersion: string;
  readonly kind: string;
  readonly [field: string]: unknown;
}): object {
  const bytes = encodeProtobuf(object);
  const { apiVersion, kind, ...rest } = decodeProtobuf(bytes ?? Uint8Array.of(), { apiVersion: '', kind: '' });
  expect({ apiVersion, kind }).toEqual({ apiVersion: object.apiVersion, kind: object.kind });
  return rest;
}

describe('src/api/protobuf/encode', () => {
  it('writes what Go writes: zeros of fields that cannot be absent, maps by the bytes of their keys', () => {
    expect(hex({})).toBe(`${before}12${noMetadata}${after}`);
    const data = '12080a03efbd9e12016212090a04f09f9880120131';
    expect(hex({ data: { '\u{1f600}': '1', '\uff5e': 'b' } })).toBe(`${before}27${noMetadata}${data}${after}`);
  });

  it('leaves out what is null, empty or unknown', () => {
    const nothing = { data: {}, binaryData: null, immutable: undefined, unknown: 1, metadata: null };
    expect(hex(nothing)).toBe(hex({}));
  });

  it('writes an event of a watch without a type', () => {
    const object = { apiVersion: 'v1', kind: 'Pod' };
    const type = { apiVersion: 'v1', kind: 'WatchEvent' };
    const bytes = encodeProtobuf({ type: 'ADDED', object }, type) ?? Uint8Array.of();
    expect(decodeProtobuf(bytes, type)).toEqual({ ...type, type: 'ADDED', object });
  });

  it.each<[string, string, object]>([
    ['v1', 'Service', { spec: { ports: [{ port: 1, targetPort: 'web' }] } }],
    ['apps/v1', 'ControllerRevision', { data: { a: [1, null, { b: 'c' }] }, revision: 2 ** 53 - 1, metadata: {} }],
    ['v1', 'Pod', { spec: { containers: [], terminationGracePeriodSeconds: -1 } }],
    ['coordination.k8s.io/v1', 'Lease', { spec: { renewTime: '1969-12-31T23:59:59.000001Z' } }],
    ['v1', 'Secret', { data: { a: '', b: 'AP8=' } }],
    ['apiextensions.k8s.io/v1', 'CustomResourceDefinition', { spec: { versions: [schemaVersion()] } }],
  ])('writes %s %s so that it can be read', (apiVersion, kind, fields) => {
    expect(again({ apiVersion, kind, ...fields })).toMatchObject(withoutEmptyLists(fields));
  });

  it.each([
    ['2026-01-01T00:00:00+02:00', '2025-12-31T22:00:00Z'],
    ['2026-01-01t00:00:00.999z', '2026-01-01T00:00:00Z'],
    ['0001-01-01T00:00:00Z', undefined],
  ])('keeps the whole seconds of the time %s', (given, read) => {
    const deployment = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { deletionTimestamp: given } };
    expect(again(deployment)).toMatchObject({ metadata: read === undefined ? {} : { deletionTimestamp: read } });
  });

  it.each<[object, string]>([
    [{ data: ['a'] }, 'data cannot be written as protobuf: it is not a map but array'],
    [{ data: { a: 1 } }, 'data cannot be written as protobuf: it is not a text but integer'],
    [
      { metadata: { finalizers: 'x' } },
      'metadata.finalizers cannot be written as protobuf: it is not a list but string',
    ],
    [
      { metadata: { generation: 1.5 } },
      'metadata.generation cannot be written as protobuf: it is not an integer but number',
    ],
    [{ metadata: { generation: 2 ** 60 } }, 'metadata.generation cannot be written as protobuf: it is not an integer'],
    [
      { metadata: { creationTimestamp: 'now' } },
      'metadata.creationTimestamp cannot be written as protobuf: it is no time',
    ],
    [{ metadata: 'x' }, 'metadata cannot be written as protobuf: it is not an object but string'],
    [{ immutable: 'yes' }, 'immutable cannot be written as protobuf: it is not a boolean but string'],
  ])('refuses %j', (object, message) => {
    expect(() => hex(object)).toThrow(message);
  });
});

function schemaVersion(): object {
  const openAPIV3Schema = {
    type: 'object',
    properties: {
      closed: { additionalProperties: false, minimum: -0.5 },
      open: { additionalProperties: { type: 'string' }, default: { a: null }, enum: ['a', 1, null] },
      list: { items: { type: 'integer' }, dependencies: { a: ['b'], c: { type: 'object' } } },
      tuple: { items: [{ type: 'integer' }] },
    },
  };
  return { name: 'v1', served: true, storage: false, schema: { openAPIV3Schema }, subresources: { status: {} } };
}

function withoutEmptyLists(value: object): object {
  return JSON.parse(
    JSON.stringify(value, (_key, inner) => (Array.isArray(inner) && inner.length === 0 ? undefined : inner)),
  );
}
