import { type ChildProcess, fork } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { type Job, nameOf, type Played } from './play.ts';

/** The word by which a process knows that it is one of those that play. */
export const WORKER = '--worker';

/** What a process plays before a new one takes its place: each leaves a little behind, and collecting that takes longer and longer. */
const JOBS_OF_A_PROCESS = 24;
/** Room for what is young, in MB: most of what a simulation makes is gone before it fills. */
const ARGUMENTS = ['--max-semi-space-size=64'];

/**
 * Gives jobs to as many processes as there are processors; `see` hears of each that was played. Rejects when a process
 * ends before it has answered, naming what it was to play.
 */
export async function playAll(
  jobs: Iterator<Job, unknown>,
  see: (played: Played) => void,
  start: () => ChildProcess = startWorker,
): Promise<void> {
  const one = async () => {
    for (;;) {
      const first = jobs.next();
      if (first.done === true) return;
      await playSome(start(), first.value, jobs, see);
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, one));
}

function playSome(
  child: ChildProcess,
  first: Job,
  jobs: Iterator<Job, unknown>,
  see: (played: Played) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    let current: Job | undefined = first;
    let played = 0;
    child.on('message', (answer: Played) => {
      see(answer);
      played += 1;
      const next = played < JOBS_OF_A_PROCESS ? jobs.next() : undefined;
      current = next?.done === false ? next.value : undefined;
      if (current === undefined) child.disconnect();
      else child.send(current);
    });
    child.on('error', reject);
    child.on('exit', (code, signal) => {
      if (current === undefined && code === 0) resolve();
      else
        reject(
          new Error(`a process ended with ${code ?? signal}${current === undefined ? '' : `, at ${nameOf(current)}`}`),
        );
    });
    child.send(first);
  });
}

function startWorker(): ChildProcess {
  const stdio = ['ignore', 'inherit', 'inherit', 'ipc'] as const;
  return fork(fileURLToPath(import.meta.url), [WORKER], { stdio: [...stdio], execArgv: ARGUMENTS });
}
