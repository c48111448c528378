import { createPrivateKey, X509Certificate as NodeCertificate } from 'node:crypto';
import { hostname } from 'node:os';
import path from 'node:path';
import { type Clock, systemClock } from '#base';
import { createAuthority, isIssuedBy, issueServerCertificate, type KeyedCertificate } from './certificates.ts';
import { PkiError } from './pki-error.ts';
import { readIfThere, writePrivateFile } from './private-file.ts';
import { type CertificateFacts, planServerCertificate } from './server-certificate.plan.ts';

/** What a TLS server of ours presents, and what its clients must trust. All PEM. */
export interface Pki {
  readonly ca: string;
  /** Signs the certificates of clients, and nothing else: a server's is none of them. */
  readonly clientAuthority: KeyedCertificate;
  readonly certificate: string;
  readonly key: string;
}

export interface PkiOptions {
  /** Addresses and names the server is called by, besides loopback and this machine's host name. Never taken from a request. */
  readonly hosts?: readonly string[];
  readonly clock?: Clock;
}

/**
 * The own authority and server certificate of a state directory: made on the first call, read afterwards. The server's
 * certificate is issued anew when a name is missing or its end is near; the authority stays. Private files have mode 0600.
 */
export async function ensurePki(directory: string, { hosts = [], clock = systemClock }: PkiOptions = {}): Promise<Pki> {
  const nowMs = clock.nowMs();
  const authority = await ensureAuthority(directory, 'ca', nowMs);
  const clientAuthority = await ensureAuthority(directory, 'client-ca', nowMs);
  const certificateFile = path.join(directory, 'server.crt');
  const keyFile = path.join(directory, 'server.key');
  const current = await readPair(certificateFile, keyFile);
  const facts = current === undefined ? undefined : await inspect(current, authority.certificate);
  const plan = planServerCertificate({ hosts: [hostname(), ...hosts], current: facts, nowMs });
  if (!plan.issue && current !== undefined) return { ca: authority.certificate, clientAuthority, ...current };
  const issued = await issueServerCertificate(authority, plan.names, nowMs);
  await writePrivateFile(keyFile, issued.key);
  await writePrivateFile(certificateFile, issued.certificate);
  return { ca: authority.certificate, clientAuthority, ...issued };
}

async function ensureAuthority(directory: string, name: 'ca' | 'client-ca', nowMs: number): Promise<KeyedCertificate> {
  const certificateFile = path.join(directory, `${name}.crt`);
  const keyFile = path.join(directory, `${name}.key`);
  const present = await readPair(certificateFile, keyFile);
  if (present !== undefined) return present;
  if ((await readIfThere(certificateFile)) !== undefined) {
    throw new PkiError(
      `${keyFile} is missing; without it ${certificateFile} cannot sign. Restore it, or remove both.`,
      {
        code: 'AuthorityKeyMissing',
      },
    );
  }
  const authority = await createAuthority(`plumbline-${name}`, nowMs);
  await writePrivateFile(keyFile, authority.key);
  await writePrivateFile(certificateFile, authority.certificate);
  return authority;
}

async function readPair(certificateFile: string, keyFile: string): Promise<KeyedCertificate | undefined> {
  const [certificate, key] = await Promise.all([readIfThere(certificateFile), readIfThere(keyFile)]);
  return certificate === undefined || key === undefined ? undefined : { certificate, key };
}

/** What a certificate says of itself; undefined when it cannot be read: then a new one is issued. */
async function inspect(pair: KeyedCertificate, ca: string): Promise<CertificateFacts | undefined> {
  try {
    const certificate = new NodeCertificate(pair.certificate);
    return {
      notAfterMs: Date.parse(certificate.validTo),
      names: subjectNames(certificate.subjectAltName ?? ''),
      trusted: certificate.checkPrivateKey(createPrivateKey(pair.key)) && (await isIssuedBy(pair.certificate, ca)),
    };
  } catch {
    return undefined; // unreadable: as good as absent, and issuing again heals it
  }
}

/** `DNS:localhost, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1` → names as people write them. */
function subjectNames(text: string): readonly string[] {
  return text
    .split(', ')
    .map((entry) => entry.slice(entry.indexOf(':') + 1))
    .map((name) => (name.includes(':') ? new URL(`http://[${name}]`).hostname.slice(1, -1) : name));
}
