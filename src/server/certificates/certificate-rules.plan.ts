/** Pure. Source: kubernetes pkg/apis/certificates/validation/validation.go and pkg/controller/certificates (v1.32). */
import type { CertificateSigningRequest } from '#api';
import { equalJson } from '#base';

export const CLIENT_SIGNER = 'kubernetes.io/kube-apiserver-client';
const CLIENT_USAGES: ReadonlySet<string> = new Set(['digital signature', 'key encipherment', 'client auth']);

/** How long requests stay, in ms. Source: pkg/controller/certificates/cleaner/cleaner.go. */
export const REQUEST_LIFETIMES = { pendingMs: 86_400_000, decidedMs: 3_600_000 } as const;

interface Issue {
  readonly reason: string;
  readonly path: string;
  readonly message: string;
}

type Part = 'status' | 'approval';

/** What a write of this part may not do to a request. */
export function transitionIssues(
  now: CertificateSigningRequest,
  old: CertificateSigningRequest,
  part: Part,
): readonly Issue[] {
  const issues: Issue[] = [];
  const forbid = (path: string, detail: string) =>
    issues.push({ reason: 'FieldValueForbidden', path, message: `Forbidden: ${detail}` });
  for (const type of ['Approved', 'Denied', 'Failed']) {
    const [before, after] = [hasCondition(old, type), hasCondition(now, type)];
    if (before && !after) forbid('status.conditions', `updates may not remove a condition of type "${type}"`);
    const isVerdict = type !== 'Failed';
    if (!before && after && isVerdict && part !== 'approval')
      forbid('status.conditions', `updates may not add a condition of type "${type}"`);
  }
  const [before, after] = [old.status?.certificate ?? '', now.status?.certificate ?? ''];
  if (before !== after && before !== '') forbid('status.certificate', 'updates may not modify certificate content');
  return issues;
}

/** Whether a write of the status is one that only signers make. */
export function isSigning(now: CertificateSigningRequest, old: CertificateSigningRequest): boolean {
  const failed = ({ status }: CertificateSigningRequest) => status?.conditions?.find(({ type }) => type === 'Failed');
  return now.status?.certificate !== old.status?.certificate || !equalJson(failed(now) ?? null, failed(old) ?? null);
}

export function hasCondition({ status }: CertificateSigningRequest, type: string): boolean {
  return status?.conditions?.some((each) => each.type === type) === true;
}

export type RequestPlan =
  | { readonly action: 'leave' | 'sign' | 'remove'; readonly reason: string }
  | { readonly action: 'fail'; readonly reason: string };

/** `issuedUntilMs`: the end of the certificate in its status. */
export function planRequest(
  request: CertificateSigningRequest,
  { issuedUntilMs, nowMs }: { readonly issuedUntilMs: number | undefined; readonly nowMs: number },
): RequestPlan {
  const isOld = (since: string | undefined, ms: number) => since !== undefined && nowMs - Date.parse(since) > ms;
  const { creationTimestamp } = request.metadata;
  const decided = request.status?.conditions ?? [];
  const isDecided = decided.some(({ type }) => ['Approved', 'Denied', 'Failed'].includes(type));
  if (!isDecided && isOld(creationTimestamp, REQUEST_LIFETIMES.pendingMs))
    return { action: 'remove', reason: 'nobody decided on it' };
  for (const { type, lastUpdateTime } of decided) {
    const isFinal = type === 'Denied' || type === 'Failed' || (type === 'Approved' && request.status?.certificate);
    if (isFinal && isOld(lastUpdateTime, REQUEST_LIFETIMES.decidedMs))
      return { action: 'remove', reason: `it was ${type.toLowerCase()} long ago` };
  }
  if (issuedUntilMs !== undefined && issuedUntilMs < nowMs)
    return { action: 'remove', reason: 'its certificate has ended' };
  const isOpen =
    hasCondition(request, 'Approved') && !hasCondition(request, 'Denied') && !hasCondition(request, 'Failed');
  if (!isOpen || request.spec.signerName !== CLIENT_SIGNER || request.status?.certificate)
    return { action: 'leave', reason: 'there is nothing to sign' };
  const { usages = [] } = request.spec;
  if (!usages.includes('client auth') || usages.some((usage) => !CLIENT_USAGES.has(usage)))
    return { action: 'fail', reason: `invalid usages for client certificate: ${JSON.stringify(usages)}` };
  return { action: 'sign', reason: 'it was approved' };
}
