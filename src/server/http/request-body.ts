import { ApiError, apiVersionOf, type Json, type KubeObject, type ResourceType } from '#api';
import type { Clock } from '#base';
import type { Exchange } from './exchange.ts';
import { httpLimits } from './limits.ts';
import { type BodySyntax, planObjectType, planPatchType } from './media-types.plan.ts';
import { parseBody } from './parse-body.ts';
import { readBody } from './read-body.ts';
import type { DecodedBody } from './request-body.types.ts';
import { isRecord } from './request-options.plan.ts';

/** Reads and parses request bodies, at most `bodyBytesInFlight` of them at a time. */
export class BodyReader {
  readonly #clock: Clock;
  #bytesInFlight = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The body of a create or update. A missing `apiVersion` or `kind` is the resource's own. */
  async object(
    exchange: Exchange,
    type: Pick<ResourceType, 'group' | 'version' | 'kind'>,
  ): Promise<{ readonly object: KubeObject; readonly duplicateFields: readonly string[] }> {
    const syntax = planObjectType(exchange.request.headers['content-type']);
    const { value, duplicateFields } = await this.#decode(exchange, syntax);
    return { object: asObject(value, type), duplicateFields };
  }

  async patch(exchange: Exchange): Promise<DecodedBody & { readonly type: 'json' | 'merge' | 'strategic' | 'apply' }> {
    const { type, syntax } = planPatchType(exchange.request.headers['content-type']);
    return { type, ...(await this.#decode(exchange, syntax)) };
  }

  /** Options in the body of a deletion; undefined when there is none. */
  async options(exchange: Exchange): Promise<Json | undefined> {
    const { headers } = exchange.request;
    if (
      headers['content-length'] === '0' ||
      (headers['content-length'] ?? headers['transfer-encoding']) === undefined
    ) {
      return undefined;
    }
    return (await this.#decode(exchange, planObjectType(headers['content-type']))).value;
  }

  /** Any JSON. */
  async json(exchange: Exchange): Promise<Json> {
    return (await this.#decode(exchange, 'json')).value;
  }

  async #decode(exchange: Exchange, syntax: BodySyntax): Promise<DecodedBody> {
    const bytes = await this.#read(exchange);
    try {
      return parseBody(bytes, syntax);
    } finally {
      this.#bytesInFlight -= bytes.length;
    }
  }

  /** The caller takes the bytes off `#bytesInFlight` when it is done with them. */
  async #read(exchange: Exchange): Promise<Buffer> {
    let kept = 0;
    const { bodyBytes: limitBytes, bodyTimeoutMs: timeoutMs, bodyBytesInFlight } = httpLimits;
    const onBytes = (count: number) => {
      if (this.#bytesInFlight + count > bodyBytesInFlight) {
        throw new ApiError('TooManyRequests', 'the server holds too many request bodies, please try again later');
      }
      kept += count;
      this.#bytesInFlight += count;
    };
    try {
      return await readBody(exchange.request.raw, { limitBytes, timeoutMs, clock: this.#clock, onBytes });
    } catch (error) {
      this.#bytesInFlight -= kept;
      throw error;
    }
  }
}

function asObject(value: Json, type: Pick<ResourceType, 'group' | 'version' | 'kind'>): KubeObject {
  if (!isRecord(value)) throw new ApiError('BadRequest', 'the body of the request must be a JSON object');
  const { apiVersion = apiVersionOf(type), kind = type.kind, metadata = {} } = value;
  if (typeof apiVersion !== 'string' || typeof kind !== 'string') {
    throw new ApiError('BadRequest', 'apiVersion and kind must be text');
  }
  if (metadata !== null && !isRecord(metadata)) throw new ApiError('BadRequest', 'metadata must be a JSON object');
  return { ...value, apiVersion, kind, metadata: metadata ?? {} } as KubeObject;
}
