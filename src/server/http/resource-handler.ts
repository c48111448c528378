import { ApiError, isApiError, type Json, parseFieldSelector, type StoredObject } from '#api';
import type { Clock, Log } from '#base';
import type { ResourceAttributes } from '../auth/authorization.types.ts';
import type { Authorize } from '../auth/authorizer.ts';
import { nodeNameOf } from '../auth/groups.plan.ts';
import { type NodeWrite, planNodeWrite } from '../auth/node-restriction.plan.ts';
import { planLogOptions } from '../nodes/log-options.plan.ts';
import type { OpenPodLog } from '../nodes/pod-logs.ts';
import type { Api, ResourceRow, Subresource, Verb, WriteAnswer } from '../registry/api.ts';
import { type AnswerFormat, planAnswerFormat } from './accept.plan.ts';
import { addWarnings, sendJson, sendJsonPieces, sendValue } from './answers.ts';
import type { Encoder } from './encoding.ts';
import type { Exchange } from './exchange.ts';
import { httpLimits } from './limits.ts';
import { streamLog } from './log-stream.ts';
import type { BodyReader } from './request-body.ts';
import {
  flag,
  planDeleteOptions,
  planIncludeObject,
  planReadOptions,
  planWatchOptions,
  planWriteOptions,
} from './request-options.plan.ts';
import type { ResourcePath } from './request-path.plan.ts';
import { streamWatch } from './watch-stream.ts';

export interface ResourceHandlerDeps {
  readonly api: Api;
  readonly authorize: Authorize;
  readonly bodies: BodyReader;
  readonly encoder: Encoder;
  readonly openPodLog: OpenPodLog;
  readonly clock: Clock;
  readonly log: Log;
  /** In [0, 1): spreads the ends of watches. */
  readonly random: () => number;
}

export type ResourceHandler = (exchange: Exchange, path: ResourcePath) => Promise<unknown>;

/** One request on a resource that exists, with what every verb needs. */
interface Call {
  readonly exchange: Exchange;
  readonly row: ResourceRow;
  readonly path: ResourcePath;
  readonly verb: Verb;
  readonly subresource: Subresource | undefined;
}

/** All verbs over all resources: a new kind is a row of the registry and needs nothing here. */
export function createResourceHandler(deps: ResourceHandlerDeps): ResourceHandler {
  const { api, authorize, bodies, encoder } = deps;

  function permit({ exchange, path, verb }: Call, more: Partial<ResourceAttributes> = {}): Promise<void> {
    const { group, resource, namespace, name, subresource } = path;
    const attributes: ResourceAttributes = {
      verb,
      group,
      resource,
      namespace,
      ...(subresource === undefined ? {} : { subresource }),
      ...(name === undefined ? {} : { name }),
      ...more,
    };
    return authorize(exchange.context.user, attributes);
  }

  /** What an agent writes must stay within what agents report. */
  async function restrict(call: Call, how: NodeWrite['how'], body: Json): Promise<void> {
    const { exchange, path } = call;
    if (nodeNameOf(exchange.context.user) === undefined) return;
    const live = how === 'create' ? undefined : await existing(call);
    const reason = planNodeWrite({ resource: path.resource, subresource: path.subresource, how, body, live });
    if (reason !== undefined) throw new ApiError('Forbidden', reason);
  }

  async function existing(call: Call): Promise<StoredObject | undefined> {
    try {
      return await api.get({ ...target(call), name: named(call.path) });
    } catch (error) {
      if (isApiError(error, 'NotFound')) return undefined;
      throw error;
    }
  }

  async function get(call: Call): Promise<unknown> {
    const { exchange, row, path } = call;
    await permit(call);
    if (call.subresource === 'log') return log(call);
    const object = await api.get({ ...target(call), name: named(path), ...subresourceOf(call) });
    return sendObject(exchange, row, object, 200);
  }

  async function log({ exchange, path }: Call): Promise<void> {
    const { context, query, reply, signal } = exchange;
    const pod = { namespace: path.namespace, name: named(path) };
    const bytes = await deps.openPodLog(context, pod, planLogOptions(query), signal);
    reply.hijack();
    await streamLog(deps, reply.raw, bytes);
  }

  async function list(call: Call): Promise<unknown> {
    const { exchange, row } = call;
    const options = planReadOptions(exchange.query);
    await permit(call, demandedBy(options.fieldSelector));
    const format = formatOf(exchange);
    const answer = await api.list({ ...target(call), ...options });
    return sendJsonPieces(exchange.reply, encoder.list(row, answer, format));
  }

  async function watch(call: Call): Promise<void> {
    const { exchange, row, path } = call;
    const { query, reply, signal } = exchange;
    const { limit: _limit, continue: _continue, resourceVersionMatch: _match, ...options } = planReadOptions(query);
    const fieldSelector = [
      ...selectorOfName(path),
      ...(options.fieldSelector === undefined ? [] : [options.fieldSelector]),
    ].join(',');
    const selected = { ...options, ...(fieldSelector === '' ? {} : { fieldSelector }) };
    const permitted = () => permit(call, demandedBy(selected.fieldSelector));
    await permitted();
    const timeoutMs = httpLimits.watchTimeoutMs * (1 + deps.random());
    const request = { ...target(call), ...selected, timeoutMs, ...planWatchOptions(query) };
    await streamWatch(deps, {
      response: reply.raw,
      row,
      format: formatOf(exchange),
      open: (ended) => api.watch({ ...request, signal: ended }),
      reauthorize: permitted,
      signal,
    });
    reply.hijack(); // only now: a refusal before the headers is the framework's to answer
  }

  async function create(call: Call): Promise<unknown> {
    const { exchange, row, path, subresource } = call;
    const options = planWriteOptions(exchange.query);
    const kind = subresource === undefined ? row.type : (row.subresources?.[subresource] ?? row.type);
    const { object, duplicateFields } = await bodies.object(exchange, kind);
    const name = path.name ?? object.metadata.name;
    await permit(call, name === undefined ? {} : { name });
    if (path.namespace === '' && row.type.namespaced) throw notAllowed();
    await restrict(call, 'create', object as unknown as Json);
    const answer = await api.create({
      ...target(call),
      ...options,
      object,
      duplicateFields,
      ...(path.name === undefined ? {} : { name: path.name }),
      ...(subresource === 'binding' ? { subresource } : {}),
    });
    if (subresource === 'binding') return sendSuccess(exchange, 201);
    return sendWritten(exchange, row, answer, 201);
  }

  async function update(call: Call): Promise<unknown> {
    const { exchange, row, path, subresource } = call;
    const options = planWriteOptions(exchange.query);
    await permit(call);
    const kind = subresource === undefined ? row.type : (row.subresources?.[subresource] ?? row.type);
    const { object, duplicateFields } = await bodies.object(exchange, kind);
    await restrict(call, 'update', object as unknown as Json);
    const answer = await api.update({
      ...target(call),
      ...options,
      name: named(path),
      object,
      duplicateFields,
      ...(subresource === 'status' || subresource === 'scale' || subresource === 'finalize' ? { subresource } : {}),
    });
    return sendWritten(exchange, row, answer, answer.created ? 201 : 200);
  }

  async function patch(call: Call): Promise<unknown> {
    const { exchange, row, path } = call;
    const options = planWriteOptions(exchange.query);
    await permit(call);
    const { type, value, duplicateFields } = await bodies.patch(exchange);
    await restrict(call, type, value);
    const answer = await api.patch({
      ...target(call),
      ...options,
      name: named(path),
      patchType: type,
      patch: value,
      duplicateFields,
      ...subresourceOf(call),
    });
    return sendWritten(exchange, row, answer, answer.created ? 201 : 200);
  }

  async function remove(call: Call): Promise<unknown> {
    const { exchange, row, path } = call;
    await permit(call);
    const options = planDeleteOptions(exchange.query, await bodies.options(exchange));
    const { object, lingers } = await api.delete({ ...target(call), ...options, name: named(path) });
    if (lingers) return sendObject(exchange, row, object, 200);
    const { group, plural: kind } = row.type;
    const { name, uid } = object.metadata;
    return sendSuccess(exchange, 200, { name, ...(group === '' ? {} : { group }), kind, uid });
  }

  async function removeCollection(call: Call): Promise<unknown> {
    const { exchange, row } = call;
    const { labelSelector, fieldSelector } = planReadOptions(exchange.query);
    await permit(call, demandedBy(fieldSelector));
    const options = planDeleteOptions(exchange.query, await bodies.options(exchange));
    const items = await api.deleteCollection({
      ...target(call),
      ...options,
      ...(labelSelector === undefined ? {} : { labelSelector }),
      ...(fieldSelector === undefined ? {} : { fieldSelector }),
    });
    return sendJsonPieces(exchange.reply, encoder.list(row, { items, resourceVersion: '' }, { as: 'object' }));
  }

  function sendObject(exchange: Exchange, row: ResourceRow, object: StoredObject, status: number): unknown {
    return sendJson(exchange.reply, status, encoder.object(row, object, formatOf(exchange)));
  }

  function sendWritten(exchange: Exchange, row: ResourceRow, answer: WriteAnswer, status: number): unknown {
    addWarnings(exchange.reply, answer.warnings);
    return sendObject(exchange, row, answer.object, status);
  }

  const handlers: Readonly<Record<Verb, (call: Call) => Promise<unknown>>> = {
    get,
    list,
    watch,
    create,
    update,
    patch,
    delete: remove,
    deletecollection: removeCollection,
  };

  return async (exchange, path) => {
    const row = api.row(path.group, path.version, path.resource);
    if (row === undefined || !fitsScope(row, path)) throw unknownResource();
    const subresource = subresourceNamed(row, path);
    const verb = verbOf(exchange, path);
    const allowed: readonly string[] =
      subresource === undefined ? row.verbs : (row.subresources?.[subresource]?.verbs ?? []);
    if (verb === undefined || !allowed.includes(verb)) throw notAllowed();
    return handlers[verb]({ exchange, row, path, verb, subresource });
  };
}

function target({ exchange, row, path }: Call) {
  return { context: exchange.context, row, namespace: path.namespace };
}

function named({ name }: ResourcePath): string {
  if (name === undefined) throw notAllowed();
  return name;
}

function subresourceOf({ subresource }: Call): { readonly subresource?: 'status' | 'scale' } {
  return subresource === 'status' || subresource === 'scale' ? { subresource } : {};
}

function subresourceNamed(row: ResourceRow, { subresource }: ResourcePath): Subresource | undefined {
  if (subresource === undefined) return undefined;
  const known = row.subresources ?? {};
  if (!Object.hasOwn(known, subresource)) throw unknownResource();
  return subresource as Subresource;
}

/** A namespaced resource has no names outside of namespaces, and a cluster's none inside. */
function fitsScope({ type }: ResourceRow, { namespace, name }: ResourcePath): boolean {
  if (!type.namespaced) return namespace === '';
  return namespace !== '' || name === undefined;
}

/** Source: apiserver request/requestinfo.go (words only). */
function verbOf({ request, query }: Exchange, { name, subresource }: ResourcePath): Verb | undefined {
  switch (request.method) {
    case 'GET':
    case 'HEAD':
      if (flag(query, 'watch') && subresource === undefined) return 'watch';
      return name === undefined ? 'list' : 'get';
    case 'POST':
      return 'create';
    case 'PUT':
      return 'update';
    case 'PATCH':
      return 'patch';
    case 'DELETE':
      return name === undefined ? 'deletecollection' : 'delete';
    default:
      return undefined;
  }
}

function formatOf({ request, query }: Exchange): AnswerFormat {
  const format = planAnswerFormat(request.headers.accept, planIncludeObject(query));
  if (format !== undefined) return format;
  throw new ApiError('NotAcceptable', 'only the following media types are accepted: application/json');
}

/** `metadata.name=x` of a watch on one name. */
function selectorOfName({ name }: ResourcePath): readonly string[] {
  return name === undefined ? [] : [`metadata.name=${name}`];
}

/** What a field selector pins down, for the authorizer: all its terms must hold, so that one suffices. */
function demandedBy(fieldSelector: string | undefined): { readonly name?: string; readonly nodeName?: string } {
  if (fieldSelector === undefined) return {};
  const { requirements } = parseFieldSelector(fieldSelector);
  const demanded = (wanted: string) =>
    requirements.find(({ field, operator }) => field === wanted && operator === '=')?.value;
  const name = demanded('metadata.name');
  const nodeName = demanded('spec.nodeName');
  return { ...(name === undefined ? {} : { name }), ...(nodeName === undefined ? {} : { nodeName }) };
}

function sendSuccess({ reply }: Exchange, code: number, details?: object): unknown {
  const more = details === undefined ? { code } : { details };
  return sendValue(reply, code, { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', ...more });
}

/** Source: apiserver: the words for a path that names nothing. */
export function unknownResource(): ApiError {
  return new ApiError('NotFound', 'the server could not find the requested resource', {});
}

function notAllowed(): ApiError {
  return new ApiError('MethodNotAllowed', 'the server does not allow this method on the requested resource', {});
}
