import type { ServerResponse } from 'node:http';
import { type Clock, errorMessage } from '#base';
import { CheckedRight } from './checked-right.ts';
import { httpLimits } from './limits.ts';
import { StreamWriter } from './stream-writer.ts';

export interface LogStreamInput {
  readonly response: ServerResponse;
  /** Opens the log; it breaks off when the signal aborts. A refusal throws before the headers are sent. */
  readonly open: (signal: AbortSignal) => Promise<AsyncIterable<Uint8Array>>;
  /** Called when the headers are about to be sent. */
  readonly begin: () => void;
  /** Throws when the reader lost his right. */
  readonly check: () => Promise<void>;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** Sends a log as it comes. What goes wrong after the headers can only be said in the log itself. */
export async function streamLog({ response, open, begin, check, clock, signal }: LogStreamInput): Promise<void> {
  const right = new CheckedRight({ clock, check, signal });
  try {
    const bytes = await open(right.signal);
    begin();
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
      right.throwIfLost();
    } catch (error) {
      await writer.write(Buffer.from(`\nthe log broke off: ${errorMessage(error)}\n`));
    } finally {
      writer.end();
    }
  } finally {
    right.stop();
  }
}
