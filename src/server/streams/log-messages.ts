import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { ApiError } from '#api';
import { type Clock, errorMessage } from '#base';
import { acceptWebSocket, readWebSocketOffer, StreamError, type WebSocketConnection } from '#streams';

/** How a client takes a log in WebSocket messages: as bytes, or as text in base64. */
export interface LogWire {
  readonly base64: boolean;
  /** Answers the client's upgrade. */
  open(connection: Duplex, clock: Clock): WebSocketConnection;
}

/** Protocol → whether messages are text. The empty one stands for a client that asks for none. Source: apimachinery/pkg/util/httpstream/wsstream/stream.go (v1.32). */
const LOG_PROTOCOLS: ReadonlyMap<string, boolean> = new Map([
  ['', false],
  ['binary.k8s.io', false],
  ['base64.binary.k8s.io', true],
]);

/** The first of the client's wishes that we know; throws `BadRequest` when there is none. */
export function chooseLogWire({ method, headers }: Pick<IncomingMessage, 'method' | 'headers'>): LogWire {
  const offer = readWebSocketOffer(method, headers);
  const wishes = offer?.protocols.length === 0 ? [''] : (offer?.protocols ?? []);
  const protocol = wishes.find((name) => LOG_PROTOCOLS.has(name));
  if (offer === undefined || protocol === undefined) {
    throw new ApiError('BadRequest', 'a log comes over a WebSocket of binary.k8s.io or base64.binary.k8s.io');
  }
  const chosen = protocol === '' ? {} : { protocol };
  return {
    base64: LOG_PROTOCOLS.get(protocol) === true,
    open: (connection, clock) => acceptWebSocket(connection, offer, { ...chosen, clock }),
  };
}

/** Sends a log as it comes, and closes; `throwIfLost` throws when the reader lost his right meanwhile. What goes wrong is said in the log itself. */
export async function sendLogMessages(
  socket: WebSocketConnection,
  bytes: AsyncIterable<Uint8Array>,
  { base64, throwIfLost }: { readonly base64: boolean; readonly throwIfLost: () => void },
): Promise<void> {
  const send = (piece: Uint8Array) =>
    base64 ? socket.send(Buffer.from(Buffer.from(piece).toString('base64')), 'text') : socket.send(piece);
  try {
    for await (const piece of bytes) await send(piece);
    throwIfLost();
  } catch (error) {
    await send(Buffer.from(`\nthe log broke off: ${errorMessage(error)}\n`));
  } finally {
    socket.close();
  }
}

/** Reads what a client of a log says: nothing but signs of life, and that it leaves. Resolves when it has left. */
export async function untilLeft(socket: WebSocketConnection): Promise<void> {
  try {
    for await (const _message of socket.messages());
  } catch (error) {
    if (!(error instanceof StreamError)) throw error;
  }
}
