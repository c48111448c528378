import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type Clock, type Log, silentLog, systemClock } from '#base';
import { createHttpClient, type HttpClient } from '#client';
import {
  AdmissionChain,
  type Api,
  type AuditEvent,
  createApi,
  createAuditTrail,
  createHttpServer,
  createNodeTunnel,
  createPodLogs,
  createPodSecurityAdmission,
  createServiceAccountAdmission,
  createServiceAccountTokens,
  ensurePki,
  ensureSigningKey,
  type NodeTunnel,
  openTokenFile,
  startAuthorization,
  startCertificateKeeper,
  type TokenStore,
  type UserInfo,
  withMetrics,
  writeKubeconfig,
} from '#server';
import { createMemoryStore } from '#store';

export interface ApiServer {
  readonly url: string;
  readonly ca: string;
  readonly api: Api;
  readonly tunnel: NodeTunnel;
  /** What the audit trail noted, oldest first. */
  readonly audited: readonly AuditEvent[];
  readonly tokens: TokenStore;
  /** A folder of its own, removed on close. */
  readonly directory: string;
  /** A client with a token of its own. Closed with the server. */
  client(user: UserInfo, userAgent?: string): Promise<HttpClient>;
  /** A kubeconfig of a user; its path. */
  kubeconfig(user: UserInfo): Promise<string>;
  /** Lets the store forget all versions but the newest. */
  compact(): Promise<void>;
  close(): Promise<void>;
}

/** The whole HTTPS API on a free port, over a store in memory: a real certificate, real tokens. */
export async function startApiServer(options: { readonly log?: Log; readonly clock?: Clock } = {}): Promise<ApiServer> {
  const { log = silentLog, clock = systemClock } = options;
  const directory = await mkdtemp(path.join(tmpdir(), 'plumbline-api-'));
  const store = createMemoryStore({ clock });
  const admission = new AdmissionChain();
  const tunnel = createNodeTunnel({ clock, log });
  const stored = await createApi({ store, clock, log, admission });
  const api = withMetrics(stored, { tunnel, clock, log });
  const authorization = await startAuthorization({ api, admission, clock, log });
  admission.add(createServiceAccountAdmission(api));
  admission.add(createPodSecurityAdmission(api));
  const pki = await ensurePki(path.join(directory, 'pki'));
  const tokens = await openTokenFile(path.join(directory, 'tokens'));
  const certificates = await startCertificateKeeper({ api, authority: pki.clientAuthority, clock, log });
  const audited: AuditEvent[] = [];
  const server = createHttpServer({
    api,
    authenticate: (token) => tokens.authenticate(token),
    serviceAccountTokens: createServiceAccountTokens({
      api,
      key: await ensureSigningKey(path.join(directory, 'service-account.key')),
      clock,
    }),
    authorization,
    audit: createAuditTrail({ sink: { write: (event) => audited.push(event) }, clock }),
    tunnel,
    openPodLog: createPodLogs({ api, tunnel }),
    metrics: async (http) => ({ contentType: 'text/plain; version=0.0.4', text: `requests ${http.requests}\n` }),
    issueToken: (user) => tokens.issue(user),
    tls: { ...pki, clientCa: pki.clientAuthority.certificate },
    listen: { host: '127.0.0.1', port: 0 },
    productVersion: '0.0.0-test',
    clock,
    log,
  });
  await server.start();
  const url = `https://127.0.0.1:${server.address().port}`;
  const clients: HttpClient[] = [];
  return {
    url,
    ca: pki.ca,
    api,
    tunnel,
    audited,
    tokens,
    directory,
    async client(user, userAgent = 'test/1') {
      const client = createHttpClient({ server: url, ca: pki.ca, token: await tokens.issue(user), userAgent });
      clients.push(client);
      return client;
    },
    async kubeconfig(user) {
      const file = path.join(directory, `kubeconfig-${user.name.replaceAll(':', '-')}`);
      await writeKubeconfig({ path: file, server: url, ca: pki.ca, user: user.name, token: await tokens.issue(user) });
      return file;
    },
    compact: async () => store.compact(await store.revision()),
    async close() {
      for (const client of clients) client.close();
      await server.close();
      authorization.close();
      await certificates.close();
      await api.close();
      await store.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
