/** Content type in which client-go asks. Source: client-go discovery/discovery_client.go (v0.32). */
export const OPENAPI_V2_PROTOBUF = 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf';

/** The content type in which the Kubernetes API server answers: Go cannot parse the `@` of the other. Source: kube-openapi pkg/handler. */
export const OPENAPI_V2_PROTOBUF_ANSWER = 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf';

/** Whether the client names the protobuf form before JSON. */
export function prefersOpenApiV2Protobuf(accept: string | undefined): boolean {
  return (accept ?? '').trimStart().startsWith(OPENAPI_V2_PROTOBUF);
}
