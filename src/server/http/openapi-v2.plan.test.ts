import { describe, expect, it } from 'vitest';
import { OPENAPI_V2_PROTOBUF, prefersOpenApiV2Protobuf } from './openapi-v2.plan.ts';

describe('src/server/http/openapi-v2.plan', () => {
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
