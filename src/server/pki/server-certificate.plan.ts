/** What the certificate on disk is, as far as its renewal goes. */
export interface CertificateFacts {
  readonly notAfterMs: number;
  readonly names: readonly string[];
  /** Whether it was signed by the authority at hand and fits the key at hand. */
  readonly trusted: boolean;
}

export interface ServerCertificatePlan {
  readonly issue: boolean;
  readonly names: readonly string[];
  readonly reason: string;
}

/** Names every server certificate carries: loopback, and how pods call the API. Source: kubeadm phases/certs/certs.go (words only). */
const ALWAYS = [
  'localhost',
  'kubernetes',
  'kubernetes.default',
  'kubernetes.default.svc',
  'kubernetes.default.svc.cluster.local',
  '127.0.0.1',
  '::1',
  '10.96.0.1',
] as const;

/** Time before expiry at which a certificate is issued anew: 60 days. */
export const RENEW_BEFORE_MS = 60 * 24 * 3_600_000;

/** Decides whether the server needs a new certificate: none yet, another name, another authority, near its end. */
export function planServerCertificate(input: {
  readonly hosts: readonly string[];
  readonly current: CertificateFacts | undefined;
  readonly nowMs: number;
}): ServerCertificatePlan {
  const names = [...new Set([...ALWAYS, ...input.hosts.filter((host) => host !== '' && !isWildcard(host))])].sort();
  const plan = (issue: boolean, reason: string): ServerCertificatePlan => ({ issue, names, reason });
  const { current } = input;
  if (current === undefined) return plan(true, 'there is none yet');
  if (!current.trusted) return plan(true, 'it does not belong to the authority and key at hand');
  const missing = names.filter((name) => !current.names.includes(name));
  if (missing.length > 0) return plan(true, `it lacks ${missing.join(', ')}`);
  if (current.notAfterMs - input.nowMs < RENEW_BEFORE_MS) return plan(true, 'it ends within 60 days');
  return plan(false, 'it is good');
}

/** Addresses that mean "every interface" name no host. */
function isWildcard(host: string): boolean {
  return host === '0.0.0.0' || host === '::';
}
