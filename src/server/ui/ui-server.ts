import type { FastifyReply, FastifyRequest } from 'fastify';
import { ApiError, parseJsonStrict, type SyncRun, type UiOverview, type UiRunDiff } from '#api';
import { type Clock, formatTime, type Log } from '#base';
import type { Authorize } from '../auth/authorization.types.ts';
import { GROUP_MASTERS } from '../auth/groups.plan.ts';
import { type Sessions, sessionLimits } from '../auth/sessions.ts';
import { sendText, sendValue } from '../http/answers.ts';
import { CheckedRight } from '../http/checked-right.ts';
import { splitTarget } from '../http/exchange.ts';
import { createFramework, createListener, type Listener, OpenResponses } from '../http/framework.ts';
import { streamLog } from '../http/log-stream.ts';
import { readBody } from '../http/read-body.ts';
import { isRecord } from '../http/request-options.plan.ts';
import { planLogOptions } from '../nodes/log-options.plan.ts';
import type { OpenPodLog } from '../nodes/pod-logs.ts';
import type { Api, RequestContext, UserInfo } from '../registry/api.ts';
import { planGuard, planHosts } from './browser-guard.plan.ts';
import { sessionCookie, sessionIdOf } from './cookies.ts';
import { streamEvents } from './event-stream.ts';
import { createFeed, type FeedSnapshot } from './feed.ts';
import { uiLimits } from './limits.ts';
import { loadStaticFiles, type StaticFiles, sendFile } from './static-files.ts';
import { createUiReads } from './ui-reads.ts';
import { createUiWrites, type SyncRequest } from './ui-writes.ts';

export interface UiServerOptions {
  readonly api: Api;
  readonly authorize: Authorize;
  readonly sessions: Sessions;
  readonly openPodLog: OpenPodLog;
  /** The difference of two runs' rendered sets, secrets masked; comparing is not this room's trade. */
  readonly diffRuns: (from: SyncRun, to: SyncRun) => Promise<UiRunDiff>;
  /** The built UI; empty when it is not there. */
  readonly staticDir: string;
  readonly listen: { readonly host: string; readonly port: number };
  /** Names besides loopback's by which browsers may call us. */
  readonly hosts?: readonly string[];
  /** HTTPS instead of HTTP: needed off loopback, or the session could be read on the way. */
  readonly tls?: { readonly certificate: string; readonly key: string };
  readonly clock: Clock;
  readonly log: Log;
}

export interface UiServer extends Listener {
  /** A link that logs a browser in once, as this user. */
  createLoginLink(user: UserInfo): { readonly url: string; readonly expiresAt: string };
}

/** As whom the UI follows the cluster; what each user gets to see is decided when he asks. */
const UI_CONTEXT: RequestContext = {
  user: { name: 'system:plumbline:ui', groups: [GROUP_MASTERS] },
  defaultManager: 'plumbline-ui',
};

/** Nothing inline, nothing from elsewhere, in no frame. */
const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; " +
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
};

/** One request of a browser that is logged in. */
interface UiExchange {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly context: RequestContext;
  readonly parameters: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly signal: AbortSignal;
}

/** The web UI's server: its files, its login, its JSON and its one stream. Acts as the user who is logged in. */
export function createUiServer(options: UiServerOptions): UiServer {
  const { api, authorize, sessions, clock, log, listen, tls } = options;
  const reads = createUiReads({ api, authorize });
  const writes = createUiWrites({ api, authorize });
  const feed = createFeed({ api, context: UI_CONTEXT, clock, log });
  const open = new OpenResponses();
  const limits = { ...uiLimits, keepAliveMs: 60_000 };
  const app = createFramework({ limits, clock, log, ...(tls === undefined ? {} : { tls }) });
  const listener = createListener(app, { listen, clock, closeGraceMs: uiLimits.closeGraceMs, open });
  let files: StaticFiles = new Map();
  let hosts: ReadonlySet<string> = new Set();
  let streams = 0;

  app.addHook('onRequest', async ({ method, headers }, reply) => {
    reply.headers(SECURITY_HEADERS);
    const guard = planGuard(
      {
        method,
        host: headers.host,
        origin: headers.origin,
        fetchSite: text(headers['sec-fetch-site']),
        marker: text(headers['x-plumbline-ui']),
        contentType: headers['content-type'],
      },
      hosts,
    );
    if (guard.allowed) return;
    log.warn({ method, reason: guard.reason }, 'browser request refused');
    throw new ApiError('Forbidden', guard.reason);
  });

  function authenticate({ headers }: FastifyRequest): UserInfo {
    const sessionId = sessionIdOf(headers.cookie);
    const user = sessionId === undefined ? undefined : sessions.authenticate(sessionId);
    if (user === undefined) throw new ApiError('Unauthorized', 'not logged in; ask for a link: plumb login');
    return user;
  }

  function stillLoggedIn(request: FastifyRequest): () => Promise<void> {
    return async () => void authenticate(request);
  }

  /** Every answer but files and login goes through here: no handler runs for a browser that is not logged in. */
  function loggedIn(handle: (exchange: UiExchange) => unknown) {
    return async (request: FastifyRequest, reply: FastifyReply): Promise<unknown> => {
      const user = authenticate(request);
      reply.header('cache-control', 'no-store');
      const parameters = request.params as Readonly<Record<string, string>>;
      const { query } = splitTarget(request.raw.url ?? '/');
      const context = { user, defaultManager: 'plumbline-ui' };
      return handle({ request, reply, context, parameters, query, signal: open.track(reply.raw) });
    };
  }

  /** Answers what a read gives, as JSON. */
  function reading(read: (exchange: UiExchange) => Promise<object>) {
    return loggedIn(async (exchange) => sendValue(exchange.reply, 200, await read(exchange)));
  }

  function writing(write: (exchange: UiExchange, body: unknown) => Promise<void>) {
    return loggedIn(async (exchange) => {
      await write(exchange, await readJson(exchange.request));
      return sendValue(exchange.reply, 202, {});
    });
  }

  async function readJson({ raw }: FastifyRequest): Promise<unknown> {
    const bytes = await readBody(raw, { limitBytes: uiLimits.bodyBytes, timeoutMs: uiLimits.bodyTimeoutMs, clock });
    return bytes.length === 0 ? {} : parseJsonStrict(bytes.toString('utf8')).value;
  }

  function enterStream(reply: FastifyReply): void {
    if (streams >= uiLimits.streams) throw new ApiError('TooManyRequests', 'too many streams are open');
    streams += 1;
    reply.raw.once('close', () => {
      streams -= 1;
    });
  }

  async function overviewFor(context: RequestContext): Promise<(snapshot: FeedSnapshot) => UiOverview> {
    const mayWrite = await reads.mayWrite(context);
    return (snapshot) => ({ ...snapshot, user: context.user.name, mayWrite });
  }

  async function stream({ request, reply, context, signal }: UiExchange): Promise<void> {
    await reads.overview(context); // refuses who may not see it all
    const overview = await overviewFor(context);
    enterStream(reply);
    const right = new CheckedRight({ clock, check: stillLoggedIn(request), signal });
    reply.raw.once('close', () => right.stop());
    await streamEvents({
      response: reply.raw,
      begin: () => takeOver(reply),
      feed,
      clock,
      signal: right.signal,
      lastEventId: text(request.headers['last-event-id']),
      overview: (snapshot) => JSON.stringify({ type: 'overview', overview: overview(snapshot) }),
    });
  }

  async function podLog({ request, reply, context, parameters, query, signal }: UiExchange): Promise<void> {
    const { namespace = '', name = '' } = parameters;
    const attributes = { verb: 'get' as const, group: '', resource: 'pods', subresource: 'log', namespace, name };
    await authorize(context.user, attributes);
    const logOptions = planLogOptions(query);
    enterStream(reply);
    await streamLog({
      response: reply.raw,
      open: (ended) => options.openPodLog(context, { namespace, name }, logOptions, ended),
      begin: () => takeOver(reply),
      check: stillLoggedIn(request),
      clock,
      signal,
    });
  }

  function login(request: FastifyRequest, reply: FastifyReply): unknown {
    const { query } = splitTarget(request.raw.url ?? '/');
    const session = sessions.redeem(query.get('ticket') ?? '');
    reply.header('cache-control', 'no-store');
    if (session === undefined) {
      return sendText(reply, 401, 'This link was used already or is too old. Ask for a new one: plumb login\n');
    }
    log.info({ user: session.user.name }, 'browser logged in');
    const cookie = sessionCookie(session.sessionId, sessionLimits.sessionTtlMs / 1_000, tls !== undefined);
    return reply.code(303).header('set-cookie', cookie).header('location', '/').send();
  }

  function logout({ request, reply }: UiExchange): unknown {
    const sessionId = sessionIdOf(request.headers.cookie);
    if (sessionId !== undefined) sessions.end(sessionId);
    return sendValue(reply.header('set-cookie', sessionCookie('', 0, tls !== undefined)), 200, {});
  }

  app.get('/login', async (request, reply) => login(request, reply));
  app.post('/ui/v1/logout', loggedIn(logout));
  app.get('/ui/v1/stream', loggedIn(stream));
  app.get('/ui/v1/pods/:namespace/:name/log', loggedIn(podLog));
  app.get(
    '/ui/v1/pods/:namespace/:name/placement',
    reading(({ context, parameters: { namespace = '', name = '' } }) => reads.placement(context, namespace, name)),
  );
  app.get(
    '/ui/v1/overview',
    reading(async ({ context }) => (await overviewFor(context))(await reads.overview(context))),
  );
  app.get(
    '/ui/v1/nodes',
    reading(({ context }) => reads.nodes(context)),
  );
  app.get(
    '/ui/v1/applications/:namespace/:name',
    reading(({ context, parameters: { namespace = '', name = '' } }) => reads.application(context, namespace, name)),
  );
  app.get(
    '/ui/v1/applications/:namespace/:name/runs',
    reading(({ context, parameters: { namespace = '', name = '' } }) => reads.history(context, namespace, name)),
  );
  app.get(
    '/ui/v1/runs/:namespace/:name',
    reading(({ context, parameters: { namespace = '', name = '' } }) => reads.runView(context, namespace, name)),
  );
  app.get(
    '/ui/v1/runs/:namespace/:name/diff/:other',
    reading(async ({ context, parameters: { namespace = '', name = '', other = '' } }) => {
      const [from, to] = await Promise.all([reads.run(context, namespace, name), reads.run(context, namespace, other)]);
      return options.diffRuns(from, to);
    }),
  );
  app.get(
    '/ui/v1/events',
    reading(({ context, query }) => {
      const application = query.get('application');
      const namespace = query.get('namespace') ?? '';
      return reads.events(context, { namespace, ...(application === null ? {} : { application }) });
    }),
  );
  app.post(
    '/ui/v1/applications/:namespace/:name/sync',
    writing(({ context, parameters: { namespace = '', name = '' } }, body) =>
      writes.sync(context, namespace, name, syncRequest(body)),
    ),
  );
  app.post(
    '/ui/v1/applications/:namespace/:name/refresh',
    writing(({ context, parameters: { namespace = '', name = '' } }) => writes.refresh(context, namespace, name)),
  );
  app.post(
    '/ui/v1/runs/:namespace/:name/approve',
    writing(({ context, parameters: { namespace = '', name = '' } }) => writes.approve(context, namespace, name)),
  );
  app.setNotFoundHandler(async (request, reply) => {
    const { pathname } = splitTarget(request.raw.url ?? '/');
    const file = request.method === 'GET' ? files.get(pathname) : undefined;
    if (file === undefined) throw new ApiError('NotFound', 'there is no such page');
    return sendFile(request, reply.code(200), file);
  });

  return {
    ...listener,
    async start() {
      files = await loadStaticFiles(options.staticDir);
      await listener.start();
      hosts = planHosts([listen.host, ...(options.hosts ?? [])], listener.address().port);
    },
    async close() {
      feed.close();
      await listener.close();
    },
    createLoginLink(user) {
      const ticket = sessions.createTicket(user);
      const { port } = listener.address();
      const name = options.hosts?.[0] ?? 'localhost';
      const url = `${tls === undefined ? 'http' : 'https'}://${name}:${port}/login?ticket=${ticket}`;
      return { url, expiresAt: formatTime(clock.nowMs() + sessionLimits.ticketTtlMs) };
    },
  };
}

/**
 * Begins a stream by hand, with the headers set so far: without `nosniff` a browser holds a log back until it has
 * enough bytes to guess its type.
 */
function takeOver(reply: FastifyReply): void {
  for (const [name, value] of Object.entries(reply.getHeaders())) {
    if (value !== undefined) reply.raw.setHeader(name, value);
  }
  reply.hijack();
}

function syncRequest(body: unknown): SyncRequest {
  if (!isRecord(body)) throw new ApiError('BadRequest', 'the body must be an object');
  const { revision, prune } = body;
  if (revision !== undefined)
    throw new ApiError('BadRequest', 'a sync is to the revision that the Application names: change its targetRevision');
  if (prune !== undefined && typeof prune !== 'boolean')
    throw new ApiError('BadRequest', 'prune must be true or false');
  return prune === undefined ? {} : { prune };
}

function text(header: string | readonly string[] | undefined): string | undefined {
  return typeof header === 'string' ? header : header?.[0];
}
