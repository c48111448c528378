import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { ApiError } from '#api';
import type { Clock } from '#base';
import {
  acceptWebSocket,
  byteConnection,
  CHANNEL,
  type ChannelLink,
  chooseChannelProtocol,
  createSpdyConnection,
  createWebSocketLink,
  openSpdyLink,
  readWebSocketOffer,
  type SpdyConnection,
} from '#streams';
import type { SessionStreams } from '../nodes/node-tunnel.types.ts';

/** How a client carries the channels of a session. */
export interface SessionWire {
  /** The outcome is told as a Status, not in words. */
  readonly status: boolean;
  /** Answers the client's upgrade. Throws `StreamError` when the client does not open what it asked for. */
  open(connection: Duplex, streams: SessionStreams, clock: Clock): Promise<ChannelLink>;
}

const SPDY = 'SPDY/3.1';
const VERSION_HEADER = 'x-stream-protocol-version';

/** Versions of the session's protocol over SPDY, and whether the outcome is a Status. Source: apimachinery/pkg/util/remotecommand/constants.go (v1.32). */
const SPDY_SESSIONS: ReadonlyMap<string, boolean> = new Map([
  ['v4.channel.k8s.io', true],
  ['v3.channel.k8s.io', false],
  ['v2.channel.k8s.io', false],
]);

/** Source: client-go tools/portforward/portforward.go PortForwardProtocolV1Name, and tunneling_dialer.go (v1.32). */
const PORT_FORWARD = 'portforward.k8s.io';
const PORT_FORWARD_TUNNEL = `${SPDY}+${PORT_FORWARD}`;

/** The newest wire that client and server both speak for `exec` and `attach`; throws `BadRequest` when there is none. */
export function chooseSessionWire(request: IncomingMessage): SessionWire {
  const offer = readWebSocketOffer(request.method, request.headers);
  const protocol = offer === undefined ? undefined : chooseChannelProtocol(offer.protocols);
  if (offer !== undefined && protocol !== undefined) {
    const chosen = protocol.name === '' ? {} : { protocol: protocol.name };
    return {
      status: protocol.status,
      open: async (connection, _streams, clock) =>
        createWebSocketLink(acceptWebSocket(connection, offer, { ...chosen, clock }), protocol),
    };
  }
  const version = isSpdy(request) ? spdyVersions(request).find((name) => SPDY_SESSIONS.has(name)) : undefined;
  if (version !== undefined) {
    return {
      status: SPDY_SESSIONS.get(version) === true,
      open: (connection, streams, clock) =>
        openSpdyLink(acceptSpdy(connection, version, clock), channelsOf(streams, version), clock),
    };
  }
  throw new ApiError(
    'BadRequest',
    'this session needs a WebSocket of v5.channel.k8s.io, or SPDY/3.1 of v4.channel.k8s.io',
  );
}

/** Takes up a client's port-forward: SPDY/3.1 on the connection itself, or in the messages of a WebSocket. */
export function acceptPortForward(request: IncomingMessage, connection: Duplex, clock: Clock): SpdyConnection {
  const offer = readWebSocketOffer(request.method, request.headers);
  if (offer?.protocols.includes(PORT_FORWARD_TUNNEL)) {
    const socket = acceptWebSocket(connection, offer, { protocol: PORT_FORWARD_TUNNEL, clock });
    return createSpdyConnection({
      chunks: () => socket.messages(),
      write: (...parts) => socket.send(Buffer.concat(parts)),
      end: () => socket.close(),
    });
  }
  if (isSpdy(request) && spdyVersions(request).includes(PORT_FORWARD))
    return acceptSpdy(connection, PORT_FORWARD, clock);
  throw new ApiError(
    'BadRequest',
    `port-forward needs a WebSocket of ${PORT_FORWARD_TUNNEL} or v4.channel.k8s.io, or SPDY/3.1 of ${PORT_FORWARD}`,
  );
}

/** Protocols by which clients forward ports in plain channels. Source: kubelet/pkg/cri/streaming/portforward/websocket.go (v1.32). */
const PORT_CHANNELS: ReadonlySet<string> = new Set(['', 'v4.channel.k8s.io', 'v4.base64.channel.k8s.io']);

/** Takes up a port-forward in the channels of a WebSocket; undefined when the client wants another wire. */
export function choosePortChannels(
  request: IncomingMessage,
): ((connection: Duplex, channels: number, clock: Clock) => ChannelLink) | undefined {
  const offer = readWebSocketOffer(request.method, request.headers);
  if (offer === undefined || offer.protocols.includes(PORT_FORWARD_TUNNEL)) return undefined;
  const known = offer.protocols.filter((name) => PORT_CHANNELS.has(name));
  const protocol = offer.protocols.length > 0 && known.length === 0 ? undefined : chooseChannelProtocol(known);
  if (protocol === undefined) return undefined;
  const chosen = protocol.name === '' ? {} : { protocol: protocol.name };
  return (connection, channels, clock) =>
    createWebSocketLink(acceptWebSocket(connection, offer, { ...chosen, clock }), protocol, channels);
}

function acceptSpdy(connection: Duplex, version: string, clock: Clock): SpdyConnection {
  connection.write(
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: ${SPDY}\r\nConnection: Upgrade\r\nX-Stream-Protocol-Version: ${version}\r\n\r\n`,
  );
  return createSpdyConnection(byteConnection(connection, clock));
}

function isSpdy({ headers }: IncomingMessage): boolean {
  return headers.upgrade?.toLowerCase() === SPDY.toLowerCase();
}

/** In the client's order of preference. Clients send one header for each, which Node joins. */
function spdyVersions({ headers }: IncomingMessage): readonly string[] {
  return String(headers[VERSION_HEADER] ?? '')
    .split(',')
    .map((name) => name.trim());
}

/** Which streams a client opens. Sizes came with v3. Source: client-go tools/remotecommand/v2.go, v3.go (v1.32). */
function channelsOf({ tty, stdin, stdout, stderr }: SessionStreams, version: string): readonly number[] {
  return [
    CHANNEL.outcome,
    ...(stdin ? [CHANNEL.stdin] : []),
    ...(stdout ? [CHANNEL.stdout] : []),
    ...(stderr ? [CHANNEL.stderr] : []),
    ...(tty && version !== 'v2.channel.k8s.io' ? [CHANNEL.resize] : []),
  ];
}
