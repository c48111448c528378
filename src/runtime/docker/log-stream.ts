import type { SessionOutput } from '../runtime.ts';

/** Size of the header before each piece of a multiplexed stream. Source: Docker Engine API v1.41, ContainerAttach. */
const HEADER = 8;
/** The first byte of a header whose piece is of standard error. */
const STDERR = 2;

/** Takes Docker's multiplexed output apart: yields the bytes of both streams in order of arrival. */
export async function* demultiplex(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const { bytes } of demultiplexed(source)) yield bytes;
}

/** The same, and of which stream they are. Holds at most one header of 8 bytes, however long a line is. */
export async function* demultiplexed(
  source: AsyncIterable<Uint8Array>,
): AsyncGenerator<SessionOutput, void, undefined> {
  const header = Buffer.alloc(HEADER);
  let headerBytes = 0;
  let remaining = 0;
  for await (const chunk of source) {
    let offset = 0;
    while (offset < chunk.length) {
      if (remaining === 0) {
        const take = Math.min(HEADER - headerBytes, chunk.length - offset);
        header.set(chunk.subarray(offset, offset + take), headerBytes);
        headerBytes += take;
        offset += take;
        if (headerBytes < HEADER) break;
        headerBytes = 0;
        remaining = header.readUInt32BE(4);
        continue;
      }
      const take = Math.min(remaining, chunk.length - offset);
      yield { stream: header[0] === STDERR ? 'stderr' : 'stdout', bytes: chunk.subarray(offset, offset + take) };
      remaining -= take;
      offset += take;
    }
  }
}
