import { Readable } from 'node:stream';
import type { FastifyReply } from 'fastify';
import type { ApiError, Json } from '#api';
import { toApiError } from './encoding.ts';

const JSON_TYPE = 'application/json';

export function sendText(reply: FastifyReply, status: number, text: string): FastifyReply {
  return reply.code(status).type('text/plain; charset=utf-8').send(text);
}

/** Sends JSON text that is already encoded, in one write. */
export function sendJson(reply: FastifyReply, status: number, json: string): FastifyReply {
  return reply.code(status).header('content-type', JSON_TYPE).send(json);
}

/** Sends JSON text that comes in pieces: one alone in one write, several as a stream that waits for its reader. */
export function sendJsonPieces(reply: FastifyReply, pieces: Iterable<string>): FastifyReply {
  const iterator = pieces[Symbol.iterator]();
  const first = iterator.next();
  const second = iterator.next();
  if (second.done === true) return sendJson(reply, 200, first.done === true ? '' : first.value);
  function* all(): Iterable<string> {
    if (first.done !== true) yield first.value;
    if (second.done !== true) yield second.value;
    for (let next = iterator.next(); next.done !== true; next = iterator.next()) yield next.value;
  }
  return reply
    .code(200)
    .header('content-type', JSON_TYPE)
    .send(Readable.from(all(), { highWaterMark: 1 }));
}

export function sendValue(reply: FastifyReply, status: number, value: Json | object): FastifyReply {
  return sendJson(reply, status, JSON.stringify(value));
}

/** What an error looks like on the wire. */
export interface ErrorAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Any error as a Status. */
export function errorAnswer(thrown: unknown): ErrorAnswer {
  const error = toApiError(thrown);
  const retryAfter = retryAfterSeconds(error);
  return {
    status: error.httpStatus,
    headers: {
      'content-type': JSON_TYPE,
      ...(error.reason === 'Unauthorized' ? { 'www-authenticate': 'Bearer' } : {}),
      ...(retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) }),
    },
    body: JSON.stringify(error.toStatus()),
  };
}

export function sendError(reply: FastifyReply, thrown: unknown): FastifyReply {
  const { status, headers, body } = errorAnswer(thrown);
  return reply.code(status).headers(headers).send(body);
}

/** `Warning: 299 - "text"`: kubectl prints each. Source: RFC 7234 5.5; quotes and backslashes are escaped, control characters dropped. */
export function addWarnings(reply: FastifyReply, warnings: readonly string[]): void {
  if (warnings.length === 0) return;
  const before = [reply.getHeader('warning') ?? []].flat().map(String);
  reply.header('warning', [...before, ...warnings.map(encodeWarning)].slice(0, MAX_WARNINGS));
}

/** Warnings of one answer, and the length of each; kubernetes cuts at 4 KiB altogether. */
const MAX_WARNINGS = 16;
const MAX_WARNING_LENGTH = 240;

function encodeWarning(text: string): string {
  const plain = text.replace(/[^\x20-\x7e]/g, '?').slice(0, MAX_WARNING_LENGTH);
  return `299 - "${plain.replace(/["\\]/g, '\\$&')}"`;
}

function retryAfterSeconds(error: ApiError): number | undefined {
  const told = error.details?.retryAfterSeconds;
  // Clients try again by themselves when they are told a time; who says 0 wants them not to.
  if (told !== undefined) return told === 0 ? undefined : told;
  return error.reason === 'TooManyRequests' || error.reason === 'ServiceUnavailable' ? 1 : undefined;
}
