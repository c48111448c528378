import type { ClientRequest, IncomingMessage } from 'node:http';
import { Agent, request as startRequest } from 'node:https';
import { ApiError } from '#api';
import { type Clock, errorCode } from '#base';
import { ConnectionError, connectionError, refusal } from './errors.ts';
import { httpClientLimits } from './limits.ts';

export interface ConnectionOptions {
  /** `https://host:port`, with a path when the API does not stand at the root. */
  readonly server: string;
  /** PEM of the authorities to trust; the system's when absent. */
  readonly ca?: string;
  /** Asked for each request, so that a token file may be renewed. */
  readonly token?: () => string | Promise<string>;
  readonly clientCertificate?: { readonly certificate: string; readonly key: string };
  readonly tlsServerName?: string;
  readonly insecureSkipTlsVerify?: boolean;
  readonly userAgent: string;
  readonly clock: Clock;
}

export interface Call {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Path and query. */
  readonly target: string;
  readonly body?: string;
  readonly contentType?: string;
  /** JSON when absent. */
  readonly accept?: string;
  readonly signal?: AbortSignal;
}

export interface Answer {
  readonly status: number;
  readonly text: string;
}

export interface Connection {
  /** One request and its whole answer, within `requestTimeoutMs`. A read that hits a connection just closed is tried once more. */
  call(call: Call): Promise<Answer>;
  /** Bytes as they come; throws `ApiError` when the server refuses. `idleMs`: ends with an error after so long without a byte. */
  stream(call: Call, idleMs: number | undefined): AsyncGenerator<Uint8Array>;
  close(): void;
}

/** HTTPS to one server: connections are kept, redirects are not followed, and every wait has an end. */
export function createConnection(options: ConnectionOptions): Connection {
  const { server, clock } = options;
  const base = new URL(server);
  if (base.protocol !== 'https:') {
    throw new ConnectionError(`${server}: only https:// is spoken, for a token must not be sent in the clear`, {
      code: 'ServerUrlInvalid',
    });
  }
  const tls = {
    noDelay: true,
    keepAliveMsecs: 30_000,
    ...(options.ca === undefined ? {} : { ca: options.ca }),
    ...(options.tlsServerName === undefined ? {} : { servername: options.tlsServerName }),
    ...(options.insecureSkipTlsVerify === true ? { rejectUnauthorized: false } : {}),
    ...(options.clientCertificate === undefined
      ? {}
      : { cert: options.clientCertificate.certificate, key: options.clientCertificate.key }),
  };
  const requests = new Agent({ ...tls, keepAlive: true, maxSockets: httpClientLimits.connections });
  const streams = new Agent({ ...tls, keepAlive: false });

  async function send(call: Call, agent: Agent): Promise<{ request: ClientRequest; response: IncomingMessage }> {
    const headers: Record<string, string | number> = {
      accept: call.accept ?? 'application/json',
      'user-agent': options.userAgent,
    };
    if (options.token !== undefined) headers['authorization'] = `Bearer ${await options.token()}`;
    if (call.body !== undefined) {
      headers['content-type'] = call.contentType ?? 'application/json';
      headers['content-length'] = Buffer.byteLength(call.body);
    }
    const path = base.pathname.replace(/\/$/, '') + call.target;
    return new Promise((resolve, reject) => {
      const { hostname, port } = base;
      const host = hostname.replace(/^\[|\]$/g, '');
      const request = startRequest({ host, port: port === '' ? 443 : port, path, method: call.method, headers, agent });
      const onAbort = () => request.destroy();
      const connecting = clock.after(httpClientLimits.requestTimeoutMs, () =>
        request.destroy(new Error('no answer in time')),
      );
      const settle = () => {
        connecting.cancel();
        call.signal?.removeEventListener('abort', onAbort);
      };
      request.once('response', (response) => {
        settle();
        resolve({ request, response });
      });
      request.on('error', (error) => {
        settle();
        reject(
          call.signal?.aborted ? call.signal.reason : Object.assign(error, { reusedSocket: request.reusedSocket }),
        );
      });
      if (call.signal?.aborted) return onAbort();
      call.signal?.addEventListener('abort', onAbort, { once: true });
      request.end(call.body);
    });
  }

  async function once(call: Call): Promise<Answer> {
    const { response } = await send(call, requests);
    const pieces: Uint8Array[] = [];
    for await (const piece of watched(response, call.signal, httpClientLimits.requestTimeoutMs, 'total')) {
      pieces.push(piece);
    }
    return { status: response.statusCode ?? 0, text: Buffer.concat(pieces).toString('utf8') };
  }

  /** The bytes of an answer; the response is destroyed on abort, when time is up, and when the reader leaves. */
  async function* watched(
    response: IncomingMessage,
    signal: AbortSignal | undefined,
    limitMs: number | undefined,
    kind: 'total' | 'idle',
  ): AsyncGenerator<Uint8Array> {
    const start = () =>
      limitMs === undefined ? undefined : clock.after(limitMs, () => response.destroy(new Error('the answer stalled')));
    const onAbort = () => response.destroy();
    let timer = start();
    let bytes = 0;
    signal?.addEventListener('abort', onAbort, { once: true });
    try {
      if (signal?.aborted) throw signal.reason;
      for await (const piece of response as AsyncIterable<Buffer>) {
        if (kind === 'idle') {
          timer?.cancel();
          timer = start();
        }
        bytes += piece.length;
        if (kind === 'total' && bytes > httpClientLimits.answerBytes) {
          throw new ApiError(
            'RequestEntityTooLarge',
            `the server sent more than ${httpClientLimits.answerBytes} bytes`,
          );
        }
        yield piece;
      }
    } catch (error) {
      throw signal?.aborted ? signal.reason : error;
    } finally {
      timer?.cancel();
      signal?.removeEventListener('abort', onAbort);
      response.destroy();
    }
  }

  function explain(error: unknown, signal: AbortSignal | undefined): unknown {
    if (error instanceof ApiError || error instanceof ConnectionError || signal?.aborted) return error;
    return connectionError(server, error);
  }

  return {
    async call(call) {
      try {
        return await once(call);
      } catch (error) {
        // The server closed an idle connection while we took it from the pool. A read may be sent again safely.
        if (call.method !== 'GET' || !wasReused(error)) throw explain(error, call.signal);
      }
      try {
        return await once(call);
      } catch (error) {
        throw explain(error, call.signal);
      }
    },

    async *stream(call, idleMs) {
      try {
        const { response } = await send(call, streams);
        const status = response.statusCode ?? 0;
        const bytes = watched(response, call.signal, idleMs, 'idle');
        if (status === 200) {
          yield* bytes;
          return;
        }
        const pieces: Uint8Array[] = [];
        for await (const piece of watched(response, call.signal, httpClientLimits.requestTimeoutMs, 'total'))
          pieces.push(piece);
        throw refusal(status, parseOrText(Buffer.concat(pieces).toString('utf8')));
      } catch (error) {
        throw explain(error, call.signal);
      }
    },

    close() {
      requests.destroy();
      streams.destroy();
    },
  };
}

/** A parsed JSON body, or the text when it is none. */
export function parseOrText(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text; // not JSON: a proxy's page, said as it is
  }
}

function wasReused(error: unknown): boolean {
  const closed = errorCode(error) === 'ECONNRESET' || errorCode(error) === 'EPIPE';
  return (
    closed && typeof error === 'object' && error !== null && 'reusedSocket' in error && error.reusedSocket === true
  );
}
