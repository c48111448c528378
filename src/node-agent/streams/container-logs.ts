import { PlumblineError } from '#base';
import type { LogOptions } from '#client';
import type { Runtime, RuntimeContainer } from '#runtime';

/** There is no such log. The message is shown to the person who asked. */
export class LogError extends PlumblineError {
  constructor(message: string) {
    super(message, { code: 'LogUnavailable' });
  }
}

export interface LogTarget {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

/** Bytes a log sends at most when the asker names no limit: beyond it nobody reads. Follows have none. */
const MAX_LOG_BYTES = 1024 * 1024 * 1024;

/** The log of one container of a pod, or of the one before it (`previous`). Throws `LogError`. */
export function containerLog(
  { runtime, nowMs }: { readonly runtime: Pick<Runtime, 'logs'>; readonly nowMs: number },
  pod: LogTarget,
  containers: readonly RuntimeContainer[],
  options: Omit<LogOptions, 'signal'>,
  signal: AbortSignal,
): AsyncIterable<Uint8Array> {
  const container = chooseContainer(pod, containers, options);
  const sinceMs = sinceOf(options, nowMs);
  const bytes = runtime.logs(container.id, {
    follow: options.follow === true && options.previous !== true,
    timestamps: options.timestamps === true,
    signal,
    ...(options.tailLines === undefined ? {} : { tailLines: options.tailLines }),
    ...(sinceMs === undefined ? {} : { sinceMs }),
  });
  const limit = options.limitBytes ?? (options.follow === true ? Number.POSITIVE_INFINITY : MAX_LOG_BYTES);
  return Number.isFinite(limit) ? limited(bytes, limit) : bytes;
}

function chooseContainer(
  pod: LogTarget,
  containers: readonly RuntimeContainer[],
  { container: name, previous }: Omit<LogOptions, 'signal'>,
): RuntimeContainer {
  const names = new Set(containers.map((container) => container.name));
  const [only] = names;
  const wanted = name ?? (names.size === 1 ? only : undefined);
  const started = containers
    .filter((container) => container.name === wanted && container.state !== 'created')
    .sort((left, right) => right.attempt - left.attempt);
  const [last, before] = started;
  if (previous === true) {
    // The last that ended: the one before a running one, or the one that waits for its restart.
    const ended = last?.state === 'exited' ? last : before;
    if (ended !== undefined) return ended;
    throw new LogError(`previous terminated container "${wanted ?? ''}" in pod "${pod.name}" not found`);
  }
  if (last !== undefined) return last;
  throw new LogError(`container "${wanted ?? ''}" in pod "${pod.name}" is waiting to start`);
}

function sinceOf({ sinceSeconds, sinceTime }: Omit<LogOptions, 'signal'>, nowMs: number): number | undefined {
  if (sinceTime !== undefined) {
    const ms = Date.parse(sinceTime);
    if (Number.isNaN(ms)) throw new LogError(`${sinceTime} is no time`);
    return ms;
  }
  return sinceSeconds === undefined ? undefined : nowMs - sinceSeconds * 1000;
}

async function* limited(bytes: AsyncIterable<Uint8Array>, limit: number): AsyncGenerator<Uint8Array, void, undefined> {
  let left = limit;
  for await (const chunk of bytes) {
    yield chunk.subarray(0, left);
    left -= chunk.length;
    if (left <= 0) return;
  }
}
