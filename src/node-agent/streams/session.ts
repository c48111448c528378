import { type Clock, errorMessage, type Timer } from '#base';
import type { RuntimeSession, TerminalSize } from '#runtime';
import { CHANNEL, type ChannelLink, streamLimits } from '#streams';

export interface SessionInput {
  readonly session: RuntimeSession;
  readonly link: ChannelLink;
  readonly clock: Clock;
  /** Ends the session: it was called off, or the agent leaves. */
  readonly signal: AbortSignal;
}

/**
 * Carries a session between a process and the server until either ends, and tells at last how it ended. Neither side is
 * read ahead of the other.
 */
export async function runSession({ session, link, clock, signal }: SessionInput): Promise<void> {
  let cut: Timer | undefined;
  const leave = () => {
    session.close();
    // A server that takes nothing would hold us for ever.
    cut ??= clock.after(streamLimits.closeGraceMs, () => link.close());
  };
  signal.addEventListener('abort', leave, { once: true });
  if (signal.aborted) leave();
  const input = carryInput(session, link);
  try {
    const ended = await carryOutput(session, link);
    const outcome = signal.aborted ? { error: 'the node agent ended the session' } : ended;
    void link.send(CHANNEL.outcome, Buffer.from(JSON.stringify(outcome)));
  } finally {
    cut?.cancel();
    signal.removeEventListener('abort', leave);
    link.close();
  }
  await input;
}

async function carryOutput(session: RuntimeSession, link: ChannelLink): Promise<object> {
  try {
    for await (const { stream, bytes } of session.output()) await link.send(CHANNEL[stream], bytes);
    return { exitCode: (await session.exitCode()) ?? 0 };
  } catch (error) {
    return { error: errorMessage(error) };
  }
}

/** Whoever asked has left when his side ends: so does the session. */
async function carryInput(session: RuntimeSession, link: ChannelLink): Promise<void> {
  try {
    for await (const message of link.messages()) {
      if ('end' in message) {
        if (message.channel === CHANNEL.stdin) session.endInput();
      } else if (message.channel === CHANNEL.stdin) await session.write(message.bytes);
      else if (message.channel === CHANNEL.resize) {
        const size = readSize(message.bytes);
        if (size !== undefined) session.resize(size);
      }
    }
  } finally {
    session.close();
  }
}

/** Largest terminal, in characters either way: what the kernel keeps is 16 bits. */
const MAX_SIDE = 65_535;

/**
 * `{"Width":100,"Height":40}`, in letters of either case, as Go reads JSON: the JavaScript client says `width`. Undefined for
 * what is no size. Source: client-go tools/remotecommand/resize.go.
 */
export function readSize(bytes: Uint8Array): TerminalSize | undefined {
  let said: unknown;
  try {
    said = JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch {
    return undefined; // no JSON
  }
  const sides = new Map(Object.entries(said ?? {}).map(([name, value]) => [name.toLowerCase(), value]));
  const [width, height] = [sides.get('width'), sides.get('height')];
  return isSide(width) && isSide(height) ? { width, height } : undefined;
}

function isSide(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) > 0 && (value as number) <= MAX_SIDE;
}
