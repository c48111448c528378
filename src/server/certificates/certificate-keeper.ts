import { X509Certificate } from 'node:crypto';
import { CERTIFICATE_SIGNING_REQUESTS, type CertificateSigningRequest, isApiError } from '#api';
import { type Clock, errorCode, errorMessage, type Log, sleep } from '#base';
import { GROUP_MASTERS } from '../auth/groups.plan.ts';
import type { KeyedCertificate } from '../pki/certificates.ts';
import { issueClientCertificate, readCertificateRequest } from '../pki/client-certificate.ts';
import type { Api } from '../registry/api.ts';
import { SERVER } from '../registry/bootstrap.ts';
import { Mirror, rowOf } from '../registry/mirror.ts';
import { planRequest } from './certificate-rules.plan.ts';

export interface CertificateKeeperDeps {
  readonly api: Pick<Api, 'row' | 'list' | 'watch' | 'update' | 'delete'>;
  /** Signs the certificates of clients. */
  readonly authority: KeyedCertificate;
  readonly clock: Clock;
  readonly log: Log;
}

export interface CertificateKeeper {
  close(): Promise<void>;
}

/** Without any change, for what time alone changes, in ms. Source: kubernetes pkg/controller/certificates/cleaner, pollingInterval (v1.32). */
const ROUND_MS = 600_000;
/** Before a round that failed is tried again, in ms. */
const RETRY_MS = 1_000;

/** Signs approved requests for clients of this API, and removes requests that nobody needs any more. Resolves when it knows all. */
export async function startCertificateKeeper(deps: CertificateKeeperDeps): Promise<CertificateKeeper> {
  const { api, authority, clock, log } = deps;
  const stopping = new AbortController();
  const { signal } = stopping;
  let isDirty = true;
  let wake: () => void = () => undefined;
  const requests = new Mirror({ api, context: SERVER, clock, log }, CERTIFICATE_SIGNING_REQUESTS, () => {
    isDirty = true;
    wake();
  });
  await requests.start(signal);

  async function run(): Promise<void> {
    while (!signal.aborted) {
      if (!isDirty) await changeOrRound();
      if (signal.aborted) return;
      isDirty = false;
      try {
        for (const request of [...requests.values()]) await keep(request);
      } catch (error) {
        isDirty = true;
        log.error({ err: error, code: errorCode(error) }, 'certificate requests cannot be kept');
        await sleep(clock, RETRY_MS, signal).catch(() => undefined); // Aborted: the loop sees it.
      }
    }
  }

  async function changeOrRound(): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = clock.after(ROUND_MS, resolve);
      wake = () => {
        timer.cancel();
        resolve();
      };
    });
  }

  async function keep(request: CertificateSigningRequest): Promise<void> {
    const nowMs = clock.nowMs();
    const plan = planRequest(request, { issuedUntilMs: endOf(request), nowMs });
    const { name, uid, resourceVersion } = request.metadata;
    const target = { context: SERVER, row: rowOf(api, CERTIFICATE_SIGNING_REQUESTS), namespace: '', name };
    try {
      if (plan.action === 'remove') {
        await api.delete({ ...target, preconditions: { uid, resourceVersion } });
        return;
      }
      const status = plan.action === 'sign' ? await sign(request, nowMs) : failure(request, plan);
      if (status === undefined) return;
      await api.update({ ...target, object: { ...request, status }, subresource: 'status' });
    } catch (error) {
      // It moved on or is gone: its own change brings it back here.
      if (!isApiError(error, 'Conflict', 'NotFound')) throw error;
    }
  }

  async function sign(request: CertificateSigningRequest, nowMs: number) {
    const { usages = [], expirationSeconds, request: encoded } = request.spec;
    try {
      const asked = await readCertificateRequest(Buffer.from(encoded, 'base64').toString('utf8'));
      if (asked.organisations.includes(GROUP_MASTERS)) throw new RangeError(`${GROUP_MASTERS} is never given away`);
      const life = expirationSeconds === undefined ? {} : { seconds: expirationSeconds };
      const certificate = await issueClientCertificate(authority, asked, { usages, nowMs, ...life });
      const { name: by } = request.metadata;
      log.info({ request: by, user: request.spec.username }, 'client certificate issued');
      return { ...request.status, certificate: Buffer.from(certificate).toString('base64') };
    } catch (error) {
      return failure(request, { action: 'fail', reason: errorMessage(error) });
    }
  }

  const running = run();
  return {
    async close() {
      stopping.abort();
      wake();
      await running;
    },
  };
}

function failure(request: CertificateSigningRequest, { action, reason }: { action: string; reason: string }) {
  if (action !== 'fail') return undefined;
  const condition = { type: 'Failed', status: 'True', reason: 'SignerValidationFailure', message: reason };
  return { ...request.status, conditions: [...(request.status?.conditions ?? []), condition] };
}

/** When the issued certificate ends; undefined when there is none that can be read. */
function endOf({ status }: CertificateSigningRequest): number | undefined {
  if (!status?.certificate) return undefined;
  try {
    return Date.parse(new X509Certificate(Buffer.from(status.certificate, 'base64')).validTo);
  } catch {
    return undefined; // another signer's, in a form of its own: left alone
  }
}
