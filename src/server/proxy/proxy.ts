import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { ApiError } from '#api';
import type { Clock } from '#base';
import type { Authorize } from '../auth/authorization.types.ts';
import { CheckedRight } from '../http/checked-right.ts';
import type { Exchange } from '../http/exchange.ts';
import type { ProxyPath } from '../http/request-path.plan.ts';
import { IdleWatch } from '../streams/relay.ts';
import { proxyLimits } from './limits.ts';
import { type NodeProxy, planProxyVerb } from './node-proxy.ts';
import { type ProxyDial, unreachable } from './proxy-dial.ts';
import { planRequestHeaders, planResponseHeaders, type RawHeaders } from './proxy-headers.plan.ts';

export interface ProxyDeps {
  readonly authorize: Authorize;
  readonly dial: ProxyDial;
  readonly nodes: NodeProxy;
  readonly clock: Clock;
}

export type ProxyHandler = (exchange: Exchange, path: ProxyPath) => Promise<unknown>;

/** Carries requests to pods and Services, and their answers back: bodies as they come, each side as fast as the other. */
export function createProxyHandler({ authorize, dial, nodes, clock }: ProxyDeps): ProxyHandler {
  return async (exchange, path) => {
    const { request, reply, context, pathname } = exchange;
    const { method } = request;
    const { resource, namespace, name, subresource } = path;
    const attributes = { verb: planProxyVerb(method), group: '', resource, namespace, name, subresource };
    await authorize(context.user, attributes);
    if (path.proxyPath === '' && (method === 'GET' || method === 'HEAD')) {
      // So that what is relative in the answer stays below it. Source: apimachinery pkg/util/proxy/upgradeaware.go (v0.32).
      return reply
        .code(301)
        .header('location', `${pathname}/${queryOf(request.raw)}`)
        .send();
    }
    if (resource === 'nodes') return nodes(exchange, path);
    const check = async () => {
      await exchange.reauthenticate();
      await authorize(context.user, attributes);
    };
    const right = new CheckedRight({ clock, check, signal: exchange.signal });
    try {
      const { signal } = right;
      const { connection, host } = await dial({ context, resource, namespace, id: name, signal });
      connection.on('error', () => undefined); // whoever reads hears of it
      const idle = new IdleWatch(clock, () => connection.destroy(), proxyLimits.idleMs);
      const leave = () => connection.destroy();
      signal.addEventListener('abort', leave, { once: true });
      try {
        const { raw } = request;
        const asked = httpRequest({
          createConnection: () => connection,
          method,
          path: `${path.proxyPath === '' ? '/' : path.proxyPath}${queryOf(raw)}`,
          headers: [...planRequestHeaders(proxied(raw, host)), ...bodyHeaders(raw)],
          maxHeaderSize: proxyLimits.headerBytes,
        });
        raw.on('data', () => idle.moved());
        const answer = await answered(asked, raw);
        const place = {
          prefix: pathname.slice(0, pathname.length - path.proxyPath.length),
          hosts: [host, raw.headers.host ?? ''],
        };
        reply.hijack();
        reply.raw.writeHead(answer.statusCode ?? 502, answer.statusMessage ?? '', [
          ...planResponseHeaders(answer.rawHeaders, place),
        ]);
        reply.raw.flushHeaders();
        answer.on('data', () => idle.moved());
        // An answer that breaks off can only be told by breaking off ours.
        await pipeline(answer, reply.raw).catch(() => reply.raw.destroy());
      } finally {
        idle.stop();
        signal.removeEventListener('abort', leave);
        connection.destroy();
      }
    } finally {
      right.stop();
    }
    return undefined;
  };
}

/** What headers are made from. */
export function proxied(raw: IncomingMessage, host: string) {
  return {
    headers: raw.rawHeaders,
    host,
    forwarded: {
      host: raw.headers.host ?? '',
      uri: (raw.url ?? '/').split('?', 1)[0] ?? '/',
      address: raw.socket.remoteAddress ?? '',
    },
  };
}

/** The query as it was sent, with its mark. */
export function queryOf({ url = '' }: IncomingMessage): string {
  const mark = url.indexOf('?');
  return mark < 0 ? '' : url.slice(mark);
}

/** How long a body is: as it was said, else in chunks, else there is none. */
function bodyHeaders({ headers, method }: IncomingMessage): RawHeaders {
  if (headers['content-length'] !== undefined) return [];
  if (headers['transfer-encoding'] !== undefined) return ['Transfer-Encoding', 'chunked'];
  return method === 'GET' || method === 'HEAD' || method === 'OPTIONS' ? [] : ['Content-Length', '0'];
}

/** Sends the body and waits for the beginning of the answer, which may come before the body has been taken. */
async function answered(asked: ClientRequest, body: IncomingMessage): Promise<IncomingMessage> {
  const answer = new Promise<IncomingMessage>((resolve, reject) => {
    asked.once('response', resolve);
    asked.on('error', reject); // later ones are told by the answer that breaks off
    asked.once('close', () => reject(new Error('the connection was closed')));
  });
  // One that broke is told by what waits for its answer.
  pipeline(body, asked).catch(() => undefined);
  try {
    return await answer;
  } catch (error) {
    throw error instanceof ApiError ? error : unreachable(error);
  }
}
