import { TextDecoder } from 'node:util';
import { ApiError, decodeProtobuf, parseJsonStrict, parseYamlBody } from '#api';
import { httpLimits } from './limits.ts';
import type { BodySyntax } from './media-types.plan.ts';
import type { DecodedBody } from './request-body.types.ts';

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** What a body is when it does not say. */
export interface BodyType {
  readonly apiVersion: string;
  readonly kind: string;
}

/** Parses a body; `type` is needed for protobuf alone. What is called YAML and looks like JSON is parsed as JSON, which is a hundred times faster. */
export function parseBody(bytes: Uint8Array, syntax: BodySyntax, type: BodyType): DecodedBody {
  if (syntax === 'protobuf') return { value: decodeProtobuf(bytes, type), duplicateFields: [] };
  const text = decodeUtf8(bytes);
  const isJson = syntax === 'json' || /^\s*[{[]/.test(text);
  if (!isJson && bytes.length > httpLimits.yamlBodyBytes) {
    const most = httpLimits.yamlBodyBytes;
    throw new ApiError('RequestEntityTooLarge', `a body that is YAML may have ${most} bytes at most; send JSON`);
  }
  const { value, duplicates } = isJson ? parseJsonStrict(text) : parseYamlBody(text);
  return { value, duplicateFields: duplicates };
}

function decodeUtf8(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch (cause) {
    throw new ApiError('BadRequest', 'the body is not valid UTF-8', undefined, cause);
  }
}
