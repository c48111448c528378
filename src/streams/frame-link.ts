import type { Duplex } from 'node:stream';
import type { Clock } from '#base';
import { ByteReader, ByteWriter, chunksOf } from './bytes.ts';
import type { ChannelLink, ChannelMessage } from './channel-link.ts';
import { StreamError } from './errors.ts';
import { streamLimits } from './limits.ts';

/** The name of this wire in an HTTP upgrade. */
export const FRAME_PROTOCOL = 'plumbline-stream';

/** A byte for the channel, four for the length, big-endian. */
const HEADER = 5;
/** On this channel one byte says which channel has ended; nothing says that the sender lives. */
const END = 255;

/** The wire between server and agent: one connection per session, so that a slow one holds up nothing else. */
export function createFrameLink(connection: Duplex, clock: Clock): ChannelLink {
  const writer = new ByteWriter(connection, clock);

  function frame(channel: number, bytes: Uint8Array): Promise<void> | undefined {
    const header = Buffer.alloc(HEADER);
    header[0] = channel;
    header.writeUInt32BE(bytes.length, 1);
    return writer.write(header, bytes);
  }

  async function* messages(): AsyncGenerator<ChannelMessage, void, undefined> {
    const reader = new ByteReader(chunksOf(connection));
    for (;;) {
      const header = await reader.take(HEADER);
      if (header === undefined) return;
      const channel = header[0] ?? END;
      const length = header.readUInt32BE(1);
      if (length > streamLimits.frameBytes) throw new StreamError(`a frame of ${length} bytes is too long`);
      const bytes = await reader.take(length);
      if (bytes === undefined) throw new StreamError('the connection ended in the middle of a frame');
      if (channel !== END) yield { channel, bytes };
      else if (bytes[0] !== undefined) yield { channel: bytes[0], end: true };
    }
  }

  return {
    send(channel, bytes) {
      let wait: Promise<void> | undefined;
      for (let from = 0; from === 0 || from < bytes.length; from += streamLimits.frameBytes) {
        wait = frame(channel, bytes.subarray(from, from + streamLimits.frameBytes));
      }
      return wait;
    },
    end: (channel) => void frame(END, Uint8Array.of(channel)),
    messages,
    close: () => writer.end(),
  };
}
