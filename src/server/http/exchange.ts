import type { FastifyReply, FastifyRequest } from 'fastify';
import type { RequestContext } from '../registry/api.ts';

/** One authenticated request on its way through the handlers. */
export interface Exchange {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly context: RequestContext;
  readonly pathname: string;
  readonly query: URLSearchParams;
  /** Throws `Unauthorized` when the caller's token is worth nothing any more, `Forbidden` when he may act as another no more. */
  readonly reauthenticate: () => Promise<void>;
  /** Aborts when the caller leaves or the server closes. */
  readonly signal: AbortSignal;
}

/** The longest field manager taken from a User-Agent. */
const MAX_MANAGER_LENGTH = 128;

/** Field manager of writes that name none: the part of the User-Agent before `/`. Source: apiserver handlers/create.go managerOrUserAgent (words only). */
export function managerFromUserAgent(userAgent: string | undefined): string {
  const prefix = (userAgent ?? '')
    .split('/', 1)[0]
    ?.replace(/[^\x20-\x7e]/g, '')
    .trim()
    .slice(0, MAX_MANAGER_LENGTH);
  return prefix === undefined || prefix === '' ? 'unknown' : prefix;
}

/** Path and query of a request target; a target that is no path has neither. */
export function splitTarget(target: string): { readonly pathname: string; readonly query: URLSearchParams } {
  const mark = target.indexOf('?');
  if (mark < 0) return { pathname: target, query: new URLSearchParams() };
  return { pathname: target.slice(0, mark), query: new URLSearchParams(target.slice(mark + 1)) };
}
