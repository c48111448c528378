import { CERTIFICATE_SIGNING_REQUESTS, type CertificateSigningRequest, humanDuration, type KubeObject } from '#api';
import { formatTime } from '#base';
import type { ResourceRow } from '../api.ts';
import { NONE } from '../format.ts';
import { ageColumn, column } from './column.ts';
import { allVerbs, statusOf } from './shared.ts';
import { keep, startStatus } from './strategy.ts';

const { kind, group, version } = CERTIFICATE_SIGNING_REQUESTS;
type Condition = NonNullable<NonNullable<CertificateSigningRequest['status']>['conditions']>[number];

export const certificateSigningRequestRow: ResourceRow = {
  type: CERTIFICATE_SIGNING_REQUESTS,
  singular: 'certificatesigningrequest',
  shortNames: ['csr'],
  verbs: allVerbs,
  subresources: {
    ...statusOf(CERTIFICATE_SIGNING_REQUESTS),
    approval: { kind, group, version, verbs: ['get', 'patch', 'update'] },
  },
  columns: [
    ageColumn,
    column<CertificateSigningRequest>('SignerName', 'string', ({ spec }) => spec.signerName || NONE),
    column<CertificateSigningRequest>('Requestor', 'string', ({ spec }) => spec.username ?? ''),
    column<CertificateSigningRequest>('RequestedDuration', 'string', ({ spec }) =>
      spec.expirationSeconds === undefined ? NONE : humanDuration(spec.expirationSeconds * 1_000),
    ),
    column<CertificateSigningRequest>('Condition', 'string', condition),
  ],
  fieldSelectors: {
    'spec.signerName': (object) => (object as CertificateSigningRequest).spec.signerName ?? '',
  },
  prepareForCreate: startStatus({}),
  prepareForUpdate: keep('spec', 'status'),
  prepareForStatus: (object, old, nowMs) => withTimes(keepVerdict(object, old), old, nowMs),
  prepareForApproval: (object, old, nowMs) => withTimes(onlyConditions(object, old), old, nowMs),
  stamp: (object, old, { user }) => {
    if (old !== undefined) return object;
    const {
      username: _,
      uid: __,
      groups: ___,
      extra: ____,
      ...asked
    } = (object['spec'] ?? {}) as Record<string, unknown>;
    const { name: username, uid, groups, extra } = user;
    const requestor = {
      username,
      ...(uid === undefined ? {} : { uid }),
      ...(groups.length === 0 ? {} : { groups: [...groups] }),
      ...(extra === undefined ? {} : { extra }),
    };
    return { ...object, spec: { ...asked, ...requestor } };
  },
};

/** Source: kubernetes pkg/printers/internalversion/printers.go, extractCSRStatus (v1.32). */
function condition({ status }: CertificateSigningRequest): string {
  const has = (type: string) => status?.conditions?.some((each) => each.type === type) === true;
  const verdict = has('Denied') ? 'Denied' : has('Approved') ? 'Approved' : 'Pending';
  return `${verdict}${has('Failed') ? ',Failed' : ''}${status?.certificate ? ',Issued' : ''}`;
}

function conditionsOf(object: KubeObject): readonly Condition[] {
  return (object as CertificateSigningRequest).status?.conditions ?? [];
}

/** Who signs has no word in who approves: those conditions stay as they are. Source: pkg/registry/certificates/certificates/strategy.go (v1.32). */
function keepVerdict(object: KubeObject, old: KubeObject): KubeObject {
  const conditions = conditionsOf(object).map((each) => {
    const isVerdict = each.type === 'Approved' || each.type === 'Denied';
    return (isVerdict ? conditionsOf(old).find(({ type }) => type === each.type) : undefined) ?? each;
  });
  return { ...object, status: { ...(object['status'] as object | undefined), ...listed(conditions) } };
}

/** Who approves gives no certificate. */
function onlyConditions(object: KubeObject, old: KubeObject): KubeObject {
  const { conditions: _, ...status } = (old['status'] ?? {}) as Record<string, unknown>;
  return { ...object, status: { ...status, ...listed(conditionsOf(object)) } };
}

function listed(conditions: readonly Condition[]) {
  return conditions.length === 0 ? {} : { conditions };
}

function withTimes(object: KubeObject, old: KubeObject, nowMs: number): KubeObject {
  const now = formatTime(nowMs);
  const conditions = conditionsOf(object).map((each) => {
    const before = conditionsOf(old).find(({ type, status }) => type === each.type && status === each.status);
    return {
      ...each,
      lastUpdateTime: each.lastUpdateTime ?? now,
      lastTransitionTime: each.lastTransitionTime ?? before?.lastTransitionTime ?? now,
    };
  });
  return { ...object, status: { ...(object['status'] as object | undefined), ...listed(conditions) } };
}
