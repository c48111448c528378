import 'reflect-metadata';
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  Pkcs10CertificateRequest,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509';
import { CLOCK_SKEW_MS, importKey, type KeyedCertificate, SIGNING, serialNumber } from './certificates.ts';
import { PkiError } from './pki-error.ts';

const REQUEST = 'CERTIFICATE REQUEST';
/** Longest request that is looked at, in characters of PEM; one with many names has a few thousand. */
const MAX_REQUEST_LENGTH = 64 * 1_024;
/** Below this a certificate gets all of its time from now on. Source: kubernetes pkg/controller/certificates/authority, Short (v1.32). */
const SHORT_MS = 8 * 3_600_000;

/** Longest life of a client's certificate, in seconds. Source: kube-controller-manager's flag --cluster-signing-duration (v1.32). */
export const MAX_CLIENT_CERTIFICATE_SECONDS = 365 * 86_400;

export interface CertificateRequest {
  readonly request: Pkcs10CertificateRequest;
  readonly organisations: readonly string[];
}

/** A PKCS #10 request in PEM whose own key has signed it. Throws with the reason otherwise. */
export async function readCertificateRequest(pem: string): Promise<CertificateRequest> {
  const refuse = (message: string, cause?: unknown) => new PkiError(message, { code: 'RequestInvalid', cause });
  if (pem.length > MAX_REQUEST_LENGTH) throw refuse('the request is too long');
  const [block] = PemConverter.isPem(pem) ? PemConverter.decodeWithHeaders(pem) : [];
  if (block?.type !== REQUEST) throw refuse(`PEM block type must be ${REQUEST}`);
  try {
    const request = new Pkcs10CertificateRequest(block.rawData);
    if (!(await request.verify())) throw refuse('the signature of the request is not of its key');
    return { request, organisations: request.subjectName.getField('O') };
  } catch (error) {
    if (error instanceof PkiError) throw error;
    throw refuse('the request cannot be read', error);
  }
}

/** The certificate that a request asks for, as a client's, in PEM. It never outlives the authority. */
export async function issueClientCertificate(
  authority: KeyedCertificate,
  { request }: CertificateRequest,
  { usages, seconds, nowMs }: { readonly usages: readonly string[]; readonly seconds?: number; readonly nowMs: number },
): Promise<string> {
  const issuer = new X509Certificate(authority.certificate);
  const lifeMs = Math.min(seconds ?? MAX_CLIENT_CERTIFICATE_SECONDS, MAX_CLIENT_CERTIFICATE_SECONDS) * 1_000;
  const fromMs = nowMs - CLOCK_SKEW_MS;
  const untilMs = (lifeMs < SHORT_MS ? nowMs : fromMs) + lifeMs;
  const signature = usages.includes('digital signature') ? KeyUsageFlags.digitalSignature : 0;
  const encipherment = usages.includes('key encipherment') ? KeyUsageFlags.keyEncipherment : 0;
  const flags = signature | encipherment;
  const names = request.extensions.find((each) => each instanceof SubjectAlternativeNameExtension);
  const certificate = await X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    subject: request.subjectName.toJSON(),
    issuer: issuer.subjectName,
    notBefore: new Date(fromMs),
    notAfter: new Date(Math.min(untilMs, issuer.notAfter.getTime())),
    signingAlgorithm: SIGNING,
    publicKey: request.publicKey,
    signingKey: await importKey(authority.key),
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      ...(flags === 0 ? [] : [new KeyUsagesExtension(flags, true)]),
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.clientAuth]),
      ...(names === undefined ? [] : [names]),
      await SubjectKeyIdentifierExtension.create(request.publicKey),
      await AuthorityKeyIdentifierExtension.create(issuer.publicKey),
    ],
  });
  return certificate.toString('pem');
}
