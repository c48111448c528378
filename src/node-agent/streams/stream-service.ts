import type { Duplex } from 'node:stream';
import { type Clock, errorMessage, type Log } from '#base';
import { dialPod } from '#network';
import type { Runtime, RuntimeSession } from '#runtime';
import type { ControlConnection, ControlMessage } from '../control.ts';
import type { RuntimeView } from '../pod/runtime-view.ts';
import type { NodeStats } from '../stats/node-stats.ts';
import { containerLog } from './container-logs.ts';
import { runForward } from './forward.ts';
import { planAnyRunning, planRunningContainer } from './running-container.plan.ts';
import { runSession } from './session.ts';

export interface StreamServiceDeps {
  readonly control: ControlConnection;
  readonly runtime: Pick<Runtime, 'logs' | 'openProcess' | 'attach'>;
  readonly view: RuntimeView;
  readonly stats: NodeStats;
  readonly clock: Clock;
  readonly log: Log;
}

type Ask = Exclude<ControlMessage, { type: 'cancel' | 'ping' }>;
type SessionAsk = Extract<Ask, { type: 'exec' | 'attach' }>;

/** Streams open at the same time; more are refused. */
const MAX_STREAMS = 256;

/** Answers the server's questions for logs and sessions until the signal aborts. Only pods of this node have any. */
export async function serveStreams(deps: StreamServiceDeps, signal: AbortSignal): Promise<void> {
  const open = new Map<string, AbortController>();
  const end = () => {
    for (const abort of open.values()) abort.abort();
  };
  signal.addEventListener('abort', end, { once: true });
  for await (const message of deps.control.messages(signal)) {
    if (message.type === 'cancel') open.get(message.ticket)?.abort();
    if (message.type === 'cancel' || message.type === 'ping') continue;
    const abort = new AbortController();
    const isFull = open.size >= MAX_STREAMS;
    open.set(message.ticket, abort);
    const answering = isFull
      ? deps.control.refuse(message.ticket, 'this node has too many open streams')
      : answer(deps, message, abort.signal);
    answering
      .catch((error: unknown) => deps.log.warn({ err: error, ...subjectOf(message) }, 'a stream could not be sent'))
      .finally(() => {
        // A silent log would otherwise be read until its next line.
        abort.abort();
        open.delete(message.ticket);
      });
  }
}

function answer(deps: StreamServiceDeps, message: Ask, signal: AbortSignal): Promise<void> {
  if (message.type === 'stats') return answerStats(deps, message, signal);
  if (message.type === 'log') return answerLog(deps, message, signal);
  if (message.type === 'forward') return answerForward(deps, message, signal);
  return answerSession(deps, message, signal);
}

function subjectOf(message: Ask): { readonly pod?: string } {
  return 'pod' in message ? { pod: message.pod.name } : {};
}

async function answerStats(
  { control, stats }: StreamServiceDeps,
  { ticket }: Extract<Ask, { type: 'stats' }>,
  signal: AbortSignal,
): Promise<void> {
  let text: string;
  try {
    text = JSON.stringify(await stats.read());
  } catch (error) {
    await control.refuse(ticket, errorMessage(error));
    return;
  }
  await control.send(ticket, once(Buffer.from(text)), signal);
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
  yield bytes;
}

async function answerLog(
  { control, runtime, view, clock }: StreamServiceDeps,
  { ticket, pod, options }: Extract<Ask, { type: 'log' }>,
  signal: AbortSignal,
): Promise<void> {
  let bytes: AsyncIterable<Uint8Array>;
  try {
    bytes = containerLog({ runtime, nowMs: clock.nowMs() }, pod, view.containers(pod.uid), options, signal);
  } catch (error) {
    await control.refuse(ticket, errorMessage(error));
    return;
  }
  await control.send(ticket, bytes, signal);
}

/** First the session, then the call: so that whoever asked hears in an ordinary answer why there is none. */
async function answerSession(deps: StreamServiceDeps, ask: SessionAsk, signal: AbortSignal): Promise<void> {
  const { control, clock } = deps;
  let session: RuntimeSession;
  try {
    session = await openSession(deps, ask);
  } catch (error) {
    await control.refuse(ask.ticket, errorMessage(error));
    return;
  }
  try {
    await runSession({ session, link: await control.dial(ask.ticket, signal), clock, signal });
  } finally {
    session.close();
  }
}

async function answerForward(
  { control, view }: StreamServiceDeps,
  { ticket, pod, port, address }: Extract<Ask, { type: 'forward' }>,
  signal: AbortSignal,
): Promise<void> {
  let connection: Duplex;
  try {
    const { id, pid } = planAnyRunning(pod.name, view.containers(pod.uid));
    connection = await dialPod({ pid, containerId: id, port, ...(address === undefined ? {} : { address }) });
  } catch (error) {
    await control.refuse(ticket, errorMessage(error));
    return;
  }
  try {
    await runForward({ connection, link: await control.dial(ticket, signal), signal });
  } finally {
    connection.destroy();
  }
}

async function openSession({ runtime, view }: StreamServiceDeps, ask: SessionAsk): Promise<RuntimeSession> {
  const container = planRunningContainer(ask.pod.name, ask.container, view.containers(ask.pod.uid));
  if (ask.type === 'attach') return await runtime.attach(container.id, ask.streams);
  return await runtime.openProcess(container.id, { ...ask.streams, command: ask.command });
}
