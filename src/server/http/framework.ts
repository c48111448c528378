import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type FastifyInstance, type FastifyReply, fastify } from 'fastify';
import { ApiError } from '#api';
import type { Clock, Log } from '#base';
import { errorAnswer, sendError } from './answers.ts';
import { toApiError } from './encoding.ts';
import { hasUnreadBody, refuseAndLinger } from './linger.ts';

export interface FrameworkOptions {
  /** Plain HTTP when absent: only for loopback, and for listeners that hold no secret. */
  readonly tls?: { readonly certificate: string; readonly key: string };
  readonly limits: {
    readonly headerBytes: number;
    readonly headersTimeoutMs: number;
    readonly keepAliveMs: number;
    readonly connections: number;
  };
  readonly clock: Clock;
  readonly log: Log;
}

/** A handshake that is not done in time is cut off. */
const TLS_HANDSHAKE_TIMEOUT_MS = 10_000;

/** Longest path parameter; Kubernetes names have at most 253 characters, three times that when escaped. */
const MAX_PARAMETER_LENGTH = 768;

/**
 * Fastify as all our listeners use it: errors are Status objects, bodies are read by the handlers themselves within
 * their own limits, and the framework changes nothing of what passes.
 */
export function createFramework({ tls, limits, clock, log }: FrameworkOptions): FastifyInstance {
  const socket = { maxHeaderSize: limits.headerBytes, noDelay: true, keepAlive: true, keepAliveInitialDelay: 30_000 };
  const common = {
    logger: false,
    keepAliveTimeout: limits.keepAliveMs,
    requestTimeout: 0, // logs of agents are bodies that never end; every other body has a deadline of its own
    return503OnClosing: false,
    exposeHeadRoutes: false,
    routerOptions: { maxParamLength: MAX_PARAMETER_LENGTH },
    frameworkErrors: (error: Error, _request: unknown, reply: unknown) =>
      void sendError(reply as FastifyReply, fromFramework(error)),
  } as const;
  const app = (tls === undefined
    ? fastify({ ...common, http: socket })
    : fastify({
        ...common,
        https: {
          ...socket,
          key: tls.key,
          cert: tls.certificate,
          minVersion: 'TLSv1.2',
          handshakeTimeout: TLS_HANDSHAKE_TIMEOUT_MS,
        },
      })) as unknown as FastifyInstance;
  app.server.headersTimeout = limits.headersTimeoutMs;
  app.server.maxConnections = limits.connections;
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', (_request, _payload, done) => done(null));
  app.setErrorHandler((error, request, reply) => {
    const answered = toApiError(fromFramework(error));
    if (answered.reason === 'InternalError') log.error({ err: error, url: request.url }, 'request failed');
    if (!hasUnreadBody(request.raw)) return sendError(reply, answered);
    const set = Object.fromEntries(Object.entries(reply.getHeaders()).map(([name, value]) => [name, String(value)]));
    const answer = errorAnswer(answered);
    reply.hijack();
    return refuseAndLinger(request.raw, reply.raw, { ...answer, headers: { ...set, ...answer.headers } }, clock);
  });
  return app;
}

/** Something that listens on a port. */
export interface Listener {
  start(): Promise<void>;
  /** Where it listens, once started: the port is the real one when 0 was asked for. */
  address(): { readonly host: string; readonly port: number };
  /** Ends streams at once, lets requests in work end for a while, then cuts them off. Never hangs. */
  close(): Promise<void>;
}

export interface ListenerOptions {
  readonly listen: { readonly host: string; readonly port: number };
  readonly clock: Clock;
  readonly closeGraceMs: number;
  /** Aborted first of all when the listener closes. */
  readonly closing: AbortController;
}

export function createListener(app: FastifyInstance, options: ListenerOptions): Listener {
  const { listen, clock, closeGraceMs, closing } = options;
  return {
    async start() {
      await app.listen(listen);
    },
    address() {
      const { address: host, port } = app.server.address() as AddressInfo;
      return { host, port };
    },
    async close() {
      closing.abort();
      const cut = clock.after(closeGraceMs, () => app.server.closeAllConnections());
      await app.close();
      cut.cancel();
    },
  };
}

/** Aborts when the response is closed, for whatever reason, or when the listener closes. */
export function untilGone(response: ServerResponse<IncomingMessage>, closing: AbortSignal): AbortSignal {
  const controller = new AbortController();
  const abort = () => controller.abort();
  closing.addEventListener('abort', abort, { once: true });
  if (closing.aborted) abort();
  response.once('close', () => {
    closing.removeEventListener('abort', abort);
    abort();
  });
  return controller.signal;
}

/** The framework's own refusals (a URL too long, a header it cannot read) in our words. */
function fromFramework(error: unknown): unknown {
  if (error instanceof ApiError || typeof error !== 'object' || error === null) return error;
  const status = 'statusCode' in error && typeof error.statusCode === 'number' ? error.statusCode : 500;
  const message = error instanceof Error ? error.message : 'bad request';
  if (status === 413) return new ApiError('RequestEntityTooLarge', message, undefined, error);
  if (status === 415) return new ApiError('UnsupportedMediaType', message, undefined, error);
  if (status === 404) return new ApiError('NotFound', message, undefined, error);
  return status >= 400 && status < 500 ? new ApiError('BadRequest', message, undefined, error) : error;
}
