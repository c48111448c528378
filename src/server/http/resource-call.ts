import { ApiError, parseFieldSelector, parseLabelSelector, VOLUME_NODE_LABEL } from '#api';
import type { Authorize, ResourceAttributes } from '../auth/authorization.types.ts';
import type { RequestContext, ResourceRow, Subresource, Verb } from '../registry/api.ts';
import { type AnswerFormat, acceptsPlainJson, planAnswerFormat } from './accept.plan.ts';
import type { Exchange } from './exchange.ts';
import { flag, planIncludeObject } from './request-options.plan.ts';
import type { ResourcePath } from './request-path.plan.ts';

/** One request on a resource that exists, with what every verb needs. */
export interface ResourceCall {
  readonly exchange: Exchange;
  readonly row: ResourceRow;
  readonly path: ResourcePath;
  readonly verb: Verb;
  readonly subresource: Subresource | undefined;
}

/** Verbs on one object; the others are on a collection, and `watch` on either. */
const NAMED_VERBS: ReadonlySet<Verb> = new Set(['get', 'update', 'patch', 'delete']);

/** Finds out what is asked for; throws `NotFound` or `MethodNotAllowed` for what is not served. */
export function planCall(exchange: Exchange, path: ResourcePath, row: ResourceRow | undefined): ResourceCall {
  if (row === undefined || !fitsScope(row, path)) throw unknownResource();
  const subresource = subresourceNamed(row, path);
  const verb = verbOf(exchange, path);
  const allowed: readonly string[] =
    subresource === undefined ? row.verbs : (row.subresources?.[subresource]?.verbs ?? []);
  if (verb === undefined || !allowed.includes(verb)) throw notAllowed();
  const wantsName = NAMED_VERBS.has(verb) || subresource !== undefined;
  if (verb !== 'watch' && wantsName !== (path.name !== undefined)) throw notAllowed();
  return { exchange, row, path, verb, subresource };
}

/** Asks whether the caller may; `more` is what the path alone does not tell. */
export function permit(
  authorize: Authorize,
  { exchange, path, verb }: ResourceCall,
  more: Partial<ResourceAttributes> = {},
): Promise<void> {
  const { group, resource, namespace, name, subresource } = path;
  return authorize(exchange.context.user, {
    verb,
    group,
    resource,
    namespace,
    ...(subresource === undefined ? {} : { subresource }),
    ...(name === undefined ? {} : { name }),
    ...more,
  });
}

/** What every request of the `Api` begins with. */
export function targetOf({ exchange, row, path }: ResourceCall): {
  readonly context: RequestContext;
  readonly row: ResourceRow;
  readonly namespace: string;
} {
  return { context: exchange.context, row, namespace: path.namespace };
}

export function nameOf({ path }: ResourceCall): string {
  if (path.name === undefined) throw notAllowed();
  return path.name;
}

export function formatOf({ request, query }: Exchange): AnswerFormat {
  const format = planAnswerFormat(request.headers.accept, planIncludeObject(query));
  if (format !== undefined) return format;
  throw notAcceptable();
}

/** Of an answer to a question, which is no stored object and so has no table. */
export function demandPlainFormat({ request }: Exchange): void {
  if (!acceptsPlainJson(request.headers.accept)) throw notAcceptable();
}

function notAcceptable(): ApiError {
  return new ApiError('NotAcceptable', 'only the following media types are accepted: application/json');
}

interface Selection {
  readonly fieldSelector?: string | undefined;
  readonly labelSelector?: string | undefined;
}

/** What selectors pin down, for the authorizer: all their terms must hold, so that one suffices. */
export function demandedBy({
  fieldSelector,
  labelSelector,
}: Selection): Pick<ResourceAttributes, 'name' | 'nodeName' | 'volumeNode'> {
  const fields = fieldSelector === undefined ? [] : parseFieldSelector(fieldSelector).requirements;
  const demanded = (wanted: string) =>
    fields.find(({ field, operator }) => field === wanted && operator === '=')?.value;
  const name = demanded('metadata.name');
  const nodeName = demanded('spec.nodeName');
  const labels = labelSelector === undefined ? [] : parseLabelSelector(labelSelector).requirements;
  const ofNode = labels.find(
    ({ key, operator, values }) => key === VOLUME_NODE_LABEL && operator === 'In' && values.length === 1,
  );
  const volumeNode = ofNode?.values[0];
  return {
    ...(name === undefined ? {} : { name }),
    ...(nodeName === undefined ? {} : { nodeName }),
    ...(volumeNode === undefined ? {} : { volumeNode }),
  };
}

/** Source: apiserver, the words for a path that names nothing. */
export function unknownResource(): ApiError {
  return new ApiError('NotFound', 'the server could not find the requested resource', {});
}

export function notAllowed(): ApiError {
  return new ApiError('MethodNotAllowed', 'the server does not allow this method on the requested resource', {});
}

function subresourceNamed(row: ResourceRow, { subresource }: ResourcePath): Subresource | undefined {
  if (subresource === undefined) return undefined;
  if (!Object.hasOwn(row.subresources ?? {}, subresource)) throw unknownResource();
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
