import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
  verify,
} from 'node:crypto';
import { readIfThere, writePrivateFile } from '../../pki/private-file.ts';

/** The key that signs tokens of service accounts: ECDSA on P-256 with SHA-256, `ES256`. */
export interface SigningKey {
  /** RFC 7638 thumbprint of the public key: tokens name their key by it. */
  readonly id: string;
  /** The public key as a JWK with `kid`, `use` and `alg`. */
  readonly jwk: Readonly<Record<string, string>>;
  sign(text: string): Buffer;
  verify(text: string, signature: Uint8Array): boolean;
}

/** The key of a file, made on the first call and kept with mode 0600. A new key makes every token given before worthless. */
export async function ensureSigningKey(file: string): Promise<SigningKey> {
  const known = await readIfThere(file);
  if (known !== undefined) return signingKeyOf(createPrivateKey(known));
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  await writePrivateFile(file, privateKey.export({ type: 'pkcs8', format: 'pem' }).toString());
  return signingKeyOf(privateKey);
}

function signingKeyOf(privateKey: KeyObject): SigningKey {
  const publicKey = createPublicKey(privateKey);
  const { crv = '', kty = '', x = '', y = '' } = publicKey.export({ format: 'jwk' });
  const id = createHash('sha256').update(JSON.stringify({ crv, kty, x, y })).digest('base64url');
  // JWS wants both numbers of a signature side by side, not in DER. Source: RFC 7518 3.4.
  const dsaEncoding = 'ieee-p1363';
  return {
    id,
    jwk: { use: 'sig', kty, kid: id, crv, alg: 'ES256', x, y },
    sign: (text) => sign('sha256', Buffer.from(text), { key: privateKey, dsaEncoding }),
    verify: (text, signature) => verify('sha256', Buffer.from(text), { key: publicKey, dsaEncoding }, signature),
  };
}
