import { finished } from 'node:stream/promises';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { CheckedRight } from '../http/checked-right.ts';
import type { NodeTunnel } from './node-tunnel.ts';
import type { ControlMessage } from './node-tunnel.types.ts';

const NODE_STREAM = /^\/plumbline\/v1\/nodes\/([^/]+)\/(?:control|streams\/([^/]+))$/;

/** Which node's agent calls, and with which ticket; without one it is the control connection. `node` is '' for other paths. */
export function planNodePath(pathname: string): { readonly node: string; readonly ticket: string | undefined } {
  const [, node = '', ticket] = NODE_STREAM.exec(decodeURIComponent(pathname)) ?? [];
  return { node, ticket };
}

/** Header by which an agent says why it has no bytes to send. */
const ERROR_HEADER = 'x-plumbline-error';

/** Serves an agent's control connection: JSON lines for as long as both live and the agent's token is good. */
export function serveControl(tunnel: NodeTunnel, node: string, reply: FastifyReply, right: CheckedRight): void {
  reply.hijack();
  const response = reply.raw;
  response.writeHead(200, { 'content-type': 'application/x-ndjson', 'cache-control': 'no-cache' });
  response.flushHeaders();
  const send = (message: ControlMessage) => {
    if (!response.writableEnded && !response.destroyed) response.write(`${JSON.stringify(message)}\n`);
  };
  response.once('close', () => right.stop());
  right.signal.addEventListener('abort', () => response.end(), { once: true });
  tunnel.connect(node, send, () => response.end(), right.signal);
}

/** Takes the stream an agent dialled with a ticket. Answers when it was read to its end. */
export async function serveStream(
  tunnel: NodeTunnel,
  node: string,
  ticket: string,
  { request, reply }: { readonly request: FastifyRequest; readonly reply: FastifyReply },
): Promise<void> {
  const { raw } = request;
  const error = request.headers[ERROR_HEADER];
  const abort = () => {
    if (!raw.complete) raw.destroy();
  };
  tunnel.accept(node, { ticket, body: raw, abort, ...(typeof error === 'string' ? { error } : {}) });
  if (error === undefined)
    await finished(raw, { writable: false }).catch(() => undefined); // the reader says what broke
  else raw.resume();
  if (!reply.raw.destroyed) await reply.code(204).send();
}
