import type { Clock, Timer } from '#base';
import { CHANNEL, type ChannelLink, streamLimits } from '#streams';
import { type Outcome, readOutcome } from './outcome.plan.ts';

export interface RelayInput {
  readonly client: ChannelLink;
  readonly agent: ChannelLink;
  /** The outcome in the client's words. */
  readonly tell: (outcome: Outcome) => Uint8Array;
  readonly clock: Clock;
  /** Ends the session: the caller may not go on, or the server closes. */
  readonly signal: AbortSignal;
}

/** What a client may send. */
const FROM_CLIENT: ReadonlySet<number> = new Set([CHANNEL.stdin, CHANNEL.resize]);
/** What an agent may send on to the client. */
const FROM_AGENT: ReadonlySet<number> = new Set([CHANNEL.stdout, CHANNEL.stderr]);

/**
 * Carries a session between a client and a node's agent until either leaves, and tells the client how it ended. Nothing
 * is kept: a side that does not read makes the other side wait.
 */
export async function relay({ client, agent, tell, clock, signal }: RelayInput): Promise<void> {
  let why: string | undefined;
  let cut: Timer | undefined;
  const stop = (reason: string) => {
    why ??= reason;
    agent.close();
    // A client that takes nothing would never hear of the end.
    cut ??= clock.after(streamLimits.closeGraceMs, () => client.close());
  };
  const idle = new IdleWatch(clock, () => stop(`nothing moved for ${streamLimits.idleMs / 3_600_000} hours`));
  const onAbort = () => stop('the server ended the session');
  signal.addEventListener('abort', onAbort, { once: true });
  if (signal.aborted) onAbort();
  const input = carryInput({ client, agent, idle });
  let outcome: Outcome | undefined;
  try {
    for await (const message of agent.messages()) {
      idle.moved();
      if ('end' in message) continue;
      if (message.channel === CHANNEL.outcome) outcome ??= readOutcome(message.bytes);
      if (FROM_AGENT.has(message.channel)) await client.send(message.channel, message.bytes);
    }
  } catch (error) {
    why ??= error instanceof Error ? error.message : 'the node agent broke the protocol';
  } finally {
    idle.stop();
    cut?.cancel();
    signal.removeEventListener('abort', onAbort);
    agent.close();
    const told = tell(outcome ?? { error: why ?? 'the connection to the node broke off' });
    if (told.length > 0) void client.send(CHANNEL.outcome, told);
    client.close();
  }
  await input;
}

/** From the client to the agent; the agent is let go when the client leaves or breaks the protocol. */
async function carryInput({
  client,
  agent,
  idle,
}: Pick<RelayInput, 'client' | 'agent'> & { readonly idle: IdleWatch }): Promise<void> {
  try {
    for await (const message of client.messages()) {
      idle.moved();
      if (!FROM_CLIENT.has(message.channel)) continue;
      if ('end' in message) agent.end(message.channel);
      else await agent.send(message.channel, message.bytes);
    }
  } catch {
    // The client broke the protocol, and was told so as its connection was closed.
  } finally {
    agent.close();
  }
}

/** Calls back when nothing moved for `idleMs`, those of a session when not told otherwise. */
export class IdleWatch {
  readonly #clock: Clock;
  readonly #onIdle: () => void;
  #lastMs: number;
  readonly #idleMs: number;
  #timer: Timer;

  constructor(clock: Clock, onIdle: () => void, idleMs: number = streamLimits.idleMs) {
    this.#idleMs = idleMs;
    this.#clock = clock;
    this.#onIdle = onIdle;
    this.#lastMs = clock.monotonicMs();
    this.#timer = this.#schedule(idleMs);
  }

  moved(): void {
    this.#lastMs = this.#clock.monotonicMs();
  }

  stop(): void {
    this.#timer.cancel();
  }

  #schedule(inMs: number): Timer {
    return this.#clock.after(inMs, () => {
      const leftMs = this.#lastMs + this.#idleMs - this.#clock.monotonicMs();
      if (leftMs <= 0) this.#onIdle();
      else this.#timer = this.#schedule(leftMs);
    });
  }
}
