import { ApiError } from '#api';
import type { Api, Verb } from '../registry/api.ts';
import { isSessionSubresource } from '../streams/session-request.plan.ts';
import { addWarnings } from './answers.ts';
import type { Exchange } from './exchange.ts';
import type { ResourcePath } from './request-path.plan.ts';
import { permit, planCall } from './resource-call.ts';
import { type CallHandler, createResourceReads, type ResourceReadsDeps } from './resource-reads.ts';
import { createResourceWrites, type ResourceWritesDeps } from './resource-writes.ts';

export type ResourceHandlerDeps = ResourceReadsDeps & ResourceWritesDeps & { readonly api: Api };

export type ResourceHandler = (exchange: Exchange, path: ResourcePath) => Promise<unknown>;

/** All verbs over all resources: a new kind is a row of the registry and needs nothing here. */
export function createResourceHandler(deps: ResourceHandlerDeps): ResourceHandler {
  const handlers: Readonly<Record<Verb, CallHandler>> = { ...createResourceReads(deps), ...createResourceWrites(deps) };
  return async (exchange, path) => {
    const call = planCall(exchange, path, deps.api.row(path.group, path.version, path.resource));
    if (isSessionSubresource(call.subresource)) {
      await permit(deps.authorize, call);
      throw new ApiError('BadRequest', 'Upgrade request required');
    }
    const deprecation = call.row.custom?.deprecation;
    if (deprecation !== undefined) addWarnings(exchange.reply, [deprecation]);
    return handlers[call.verb](call);
  };
}
