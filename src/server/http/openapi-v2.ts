import { setImmediate as breathe } from 'node:timers/promises';
import {
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

/** Makes the document of group versions, each given as its resources. */
export type OpenApiV2Maker = (versions: readonly (readonly OpenApiResource[])[]) => Promise<OpenApiV2Forms>;

/**
 * Makes the OpenAPI v2 document, group version by group version, and lets others go first in between. What was made of the
 * very same resources before is used again.
 */
export function createOpenApiV2(): OpenApiV2Maker {
  let slices = new Map<readonly OpenApiResource[], OpenApiV2Document>();

  return async (versions) => {
    const before = slices;
    const pieces: Uint8Array[] = [];
    const known = new Set<string>();
    slices = new Map();
    const made: OpenApiV2Document[] = [];
    for (const resources of versions) {
      const [first] = resources;
      if (first === undefined) continue;
      await breathe();
      const slice = before.get(resources) ?? openApiV2Slice(first.type.group, first.type.version, resources);
      slices.set(resources, slice);
      made.push(slice);
      await breathe();
      pieces.push(encodeMessage('openapi.v2.Document', openApiV2Message(slice, known)));
    }
    await breathe();
    return { json: JSON.stringify(joinOpenApiV2(made)), protobuf: Buffer.concat(pieces) };
  };
}
