import { createHmac, timingSafeEqual } from 'node:crypto';
import { badRequest } from './errors.ts';

/** Where a list goes on: after this store key, as things stood at this revision. */
export interface ContinuePoint {
  readonly revision: number;
  readonly after: string;
}

/** Source: the wording of apiserver storage/continue.go and etcd3/errors.go (v0.32). */
const INVALID = 'continue key is not valid';
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

  /** Throws `BadRequest` for a token that this list never gave. */
  read(token: string, scope: string): ContinuePoint {
    const bytes = Buffer.from(token, 'base64url');
    const body = bytes.subarray(MAC_BYTES);
    const mac = bytes.subarray(0, MAC_BYTES);
    if (mac.length !== MAC_BYTES || !timingSafeEqual(mac, this.#mac(body, scope))) throw badRequest(INVALID);
    const [revision, after] = JSON.parse(body.toString()) as [number, string];
    return { revision, after };
  }

  #mac(body: Uint8Array, scope: string): Buffer {
    const whole = createHmac('sha256', this.#secret).update(scope).update('\0').update(body).digest();
    return whole.subarray(0, MAC_BYTES);
  }
}
