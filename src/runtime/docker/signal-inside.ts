import { readFile } from 'node:fs/promises';
import { backoffMs, type Clock, errorCode, type Log, sleep } from '#base';

export interface SignalInside {
  /** The command as the engine sees it; its pid is 0 while it is being started. */
  readonly inspect: () => Promise<{ readonly Running: boolean; readonly Pid: number }>;
  readonly containerId: string;
  readonly signal: 'SIGHUP' | 'SIGKILL';
  readonly clock: Clock;
  readonly log: Log;
}

/** A command that is being started is looked at so often, after so long, in ms. */
const LOOKS = 10;
const LOOK_AGAIN = { initialMs: 20, maxMs: 1_000 };

/**
 * Signals a command that was run beside a container's own process, if it still runs. Docker itself cannot, and pids of
 * an engine elsewhere mean nothing here: so it is done only when the process's control group names the container.
 */
export async function signalIfInside({ inspect, containerId, signal, clock, log }: SignalInside): Promise<void> {
  for (let look = 1; look <= LOOKS; look += 1) {
    const { Running, Pid } = await inspect();
    if (!Running) return;
    if (Number.isSafeInteger(Pid) && Pid > 1) return await signalPid({ pid: Pid, containerId, signal, log });
    await sleep(clock, backoffMs(look, LOOK_AGAIN));
  }
}

async function signalPid({
  pid,
  containerId,
  signal,
  log,
}: Pick<SignalInside, 'containerId' | 'signal' | 'log'> & { readonly pid: number }): Promise<void> {
  try {
    if (!(await readFile(`/proc/${pid}/cgroup`, 'utf8')).includes(containerId)) return;
    process.kill(pid, signal);
  } catch (error) {
    const code = errorCode(error);
    if (code !== 'ENOENT' && code !== 'ESRCH')
      log.warn({ pid, signal, err: error }, 'a command could not be signalled');
  }
}
