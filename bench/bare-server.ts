/**
 * What the sockets alone can do: a TLS server without anything behind it, in a process of its own. Every connection gets,
 * for each `burst`, so many events of so many bytes, one write per event; a request for `/bytes/N` gets N bytes.
 */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';

export interface Burst {
  readonly events: number;
  readonly event: string;
}

const [certificate = '', key = ''] = process.argv.slice(2);
const streams = new Set<Socket>();
const server = createServer({ cert: readFileSync(certificate), key: readFileSync(key) }, (request, response) => {
  const length = /^\/bytes\/(\d+)$/.exec(request.url ?? '')?.[1];
  if (length !== undefined) {
    response.end(Buffer.alloc(Number(length), 'x'));
    return;
  }
  response.writeHead(200);
  response.flushHeaders();
  streams.add(response.socket as Socket);
});
server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port));
process.on('message', ({ events, event }: Burst) => {
  const bytes = Buffer.from(event);
  const chunk = Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from('\r\n')]);
  let left = events;
  const next = () => {
    for (const socket of streams) socket.write(chunk);
    left -= 1;
    if (left > 0) setImmediate(next);
  };
  next();
});
