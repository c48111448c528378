import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { errorCode, PlumblineError } from '#base';
import { type NfsShare, nfsWayOut, planNfsMount } from './nfs-mount.plan.ts';

/** The host refused a mount. */
export class MountError extends PlumblineError {
  constructor(message: string) {
    super(message, { code: 'MountFailed', retryable: true });
  }
}

const TIMEOUT_MS = 10_000;
/** How long a server may take to answer, in ms. */
const NFS_TIMEOUT_MS = 60_000;
/** Beyond that time, in s, a mount ends also where nobody is left to end it. */
const WATCH_S = 5;
const MAX_WORDS = 400;

/** Mounts what an open handle names at `target`, whatever its path names by now. Root only. */
export async function bindMount(handle: number, target: string): Promise<void> {
  // The child finds the handle as its number 3.
  await run('mount', ['--no-canonicalize', '--bind', '--', '/proc/self/fd/3', target], { handle });
}

/** Mounts a file system in memory at `target`: root's own, bounded when a size is given. Root only. */
export async function tmpfsMount(
  target: string,
  { mode, sizeBytes }: { readonly mode: number; readonly sizeBytes?: number },
): Promise<void> {
  const size = sizeBytes === undefined ? '' : `,size=${Math.ceil(sizeBytes)}`;
  await run('mount', ['-t', 'tmpfs', '-o', `nosuid,nodev,mode=${mode.toString(8)}${size}`, '--', 'plumbline', target]);
}

/**
 * Mounts what a server shares at `target`, an empty folder. Gives up when the server does not answer in time: then nothing
 * is left that could still mount it. Throws `MountError` with the way out where it is the node that cannot. Root only.
 */
export async function nfsMount(target: string, share: NfsShare, timeoutMs = NFS_TIMEOUT_MS): Promise<void> {
  const plan = planNfsMount(share, target);
  if ('failure' in plan) throw new MountError(plan.failure);
  try {
    // A watch of its own, should the agent end before: a share that is mounted late lands in a folder that is being removed.
    const watch = ['--signal=KILL', `${Math.ceil(timeoutMs / 1_000) + WATCH_S}`, 'mount'];
    await run('timeout', [...watch, ...plan.args], { timeoutMs });
  } catch (error) {
    if (!(error instanceof MountError)) throw error;
    throw new MountError(`${error.message}${nfsWayOut(error.message)}`);
  }
}

/** Takes a mount away from the host; containers that have it keep theirs. Asks nobody, also not a server that is gone. */
export async function unmount(target: string): Promise<void> {
  await run('umount', ['--lazy', '--internal-only', '--no-canonicalize', '--', target]);
}

/** Mount points at or below a folder, the deepest first. `folder` must be a real path. */
export async function mountsBelow(folder: string): Promise<readonly string[]> {
  const table = await readFile('/proc/self/mountinfo', 'utf8');
  const points = table.split('\n').flatMap((line) => {
    const point = line.split(' ')[4];
    return point === undefined ? [] : [unescapeOctal(point)];
  });
  const inside = points.filter((point) => point === folder || point.startsWith(`${folder}/`));
  return inside.sort((left, right) => right.length - left.length);
}

/** Source: proc(5), mountinfo: space, tab, newline and backslash are written as octal. */
function unescapeOctal(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}

interface RunOptions {
  readonly handle?: number;
  readonly timeoutMs?: number;
}

function run(
  program: string,
  args: readonly string[],
  { handle, timeoutMs = TIMEOUT_MS }: RunOptions = {},
): Promise<void> {
  const what = program === 'timeout' ? 'mount' : program;
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      stdio: ['ignore', 'ignore', 'pipe', ...(handle === undefined ? [] : [handle])],
      // A group of its own: its helpers (mount.nfs) end with it.
      detached: true,
    });
    let words = '';
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      if (child.pid !== undefined) endGroup(child.pid);
    }, timeoutMs);
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      words = (words + text).slice(0, MAX_WORDS);
    });
    child.once('error', (error) => {
      clearTimeout(timer);
      reject(new MountError(`${program}: ${error.message}`));
    });
    // Comes when all that have its outputs have ended.
    child.once('close', (code, signal) => {
      clearTimeout(timer);
      if (code === 0) resolve();
      else if (isLate) reject(new MountError(`${what} had no answer within ${timeoutMs / 1000} seconds`));
      else reject(new MountError(words.trim() || `${what} ended with ${signal ?? code ?? 'nothing'}`));
    });
  });
}

function endGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    if (errorCode(error) !== 'ESRCH') throw error; // It has ended by itself.
  }
}
