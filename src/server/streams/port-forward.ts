import { errorMessage } from '#base';
import { CHANNEL, type ChannelLink, type SpdyConnection, type SpdyStream } from '#streams';
import { readOutcome } from './outcome.plan.ts';

export interface PortForwardInput {
  readonly connection: SpdyConnection;
  /** A connection to a port of the pod: channel 0 to it, 1 from it. */
  readonly dial: (port: number) => Promise<ChannelLink>;
  /** For messages. */
  readonly pod: string;
  /** Ends it all: the caller may not go on, or the server closes. */
  readonly signal: AbortSignal;
}

/** Streams whose other half has not come yet; more are called off. */
const MAX_HALVES = 64;

/** The two streams of one forwarded connection: what goes wrong is told on one, the bytes go over the other. */
interface Forwarded {
  readonly port: number;
  readonly error: SpdyStream;
  readonly data: SpdyStream;
}

/** Carries the connections that a client forwards, each over a connection of its own to the node, until the client leaves. */
export async function servePortForward({ connection, dial, pod, signal }: PortForwardInput): Promise<void> {
  const leave = () => connection.close();
  signal.addEventListener('abort', leave, { once: true });
  if (signal.aborted) leave();
  const halves = new Map<string, SpdyStream>();
  const running = new Set<Promise<void>>();
  try {
    for await (const stream of connection.streams()) {
      const forwarded = pairUp(halves, stream);
      if (forwarded === undefined) continue;
      const task = forward(forwarded, dial, pod).finally(() => running.delete(task));
      running.add(task);
    }
    await Promise.all(running);
  } finally {
    signal.removeEventListener('abort', leave);
    connection.close();
  }
}

/** Joins a stream with its other half, once that is there. Source: kubelet/pkg/cri/streaming/portforward/httpstream.go (v1.32). */
function pairUp(halves: Map<string, SpdyStream>, stream: SpdyStream): Forwarded | undefined {
  const type = stream.headers.get('streamtype');
  const port = Number(stream.headers.get('port'));
  if ((type !== 'error' && type !== 'data') || !Number.isInteger(port) || port < 1 || port > 65_535) {
    stream.reset();
    return undefined;
  }
  // Clients before 1.3 name no request: the error stream comes first, the data stream next.
  const request = stream.headers.get('requestid') ?? String(type === 'error' ? stream.id : stream.id - 2);
  const half = halves.get(request);
  halves.delete(request);
  const error = [half, stream].find((each) => each?.headers.get('streamtype') === 'error');
  const data = [half, stream].find((each) => each?.headers.get('streamtype') === 'data');
  if (error !== undefined && data !== undefined) return { port, error, data };
  half?.reset();
  if (halves.size < MAX_HALVES) halves.set(request, stream);
  else stream.reset();
  return undefined;
}

async function forward({ port, error, data }: Forwarded, dial: PortForwardInput['dial'], pod: string): Promise<void> {
  const fail = async (why: string) => {
    await error.write(complaint(port, pod, why));
    error.end();
    data.reset();
  };
  let link: ChannelLink;
  try {
    link = await dial(port);
  } catch (refused) {
    return fail(errorMessage(refused));
  }
  const sending = send(data, link);
  try {
    let lost = 'the connection to the node broke off';
    for await (const message of link.messages()) {
      if (message.channel === CHANNEL.stdout) {
        if ('end' in message) data.end();
        else await data.write(message.bytes);
      } else if (message.channel === CHANNEL.outcome && 'bytes' in message) {
        const outcome = readOutcome(message.bytes);
        lost = outcome !== undefined && 'error' in outcome ? outcome.error : '';
      }
    }
    if (lost !== '' && !data.isReset) return await fail(lost);
  } catch (broken) {
    return await fail(errorMessage(broken));
  } finally {
    link.close();
    error.end();
    data.end();
    await sending;
  }
}

/** What a client is told of a port that cannot be forwarded. */
export function complaint(port: number, pod: string, why: string): Uint8Array {
  return Buffer.from(`error forwarding port ${port} to pod ${pod}, uid : ${why}`);
}

/** From the client to the pod. */
async function send(data: SpdyStream, link: ChannelLink): Promise<void> {
  for await (const bytes of data.chunks()) await link.send(CHANNEL.stdin, bytes);
  if (data.isReset) link.close();
  else link.end(CHANNEL.stdin);
}
