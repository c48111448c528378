import { ApiError, apiVersionOf, hasProtobufForm, type Json, type KubeObject, type ResourceType } from '#api';
import type { Clock } from '#base';
import { ByteBudget } from './byte-budget.ts';
import type { Exchange } from './exchange.ts';
import { httpLimits } from './limits.ts';
import { type BodySyntax, type PatchType, planObjectType, planPatchType } from './media-types.plan.ts';
import { type BodyType, parseBody } from './parse-body.ts';
import { readBody } from './read-body.ts';
import type { DecodedBody } from './request-body.types.ts';
import { isRecord } from './request-options.plan.ts';

/** Reads and parses request bodies, at most `bodyBytesInFlight` of them at a time. */
export interface BodyReader {
  /** The body of a create or update. A missing `apiVersion` or `kind` is the resource's own. */
  object(
    exchange: Exchange,
    type: Pick<ResourceType, 'group' | 'version' | 'kind'>,
  ): Promise<{ readonly object: KubeObject; readonly duplicateFields: readonly string[] }>;
  patch(exchange: Exchange): Promise<DecodedBody & { readonly type: PatchType }>;
  /** Options in the body of a deletion; undefined when there is none. */
  options(exchange: Exchange): Promise<Json | undefined>;
  json(exchange: Exchange): Promise<Json>;
}

const DELETE_OPTIONS: BodyType = { apiVersion: 'v1', kind: 'DeleteOptions' };
/** Of a body that is never protobuf. */
const UNTYPED: BodyType = { apiVersion: '', kind: '' };

export function createBodyReader(clock: Clock): BodyReader {
  const budget = new ByteBudget(httpLimits.bodyBytesInFlight);

  async function decode({ request }: Exchange, syntax: BodySyntax, type: BodyType = UNTYPED): Promise<DecodedBody> {
    const { bodyBytes: limitBytes, bodyTimeoutMs: timeoutMs } = httpLimits;
    const hold = budget.open();
    try {
      const bytes = await readBody(request.raw, { limitBytes, timeoutMs, clock, onBytes: hold.take });
      return parseBody(bytes, syntax, type);
    } finally {
      hold.release();
    }
  }

  return {
    async object(exchange, type) {
      const syntax = planObjectType(exchange.request.headers['content-type'], hasProtobufForm(type));
      const expected = { apiVersion: apiVersionOf(type), kind: type.kind };
      const { value, duplicateFields } = await decode(exchange, syntax, expected);
      return { object: asObject(value, type), duplicateFields };
    },

    async patch(exchange) {
      const { type, syntax } = planPatchType(exchange.request.headers['content-type']);
      return { type, ...(await decode(exchange, syntax)) };
    },

    async options(exchange) {
      const { headers } = exchange.request;
      const length = headers['content-length'] ?? headers['transfer-encoding'];
      if (length === undefined || length === '0') return undefined;
      return (await decode(exchange, planObjectType(headers['content-type'], true), DELETE_OPTIONS)).value;
    },

    async json(exchange) {
      return (await decode(exchange, 'json')).value;
    },
  };
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
