import { fork } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { Job, Played } from './play.ts';

/** The word by which a process knows that it is one of those that play. */
export const WORKER = '--worker';

/** Gives jobs to as many processes as there are processors; `see` hears of each that was played. */
export async function playAll(jobs: Iterator<Job, unknown>, see: (played: Played) => void): Promise<void> {
  const file = fileURLToPath(import.meta.url);
  const one = () =>
    new Promise<void>((resolve, reject) => {
      const child = fork(file, [WORKER], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
      const next = () => {
        const job = jobs.next();
        if (job.done === true) child.disconnect();
        else child.send(job.value);
      };
      child.on('message', (played: Played) => {
        see(played);
        next();
      });
      child.on('error', reject);
      child.on('exit', (code) => (code === 0 ? resolve() : reject(new Error(`a process ended with ${code}`))));
      next();
    });
  await Promise.all(Array.from({ length: availableParallelism() }, one));
}
