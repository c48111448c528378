import { createHmac, timingSafeEqual } from 'node:crypto';
import { ApiError } from '#api';
import { badRequest } from './errors.ts';

/** Where a list goes on: after this store key, as things stood at this revision. */
export interface ContinuePoint {
  readonly revision: number;
  readonly after: string;
}

const MAC_BYTES = 16;

/**
 * Pages of a list are joined by opaque tokens that only this process can make, and that are good only for the list they
 * came from (`scope`: resource, namespace and selectors).
 */
export class ContinueTokens {
  readonly #secret: Uint8Array;

  constructor(secret: Uint8Array) {
    this.#secret = secret;
  }

  write({ revision, after }: ContinuePoint, scope: string): string {
    const body = Buffer.from(JSON.stringify([revision, after]));
    return Buffer.concat([this.#mac(body, scope), body]).toString('base64url');
  }

  /**
   * Throws `BadRequest` for what is no token, and `Expired` for one that this list never gave: it may be from before a
   * restart, and clients that are told so list again.
   */
  read(token: string, scope: string): ContinuePoint {
    const bytes = Buffer.from(token, 'base64url');
    const body = bytes.subarray(MAC_BYTES);
    const point = parsePoint(body.toString());
    if (point === undefined) throw badRequest('continue key is not valid');
    if (!timingSafeEqual(bytes.subarray(0, MAC_BYTES), this.#mac(body, scope))) throw tooOldToContinue();
    return point;
  }

  #mac(body: Uint8Array, scope: string): Buffer {
    const whole = createHmac('sha256', this.#secret).update(scope).update('\0').update(body).digest();
    return whole.subarray(0, MAC_BYTES);
  }
}

/** Source: the wording of apiserver storage/etcd3/errors.go (v0.32). */
export function tooOldToContinue(): ApiError {
  return new ApiError(
    'Expired',
    'The provided continue parameter is too old to display a consistent list result. You must start a new list without the continue parameter.',
  );
}

function parsePoint(text: string): ContinuePoint | undefined {
  const match = /^\[(\d{1,16}),("(?:[^"\\]|\\.)*")\]$/.exec(text);
  if (match?.[2] === undefined) return undefined;
  return { revision: Number(match[1]), after: JSON.parse(match[2]) as string };
}
