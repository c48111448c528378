import type { Duplex } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Clock } from '#base';
import { IdleWatch } from './relay.ts';

const MAX_LISTENERS = 30;

export interface JoinInput {
  readonly left: Duplex;
  readonly right: Duplex;
  readonly clock: Clock;
  /** Ends both. */
  readonly signal: AbortSignal;
}

/** Carries bytes between two connections until both sides have ended, or either breaks off, or nothing has moved for long. */
export async function joinConnections({ left, right, clock, signal }: JoinInput): Promise<void> {
  const leave = () => {
    left.destroy();
    right.destroy();
  };
  const idle = new IdleWatch(clock, leave);
  const moved = () => idle.moved();
  signal.addEventListener('abort', leave, { once: true });
  if (signal.aborted) leave();
  for (const side of [left, right]) {
    // Two pipelines and who follows its end: more than Node expects of one stream.
    side.setMaxListeners(MAX_LISTENERS);
    side.on('error', leave).on('data', moved);
  }
  try {
    await Promise.all([pipeline(left, right), pipeline(right, left)]);
  } catch {
    // One of them broke off: that is all there is to tell, and it is told by ending the other.
  } finally {
    idle.stop();
    signal.removeEventListener('abort', leave);
    leave();
  }
}
