import { readFile } from 'node:fs/promises';
import { errorCode, type Log } from '#base';

export interface SignalInside {
  readonly pid: number;
  readonly containerId: string;
  readonly signal: 'SIGHUP' | 'SIGKILL';
  readonly log: Log;
}

/**
 * Signals a process only when its control group names the container: Docker itself cannot signal what it ran beside a
 * container, and pids of an engine elsewhere mean nothing here.
 */
export async function signalIfInside({ pid, containerId, signal, log }: SignalInside): Promise<void> {
  if (!Number.isSafeInteger(pid) || pid <= 1) return;
  try {
    if (!(await readFile(`/proc/${pid}/cgroup`, 'utf8')).includes(containerId)) return;
    process.kill(pid, signal);
  } catch (error) {
    const code = errorCode(error);
    if (code !== 'ENOENT' && code !== 'ESRCH')
      log.warn({ pid, signal, err: error }, 'a command could not be signalled');
  }
}
