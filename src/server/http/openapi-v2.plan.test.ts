import { describe, expect, it } from 'vitest';
import {
  OPENAPI_V2_PROTOBUF,
  openApiV2Document,
  openApiV2Protobuf,
  prefersOpenApiV2Protobuf,
} from './openapi-v2.plan.ts';

/** Length-delimited fields by number; enough of protobuf to read the document back. */
function fieldsOf(bytes: Buffer): Readonly<Record<number, Buffer>> {
  const fields: Record<number, Buffer> = {};
  for (let at = 0; at < bytes.length; ) {
    const [tag = 0, length = 0] = bytes.subarray(at, at + 2);
    expect(tag & 7).toBe(2);
    fields[tag >> 3] = bytes.subarray(at + 2, at + 2 + length);
    at += 2 + length;
  }
  return fields;
}

describe('src/server/http/openapi-v2.plan', () => {
  it('says in protobuf what it says in JSON', () => {
    const { 1: swagger, 2: info = Buffer.alloc(0), 8: paths } = fieldsOf(openApiV2Protobuf('0.1.0'));
    const { 1: title, 2: version } = fieldsOf(info);
    const said = { swagger: `${swagger}`, info: { title: `${title}`, version: `${version}` }, paths: {} };
    expect(said).toEqual(openApiV2Document('0.1.0'));
    expect(paths).toHaveLength(0);
  });

  it('refuses what it cannot encode', () => {
    expect(() => openApiV2Protobuf('x'.repeat(128))).toThrow(RangeError);
  });

  it.each([
    [OPENAPI_V2_PROTOBUF, true],
    [`${OPENAPI_V2_PROTOBUF}, application/json`, true],
    ['application/json', false],
    ['*/*', false],
    [undefined, false],
  ])('answers %s', (accept, expected) => {
    expect(prefersOpenApiV2Protobuf(accept)).toBe(expected);
  });
});
