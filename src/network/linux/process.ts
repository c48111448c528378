import { readFile } from 'node:fs/promises';

/** Field 22 of /proc/<pid>/stat: ticks since boot; with the pid it names a process for good. Undefined: none runs. */
export async function processStartTime(pid: number): Promise<number | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  // The second field is the program's name in parentheses, and may hold anything.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const [state, startTime] = [fields[0], fields[19]];
  return startTime === undefined || state === 'Z' ? undefined : Number(startTime);
}
