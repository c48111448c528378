import { connect } from 'node:net';
import type { ProbeOutcome } from './probe.plan.ts';

/** Success when a connection opens. Nothing is sent. */
export function probeTcp(host: string, port: number, signal: AbortSignal): Promise<ProbeOutcome> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, noDelay: true });
    const done = (ok: boolean, message: string) => {
      signal.removeEventListener('abort', onAbort);
      socket.destroy();
      resolve({ ok, message });
    };
    const onAbort = () => done(false, 'no connection in time');
    socket.once('connect', () => done(true, 'connected'));
    socket.once('error', (error) => done(false, error.message));
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
  });
}
