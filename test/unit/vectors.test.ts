import { describe, expect, it } from 'vitest';
import { encodeProtobuf } from '#api';
import { checkVector, typeOfName, VECTOR_CHECKS } from '../vectors/check-vector.ts';

const name = 'core.v1.ConfigMap';
const object = { kind: 'ConfigMap', apiVersion: 'v1', metadata: { name: 'a' }, data: { a: 'b' } };
const protobuf = encodeProtobuf(object) ?? Uint8Array.of();

function failures(json: object, bytes: Uint8Array): object {
  const { checks } = checkVector({ name, json: Buffer.from(JSON.stringify(json)), protobuf: bytes });
  return Object.fromEntries(Object.entries(checks).filter(([, reason]) => reason !== ''));
}

describe('test/vectors', () => {
  it('passes what agrees', () => {
    expect(failures(object, protobuf)).toEqual({});
  });

  it('says which check fails, and why', () => {
    expect(failures({ ...object, data: { a: 'c' } }, protobuf)).toEqual({
      decode: 'data.a is "b", not "c"',
      encode: expect.stringMatching(/^other bytes from byte \d+ on/),
    });
    expect(failures({ ...object, dataa: {} }, protobuf)).toMatchObject({ json: 'the schema does not know dataa' });
    expect(Object.keys(failures(object, protobuf.subarray(0, 9)))).toEqual(VECTOR_CHECKS.slice(1));
    const longer = Buffer.concat([protobuf, Buffer.from([0x4a, 0])]); // a field that is passed over
    expect(Object.keys(failures(object, longer))).toEqual(['encode', 'round trip']);
  });

  it.each([
    ['core.v1.Pod', { apiVersion: 'v1', kind: 'Pod' }],
    ['rbac.authorization.k8s.io.v1.Role', { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'Role' }],
  ])('reads the type from the name %s', (file, type) => {
    expect(typeOfName(file)).toEqual(type);
  });
});
