import { ApiError, apiVersionOf, isApiError, type Json, type KubeObject, type StoredObject } from '#api';
import type { Authorize } from '../auth/authorization.types.ts';
import { nodeNameOf } from '../auth/groups.plan.ts';
import { type NodeWrite, planNodeWrite } from '../auth/node-restriction.plan.ts';
import type { AnswerReview } from '../auth/reviews.ts';
import type { ServiceAccountTokens } from '../auth/service-accounts/service-account-tokens.ts';
import { decode, validateTypes } from '../registry/admission.ts';
import type { Api, ResourceRow, Subresource, WriteAnswer } from '../registry/api.ts';
import { evictionRow, tokenRequestRow } from '../registry/rows/reviews.ts';
import { addWarnings, sendJson, sendJsonPieces, sendValue } from './answers.ts';
import type { Encoder } from './encoding.ts';
import type { Exchange } from './exchange.ts';
import type { BodyReader } from './request-body.ts';
import { planDeleteOptions, planReadOptions, planWriteOptions } from './request-options.plan.ts';
import {
  demandedBy,
  demandPlainFormat,
  formatOf,
  nameOf,
  notAllowed,
  permit,
  type ResourceCall,
  targetOf,
} from './resource-call.ts';
import type { CallHandler } from './resource-reads.ts';

export interface ResourceWritesDeps {
  readonly api: Pick<Api, 'get' | 'create' | 'update' | 'patch' | 'delete' | 'deleteCollection' | 'evict'>;
  readonly authorize: Authorize;
  readonly answerReview: AnswerReview;
  readonly serviceAccountTokens: ServiceAccountTokens;
  readonly bodies: BodyReader;
  readonly encoder: Encoder;
}

type WriteVerb = 'create' | 'update' | 'patch' | 'delete' | 'deletecollection';

export function createResourceWrites(deps: ResourceWritesDeps): Readonly<Record<WriteVerb, CallHandler>> {
  const { api, authorize, bodies, encoder } = deps;

  /** What an agent writes must stay within what agents report. */
  async function restrict(call: ResourceCall, how: NodeWrite['how'], body: Json): Promise<void> {
    const { exchange, path, subresource } = call;
    if (nodeNameOf(exchange.context.user) === undefined) return;
    const live = how === 'create' ? undefined : await existing(call);
    const reason = planNodeWrite({ resource: path.resource, subresource, how, body, live });
    if (reason !== undefined) throw new ApiError('Forbidden', reason);
  }

  async function existing(call: ResourceCall): Promise<StoredObject | undefined> {
    try {
      return await api.get({ ...targetOf(call), name: nameOf(call) });
    } catch (error) {
      if (isApiError(error, 'NotFound')) return undefined;
      throw error;
    }
  }

  function sendObject({ exchange, row }: ResourceCall, object: StoredObject, status: number): unknown {
    return sendJson(exchange.reply, status, encoder.object(row, object, formatOf(exchange)));
  }

  function sendWritten(call: ResourceCall, { object, created, warnings }: WriteAnswer): unknown {
    addWarnings(call.exchange.reply, warnings);
    return sendObject(call, object, created ? 201 : 200);
  }

  /** Answers a question: nothing is stored. */
  async function review(call: ResourceCall, sent: KubeObject, duplicateFields: readonly string[]): Promise<unknown> {
    const { exchange, row, path } = call;
    const object = decodeVirtual(call, row, sent, duplicateFields);
    const { context } = exchange;
    const answer = await deps.answerReview({ context, row, namespace: path.namespace, object });
    return sendValue(exchange.reply, 201, answer);
  }

  async function issueToken(call: ResourceCall, sent: KubeObject, duplicateFields: readonly string[]) {
    const { exchange, path } = call;
    const request = decodeVirtual(call, tokenRequestRow, sent, duplicateFields);
    const answer = await deps.serviceAccountTokens.issue(exchange.context, path.namespace, nameOf(call), request);
    return sendValue(exchange.reply, 201, answer);
  }

  async function evict(call: ResourceCall, sent: KubeObject, duplicateFields: readonly string[]): Promise<unknown> {
    const { exchange } = call;
    const name = nameOf(call);
    // The older version of the same words is still taken. Source: pkg/registry/core/pod/storage/eviction.go, AcceptsGroupVersion (v1.32).
    const apiVersion = sent.apiVersion === 'policy/v1beta1' ? apiVersionOf(evictionRow.type) : sent.apiVersion;
    const eviction = decodeVirtual(call, evictionRow, { ...sent, apiVersion }, duplicateFields);
    if (eviction.metadata.name !== name)
      throw new ApiError('BadRequest', 'name in URL does not match name in Eviction object');
    const body = (eviction['deleteOptions'] ?? {}) as Json;
    const { dryRun } = planWriteOptions(exchange.query);
    const options = planDeleteOptions(new URLSearchParams(), body);
    await api.evict({ ...targetOf(call), ...options, ...(dryRun === true ? { dryRun } : {}), name });
    return sendSuccess(exchange, 201, {});
  }

  function decodeVirtual(
    { exchange }: ResourceCall,
    row: ResourceRow,
    sent: KubeObject,
    duplicateFields: readonly string[],
  ): KubeObject {
    demandPlainFormat(exchange);
    const { fieldValidation } = planWriteOptions(exchange.query);
    const strictness = { duplicateFields, ...(fieldValidation === undefined ? {} : { fieldValidation }) };
    const { object, warnings } = decode(row, sent, strictness);
    validateTypes(row, object);
    addWarnings(exchange.reply, warnings);
    return object;
  }

  return {
    async create(call) {
      const { exchange, row, path, subresource } = call;
      const options = planWriteOptions(exchange.query);
      const { object, duplicateFields } = await bodies.object(exchange, bodyType(call));
      const newName = path.name ?? object.metadata.name;
      await permit(authorize, call, newName === undefined ? {} : { newName });
      if (path.namespace === '' && row.type.namespaced) throw notAllowed();
      if (row.virtual === true) return review(call, object, duplicateFields);
      if (subresource === 'token') return issueToken(call, object, duplicateFields);
      await restrict(call, 'create', object as unknown as Json);
      if (subresource === 'eviction') return evict(call, object, duplicateFields);
      const request = { ...targetOf(call), ...options, object, duplicateFields };
      if (subresource !== 'binding') return sendWritten(call, { ...(await api.create(request)), created: true });
      await api.create({ ...request, name: nameOf(call), subresource });
      return sendSuccess(exchange, 201, {});
    },

    async update(call) {
      const { exchange, subresource } = call;
      const options = planWriteOptions(exchange.query);
      await permit(authorize, call);
      const { object, duplicateFields } = await bodies.object(exchange, bodyType(call));
      await restrict(call, 'update', object as unknown as Json);
      const part = subresource === 'finalize' ? { subresource } : partOf(subresource);
      const request = { ...targetOf(call), ...options, name: nameOf(call), object, duplicateFields, ...part };
      return sendWritten(call, await api.update(request));
    },

    async patch(call) {
      const { exchange, subresource } = call;
      const options = planWriteOptions(exchange.query);
      await permit(authorize, call);
      const { type: patchType, value: patch, duplicateFields } = await bodies.patch(exchange);
      await restrict(call, patchType, patch);
      const part = partOf(subresource);
      const request = { ...targetOf(call), ...options, name: nameOf(call), patchType, patch, duplicateFields, ...part };
      return sendWritten(call, await api.patch(request));
    },

    async delete(call) {
      const { exchange, row } = call;
      await permit(authorize, call);
      const options = planDeleteOptions(exchange.query, await bodies.options(exchange));
      const { object, lingers } = await api.delete({ ...targetOf(call), ...options, name: nameOf(call) });
      if (lingers) return sendObject(call, object, 200);
      const { group, plural: kind } = row.type;
      const { name, uid } = object.metadata;
      return sendSuccess(exchange, 200, { details: { name, ...(group === '' ? {} : { group }), kind, uid } });
    },

    async deletecollection(call) {
      const { exchange, row } = call;
      const { labelSelector, fieldSelector } = planReadOptions(exchange.query);
      await permit(authorize, call, demandedBy({ fieldSelector, labelSelector }));
      const options = planDeleteOptions(exchange.query, await bodies.options(exchange));
      const items = await api.deleteCollection({
        ...targetOf(call),
        ...options,
        ...(labelSelector === undefined ? {} : { labelSelector }),
        ...(fieldSelector === undefined ? {} : { fieldSelector }),
      });
      return sendJsonPieces(exchange.reply, encoder.list(row, { items, resourceVersion: '' }, { as: 'object' }));
    },
  };
}

/** The part that an update or a patch is about. */
function partOf(subresource: Subresource | undefined) {
  switch (subresource) {
    case 'status':
    case 'approval':
    case 'scale':
    case 'ephemeralcontainers':
      return { subresource };
    default:
      return {};
  }
}

/** The kind a body is when it does not say: the resource's own, or its subresource's. */
function bodyType({ row, subresource }: ResourceCall): { group: string; version: string; kind: string } {
  const { group, version, kind } =
    (subresource === undefined ? undefined : row.subresources?.[subresource]) ?? row.type;
  return { group, version, kind };
}

function sendSuccess({ reply }: Exchange, code: number, more: object): unknown {
  return sendValue(reply, code, { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', ...more, code });
}
