import { describe, expect, it } from 'vitest';
import { planObjectType, planPatchType } from './media-types.plan.ts';

const PROTOBUF = 'application/vnd.kubernetes.protobuf';

describe('src/server/http/media-types.plan', () => {
  it.each([
    [undefined, 'json'],
    ['', 'json'],
    ['Application/JSON; charset=utf-8', 'json'],
    ['application/yaml', 'yaml'],
    [PROTOBUF, 'protobuf'],
    [`${PROTOBUF};type=x`, 'protobuf'],
  ])('reads %s', (contentType, expected) => {
    expect(planObjectType(contentType, true)).toBe(expected);
  });

  it.each([
    ['text/plain', true, `accepted media types include: application/json, application/yaml, ${PROTOBUF}`],
    [PROTOBUF, false, 'accepted media types include: application/json, application/yaml'],
  ])('refuses %s, protobuf form: %s', (contentType, hasProtobuf, expected) => {
    expect(() => planObjectType(contentType, hasProtobuf)).toThrow(expected);
  });

  it('has no patch in protobuf', () => {
    expect(() => planPatchType(PROTOBUF)).toThrow('application/apply-patch+yaml');
  });
});
