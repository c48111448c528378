import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

/** One value, or none: of a header sent twice Node makes one text with a comma, or a list, which proves nothing. */
export type Header = string | readonly string[] | undefined;

const HEX_DIGEST = /^[0-9a-f]{64}$/;
const SECONDS = /^[0-9]{1,12}$/;
const BASE64_DIGEST = /^[A-Za-z0-9+/]{43}=$/;
/** Signatures looked at in one header: a sender that changes its secret signs with the old and the new one. */
const MAX_SIGNATURES = 5;
/** Before the base64 of a key. Source: Standard Webhooks spec/standard-webhooks.md, "Signature scheme". */
const KEY_PREFIX = 'whsec_';

/** Whether a header is `prefix` and the lower-case hex HMAC-SHA256 of these bytes. */
export function isHexSigned(secret: string, bytes: Uint8Array, header: Header, prefix: string): boolean {
  if (typeof header !== 'string' || !header.startsWith(prefix)) return false;
  const hex = header.slice(prefix.length);
  if (!HEX_DIGEST.test(hex)) return false;
  return timingSafeEqual(Buffer.from(hex, 'hex'), createHmac('sha256', secret).update(bytes).digest());
}

export interface StandardSignature {
  readonly id: Header;
  /** Seconds since 1970. */
  readonly timestamp: Header;
  readonly signature: Header;
}

/**
 * Whether these bytes were signed, with their id and time, not longer ago than the window, nor further ahead.
 * Source: Standard Webhooks spec/standard-webhooks.md; GitLab's signing tokens are the same (gitlab-org/gitlab !230944).
 */
export function isStandardSigned(
  secret: string,
  bytes: Uint8Array,
  { id, timestamp, signature }: StandardSignature,
  { nowMs, windowMs }: { readonly nowMs: number; readonly windowMs: number },
): boolean {
  if (typeof id !== 'string' || id === '' || typeof signature !== 'string') return false;
  if (typeof timestamp !== 'string' || !SECONDS.test(timestamp)) return false;
  if (Math.abs(nowMs - Number(timestamp) * 1_000) > windowMs) return false;
  const key = secret.startsWith(KEY_PREFIX) ? Buffer.from(secret.slice(KEY_PREFIX.length), 'base64') : secret;
  if (key.length === 0) return false;
  const expected = createHmac('sha256', key).update(`${id}.${timestamp}.`).update(bytes).digest();
  return signature
    .split(' ', MAX_SIGNATURES)
    .map((part) => (part.startsWith('v1,') ? part.slice(3) : ''))
    .some((text) => BASE64_DIGEST.test(text) && timingSafeEqual(Buffer.from(text, 'base64'), expected));
}

/** In a time that tells neither where two texts differ nor how long the secret is. */
export function isSameText(given: Header, secret: string): boolean {
  if (typeof given !== 'string') return false;
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(secret));
}
