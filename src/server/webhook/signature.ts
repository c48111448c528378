import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { WebhookProvider } from './webhook.types.ts';

/** The headers that can prove a delivery. Of a header sent twice Node makes one text with a comma, which proves nothing. */
export interface SignatureHeaders {
  readonly 'x-hub-signature-256'?: string | string[] | undefined;
  readonly 'x-plumbline-signature'?: string | string[] | undefined;
  readonly authorization?: string | undefined;
}

const HEX_SIGNATURE = /^sha256=([0-9a-f]{64})$/;

/**
 * Whether whoever sent these bytes knows the secret. Which header counts is decided by the source's provider, never by
 * what the request brings along. An empty secret is nobody's.
 */
export function isAuthentic(
  provider: WebhookProvider,
  secret: string,
  bytes: Uint8Array,
  headers: SignatureHeaders,
): boolean {
  if (secret === '') return false;
  if (provider === 'github') return isSigned(secret, bytes, headers['x-hub-signature-256']);
  if (headers['x-plumbline-signature'] !== undefined) return isSigned(secret, bytes, headers['x-plumbline-signature']);
  const bearer = /^Bearer (\S+)$/i.exec(headers.authorization ?? '')?.[1];
  return bearer !== undefined && isSameText(bearer, secret);
}

function isSigned(secret: string, bytes: Uint8Array, header: string | string[] | undefined): boolean {
  const hex = typeof header === 'string' ? HEX_SIGNATURE.exec(header)?.[1] : undefined;
  if (hex === undefined) return false;
  return timingSafeEqual(Buffer.from(hex, 'hex'), createHmac('sha256', secret).update(bytes).digest());
}

/** In a time that tells neither where two texts differ nor how long the secret is. */
function isSameText(left: string, right: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(left), digest(right));
}
