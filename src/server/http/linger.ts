import type { IncomingMessage, ServerResponse } from 'node:http';
import { finished } from 'node:stream/promises';
import type { Clock } from '#base';
import type { ErrorAnswer } from './answers.ts';

const LINGER_MS = 1_000;

/**
 * Ends the connection of a request whose body was refused. The answer is sent first and what still comes is read and
 * dropped for a second: else the reset would overtake the answer, and the sender would never learn why.
 */
export async function refuseAndLinger(
  request: IncomingMessage,
  response: ServerResponse,
  { status, headers, body }: ErrorAnswer,
  clock: Clock,
): Promise<void> {
  response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body), connection: 'close' });
  response.write(body); // not ended: ending it would close the connection at once
  const cut = clock.after(LINGER_MS, () => response.destroy());
  request.resume();
  await finished(request, { writable: false }).catch(() => undefined); // it left, or was cut off
  cut.cancel();
  if (!response.destroyed) response.end();
}

/** Whether the request announced a body that has not come to its end. */
export function hasUnreadBody({ complete, headers }: IncomingMessage): boolean {
  const length = headers['content-length'] ?? headers['transfer-encoding'];
  return !complete && length !== undefined && length !== '0';
}
