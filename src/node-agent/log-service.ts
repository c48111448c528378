import { type Clock, errorMessage, type Log } from '#base';
import type { Runtime } from '#runtime';
import type { ControlConnection, ControlMessage } from './control.ts';
import { containerLog } from './pod/container-logs.ts';
import type { RuntimeView } from './pod/runtime-view.ts';

export interface LogServiceDeps {
  readonly control: ControlConnection;
  readonly runtime: Pick<Runtime, 'logs'>;
  readonly view: RuntimeView;
  readonly clock: Clock;
  readonly log: Log;
}

/** Streams open at the same time; more are refused. */
const MAX_STREAMS = 256;

/** Answers the server's questions for logs until the signal aborts. Only pods of this node have any. */
export async function serveLogs(deps: LogServiceDeps, signal: AbortSignal): Promise<void> {
  const open = new Map<string, AbortController>();
  const end = () => {
    for (const abort of open.values()) abort.abort();
  };
  signal.addEventListener('abort', end, { once: true });
  for await (const message of deps.control.messages(signal)) {
    if (message.type === 'cancel') open.get(message.ticket)?.abort();
    if (message.type !== 'log') continue;
    const abort = new AbortController();
    const isFull = open.size >= MAX_STREAMS;
    open.set(message.ticket, abort);
    const answering = isFull
      ? deps.control.refuse(message.ticket, 'this node has too many open streams')
      : answer(deps, message, abort.signal);
    answering
      .catch((error: unknown) => deps.log.warn({ err: error, pod: message.pod.name }, 'a log could not be sent'))
      .finally(() => {
        // A silent log would otherwise be read until its next line.
        abort.abort();
        open.delete(message.ticket);
      });
  }
}

async function answer(
  { control, runtime, view, clock }: LogServiceDeps,
  { ticket, pod, options }: Extract<ControlMessage, { type: 'log' }>,
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
