import type { ServerResponse } from 'node:http';
import type { Clock, Log } from '#base';
import type { ResourceRow, WatchFrame } from '../registry/api.ts';
import type { AnswerFormat } from './accept.plan.ts';
import { CheckedRight } from './checked-right.ts';
import { type Encoder, encodeErrorFrame, toApiError } from './encoding.ts';
import { httpLimits } from './limits.ts';
import { StreamWriter } from './stream-writer.ts';

export interface WatchStreamDeps {
  readonly encoder: Encoder;
  readonly clock: Clock;
  readonly log: Log;
}

export interface WatchStreamInput {
  readonly response: ServerResponse;
  readonly row: ResourceRow;
  readonly format: AnswerFormat;
  /** Opens the watch; its frames end when the signal aborts. */
  readonly open: (signal: AbortSignal) => AsyncIterable<WatchFrame>;
  /** Throws when the watcher lost its right. */
  readonly check: () => Promise<void>;
  /** Aborts when the reader leaves or the server closes. */
  readonly signal: AbortSignal;
}

/**
 * Sends a watch until it ends, fails or its reader leaves. The headers leave at once, before any event: kubectl waits
 * for them. A request that is refused at once is refused with a Status of its own: then this throws before the headers.
 */
export async function streamWatch(deps: WatchStreamDeps, input: WatchStreamInput): Promise<void> {
  const { response, row, format } = input;
  const right = new CheckedRight({ clock: deps.clock, check: input.check, signal: input.signal });
  const iterator = input.open(right.signal)[Symbol.asyncIterator]();
  try {
    const first = iterator.next();
    await refusedAtOnce(first);
    response.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'no-cache, private' });
    response.flushHeaders();
    const { streamChunkBytes: chunkBytes, streamStallMs: stallMs } = httpLimits;
    const writer = new StreamWriter(response, { clock: deps.clock, chunkBytes, stallMs });
    try {
      for (let next = await first; next.done !== true; next = await iterator.next()) {
        const wait = writer.write(deps.encoder.frame(row, next.value, format));
        if (wait !== undefined) await wait;
        if (writer.closed) break;
      }
      right.throwIfLost();
    } catch (error) {
      const { reason } = toApiError(error);
      if (reason === 'InternalError') deps.log.error({ err: error, kind: row.type.kind }, 'watch failed');
      await writer.write(encodeErrorFrame(error));
    } finally {
      writer.end();
    }
  } finally {
    right.stop();
    await iterator.return?.();
  }
}

/** Gives the watch one turn of the event loop to say that it cannot even begin. */
async function refusedAtOnce(first: Promise<unknown>): Promise<void> {
  first.catch(() => undefined); // looked at again by the loop
  await Promise.race([first, new Promise((resolve) => setImmediate(resolve))]);
}
