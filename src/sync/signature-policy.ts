import { posix } from 'node:path';
import type { Secret } from '#api';
import { type CommitTrust, GitError, parseRepositoryUrl } from '#git';
import { SECRET_TYPE_LABEL } from './credentials.plan.ts';

/** What a Secret says of the signatures that commits must have. */
export interface SignaturePolicy {
  readonly name: string;
  /** A repository, or the begin of the URLs of many; '' for all. */
  readonly url: string;
  readonly mode: 'off' | CommitTrust['mode'];
  readonly trust: CommitTrust;
}

/** Value of the label of Secrets in the Applications' namespace. */
export const SIGNATURE_POLICY = 'signature-policy';

/** A policy that cannot be read lets nothing through: it was meant to forbid something. */
export function readSignaturePolicy(secret: Secret): SignaturePolicy | undefined {
  if (secret.metadata.labels?.[SECRET_TYPE_LABEL] !== SIGNATURE_POLICY) return undefined;
  const { name } = secret.metadata;
  const field = (key: string) =>
    Buffer.from(secret.data?.[key] ?? '', 'base64')
      .toString('utf8')
      .trim();
  const mode = field('mode');
  const isKnown = mode === 'off' || mode === 'warn' || mode === 'enforce';
  const allowedSigners = field('allowed_signers');
  const gpgKeys = field('gpg.asc');
  const problem = isKnown ? undefined : `Secret ${name}: mode must be off, warn or enforce`;
  return {
    name,
    url: field('url'),
    mode: isKnown ? mode : 'enforce',
    trust: {
      mode: mode === 'warn' ? 'warn' : 'enforce',
      ...(allowedSigners === '' ? {} : { allowedSigners }),
      ...(gpgKeys === '' ? {} : { gpgKeys }),
      ...(problem === undefined ? {} : { problem }),
    },
  };
}

const STRICTNESS = { off: 0, warn: 1, enforce: 2 } as const;

/** The policy of a repository: the one with the longest matching URL; of equals the strictest. Undefined: none. */
export function trustFor(url: string, policies: readonly SignaturePolicy[]): CommitTrust | undefined {
  const place = placeOf(url);
  const [first] = policies
    .map((policy) => ({ policy, base: policy.url === '' ? '' : placeOf(policy.url) }))
    .filter(({ base }) => base === '' || place === base || place.startsWith(`${base}/`))
    .toSorted(
      (a, b) =>
        b.base.length - a.base.length ||
        STRICTNESS[b.policy.mode] - STRICTNESS[a.policy.mode] ||
        (a.policy.name < b.policy.name ? -1 : 1),
    );
  return first === undefined || first.policy.mode === 'off' ? undefined : first.policy.trust;
}

/**
 * Host and path, however the address is written: another scheme, user, port, case or escape must not lead around a
 * policy.
 */
function placeOf(url: string): string {
  const path = identityOf(url).replace(/^([^/]*?):\d+\//, '$1/');
  return posix.normalize(unescaped(path)).replace(/\/+$/, '').toLowerCase();
}

function identityOf(url: string): string {
  try {
    return parseRepositoryUrl(url, { allowLocal: true }).identity;
  } catch (error) {
    // `https://host` alone names no repository, and is a fine begin of many.
    if (error instanceof GitError) return url.replace(/^[a-z]+:\/\/(?:[^/@]*@)?/i, '').replace(/:\d+$/, '');
    throw error;
  }
}

function unescaped(path: string): string {
  return path.replace(/%([2-7][0-9a-f])/gi, (_all, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}
