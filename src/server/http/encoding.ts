import { ApiError, apiVersionOf, isApiError, type StoredObject } from '#api';
import type { ListAnswer, ResourceRow, WatchFrame } from '../registry/api.ts';
import type { AnswerFormat } from './accept.plan.ts';
import { httpLimits } from './limits.ts';
import { toPartial, toTable } from './table.ts';

export interface Encoder {
  object(row: ResourceRow, object: StoredObject, format: AnswerFormat): string;
  /** The list in pieces of about `streamChunkBytes`, so that a long one is never in memory as a whole. */
  list(row: ResourceRow, answer: ListAnswer, format: AnswerFormat): Iterable<string>;
  /** One line of a watch. */
  frame(row: ResourceRow, frame: WatchFrame, format: AnswerFormat): Buffer;
}

/**
 * Writes API objects as bytes. A watch event is encoded once per form, however many watch it: objects are frozen and
 * shared, so that the last `encodedBytes` of encodings are found by identity. Tables are not kept: they hold ages.
 */
export function createEncoder(nowMs: () => number): Encoder {
  const plain = new EncodedObjects(JSON.stringify);
  const partial = new EncodedObjects((object) => JSON.stringify(toPartial(object, 'v1')));

  function encode(row: ResourceRow, object: StoredObject, format: AnswerFormat): string {
    if (format.as === 'object') return JSON.stringify(object);
    if (format.as === 'metadata') return JSON.stringify(toPartial(object, format.version));
    const metadata = { resourceVersion: object.metadata.resourceVersion };
    return JSON.stringify(toTable({ row, objects: [object], metadata, format, nowMs: nowMs() }));
  }

  function* list(row: ResourceRow, answer: ListAnswer, format: AnswerFormat): Iterable<string> {
    const metadata = {
      resourceVersion: answer.resourceVersion,
      ...(answer.continue === undefined ? {} : { continue: answer.continue }),
      ...(answer.remainingItemCount === undefined ? {} : { remainingItemCount: answer.remainingItemCount }),
    };
    if (format.as === 'table') {
      yield JSON.stringify(toTable({ row, objects: answer.items, metadata, format, nowMs: nowMs() }));
      return;
    }
    const { kind, apiVersion } =
      format.as === 'metadata'
        ? { kind: 'PartialObjectMetadataList', apiVersion: `meta.k8s.io/${format.version}` }
        : { kind: `${row.type.kind}List`, apiVersion: apiVersionOf(row.type) };
    let piece = `${JSON.stringify({ kind, apiVersion, metadata }).slice(0, -1)},"items":[`;
    let separator = '';
    for (const item of answer.items) {
      piece += separator + encode(row, item, format);
      separator = ',';
      if (piece.length < httpLimits.streamChunkBytes) continue;
      yield piece;
      piece = '';
    }
    yield `${piece}]}`;
  }

  function frame(row: ResourceRow, event: WatchFrame, format: AnswerFormat): Buffer {
    if (event.type === 'BOOKMARK') return line(event.type, encodeBookmark(row, event, format));
    if (format.as === 'table') return line(event.type, encode(row, event.object, format));
    return (format.as === 'metadata' ? partial : plain).line(event.type, event.object);
  }

  return { object: encode, list, frame };
}

/** The last line of a watch that could not go on. */
export function encodeErrorFrame(error: unknown): Buffer {
  return line('ERROR', JSON.stringify(toApiError(error).toStatus()));
}

/** Any error as one the API answers. What is not ours says nothing of its inside. */
export function toApiError(error: unknown): ApiError {
  if (isApiError(error)) return error;
  return new ApiError(
    'InternalError',
    'an error on the server has prevented the request from succeeding',
    undefined,
    error,
  );
}

function encodeBookmark(
  row: ResourceRow,
  { resourceVersion, initialEventsEnd }: Extract<WatchFrame, { type: 'BOOKMARK' }>,
  format: AnswerFormat,
): string {
  const annotations = initialEventsEnd ? { annotations: { 'k8s.io/initial-events-end': 'true' } } : {};
  const metadata = { resourceVersion, creationTimestamp: null, ...annotations };
  const { kind, apiVersion } = typeOf(row, format);
  return JSON.stringify({ kind, apiVersion, metadata });
}

function typeOf(row: ResourceRow, format: AnswerFormat): { readonly kind: string; readonly apiVersion: string } {
  if (format.as === 'object') return { kind: row.type.kind, apiVersion: apiVersionOf(row.type) };
  const kind = format.as === 'table' ? 'Table' : 'PartialObjectMetadata';
  return { kind, apiVersion: `meta.k8s.io/${format.version}` };
}

function line(type: WatchFrame['type'] | 'ERROR', object: string): Buffer {
  return Buffer.from(`{"type":"${type}","object":${object}}\n`);
}

/** Watch lines by object and event type. A Map and not a WeakMap: the memory it holds must have an upper end. */
class EncodedObjects {
  readonly #lines = new Map<StoredObject, { type: string; bytes: Buffer }>();
  readonly #encode: (object: StoredObject) => string;
  #bytes = 0;

  constructor(encode: (object: StoredObject) => string) {
    this.#encode = encode;
  }

  line(type: WatchFrame['type'], object: StoredObject): Buffer {
    const known = this.#lines.get(object);
    if (known?.type === type) return known.bytes;
    const bytes = line(type, this.#encode(object));
    this.#lines.set(object, { type, bytes });
    this.#bytes += bytes.length - (known?.bytes.length ?? 0);
    for (const [oldest, { bytes: dropped }] of this.#lines) {
      if (this.#bytes <= httpLimits.encodedBytes) break;
      this.#lines.delete(oldest);
      this.#bytes -= dropped.length;
    }
    return bytes;
  }
}
