import { setImmediate as breathe } from 'node:timers/promises';
import {
  apiVersionOf,
  encodeMessage,
  joinOpenApiV2,
  type OpenApiResource,
  type OpenApiV2Document,
  openApiV2Message,
  openApiV2Slice,
} from '#api';

/** The same document in its two forms. */
export interface OpenApiV2Forms {
  readonly json: string;
  readonly protobuf: Uint8Array;
}

/**
 * kubectl looks for a kind that no path tells of among the CustomResourceDefinitions, and gives up where it cannot list
 * them. While they are not served there are no paths: it takes that for "nothing known here" and goes on.
 */
const CUSTOM_RESOURCES = 'apiextensions.k8s.io';

/** Makes the OpenAPI v2 document, group version by group version, and lets others go first in between. */
export async function createOpenApiV2(resources: readonly OpenApiResource[]): Promise<OpenApiV2Forms> {
  const versions = new Map(resources.map(({ type }) => [apiVersionOf(type), type]));
  const hasPaths = resources.some(({ type }) => type.group === CUSTOM_RESOURCES);
  const slices: OpenApiV2Document[] = [];
  const pieces: Uint8Array[] = [];
  const known = new Set<string>();
  for (const { group, version } of versions.values()) {
    await breathe();
    const whole = openApiV2Slice(group, version, resources);
    const slice = hasPaths ? whole : { ...whole, paths: {} };
    slices.push(slice);
    await breathe();
    pieces.push(encodeMessage('openapi.v2.Document', openApiV2Message(slice, known)));
  }
  await breathe();
  return { json: JSON.stringify(joinOpenApiV2(slices)), protobuf: Buffer.concat(pieces) };
}
