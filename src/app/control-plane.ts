import { setMaxListeners } from 'node:events';
import path from 'node:path';
import { ApiError } from '#api';
import { type Clock, errorCode, type Log, systemClock } from '#base';
import type { Client } from '#client';
import { createControllers } from '#controllers';
import {
  AdmissionChain,
  auditedApi,
  createApi,
  createAuditTrail,
  createHttpServer,
  createLocalClient,
  createNodeTunnel,
  createPodLogs,
  createPodSecurityAdmission,
  createServiceAccountAdmission,
  createServiceAccountTokens,
  createSessions,
  createUiServer,
  createWebhookLookup,
  createWebhookServer,
  ensurePki,
  ensureSigningKey,
  GROUP_MASTERS,
  isEncryptedKey,
  type Listener,
  nodeUser,
  openAuditLog,
  openTokenFile,
  startAuthorization,
  startCertificateKeeper,
  type TokenStore,
  type UserInfo,
  type WebhookHint,
  withMetrics,
  writeKubeconfig,
} from '#server';
import { loadOrCreateKey, openSqliteStore } from '#store';
import { createSync, type SyncEngine, SyncError } from '#sync';
import { apiServiceAt, bootstrapCluster } from './bootstrap.ts';
import { type ControlPlaneConfig, clusterNetwork } from './config.ts';
import { diffRuns } from './differences.ts';
import { StartError } from './errors.ts';
import { Lifecycle } from './lifecycle.ts';
import { createMetrics } from './metrics/metrics.ts';
import { packageRoot, type StatePaths, statePaths } from './paths.ts';
import { ensurePrivateDir, newClusterId, readOrMake } from './private-state.ts';
import { removeProcessFile, startTicksOf, writeProcessFile } from './process-file.ts';
import { applyRootApplication } from './root-application.ts';

export interface ControlPlane {
  readonly paths: StatePaths;
  readonly config: ControlPlaneConfig;
  readonly clusterId: string;
  readonly apiUrl: string;
  readonly ca: string;
  readonly webhookUrl: string;
  /** A link that logs a browser in as the administrator, once. */
  createLoginLink(): string;
  /** A credential for the agent of a node; tokens given before go on. */
  issueNodeToken(nodeName: string): Promise<string>;
  /** Rejects when a part fails that the control plane cannot go on without. */
  readonly failed: Promise<never>;
  close(): Promise<void>;
}

const ADMIN: UserInfo = { name: 'admin', groups: [GROUP_MASTERS] };

/** Listens, or says in words which port is taken and what to do. */
async function listen(listener: Listener, what: string, port: number, flag: string): Promise<void> {
  try {
    await listener.start();
  } catch (error) {
    if (errorCode(error) === 'EADDRINUSE')
      throw new StartError(
        'PortTaken',
        `port ${port} (${what}) is taken by another program`,
        `Choose another port: ${flag} PORT. If Plumbline runs already, end it first.`,
        error,
      );
    if (errorCode(error) === 'EACCES')
      throw new StartError(
        'PortNotAllowed',
        `port ${port} (${what}) may not be used by this user`,
        `Choose a port from 1024 up: ${flag} PORT`,
        error,
      );
    if (errorCode(error) === 'EADDRNOTAVAIL')
      throw new StartError(
        'AddressNotHere',
        `the address to listen on is not one of this machine's`,
        'Give --listen an address that `ip addr` shows, or 0.0.0.0.',
        error,
      );
    throw error;
  }
}

/** The administrator's token: kept in the kubeconfig only, so it is read from there or given anew. */
async function ensureKubeconfig(paths: StatePaths, server: string, ca: string, tokens: TokenStore): Promise<void> {
  const token = await readOrMake(path.join(paths.pki, 'admin.token'), () => tokens.issue(ADMIN));
  if (tokens.authenticate(token) === undefined)
    throw new StartError(
      'TokenUnknown',
      `the administrator's token in ${paths.pki} is not in ${paths.tokens}`,
      `Delete ${path.join(paths.pki, 'admin.token')} to get a new one.`,
    );
  await writeKubeconfig({ path: paths.kubeconfig, server, ca, user: ADMIN.name, token });
}

/** A webhook's hint to sync; one for a repository that no Application uses is told to its sender as such. */
function passHint(sync: Pick<SyncEngine, 'hint'>, { id, source: secret, urls, paths }: WebhookHint): void {
  try {
    sync.hint({ id, secret, urls, paths });
  } catch (error) {
    if (!(error instanceof SyncError) || error.code !== 'UnknownRepository') throw error;
    throw new ApiError('NotFound', error.message, undefined, error);
  }
}

/** Opens the parts bottom up: store, API, listeners, then the actors. Resolves when it serves. */
export async function startControlPlane(
  config: ControlPlaneConfig,
  { log, clock = systemClock }: { readonly log: Log; readonly clock?: Clock },
): Promise<ControlPlane> {
  const paths = statePaths(config.stateDir);
  const lifecycle = new Lifecycle(log);
  try {
    return await open(config, paths, { log, clock, lifecycle });
  } catch (error) {
    await lifecycle.close();
    throw error;
  }
}

interface Parts {
  readonly log: Log;
  readonly clock: Clock;
  readonly lifecycle: Lifecycle;
}

async function open(
  config: ControlPlaneConfig,
  paths: StatePaths,
  { log, clock, lifecycle }: Parts,
): Promise<ControlPlane> {
  const { listen: at } = config;
  await ensurePrivateDir(paths.root);
  await ensurePrivateDir(paths.pki);
  const clusterId = await readOrMake(paths.clusterId, newClusterId);
  const key = await loadOrCreateKey(paths.storeKey);
  const store = await openSqliteStore(
    { clock, log },
    { path: paths.store, encryption: { key, encrypts: isEncryptedKey } },
  );
  lifecycle.add('store', async () => {
    await store.close();
    await removeProcessFile(paths.serverPid);
  });
  // Only now: the store's lock has told that no other control plane runs here.
  const startTicks = (await startTicksOf(process.pid)) ?? '';
  await writeProcessFile(paths.serverPid, { pid: process.pid, startTicks, fingerprint: config.version });
  const admission = new AdmissionChain();
  const tunnel = createNodeTunnel({ clock, log });
  const stored = await createApi(
    { store, clock, log, admission },
    { serviceCidr: clusterNetwork.serviceCidr, nodePorts: clusterNetwork.nodePorts },
  );
  lifecycle.add('api', () => stored.close());
  const api = withMetrics(stored, { tunnel, clock, log });

  const pki = await ensurePki(paths.pki, {
    hosts: [at.host].filter((host) => host !== '0.0.0.0' && host !== '::'),
    clock,
  });
  const tokens = await openTokenFile(paths.tokens, clock);
  const sessions = createSessions({ clock });
  const authorization = await startAuthorization({ api, admission, clock, log });
  lifecycle.add('authorization', async () => authorization.close());
  const certificates = await startCertificateKeeper({ api, authority: pki.clientAuthority, clock, log });
  lifecycle.add('certificates', () => certificates.close());
  admission.add(createServiceAccountAdmission(api));
  admission.add(createPodSecurityAdmission(api));
  const signingKey = await ensureSigningKey(paths.serviceAccountKey);
  const auditLog = await openAuditLog({ directory: paths.audit, clock, log });
  lifecycle.add('audit log', () => auditLog.close());
  const openPodLog = createPodLogs({ api, tunnel });
  const audit = createAuditTrail({ sink: auditLog, clock });
  const local = (name: string): Client => {
    const who = { user: { name: `system:plumbline:${name}`, groups: [GROUP_MASTERS] }, userAgent: `plumbline-${name}` };
    return createLocalClient(auditedApi(api, { audit, clock, ...who }), { ...who, logs: openPodLog });
  };

  const metrics = createMetrics({
    version: config.version,
    figures: () => sync.figures(),
    storeFiles: [paths.store, `${paths.store}-wal`],
    storeRevision: () => store.revision(),
  });
  const sync = createSync(
    {
      client: local('sync'),
      clock,
      log: log.child({ room: 'sync' }),
      random: Math.random,
      meter: metrics.meter,
      stateDir: paths.mirrors,
      localPaths: config.root === undefined ? [] : [config.root.repository],
    },
    config.pollMs === undefined ? {} : { pollMs: config.pollMs },
  );

  const ui = createUiServer({
    api,
    sessions,
    authorize: authorization.authorize,
    staticDir: path.join(packageRoot, 'dist/ui'),
    listen: { host: '127.0.0.1', port: at.uiPort },
    openPodLog,
    diffRuns: (from, to) => diffRuns(local('ui'), from, to),
    clock,
    log: log.child({ room: 'ui' }),
  });
  await listen(ui, 'dashboard', at.uiPort, '--ui-port');
  lifecycle.add('ui', () => ui.close());
  const loginLink = (user: UserInfo) => ui.createLoginLink(user);

  const webhooks = createWebhookServer({
    lookup: createWebhookLookup(api),
    notify: (hint) => passHint(sync, hint),
    listen: { host: '127.0.0.1', port: at.webhookPort },
    clock,
    log: log.child({ room: 'webhook' }),
  });
  await listen(webhooks, 'webhooks', at.webhookPort, '--webhook-port');
  lifecycle.add('webhooks', () => webhooks.close());
  const webhookUrl = `http://127.0.0.1:${webhooks.address().port}`;

  const http = createHttpServer({
    api,
    authenticate: (token) => tokens.authenticate(token),
    serviceAccountTokens: createServiceAccountTokens({ api, key: signingKey, clock }),
    authorization,
    audit,
    tunnel,
    openPodLog,
    createLoginLink: loginLink,
    metrics: (figures) => metrics.render(figures),
    addresses: () => ({ webhooks: webhookUrl }),
    issueToken: (user) => tokens.issue(user),
    tls: { ...pki, clientCa: pki.clientAuthority.certificate },
    listen: { host: at.host, port: at.apiPort },
    productVersion: config.version,
    clock,
    log: log.child({ room: 'server' }),
  });
  await listen(http, 'Kubernetes API', at.apiPort, '--api-port');
  lifecycle.add('http', () => http.close());
  const apiPort = http.address().port;
  const apiHost = at.host === '0.0.0.0' || at.host === '::' ? '127.0.0.1' : at.host;
  const apiUrl = `https://${apiHost.includes(':') ? `[${apiHost}]` : apiHost}:${apiPort}`;

  await ensureKubeconfig(paths, apiUrl, pki.ca, tokens);
  await bootstrapCluster(local('bootstrap'), apiPort, at.host);
  if (config.root !== undefined) await applyRootApplication(local('up'), config.root);

  const stopping = new AbortController();
  setMaxListeners(0, stopping.signal); // every informer and loop listens: dozens, and each takes its listener away
  const actors = [
    createControllers(
      {
        client: local('controllers'),
        schedulerClient: local('scheduler'),
        clock,
        log: log.child({ room: 'controllers' }),
      },
      { caCertificate: pki.ca, apiService: apiServiceAt(apiPort, at.host) },
    ).run(stopping.signal),
    sync.run(stopping.signal),
  ];
  // One of them ending before it was asked to is a failure of the whole.
  const failed = new Promise<never>((_resolve, reject) => {
    for (const actor of actors) {
      actor.then(
        () =>
          stopping.signal.aborted ||
          reject(
            new StartError('ActorEnded', 'a part of the control plane ended by itself', 'The log above tells which.'),
          ),
        (error: unknown) => stopping.signal.aborted || reject(error),
      );
    }
  });
  failed.catch(() => undefined); // seen by whoever waits for it; closing in peace is no failure
  lifecycle.add('actors', async () => {
    stopping.abort();
    await Promise.allSettled(actors);
  });

  return {
    paths,
    config,
    clusterId,
    apiUrl,
    ca: pki.ca,
    webhookUrl,
    createLoginLink: () => loginLink(ADMIN).url,
    issueNodeToken: (nodeName) => tokens.issue(nodeUser(nodeName)),
    failed,
    close: () => lifecycle.close(),
  };
}
