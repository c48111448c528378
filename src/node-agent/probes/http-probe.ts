import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { errorMessage } from '#base';
import type { ProbeOutcome } from './probe.plan.ts';

export interface HttpProbeTarget {
  readonly scheme: 'HTTP' | 'HTTPS';
  readonly host: string;
  readonly port: number;
  readonly path: string;
  readonly headers: readonly { readonly name: string; readonly value: string }[];
}

/** Requests of one asking: the first, and the redirects that are followed. Source: net/http, defaultCheckRedirect. */
const MAX_REQUESTS = 10;

/**
 * One request on a connection of its own. 200 to 399 is success; certificates are not checked. Redirects are followed
 * on the same host only. An answer's body is never shown: it may hold a secret. Source: pkg/probe/http/http.go (v1.32).
 */
export async function probeHttp(target: HttpProbeTarget, signal: AbortSignal): Promise<ProbeOutcome> {
  try {
    let url = urlOf(target);
    for (let requests = 1; ; requests += 1) {
      const { status, location } = await answerOf(url, target, signal);
      if (status < 200 || status >= 400) {
        return { ok: false, message: `HTTP probe failed with statuscode: ${status}`, answered: true };
      }
      const next = status < 300 || location === undefined ? undefined : redirected(location, url);
      if (next === undefined || next.hostname !== url.hostname) return { ok: true, message: `HTTP ${status}` };
      if (requests === MAX_REQUESTS) return { ok: false, message: `stopped after ${MAX_REQUESTS} redirects` };
      url = next;
    }
  } catch (error) {
    return { ok: false, message: signal.aborted ? 'no answer in time' : errorMessage(error) };
  }
}

interface Answer {
  readonly status: number;
  readonly location: string | undefined;
}

function answerOf(url: URL, { headers }: HttpProbeTarget, signal: AbortSignal): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
    const request = send(url, {
      method: 'GET',
      agent: false,
      rejectUnauthorized: false,
      signal,
      setHost: false,
      headers: headersOf(url, headers),
    });
    request.once('response', (response: IncomingMessage) => {
      resolve({ status: response.statusCode ?? 0, location: response.headers.location });
      request.destroy();
    });
    request.on('error', reject);
    request.end();
  });
}

function urlOf({ scheme, host, port, path }: HttpProbeTarget): URL {
  return new URL(`${scheme.toLowerCase()}://${host}:${port}${path.startsWith('/') ? path : `/${path}`}`);
}

/** Where a redirect leads; undefined for nowhere that can be asked. */
function redirected(location: string, from: URL): URL | undefined {
  const to = URL.canParse(location, from.href) ? new URL(location, from.href) : undefined;
  return to?.protocol === 'http:' || to?.protocol === 'https:' ? to : undefined;
}

function headersOf({ host }: URL, headers: HttpProbeTarget['headers']): Record<string, string> {
  const set: Record<string, string> = { host, 'user-agent': 'kube-probe/1.32', accept: '*/*', connection: 'close' };
  for (const { name, value } of headers) set[name.toLowerCase()] = value;
  return set;
}
