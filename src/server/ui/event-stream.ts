import type { ServerResponse } from 'node:http';
import type { Clock, Timer } from '#base';
import { StreamWriter } from '../http/stream-writer.ts';
import type { Feed, FeedEvent, FeedSnapshot, FeedStart } from './feed.ts';
import { uiLimits } from './limits.ts';

export interface EventStreamInput {
  readonly response: ServerResponse;
  readonly feed: Feed;
  readonly clock: Clock;
  /** The browser's `Last-Event-ID`: it came back and has all up to this. */
  readonly lastEventId: string | undefined;
  /** The overview event's data, as this user sees it. */
  readonly overview: (snapshot: FeedSnapshot) => string;
  /** Called when the headers are about to be sent; before that a refusal throws. */
  readonly begin: () => void;
  readonly signal: AbortSignal;
}

/**
 * Sends the feed as server-sent events until the browser leaves: what it missed if that is still known, else a whole
 * overview first. A browser that reads too slowly is sent nothing until it has caught up, and then a whole overview.
 */
export async function streamEvents(input: EventStreamInput): Promise<void> {
  const { response, feed, clock, signal } = input;
  const { streamChunkBytes: chunkBytes, streamStallMs: stallMs } = uiLimits;
  const writer = new StreamWriter(response, { clock, chunkBytes, stallMs });
  let lagging = false;
  let dropped = false;
  let heartbeat: Timer | undefined;

  function send(events: readonly FeedEvent[]): void {
    if (lagging) {
      dropped = true;
      return;
    }
    const waits = events.map((event) => writer.write(encode(event))).filter((wait) => wait !== undefined);
    if (waits.length === 0) return;
    lagging = true;
    void Promise.all(waits).then(catchUp);
  }

  /** What was left out cannot be sent any more: begin again. */
  function catchUp(): void {
    lagging = false;
    if (!dropped || writer.closed) return;
    dropped = false;
    send([overview(subscription.current())]);
  }

  function overview({ id, snapshot }: FeedStart): FeedEvent {
    return { id, type: 'overview', data: input.overview(snapshot) };
  }

  function beat(): Timer {
    return clock.after(uiLimits.heartbeatMs, () => {
      if (!lagging) void writer.write(Buffer.from(': alive\n\n'));
      heartbeat = beat();
    });
  }

  const subscription = await feed.subscribe(send);
  input.begin();
  response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-store' });
  response.flushHeaders();
  const start = subscription.current();
  const missed = input.lastEventId === undefined ? undefined : start.since(input.lastEventId);
  send(missed ?? [overview(start)]);
  heartbeat = beat();
  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
  heartbeat.cancel();
  subscription.unsubscribe();
  writer.end();
}

function encode({ id, type, data }: FeedEvent): Buffer {
  return Buffer.from(`id: ${id}\nevent: ${type}\ndata: ${data}\n\n`);
}
