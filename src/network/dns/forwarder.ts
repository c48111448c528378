import { randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { connect, isIPv6 } from 'node:net';
import type { Question } from 'dns-packet';
import type { Clock } from '#base';
import { isAnswerTo } from './dns.plan.ts';
import type { Upstream } from './resolv-conf.ts';
import { FrameReader, framed } from './tcp-frames.ts';

/** Queries under way to the host's nameservers; more are refused, so that a flood ends here. */
const MAX_IN_FLIGHT = 512;
/** How long one nameserver is waited for, in ms. Clients wait 5 s. Source: resolv.conf(5), timeout. */
const ATTEMPT_MS = 2_000;

export interface Forwarder {
  /** The answer, with the query's own id, or undefined when no nameserver gave one in time. */
  forward(query: Buffer, question: Question, transport: 'udp' | 'tcp'): Promise<Buffer | undefined>;
  close(): void;
}

/**
 * Asks the host's nameservers, one after the other. Each query goes from a port of its own with an id of its own, and
 * only an answer to that very question, from that server, counts: so forging one means guessing both.
 */
export function createForwarder(clock: Clock, upstreams: () => Promise<readonly Upstream[]>): Forwarder {
  const closing = new AbortController();
  let inFlight = 0;
  return {
    async forward(query, question, transport) {
      if (inFlight >= MAX_IN_FLIGHT || closing.signal.aborted) return undefined;
      inFlight += 1;
      try {
        const id = randomInt(0x10000);
        const asked = withId(query, id);
        for (const upstream of await upstreams()) {
          const ask = transport === 'tcp' ? askByTcp : askByUdp;
          const answer = await withDeadline(clock, closing.signal, (signal) =>
            ask(upstream, asked, { id, question, signal }),
          );
          if (answer !== undefined) return withId(answer, query.readUInt16BE(0));
          if (closing.signal.aborted) return undefined;
        }
        return undefined;
      } finally {
        inFlight -= 1;
      }
    },
    close: () => closing.abort(),
  };
}

interface Attempt {
  readonly id: number;
  readonly question: Question;
  readonly signal: AbortSignal;
}

/** Each attempt answers undefined on any failure: the next server is asked then. */
function askByUdp(
  { address, port }: Upstream,
  query: Buffer,
  { id, question, signal }: Attempt,
): Promise<Buffer | undefined> {
  return new Promise((resolve) => {
    const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4');
    const finish = (answer: Buffer | undefined) => {
      signal.removeEventListener('abort', onAbort);
      socket.removeAllListeners();
      socket.on('error', () => undefined);
      socket.close();
      resolve(answer);
    };
    const onAbort = () => finish(undefined);
    signal.addEventListener('abort', onAbort, { once: true });
    socket.on('error', () => finish(undefined));
    socket.on('message', (message) => {
      if (isAnswerTo(message, id, question)) finish(message);
    });
    // A connected socket takes packets from this server only, and hears at once when nobody listens there.
    socket.connect(port, address, () => {
      if (!signal.aborted) socket.send(query);
    });
  });
}

function askByTcp(
  { address, port }: Upstream,
  query: Buffer,
  { id, question, signal }: Attempt,
): Promise<Buffer | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host: address, port, noDelay: true });
    const finish = (answer: Buffer | undefined) => {
      signal.removeEventListener('abort', onAbort);
      socket.destroy();
      resolve(answer);
    };
    const onAbort = () => finish(undefined);
    signal.addEventListener('abort', onAbort, { once: true });
    const frames = new FrameReader();
    socket.on('error', () => finish(undefined));
    socket.on('end', () => finish(undefined));
    socket.on('data', (chunk) => {
      const [answer] = frames.push(chunk) ?? [];
      if (answer !== undefined) finish(isAnswerTo(answer, id, question) ? answer : undefined);
    });
    socket.on('connect', () => socket.write(framed(query)));
  });
}

async function withDeadline<T>(clock: Clock, outer: AbortSignal, run: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const deadline = new AbortController();
  const timer = clock.after(ATTEMPT_MS, () => deadline.abort());
  try {
    return await run(AbortSignal.any([outer, deadline.signal]));
  } finally {
    timer.cancel();
  }
}

function withId(message: Buffer, id: number): Buffer {
  const copy = Buffer.from(message);
  copy.writeUInt16BE(id, 0);
  return copy;
}
