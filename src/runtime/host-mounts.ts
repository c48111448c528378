import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { PlumblineError } from '#base';

/** The host refused a mount. */
export class MountError extends PlumblineError {
  constructor(message: string) {
    super(message, { code: 'MountFailed', retryable: true });
  }
}

const TIMEOUT_MS = 10_000;
const MAX_WORDS = 400;

/** Mounts what an open handle names at `target`, whatever its path names by now. Root only. */
export async function bindMount(handle: number, target: string): Promise<void> {
  // The child finds the handle as its number 3.
  await run('mount', ['--no-canonicalize', '--bind', '--', '/proc/self/fd/3', target], handle);
}

/** Mounts a file system in memory at `target`: root's own, bounded when a size is given. Root only. */
export async function tmpfsMount(
  target: string,
  { mode, sizeBytes }: { readonly mode: number; readonly sizeBytes?: number },
): Promise<void> {
  const size = sizeBytes === undefined ? '' : `,size=${Math.ceil(sizeBytes)}`;
  await run('mount', ['-t', 'tmpfs', '-o', `nosuid,nodev,mode=${mode.toString(8)}${size}`, '--', 'plumbline', target]);
}

/** Takes a mount away from the host; containers that have it keep theirs. */
export async function unmount(target: string): Promise<void> {
  await run('umount', ['--lazy', '--no-canonicalize', '--', target]);
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

function run(program: string, args: readonly string[], handle?: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      stdio: ['ignore', 'ignore', 'pipe', ...(handle === undefined ? [] : [handle])],
      timeout: TIMEOUT_MS,
    });
    let words = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      words = (words + text).slice(0, MAX_WORDS);
    });
    child.once('error', (error) => reject(new MountError(`${program}: ${error.message}`)));
    child.once('close', (code, signal) => {
      if (code === 0) resolve();
      else reject(new MountError(words.trim() || `${program} ended with ${signal ?? code ?? 'nothing'}`));
    });
  });
}
