import type { FastifyReply, FastifyRequest } from 'fastify';
import { ApiError } from '#api';
import type { Clock, Log } from '#base';
import type { AuditTrail } from '../audit/audit-trail.ts';
import type { Authorization } from '../auth/authorizer.ts';
import { createUserOfConnection } from '../auth/client-certificates.ts';
import { nodeNameOf } from '../auth/groups.plan.ts';
import { planNamedUser } from '../auth/named-user.plan.ts';
import { type Caller, createRequestUsers } from '../auth/request-users.ts';
import { createReviews } from '../auth/reviews.ts';
import {
  SERVICE_ACCOUNT_ISSUER,
  type ServiceAccountTokens,
  type TokenAnswer,
} from '../auth/service-accounts/service-account-tokens.ts';
import { isWebToken } from '../auth/service-accounts/web-token.ts';
import { planNodePath, serveControl, serveStream } from '../nodes/node-routes.ts';
import type { NodeTunnel } from '../nodes/node-tunnel.ts';
import type { OpenPodLog } from '../nodes/pod-logs.ts';
import { createNodeProxy } from '../proxy/node-proxy.ts';
import { createProxyHandler } from '../proxy/proxy.ts';
import { createProxyDial } from '../proxy/proxy-dial.ts';
import type { Api, UserInfo } from '../registry/api.ts';
import { createUpgradeHandler } from '../streams/upgrades.ts';
import { sendText, sendValue } from './answers.ts';
import { CheckedRight } from './checked-right.ts';
import { createDiscoveryHandler } from './discovery-handler.ts';
import { createEncoder } from './encoding.ts';
import { type Exchange, managerFromUserAgent, splitTarget } from './exchange.ts';
import { createFramework, createListener, type Listener, OpenResponses, type TlsOptions } from './framework.ts';
import { type HttpFigures, InFlight } from './in-flight.ts';
import { httpLimits } from './limits.ts';
import { createOpenApiHandler } from './openapi-handler.ts';
import { createBodyReader } from './request-body.ts';
import { planProxyPath, planRequestPath } from './request-path.plan.ts';
import { unknownResource } from './resource-call.ts';
import { createResourceHandler } from './resource-handler.ts';
import { versionInfo } from './version.ts';

export interface HttpServerOptions {
  readonly api: Api;
  /** The user behind a bearer token; undefined for none. */
  readonly authenticate: (token: string) => UserInfo | undefined;
  readonly serviceAccountTokens: ServiceAccountTokens;
  readonly authorization: Authorization;
  /** Notes who did what. */
  readonly audit: AuditTrail;
  readonly tunnel: NodeTunnel;
  readonly openPodLog: OpenPodLog;
  /** A login link for a user's browser, asked for by `POST /plumbline/v1/login-links`; absent where there is no UI. */
  readonly createLoginLink?: (user: UserInfo) => { readonly url: string; readonly expiresAt: string };
  /** Where webhooks are taken, for `GET /plumbline/v1/addresses`; absent where they are not. */
  readonly addresses?: () => { readonly webhooks: string };
  /** The text that `GET /metrics` answers, and its media type; absent where nothing is counted. */
  readonly metrics?: (http: HttpFigures) => Promise<{ readonly contentType: string; readonly text: string }>;
  /** A new token for a named user, asked for by `POST /plumbline/v1/tokens`. */
  readonly issueToken: (user: UserInfo) => Promise<string>;
  readonly tls: TlsOptions;
  readonly listen: { readonly host: string; readonly port: number };
  readonly productVersion: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly random?: () => number;
}

/** Answered without a token: whether we live. Everything else is refused to strangers. */
const HEALTH_PATHS = ['/healthz', '/livez', '/readyz'];

/** The Kubernetes API over HTTPS, and the tunnel for node agents beside it. */
export function createHttpServer(options: HttpServerOptions): Listener {
  const { api, authorization, clock, log, tls, listen, tunnel } = options;
  const { authorize } = authorization;
  const open = new OpenResponses();
  const inFlight = new InFlight();
  const { serviceAccountTokens, random = Math.random } = options;

  /** Tokens of people are good for this API alone. */
  async function authenticateFor(token: string, audiences: readonly string[]): Promise<TokenAnswer | undefined> {
    if (isWebToken(token)) return serviceAccountTokens.authenticate(token, audiences);
    const user = audiences.includes(SERVICE_ACCOUNT_ISSUER) ? options.authenticate(token) : undefined;
    return user === undefined ? undefined : { user, audiences: [SERVICE_ACCOUNT_ISSUER] };
  }

  const identify = createRequestUsers({
    authenticate: async (token) => (await authenticateFor(token, [SERVICE_ACCOUNT_ISSUER]))?.user,
    userOfConnection: createUserOfConnection(clock),
    authorize,
  });
  const app = createFramework({ tls, limits: httpLimits, clock, log });

  const bodies = createBodyReader(clock);
  const dialProxy = createProxyDial({ api, tunnel, random });
  const handleProxy = createProxyHandler({
    authorize,
    dial: dialProxy,
    nodes: createNodeProxy({ api, tunnel }),
    clock,
  });
  const handleDiscovery = createDiscoveryHandler(api);
  const handleOpenApi = createOpenApiHandler(api, () => clock.nowMs());
  const handleResource = createResourceHandler({
    api,
    authorize,
    answerReview: createReviews(authorization, authenticateFor),
    serviceAccountTokens,
    bodies,
    encoder: createEncoder(() => clock.nowMs()),
    openPodLog: options.openPodLog,
    clock,
    log,
    random,
  });

  function exchangeOf(request: FastifyRequest, reply: FastifyReply, { user }: Caller): Exchange {
    const context = { user, defaultManager: managerFromUserAgent(request.headers['user-agent']) };
    const { pathname, query } = splitTarget(request.raw.url ?? '/');
    return {
      request,
      reply,
      context,
      pathname,
      query,
      reauthenticate: async () => void (await identify(request.raw)),
      signal: open.track(reply.raw),
    };
  }

  /** Every route goes through here: no handler runs for a caller we do not know. */
  function authenticated(handle: (exchange: Exchange) => unknown) {
    return async (request: FastifyRequest, reply: FastifyReply): Promise<unknown> => {
      const entry = options.audit.begin(request.raw, reply.raw, () => reply.raw.statusCode);
      const release = inFlight.enter(reply.raw, isStream(request));
      try {
        const caller = await identify(request.raw);
        entry.identified(caller);
        return await handle(exchangeOf(request, reply, caller));
      } finally {
        release();
      }
    };
  }

  async function permitted(exchange: Exchange): Promise<void> {
    const verb = exchange.request.method.toLowerCase();
    await authorize(exchange.context.user, { verb, path: exchange.pathname });
  }

  async function handleApi(exchange: Exchange): Promise<unknown> {
    const proxied = planProxyPath(exchange.pathname);
    if (proxied !== undefined) return handleProxy(exchange, proxied);
    const path = planRequestPath(exchange.pathname);
    if (path?.type === 'resource') return handleResource(exchange, path);
    await permitted(exchange);
    if (path === undefined) throw unknownResource();
    return handleDiscovery(exchange, path);
  }

  async function handleNode(exchange: Exchange): Promise<unknown> {
    const { request, reply, context, pathname, signal } = exchange;
    const { node, ticket } = planNodePath(pathname);
    await permitted(exchange);
    if (nodeNameOf(context.user) !== node) throw new ApiError('Forbidden', "only a node's own agent may call here");
    if (ticket === undefined && request.method === 'GET') {
      const check = exchange.reauthenticate;
      return serveControl(tunnel, node, reply, new CheckedRight({ clock, check, signal }));
    }
    if (ticket !== undefined && request.method === 'POST') return serveStream(tunnel, node, ticket, exchange);
    throw unknownResource();
  }

  app.setNotFoundHandler(authenticated(() => Promise.reject(unknownResource())));
  for (const url of HEALTH_PATHS) app.get(url, (_request, reply) => sendText(reply, 200, 'ok'));
  const version = versionInfo(options.productVersion);
  app.get(
    '/version',
    authenticated(({ reply }) => sendValue(reply, 200, version)),
  );
  app.get(
    '/version/',
    authenticated(({ reply }) => sendValue(reply, 200, version)),
  );
  for (const url of ['/.well-known/openid-configuration', '/openid/v1/jwks']) {
    app.get(
      url,
      authenticated(async (exchange) => {
        await permitted(exchange);
        if (url.startsWith('/openid')) {
          return exchange.reply.type('application/jwk-set+json').send(JSON.stringify(serviceAccountTokens.jwks));
        }
        const { host = '' } = exchange.request.headers;
        return sendValue(exchange.reply, 200, serviceAccountTokens.openidConfiguration(`https://${host}`));
      }),
    );
  }
  for (const url of ['/openapi/v2', '/openapi/v3', '/openapi/v3/*']) {
    app.get(
      url,
      authenticated(async (exchange) => {
        await permitted(exchange);
        return handleOpenApi(exchange);
      }),
    );
  }
  for (const url of ['/api', '/api/*', '/apis', '/apis/*']) {
    app.route({ method: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'], url, handler: authenticated(handleApi) });
  }
  // Methods that only what is behind a proxy knows.
  app.route({
    method: ['HEAD', 'OPTIONS'],
    url: '/api/v1/*',
    handler: authenticated((exchange) =>
      planProxyPath(exchange.pathname) === undefined ? Promise.reject(unknownResource()) : handleApi(exchange),
    ),
  });
  app.route({ method: ['GET', 'POST'], url: '/plumbline/v1/nodes/*', handler: authenticated(handleNode) });
  app.post(
    '/plumbline/v1/tokens',
    authenticated(async (exchange) => {
      await permitted(exchange);
      const user = planNamedUser(await bodies.json(exchange));
      log.info({ user: user.name, groups: user.groups, by: exchange.context.user.name }, 'token issued');
      return sendValue(exchange.reply, 201, { ...user, token: await options.issueToken(user) });
    }),
  );
  const { createLoginLink } = options;
  if (createLoginLink !== undefined) {
    app.post(
      '/plumbline/v1/login-links',
      authenticated(({ reply, context }) => sendValue(reply, 201, createLoginLink(context.user))),
    );
  }
  const { metrics } = options;
  if (metrics !== undefined) {
    app.get(
      '/metrics',
      authenticated(async (exchange) => {
        await permitted(exchange);
        const { contentType, text } = await metrics(inFlight.figures);
        return exchange.reply.type(contentType).send(text);
      }),
    );
  }
  const { audit, openPodLog } = options;
  const upgrades = { api, identify, audit, authorize, tunnel, dialProxy, openPodLog, open, inFlight, clock, log };
  app.server.on('upgrade', createUpgradeHandler(upgrades));
  const { addresses } = options;
  if (addresses !== undefined) {
    app.get(
      '/plumbline/v1/addresses',
      authenticated(({ reply }) => sendValue(reply, 200, addresses())),
    );
  }
  return createListener(app, { listen, clock, closeGraceMs: httpLimits.closeGraceMs, open });
}

/** Watches, followed logs, agents' connections and what is proxied: they live long and are not counted as work. */
function isStream({ url, raw }: FastifyRequest): boolean {
  return (
    (raw.method === 'GET' && (/[?&](watch|follow)=(?!false|0)/.test(url) || url.endsWith('/control'))) ||
    url.includes('/streams/') ||
    planProxyPath(splitTarget(url).pathname) !== undefined
  );
}
