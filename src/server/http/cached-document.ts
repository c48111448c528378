import type { FastifyReply, FastifyRequest } from 'fastify';
import { sha256Hex } from '#base';

/** A document that changes only with the program, and its tag. */
export interface CachedDocument {
  readonly text: string | Uint8Array;
  readonly hash: string;
}

export function cachedDocument(value: object): CachedDocument {
  return cachedText(JSON.stringify(value));
}

/** The same of what is encoded already. */
export function cachedText(text: string | Uint8Array): CachedDocument {
  return { text, hash: sha256Hex(text).toUpperCase() };
}

/** Answers a document, or 304 to a client that has it. */
export function sendDocument(
  request: FastifyRequest,
  reply: FastifyReply,
  { text, hash }: CachedDocument,
  contentType = 'application/json',
): FastifyReply {
  const tag = `"${hash}"`;
  reply.header('etag', tag).header('vary', 'Accept');
  const known = (request.headers['if-none-match'] ?? '').split(',').some((entry) => entry.trim() === tag);
  if (known) return reply.code(304).send();
  return reply
    .code(200)
    .header('content-type', contentType)
    .send(typeof text === 'string' ? text : Buffer.from(text));
}
