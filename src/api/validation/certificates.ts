/** Rules of CertificateSigningRequests. Source: kubernetes pkg/apis/certificates/validation/validation.go (v1.32). */
import type { CertificateSigningRequest } from '../kinds/types.ts';
import { type Issues, itemsOf, type Loose, noDuplicates, oneOf, requiredText } from './checks.ts';
import { duplicate, invalid, invalidAltogether, required, unsupported } from './issues.ts';
import { dns1123Subdomain } from './names.ts';

/** In seconds. Source: validation.go, validateExpirationSeconds. */
const MIN_EXPIRATION_SECONDS = 600;
const MAX_DOMAIN_LENGTH = 253;
const MAX_SIGNER_LENGTH = 571;

/** Source: staging api/certificates/v1/types.go, KeyUsage. */
const USAGES = [
  'signing',
  'digital signature',
  'content commitment',
  'key encipherment',
  'key agreement',
  'data encipherment',
  'cert sign',
  'crl sign',
  'encipher only',
  'decipher only',
  'any',
  'server auth',
  'client auth',
  'code signing',
  'email protection',
  's/mime',
  'ipsec end system',
  'ipsec tunnel',
  'ipsec user',
  'timestamping',
  'ocsp signing',
  'microsoft sgc',
  'netscape sgc',
];

/** Of these a request that has one has it for good. */
const VERDICTS = ['Approved', 'Denied', 'Failed'];

export function* validateCertificateRequest({ spec = {} }: Loose<CertificateSigningRequest>): Issues {
  const { usages = [], expirationSeconds, signerName } = spec;
  if (usages.length === 0) yield required('spec.usages');
  yield* itemsOf('spec.usages', usages, (usage, path) => oneOf(path, usage, USAGES));
  yield* noDuplicates(usages.map((value, index) => ({ path: `spec.usages[${index}]`, value })));
  yield* requiredText('spec.signerName', signerName);
  if (signerName) yield* validateSignerName(signerName);
  if (expirationSeconds !== undefined && expirationSeconds < MIN_EXPIRATION_SECONDS) {
    const detail = 'may not specify a duration less than 600 seconds (10 minutes)';
    yield invalid('spec.expirationSeconds', expirationSeconds, detail);
  }
}

function* validateSignerName(name: string): Issues {
  const path = 'spec.signerName';
  const [domain = '', signer, ...more] = name.split('/');
  if (signer === undefined || more.length > 0) {
    yield invalid(path, name, "must be a fully qualified domain and path of the form 'example.com/signer-name'");
    return;
  }
  if (name.length > MAX_SIGNER_LENGTH || domain.length > MAX_DOMAIN_LENGTH) yield invalid(path, name, 'is too long');
  for (const text of [domain, signer]) {
    const detail = dns1123Subdomain(text);
    if (detail !== undefined) yield invalid(path, name, detail);
  }
  if (!domain.includes('.'))
    yield invalid(path, domain, 'should be a domain with at least two segments separated by dots');
}

export function* validateCertificateRequestStatus({ status }: Loose<CertificateSigningRequest>): Issues {
  const path = 'status.conditions';
  const conditions = status?.conditions ?? [];
  const seen = new Set<string>();
  for (const [index, { type, status: holds }] of conditions.entries()) {
    const at = `${path}[${index}]`;
    if (!type) yield required(`${at}.type`);
    if (!holds) yield required(`${at}.status`);
    else if (VERDICTS.includes(type ?? '') && holds !== 'True') yield unsupported(`${at}.status`, holds, ['True']);
    else if (!['True', 'False', 'Unknown'].includes(holds))
      yield unsupported(`${at}.status`, holds, ['False', 'True', 'Unknown']);
    if (type && seen.has(type)) yield duplicate(`${at}.type`, type);
    seen.add(type ?? '');
  }
  if (seen.has('Approved') && seen.has('Denied'))
    yield invalidAltogether(path, 'Approved and Denied conditions are mutually exclusive');
}
