import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { ProbeOutcome } from './probe.plan.ts';

export interface HttpProbeTarget {
  readonly scheme: 'HTTP' | 'HTTPS';
  readonly host: string;
  readonly port: number;
  readonly path: string;
  readonly headers: readonly { readonly name: string; readonly value: string }[];
}

/** What is read of an answer's body at most, in bytes, and shown of it, in characters. */
const MAX_BODY = 10 * 1024;
const MAX_SHOWN = 256;

/** One request on a connection of its own. 200 to 399 is success; certificates are not checked, as in Kubernetes. */
export function probeHttp(target: HttpProbeTarget, signal: AbortSignal): Promise<ProbeOutcome> {
  return new Promise((resolve) => {
    const done = (ok: boolean, message: string) => {
      request.destroy();
      resolve({ ok, message });
    };
    const send = target.scheme === 'HTTPS' ? httpsRequest : httpRequest;
    const request = send({
      host: target.host,
      port: target.port,
      path: target.path.startsWith('/') ? target.path : `/${target.path}`,
      method: 'GET',
      agent: false,
      rejectUnauthorized: false,
      signal,
      setHost: false,
      headers: headersOf(target),
    });
    request.once('response', (response) => {
      const status = response.statusCode ?? 0;
      if (status >= 200 && status < 400) {
        done(true, `HTTP ${status}`);
        return;
      }
      let body = '';
      const fail = () =>
        done(
          false,
          `HTTP probe failed with statuscode: ${status}${body === '' ? '' : `: ${body.slice(0, MAX_SHOWN)}`}`,
        );
      response.setEncoding('utf8');
      response.on('data', (text: string) => {
        body += text;
        if (body.length > MAX_BODY) fail();
      });
      response.once('end', fail);
      response.once('error', fail);
    });
    request.once('error', (error) => done(false, signal.aborted ? 'no answer in time' : error.message));
    request.end();
  });
}

function headersOf({ headers, host, port, scheme }: HttpProbeTarget): Record<string, string> {
  const set: Record<string, string> = {
    host: port === (scheme === 'HTTPS' ? 443 : 80) ? host : `${host}:${port}`,
    'user-agent': 'kube-probe/1.32',
    accept: '*/*',
    connection: 'close',
  };
  for (const { name, value } of headers) set[name.toLowerCase()] = value;
  return set;
}
