import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { Agent, request } from 'node:https';
import { text } from 'node:stream/consumers';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

export interface Call {
  readonly method?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: string;
}

/** Plain HTTPS to one server with one token. Nothing of the product's own client is in it: what is sent and what came are seen as they are. */
export interface Https {
  send(call: Call): Promise<Answer>;
  /** The answer as soon as its headers are here; `end` leaves it. */
  open(call: Call): Promise<{ readonly message: IncomingMessage; end(): void }>;
  close(): void;
}

export function createHttps({ url, ca, token }: { readonly url: string; readonly ca: string; readonly token: string }) {
  const { hostname, port } = new URL(url);
  const agent = new Agent({ keepAlive: true, ca });

  const open: Https['open'] = ({ method = 'GET', path, headers = {}, body }) =>
    new Promise((resolve, reject) => {
      const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }; // Node adds none to a DELETE
      const all = { authorization: `Bearer ${token}`, ...length, ...headers };
      const sent = request({ agent, hostname, port, method, path, headers: all }, (message) =>
        resolve({ message, end: () => sent.destroy() }),
      );
      sent.on('error', reject); // after the headers: a stream that was left, which its reader sees as the end
      sent.end(body);
    });

  const https: Https = {
    open,
    async send(call) {
      const { message } = await open(call);
      return { status: message.statusCode ?? 0, headers: message.headers, text: await text(message) };
    },
    close: () => agent.destroy(),
  };
  return https;
}
