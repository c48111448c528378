import { createHash } from 'node:crypto';

/** SHA-256 of text or bytes, as 64 hex digits. */
export function sha256Hex(input: string | Uint8Array): string {
  return createHash('sha256').update(input).digest('hex');
}

/** A digest of bytes in hex, for callers whose format names the algorithm. Ours is SHA-256: `sha256Hex`. */
export function digestHex(algorithm: 'sha1' | 'sha256' | 'sha512', bytes: Uint8Array): string {
  return createHash(algorithm).update(bytes).digest('hex');
}

/** A short digest for names and labels: the first `length` hex digits of SHA-256. */
export function shortHash(input: string, length = 10): string {
  return sha256Hex(input).slice(0, length);
}

/** JSON with the keys of every object in code-unit order: equal values give equal text. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) => {
    if (typeof inner !== 'object' || inner === null || Array.isArray(inner)) return inner;
    const sorted: Record<string, unknown> = Object.create(null);
    for (const key of Object.keys(inner).sort()) sorted[key] = (inner as Record<string, unknown>)[key];
    return sorted;
  });
}
