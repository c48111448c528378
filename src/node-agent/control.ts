import type { ClientRequest, IncomingMessage } from 'node:http';
import { Agent, request as httpsRequest } from 'node:https';
import { type Duplex, Readable } from 'node:stream';
import { backoffMs, type Clock, errorMessage, type Log, PlumblineError, sleep } from '#base';
import type { LogOptions } from '#client';
import type { StreamRequest } from '#runtime';
import { type ChannelLink, createFrameLink, FRAME_PROTOCOL } from '#streams';
import { RECONNECT_MAX_MS } from './reconnect.ts';
import type { LogTarget } from './streams/container-logs.ts';

/** What the server asks of this node. One line of JSON each on the control connection. */
export type ControlMessage =
  | {
      readonly type: 'log';
      readonly ticket: string;
      readonly pod: LogTarget;
      readonly options: Omit<LogOptions, 'signal'>;
    }
  | {
      readonly type: 'exec';
      readonly ticket: string;
      readonly pod: LogTarget;
      readonly container: string;
      readonly command: readonly string[];
      readonly streams: StreamRequest;
    }
  | {
      readonly type: 'attach';
      readonly ticket: string;
      readonly pod: LogTarget;
      readonly container: string;
      readonly streams: StreamRequest;
    }
  | {
      readonly type: 'forward';
      readonly ticket: string;
      readonly pod: LogTarget;
      readonly port: number;
      /** The pod's own; its loopback when absent. */
      readonly address?: string;
    }
  | { readonly type: 'stats'; readonly ticket: string }
  | { readonly type: 'cancel'; readonly ticket: string }
  | { readonly type: 'ping' };

/**
 * How the agent is reached although it listens on no port: it holds a connection on which the server asks, and dials a
 * fresh one for each answer that is a stream.
 */
export interface ControlConnection {
  /** Messages as they come, until the signal aborts. Reconnects by itself. */
  messages(signal: AbortSignal): AsyncIterable<ControlMessage>;
  /** Answers a ticket with a stream of bytes. Resolves when the server has taken all, or wants no more. */
  send(ticket: string, body: AsyncIterable<Uint8Array>, signal: AbortSignal): Promise<void>;
  /** Answers a ticket with channels both ways, over a connection of their own. */
  dial(ticket: string, signal: AbortSignal): Promise<ChannelLink>;
  /** Answers a ticket with why there is nothing to send. */
  refuse(ticket: string, reason: string): Promise<void>;
}

export interface HttpsControlOptions {
  /** `https://host:port`. */
  readonly server: string;
  /** PEM of the authority to trust. */
  readonly ca: string;
  readonly token: string | (() => string | Promise<string>);
  readonly nodeName: string;
  readonly clock: Clock;
  readonly log: Log;
}

/** The control connection broke, or the server refused it. */
export class ControlError extends PlumblineError {
  constructor(message: string, cause?: unknown) {
    super(message, { code: 'ControlConnectionFailed', retryable: true, cause });
  }
}

const RECONNECT = { initialMs: 100, maxMs: RECONNECT_MAX_MS };
/** Silence after which the connection counts as dead, in ms: three of the server's pings. */
const SILENCE_MS = 30_000;
/** Longest message, in bytes. */
const MAX_MESSAGE = 64 * 1024;
/** Longest wait for an answer when a connection is opened, in ms. */
const ANSWER_TIMEOUT_MS = 10_000;
/** Longest reason sent along, in characters: it is a header. */
const MAX_REASON = 512;

export function createHttpsControl(options: HttpsControlOptions): ControlConnection {
  return new HttpsControl(options);
}

class HttpsControl implements ControlConnection {
  readonly #options: HttpsControlOptions;
  readonly #base: URL;
  /** Connections of their own: none is used twice, and none waits for another. */
  readonly #agent: Agent;

  constructor(options: HttpsControlOptions) {
    this.#options = options;
    this.#base = new URL(options.server);
    this.#agent = new Agent({ ca: options.ca, keepAlive: false, noDelay: true });
  }

  async *messages(signal: AbortSignal): AsyncGenerator<ControlMessage, void, undefined> {
    const { clock, log } = this.#options;
    let failures = 0;
    while (!signal.aborted) {
      try {
        for await (const message of this.#session(signal)) {
          failures = 0;
          yield message;
        }
        log.info({}, 'the control connection ended');
      } catch (error) {
        if (signal.aborted) return;
        log.warn({ err: error, failures }, 'the control connection broke');
      }
      failures += 1;
      await sleep(clock, backoffMs(failures, RECONNECT), signal).catch(() => undefined);
    }
  }

  async send(ticket: string, body: AsyncIterable<Uint8Array>, signal: AbortSignal): Promise<void> {
    const request = await this.#open('POST', `streams/${encodeURIComponent(ticket)}`, {
      'transfer-encoding': 'chunked',
      'content-type': 'application/octet-stream',
    });
    const source = Readable.from(body, { objectMode: false });
    const stop = () => {
      source.destroy();
      request.destroy();
    };
    signal.addEventListener('abort', stop, { once: true });
    try {
      // Headers at once: the one who asked waits for them, even if the log is silent.
      request.flushHeaders();
      await new Promise<void>((resolve, reject) => {
        request.once('response', (response) => {
          response.resume();
          response.once('end', resolve);
          response.once('error', reject);
        });
        request.once('error', (error) => {
          source.destroy();
          // The server wants no more: that is an end, not a failure.
          if (signal.aborted || isHangUp(error)) resolve();
          else reject(new ControlError(`a stream broke: ${errorMessage(error)}`, error));
        });
        source.once('error', (error) => {
          request.destroy();
          if (signal.aborted) resolve();
          else reject(error);
        });
        source.pipe(request);
      });
    } finally {
      signal.removeEventListener('abort', stop);
    }
  }

  async dial(ticket: string, signal: AbortSignal): Promise<ChannelLink> {
    const upgrade = { connection: 'Upgrade', upgrade: FRAME_PROTOCOL };
    const request = await this.#open('GET', `streams/${encodeURIComponent(ticket)}`, upgrade);
    const stop = () => request.destroy();
    signal.addEventListener('abort', stop, { once: true });
    const upgraded = new Promise<ChannelLink>((resolve) => {
      request.once('upgrade', (_response, connection: Duplex, head: Buffer) => {
        if (head.length > 0) connection.unshift(head);
        resolve(createFrameLink(connection, this.#options.clock));
      });
    });
    try {
      request.end();
      const refused = this.#answer(request).then((response) => {
        response.resume();
        throw new ControlError(`the server answered ${response.statusCode ?? 0} to a session`);
      });
      return await Promise.race([upgraded, refused]);
    } finally {
      signal.removeEventListener('abort', stop);
    }
  }

  async refuse(ticket: string, reason: string): Promise<void> {
    // A header holds printable ASCII only.
    const text = reason.replace(/[^\x20-\x7e]+/g, ' ').slice(0, MAX_REASON);
    const headers = { 'x-plumbline-error': text, 'content-length': '0' };
    const request = await this.#open('POST', `streams/${encodeURIComponent(ticket)}`, headers);
    request.end();
    const response = await this.#answer(request);
    response.resume();
  }

  /** One connection: messages until it ends or falls silent. */
  async *#session(signal: AbortSignal): AsyncGenerator<ControlMessage, void, undefined> {
    const { clock } = this.#options;
    const request = await this.#open('GET', 'control', { accept: 'application/x-ndjson' });
    const stop = () => request.destroy();
    signal.addEventListener('abort', stop, { once: true });
    let silence = clock.after(SILENCE_MS, stop);
    try {
      request.end();
      const response = await this.#answer(request);
      if (response.statusCode !== 200) {
        response.resume();
        throw new ControlError(`the server answered ${response.statusCode ?? 0} to the control connection`);
      }
      for await (const line of linesOf(response)) {
        silence.cancel();
        silence = clock.after(SILENCE_MS, stop);
        const message = JSON.parse(line) as ControlMessage;
        if (message.type !== 'ping') yield message;
      }
    } finally {
      silence.cancel();
      signal.removeEventListener('abort', stop);
      request.destroy();
    }
  }

  async #open(
    method: 'GET' | 'POST',
    target: string,
    headers: Readonly<Record<string, string>>,
  ): Promise<ClientRequest> {
    const { token, nodeName } = this.#options;
    const bearer = typeof token === 'string' ? token : await token();
    return httpsRequest({
      host: this.#base.hostname.replace(/^\[|\]$/g, ''),
      port: this.#base.port === '' ? 443 : Number(this.#base.port),
      path: `/plumbline/v1/nodes/${encodeURIComponent(nodeName)}/${target}`,
      method,
      agent: this.#agent,
      headers: { ...headers, authorization: `Bearer ${bearer}` },
    });
  }

  #answer(request: ClientRequest): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const timer = this.#options.clock.after(ANSWER_TIMEOUT_MS, () =>
        request.destroy(new ControlError('the server did not answer in time')),
      );
      request.once('response', (response) => {
        timer.cancel();
        resolve(response);
      });
      request.once('upgrade', () => timer.cancel());
      request.once('error', (error) => {
        timer.cancel();
        reject(error instanceof ControlError ? error : new ControlError(errorMessage(error), error));
      });
    });
  }
}

function isHangUp(error: Error): boolean {
  return /EPIPE|ECONNRESET|socket hang up/.test(`${(error as { code?: string }).code ?? ''} ${error.message}`);
}

async function* linesOf(source: AsyncIterable<Uint8Array>): AsyncGenerator<string, void, undefined> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of source) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > MAX_MESSAGE) throw new ControlError(`a message is longer than ${MAX_MESSAGE} bytes`);
    for (const line of lines) if (line.trim() !== '') yield line;
  }
}
