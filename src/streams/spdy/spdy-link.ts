import type { Clock } from '#base';
import { CHANNEL, type ChannelLink, type ChannelMessage } from '../channel-link.ts';
import { StreamError } from '../errors.ts';
import { streamLimits } from '../limits.ts';
import type { SpdyConnection } from './spdy-connection.ts';
import type { SpdyStream } from './spdy-stream.ts';

/** Names of the streams of a session. Source: Kubernetes, api core/v1 types.go StreamType (v1.32). */
const STREAM_TYPES: Readonly<Record<string, number>> = {
  stdin: CHANNEL.stdin,
  stdout: CHANNEL.stdout,
  stderr: CHANNEL.stderr,
  error: CHANNEL.outcome,
  resize: CHANNEL.resize,
};

/**
 * Waits until the client has opened the streams of these channels, and makes a link of them. Throws `StreamError` when
 * it leaves before, opens others, or takes longer than `spdyOpenMs`; the connection is closed then.
 */
export async function openSpdyLink(
  connection: SpdyConnection,
  channels: readonly number[],
  clock: Clock,
): Promise<ChannelLink> {
  const opened = new Map<number, SpdyStream>();
  const tooLate = clock.after(streamLimits.spdyOpenMs, () => connection.close());
  try {
    const arriving = connection.streams()[Symbol.asyncIterator]();
    while (opened.size < channels.length) {
      const next = await arriving.next();
      if (next.done === true) throw new StreamError('the client left before its streams were open');
      const channel = STREAM_TYPES[next.value.headers.get('streamtype') ?? ''];
      if (channel === undefined || !channels.includes(channel) || opened.has(channel)) {
        throw new StreamError('the client opened a stream that this session has not');
      }
      opened.set(channel, next.value);
    }
  } catch (error) {
    connection.close();
    throw error;
  } finally {
    tooLate.cancel();
  }
  return {
    send: (channel, bytes) => opened.get(channel)?.write(bytes),
    end: (channel) => opened.get(channel)?.end(),
    messages: () => merged(opened, connection.closed),
    close() {
      for (const stream of opened.values()) stream.end();
      connection.close();
    },
  };
}

/** What comes on all streams; ends when the connection has, since a client that has said all still listens. */
async function* merged(
  streams: ReadonlyMap<number, SpdyStream>,
  closed: Promise<void>,
): AsyncGenerator<ChannelMessage, void, undefined> {
  const turns = new Map<number, Promise<() => ChannelMessage | undefined>>();
  for (const [channel, stream] of streams) {
    const chunks = stream.chunks()[Symbol.asyncIterator]();
    const turn = async () => {
      const { done, value } = await chunks.next();
      return () => {
        if (done !== true) turns.set(channel, turn());
        else turns.delete(channel);
        if (done !== true) return { channel, bytes: value };
        return stream.isReset ? undefined : { channel, end: true as const };
      };
    };
    turns.set(channel, turn());
  }
  while (turns.size > 0) {
    const message = (await Promise.race(turns.values()))();
    if (message !== undefined) yield message;
  }
  await closed;
}
