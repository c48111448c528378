import type { Json } from '#api';

/** A body as JSON, and the paths of the keys that stood in it twice. */
export interface DecodedBody {
  readonly value: Json;
  readonly duplicateFields: readonly string[];
}
