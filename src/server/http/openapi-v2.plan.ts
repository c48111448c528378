/**
 * OpenAPI v2, as small as a document may be: it describes no kind, and says so by being empty. Fields are described and
 * checked by v3 and by the server itself. Clients ask for v2 all the same when a kind is in no v3 document (kubectl, to
 * check a `List` or a kind that is not served) and take an empty one for "nothing known here"; without it they stop with
 * "failed to download openapi" and never come to say which kind is missing.
 */

const TITLE = 'Plumbline';

/** `Document` of gnostic's OpenAPIv2.proto. Every length fits one byte. Source: google/gnostic openapiv2/OpenAPIv2.proto. */
const FIELD = { swagger: 1, info: 2, paths: 8, infoTitle: 1, infoVersion: 2 } as const;

/** Content type in which client-go asks. Source: client-go discovery/discovery_client.go (v0.32). */
export const OPENAPI_V2_PROTOBUF = 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf';

/** The content type in which the Kubernetes API server answers. Source: kube-openapi pkg/handler. */
export const OPENAPI_V2_PROTOBUF_ANSWER = 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf';

const LENGTH_DELIMITED = 2;
const MAX_ONE_BYTE_LENGTH = 127;

export function openApiV2Document(version: string): object {
  return { swagger: '2.0', info: { title: TITLE, version }, paths: {} };
}

export function openApiV2Protobuf(version: string): Buffer {
  const info = Buffer.concat([text(FIELD.infoTitle, TITLE), text(FIELD.infoVersion, version)]);
  return Buffer.concat([text(FIELD.swagger, '2.0'), field(FIELD.info, info), field(FIELD.paths, Buffer.alloc(0))]);
}

/** Whether the client names the protobuf form before JSON. */
export function prefersOpenApiV2Protobuf(accept: string | undefined): boolean {
  return (accept ?? '').trimStart().startsWith(OPENAPI_V2_PROTOBUF);
}

function text(number: number, value: string): Buffer {
  return field(number, Buffer.from(value));
}

function field(number: number, bytes: Buffer): Buffer {
  if (bytes.length > MAX_ONE_BYTE_LENGTH) throw new RangeError(`${bytes.length} bytes do not fit a length of one byte`);
  return Buffer.concat([Buffer.from([(number << 3) | LENGTH_DELIMITED, bytes.length]), bytes]);
}
