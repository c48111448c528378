import { randomBytes } from 'node:crypto';
import { request } from 'node:https';
import type { Duplex } from 'node:stream';

interface Opening {
  readonly url: string;
  readonly ca: string;
  readonly token: string;
  readonly path: string;
  readonly protocol: string;
}

/** Source: RFC 6455, 5.2: of lengths from here on the real one follows in two bytes. */
const LONG = 126;
const HEADER = 2;

/** Opens a WebSocket and reads whole messages to its end. Enough of the protocol for short messages of a server. */
export async function readWebSocket(opening: Opening): Promise<readonly Buffer[]> {
  const connection = await upgraded(opening);
  let rest = Buffer.alloc(0);
  const messages: Buffer[] = [];
  for await (const chunk of connection) {
    rest = Buffer.concat([rest, chunk as Buffer]);
    for (let frame = firstFrame(rest); frame !== undefined; frame = firstFrame(rest)) {
      rest = rest.subarray(frame.end);
      if (frame.opcode === 8) {
        connection.destroy();
        return messages;
      }
      messages.push(frame.body);
    }
  }
  return messages;
}

function firstFrame(
  bytes: Buffer,
): { readonly opcode: number; readonly body: Buffer; readonly end: number } | undefined {
  if (bytes.length < HEADER) return undefined;
  const short = bytes.readUInt8(1);
  const start = short === LONG ? HEADER + 2 : HEADER;
  if (bytes.length < start) return undefined;
  const end = start + (short === LONG ? bytes.readUInt16BE(HEADER) : short);
  return bytes.length < end ? undefined : { opcode: bytes.readUInt8(0) & 0x0f, body: bytes.subarray(start, end), end };
}

function upgraded({ url, ca, token, path, protocol }: Opening): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const sent = request(`${url}${path}`, {
      ca,
      agent: false,
      headers: {
        authorization: `Bearer ${token}`,
        connection: 'Upgrade',
        upgrade: 'websocket',
        'sec-websocket-version': '13',
        'sec-websocket-key': randomBytes(16).toString('base64'),
        'sec-websocket-protocol': protocol,
      },
    });
    sent.on('upgrade', (_response, socket, head) => {
      socket.unshift(head);
      resolve(socket);
    });
    sent.on('response', ({ statusCode }) => reject(new Error(`no upgrade, but ${statusCode}`)));
    sent.on('error', reject);
    sent.end();
  });
}
