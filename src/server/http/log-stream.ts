import type { ServerResponse } from 'node:http';
import type { Clock } from '#base';
import { errorMessage } from '#base';
import { httpLimits } from './limits.ts';
import { StreamWriter } from './stream-writer.ts';

/** Sends a log as it comes. What goes wrong after the headers can only be said in the log itself. */
export async function streamLog(
  { clock }: { readonly clock: Clock },
  response: ServerResponse,
  bytes: AsyncIterable<Uint8Array>,
): Promise<void> {
  response.writeHead(200, { 'content-type': 'text/plain', 'cache-control': 'no-cache, private' });
  response.flushHeaders();
  const { streamChunkBytes: chunkBytes, streamStallMs: stallMs } = httpLimits;
  const writer = new StreamWriter(response, { clock, chunkBytes, stallMs });
  try {
    for await (const piece of bytes) {
      const wait = writer.write(piece);
      if (wait !== undefined) await wait;
      if (writer.closed) return;
    }
  } catch (error) {
    await writer.write(Buffer.from(`\nthe log broke off: ${errorMessage(error)}\n`));
  } finally {
    writer.end();
  }
}
