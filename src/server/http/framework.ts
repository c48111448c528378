import type { EventEmitter } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import { type FastifyInstance, type FastifyReply, fastify } from 'fastify';
import { ApiError } from '#api';
import type { Clock, Log } from '#base';
import { errorAnswer, sendError } from './answers.ts';
import { toApiError } from './encoding.ts';
import { hasUnreadBody, refuseAndLinger } from './linger.ts';

export interface TlsOptions {
  readonly certificate: string;
  readonly key: string;
  /** PEM of the authority whose client certificates are good; clients are asked for one, and need none. */
  readonly clientCa?: string;
}

export interface FrameworkOptions {
  /** Plain HTTP when absent: only for loopback, and for listeners that hold no secret. */
  readonly tls?: TlsOptions;
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
    clientErrorHandler: refuseUnreadable,
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
          // Who brings none, or a bad one, is a stranger until a token says otherwise.
          ...(tls.clientCa === undefined ? {} : { ca: tls.clientCa, requestCert: true, rejectUnauthorized: false }),
          handshakeTimeout: TLS_HANDSHAKE_TIMEOUT_MS,
        },
      })) as unknown as FastifyInstance;
  app.server.headersTimeout = limits.headersTimeoutMs;
  app.server.maxConnections = limits.connections;
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', (_request, _payload, done) => done(null));
  app.setErrorHandler((error, request, reply) => {
    const answered = toApiError(fromFramework(error));
    if (answered.reason === 'InternalError')
      log.error({ err: error, path: request.url.split('?', 1)[0] }, 'request failed');
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
  readonly open: OpenResponses;
}

export function createListener(app: FastifyInstance, options: ListenerOptions): Listener {
  const { listen, clock, closeGraceMs, open } = options;
  return {
    async start() {
      await app.listen(listen);
    },
    address() {
      const { address: host, port } = app.server.address() as AddressInfo;
      return { host, port };
    },
    async close() {
      const cut = clock.after(closeGraceMs, () => app.server.closeAllConnections());
      await open.close(); // first: closing the server cuts off answers that are ended but not sent
      await app.close();
      cut.cancel();
    },
  };
}

/** The answers that are not sent yet and the sessions that go on, and the word to those that would never end. */
export class OpenResponses {
  readonly #responses = new Map<EventEmitter, AbortController>();
  #closed = false;

  /** Aborts when the response is sent or its reader is gone (for a connection: when it closed), or when the listener closes. */
  track(response: EventEmitter): AbortSignal {
    const controller = new AbortController();
    if (this.#closed) controller.abort();
    this.#responses.set(response, controller);
    response.once('close', () => {
      this.#responses.delete(response);
      controller.abort();
    });
    return controller.signal;
  }

  /** Asks all to end and resolves when they have; those that come later are asked at once. */
  async close(): Promise<void> {
    this.#closed = true;
    const sent = [...this.#responses.keys()].map((response) => new Promise((done) => response.once('close', done)));
    for (const controller of this.#responses.values()) controller.abort();
    await Promise.all(sent);
  }
}

/** Answers bytes that are no HTTP request, or one with too long headers, or one that never came to its end. */
function refuseUnreadable(error: NodeJS.ErrnoException, socket: Socket): void {
  // To whom no key was agreed with, nothing can be said.
  if (error.code === 'ECONNRESET' || error.code === 'ERR_TLS_HANDSHAKE_TIMEOUT' || !socket.writable) {
    socket.destroy();
    return;
  }
  const refusals: Readonly<Record<string, readonly [string, ApiError]>> = {
    HPE_HEADER_OVERFLOW: [
      '431 Request Header Fields Too Large',
      new ApiError('BadRequest', 'the headers are too long'),
    ],
    ERR_HTTP_REQUEST_TIMEOUT: ['408 Request Timeout', new ApiError('BadRequest', 'the request did not arrive in time')],
  };
  const [status, refusal] = refusals[error.code ?? ''] ?? [
    '400 Bad Request',
    new ApiError('BadRequest', 'this is no HTTP request'),
  ];
  const body = JSON.stringify(refusal.toStatus());
  const headers = `content-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close`;
  socket.end(`HTTP/1.1 ${status}\r\n${headers}\r\n\r\n${body}`);
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
