import { describe, expect, it } from 'vitest';
import { duplexPair } from '../../../test/support/duplex-pair.ts';
import { FakeClock } from '../../../test/support/fake-clock.ts';
import { chooseLogWire, sendLogMessages, untilLeft } from './log-messages.ts';

const handshake = (protocols?: string) => ({
  method: 'GET',
  headers: {
    upgrade: 'websocket',
    'sec-websocket-version': '13',
    'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
    ...(protocols === undefined ? {} : { 'sec-websocket-protocol': protocols }),
  },
});

async function* pieces(...texts: readonly (string | Error)[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) {
    if (text instanceof Error) throw text;
    yield Buffer.from(text);
  }
}

/** Short frames of a server: [opcode, body]. */
function framesOf(bytes: Buffer): [number, string][] {
  const frames: [number, string][] = [];
  for (let at = 0; at < bytes.length; ) {
    const end = at + 2 + bytes.readUInt8(at + 1);
    frames.push([bytes.readUInt8(at) & 0x0f, bytes.subarray(at + 2, end).toString('latin1')]);
    at = end;
  }
  return frames;
}
const BINARY = 2;
const TEXT = 1;
const CLOSE: [number, string] = [8, '\x03\xe8'];

/** What a client hears of a log. */
async function hear(protocols: string | undefined, log: AsyncIterable<Uint8Array>, throwIfLost = () => {}) {
  const [server, client] = duplexPair();
  const got: Buffer[] = [];
  client.on('data', (chunk: Buffer) => got.push(chunk));
  const wire = chooseLogWire(handshake(protocols));
  const socket = wire.open(server, new FakeClock());
  const left = untilLeft(socket);
  await sendLogMessages(socket, log, { base64: wire.base64, throwIfLost });
  client.end();
  await left;
  const all = Buffer.concat(got);
  const start = all.indexOf('\r\n\r\n') + 4;
  return { head: all.subarray(0, start).toString(), frames: framesOf(all.subarray(start)) };
}

describe('src/server/streams/log-messages.ts', () => {
  it.each<[string, string | undefined, string | undefined, [number, string][]]>([
    [
      'bytes to whom asks for no protocol',
      undefined,
      undefined,
      [
        [BINARY, 'one\n'],
        [BINARY, 'two'],
      ],
    ],
    [
      'bytes to whom wants them',
      'binary.k8s.io',
      'binary.k8s.io',
      [
        [BINARY, 'one\n'],
        [BINARY, 'two'],
      ],
    ],
    [
      'text to whom wants it',
      'base64.binary.k8s.io',
      'base64.binary.k8s.io',
      [
        [TEXT, 'b25lCg=='],
        [TEXT, 'dHdv'],
      ],
    ],
    [
      'the first that we know',
      'chat, binary.k8s.io',
      'binary.k8s.io',
      [
        [BINARY, 'one\n'],
        [BINARY, 'two'],
      ],
    ],
  ])('sends %s, and closes', async (_whom, protocols, chosen, expected) => {
    const { head, frames } = await hear(protocols, pieces('one\n', 'two'));
    expect(/^Sec-WebSocket-Protocol: (.*)\r$/m.exec(head)?.[1]).toBe(chosen);
    expect(frames).toEqual([...expected, CLOSE]);
  });

  it.each<[string, AsyncIterable<Uint8Array>, () => void]>([
    ['that it broke off', pieces('one\n', new Error('no more')), () => {}],
    [
      'that the right is lost',
      pieces('one\n'),
      () => {
        throw new Error('no more');
      },
    ],
  ])('says in the log %s', async (_what, log, throwIfLost) => {
    const { frames } = await hear(undefined, log, throwIfLost);
    expect(frames).toEqual([[BINARY, 'one\n'], [BINARY, '\nthe log broke off: no more\n'], CLOSE]);
  });

  it.each([
    ['another protocol', handshake('v5.channel.k8s.io')],
    ['another upgrade', { method: 'GET', headers: { upgrade: 'h2c' } }],
  ])('refuses %s', (_what, request) => {
    expect(() => chooseLogWire(request)).toThrow('binary.k8s.io or base64.binary.k8s.io');
  });
});
