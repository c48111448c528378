import { isDeeperThan, isRecord, type Json } from '#api';
import type { SigningKey } from './signing-key.ts';

/** Longest token that is looked at, in characters. */
const MAX_TOKEN_LENGTH = 8_192;

/** Whether a bearer token has the form of a JSON Web Token; ours for people have no dot. */
export const isWebToken = (token: string) => token.length <= MAX_TOKEN_LENGTH && token.split('.').length === 3;

/** A compact JWS over the claims. Source: RFC 7515. */
export function signWebToken(key: SigningKey, claims: object): string {
  const signed = `${encode({ alg: 'ES256', kid: key.id })}.${encode(claims)}`;
  return `${signed}.${key.sign(signed).toString('base64url')}`;
}

/**
 * What a token says, if this key signed it; else undefined. Only `ES256` is taken, whatever the token says of itself: a
 * token that chooses its own check is worth nothing.
 */
export function verifyWebToken(key: SigningKey, token: string): Json | undefined {
  if (!isWebToken(token)) return undefined;
  const [head = '', body = '', signature = ''] = token.split('.');
  const header = decode(head);
  if (!isRecord(header) || header['alg'] !== 'ES256' || header['kid'] !== key.id) return undefined;
  if (!key.verify(`${head}.${body}`, Buffer.from(signature, 'base64url'))) return undefined;
  return decode(body);
}

const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');

function decode(part: string): Json | undefined {
  try {
    const value = JSON.parse(Buffer.from(part, 'base64url').toString('utf8')) as Json;
    return isDeeperThan(value) ? undefined : value;
  } catch {
    return undefined; // a stranger's text: no token of ours
  }
}
