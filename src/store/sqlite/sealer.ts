import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { StoreError } from '../errors.ts';

/** First byte of what `seal` writes: AES-256-GCM, 12 bytes nonce, 16 bytes tag, ciphertext; AAD is the store key. */
const ENVELOPE_VERSION = 1;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const HEADER_BYTES = 1 + NONCE_BYTES + TAG_BYTES;

export const KEY_BYTES = 32;

/** Makes values unreadable, and impossible to change or to move to another key, without the 32-byte key. */
export interface Sealer {
  seal(storeKey: string, value: Uint8Array): Uint8Array;
  /** Throws `ValueCorrupt` when envelope, store key or encryption key do not fit. */
  open(storeKey: string, envelope: Uint8Array): Uint8Array;
}

export function createSealer(key: Uint8Array): Sealer {
  if (key.byteLength !== KEY_BYTES)
    throw new StoreError('StoreKey', `The encryption key must have ${KEY_BYTES} bytes.`);
  return {
    seal(storeKey, value) {
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES });
      cipher.setAAD(Buffer.from(storeKey));
      const body = cipher.update(value);
      cipher.final();
      return Buffer.concat([Buffer.of(ENVELOPE_VERSION), nonce, cipher.getAuthTag(), body]);
    },
    open(storeKey, envelope) {
      if (envelope[0] !== ENVELOPE_VERSION || envelope.byteLength < HEADER_BYTES) throw unreadable(storeKey);
      const nonce = envelope.subarray(1, 1 + NONCE_BYTES);
      const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES });
      decipher.setAAD(Buffer.from(storeKey));
      decipher.setAuthTag(envelope.subarray(1 + NONCE_BYTES, HEADER_BYTES));
      const value = decipher.update(envelope.subarray(HEADER_BYTES));
      try {
        decipher.final();
      } catch (error) {
        throw unreadable(storeKey, error);
      }
      return value;
    },
  };
}

function unreadable(storeKey: string, cause?: unknown): StoreError {
  return new StoreError('ValueCorrupt', `The encrypted value of ${storeKey} fails authentication.`, cause);
}
