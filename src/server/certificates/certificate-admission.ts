import { CERTIFICATE_SIGNING_REQUESTS, type CertificateSigningRequest } from '#api';
import { errorMessage } from '#base';
import type { AuthorizationPlan, ResourceAttributes, UserInfo } from '../auth/authorization.types.ts';
import { GROUP_MASTERS } from '../auth/groups.plan.ts';
import { readCertificateRequest } from '../pki/client-certificate.ts';
import type { AdmissionPlugin, AdmissionRequest } from '../registry/admission-chain.ts';
import { forbidden, invalid } from '../registry/errors.ts';
import { CLIENT_SIGNER, isSigning, transitionIssues } from './certificate-rules.plan.ts';

export interface CertificateAdmissionDeps {
  readonly decide: (user: UserInfo, attributes: ResourceAttributes) => Promise<AuthorizationPlan>;
}

/**
 * Who may ask for what certificate, approve it and sign it. Source: kubernetes
 * plugin/pkg/admission/certificates/{approval,signing,subjectrestriction} (v1.32).
 */
export function createCertificateAdmission({ decide }: CertificateAdmissionDeps): AdmissionPlugin {
  /** By the signer's name, or by all of its domain. */
  async function mayUse(user: UserInfo, verb: 'approve' | 'sign', signer: string): Promise<boolean> {
    const attributes = { verb, group: 'certificates.k8s.io', resource: 'signers', namespace: '' };
    const names = [signer, `${signer.split('/', 1)[0]}/*`];
    for (const name of names) if ((await decide(user, { ...attributes, name })).allowed) return true;
    return false;
  }

  async function judgeNew({ row, name }: AdmissionRequest, { spec }: CertificateSigningRequest): Promise<void> {
    const { organisations, problem } = await lookInto(spec.request);
    if (problem !== undefined) {
      const message = `Invalid value: ${JSON.stringify(spec.request.slice(0, 64))}: ${problem}`;
      throw invalid(row.type, name, [{ reason: 'FieldValueInvalid', path: 'spec.request', message }]);
    }
    if (spec.signerName === CLIENT_SIGNER && organisations.includes(GROUP_MASTERS))
      throw forbidden(row.type, name, `use of ${CLIENT_SIGNER} signer with ${GROUP_MASTERS} group is not allowed`);
  }

  async function judgeChange(request: AdmissionRequest, now: CertificateSigningRequest): Promise<void> {
    const { row, name, subresource, context } = request;
    const old = request.old as CertificateSigningRequest;
    if (subresource !== 'status' && subresource !== 'approval') return;
    const issues = transitionIssues(now, old, subresource);
    if (issues.length > 0) throw invalid(row.type, name, issues);
    const verb = subresource === 'approval' ? 'approve' : isSigning(now, old) ? 'sign' : undefined;
    const { signerName } = old.spec;
    if (verb === undefined || (await mayUse(context.user, verb, signerName))) return;
    const why = `user not permitted to ${verb} requests with signerName ${JSON.stringify(signerName)}`;
    throw forbidden(row.type, name, why);
  }

  return {
    name: 'certificates',
    async validate(request) {
      if (request.row.type !== CERTIFICATE_SIGNING_REQUESTS || request.operation === 'DELETE') return;
      const object = request.object as CertificateSigningRequest;
      if (request.operation === 'CREATE') await judgeNew(request, object);
      else await judgeChange(request, object);
    },
  };
}

async function lookInto(encoded: string): Promise<{ organisations: readonly string[]; problem?: string }> {
  try {
    const { organisations } = await readCertificateRequest(Buffer.from(encoded, 'base64').toString('utf8'));
    return { organisations };
  } catch (error) {
    return { organisations: [], problem: errorMessage(error) };
  }
}
