import { CHANNEL, type ChannelLink, type ChannelMessage } from './channel-link.ts';
import { StreamError } from './errors.ts';
import type { WebSocketConnection } from './websocket.ts';

/** A way to carry channels in WebSocket messages. Source: Kubernetes, kubelet/pkg/cri/streaming/remotecommand/websocket.go (v1.32). */
export interface ChannelProtocol {
  readonly name: string;
  /** The outcome is a Status in JSON, not words. */
  readonly status: boolean;
  /** Has a word for the end of a channel. */
  readonly ends: boolean;
  /** Messages are text: a digit, then base64. */
  readonly base64: boolean;
}

/** The newest first. The last stands for a client that asks for none. */
export const CHANNEL_PROTOCOLS: readonly ChannelProtocol[] = [
  { name: 'v5.channel.k8s.io', status: true, ends: true, base64: false },
  { name: 'v4.channel.k8s.io', status: true, ends: false, base64: false },
  { name: 'v4.base64.channel.k8s.io', status: true, ends: false, base64: true },
  { name: 'channel.k8s.io', status: false, ends: false, base64: false },
  { name: 'base64.channel.k8s.io', status: false, ends: false, base64: true },
  { name: '', status: false, ends: false, base64: false },
];

/** The first of the client's wishes that we know; undefined when it wants only what we do not. */
export function chooseChannelProtocol(offered: readonly string[]): ChannelProtocol | undefined {
  const wishes = offered.length === 0 ? [''] : offered;
  return wishes.map((wish) => CHANNEL_PROTOCOLS.find(({ name }) => name === wish)).find((known) => known !== undefined);
}

/** In v5, one byte after this says which channel has ended. */
const END = 255;
/** Source: as above, the five channels of a session, from 0 on. */
const SESSION_CHANNELS = Object.values(CHANNEL).length;
const ZERO = '0'.charCodeAt(0);

/** Channels in WebSocket messages: the first byte of each names the channel. There are `channels` of them, those of a session when absent. */
export function createWebSocketLink(
  socket: WebSocketConnection,
  protocol: ChannelProtocol,
  channels = SESSION_CHANNELS,
): ChannelLink {
  function decode(message: Buffer): ChannelMessage | undefined {
    const [first] = message;
    if (first === undefined) return undefined;
    if (protocol.ends && first === END) {
      const channel = message[1];
      if (channel === undefined) throw new StreamError('the end of no channel');
      return { channel, end: true };
    }
    const channel = protocol.base64 ? first - ZERO : first;
    if (channel < 0 || channel >= channels) throw new StreamError(`there is no channel ${channel}`);
    const body = message.subarray(1);
    return { channel, bytes: protocol.base64 ? Buffer.from(body.toString('latin1'), 'base64') : body };
  }

  async function* messages(): AsyncGenerator<ChannelMessage, void, undefined> {
    for await (const message of socket.messages()) {
      const decoded = decode(message);
      if (decoded !== undefined) yield decoded;
    }
  }

  return {
    send(channel, bytes) {
      if (!protocol.base64) return socket.send(Buffer.concat([Uint8Array.of(channel), bytes]));
      const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64');
      return socket.send(Buffer.from(`${String.fromCharCode(ZERO + channel)}${text}`), 'text');
    },
    end(channel) {
      if (protocol.ends) void socket.send(Uint8Array.of(END, channel));
    },
    messages,
    close: () => socket.close(),
  };
}
