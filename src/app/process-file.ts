import { readFile, rm, writeFile } from 'node:fs/promises';
import { errorCode } from '#base';

/** A process that outlives the one that started it: its id, and when it started, since ids are given out again. */
export interface ProcessRecord {
  readonly pid: number;
  /** Clock ticks after boot; field 22 of /proc/PID/stat. */
  readonly startTicks: string;
  /** What it was started with; another build or other options mean another process. */
  readonly fingerprint: string;
}

/** When a process started, or undefined when there is none (or only a zombie). Source: proc(5). */
export async function startTicksOf(pid: number): Promise<string | undefined> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    // The program's name stands in parentheses and may hold anything, also blanks and parentheses.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? undefined : fields[19];
  } catch (error) {
    if (errorCode(error) === 'ENOENT' || errorCode(error) === 'ESRCH') return undefined;
    throw error;
  }
}

export async function writeProcessFile(file: string, record: ProcessRecord): Promise<void> {
  await writeFile(file, `${JSON.stringify(record)}\n`, { mode: 0o644 });
}

/** The process a file names, if that very process still runs. */
export async function readProcessFile(file: string): Promise<ProcessRecord | undefined> {
  let record: Partial<ProcessRecord> | null;
  try {
    record = JSON.parse(await readFile(file, 'utf8')) as Partial<ProcessRecord> | null;
  } catch (error) {
    if (errorCode(error) === 'ENOENT' || error instanceof SyntaxError) return undefined;
    throw error;
  }
  if (!isRecord(record)) return undefined;
  return (await startTicksOf(record.pid)) === record.startTicks ? record : undefined;
}

function isRecord(value: Partial<ProcessRecord> | null): value is ProcessRecord {
  if (typeof value !== 'object' || value === null) return false;
  const { pid, startTicks, fingerprint } = value;
  return Number.isSafeInteger(pid) && typeof startTicks === 'string' && typeof fingerprint === 'string';
}

export const removeProcessFile = (file: string) => rm(file, { force: true });
