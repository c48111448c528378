/** Sessions on the wire: numbered channels over WebSockets, SPDY, and our own frames between server and agent. */
export { byteConnection } from './bytes.ts';
export type { ChannelLink, ChannelMessage } from './channel-link.ts';
export { CHANNEL } from './channel-link.ts';
export { StreamError } from './errors.ts';
export { createFrameLink, FRAME_PROTOCOL } from './frame-link.ts';
export { streamLimits } from './limits.ts';
export { createLinkDuplex } from './link-duplex.ts';
export type { ByteConnection, SpdyConnection } from './spdy/spdy-connection.ts';
export { createSpdyConnection } from './spdy/spdy-connection.ts';
export { openSpdyLink } from './spdy/spdy-link.ts';
export type { SpdyStream } from './spdy/spdy-stream.ts';
export type { WebSocketConnection, WebSocketOffer } from './websocket.ts';
export { acceptWebSocket, readWebSocketOffer } from './websocket.ts';
export type { ChannelProtocol } from './websocket-link.ts';
export { CHANNEL_PROTOCOLS, chooseChannelProtocol, createWebSocketLink } from './websocket-link.ts';
