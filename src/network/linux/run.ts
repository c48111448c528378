import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { type FileHandle, open, unlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { errorMessage } from '#base';
import { NetworkError } from '../errors.ts';

/** Bytes kept of what a command prints. */
const MAX_OUTPUT_BYTES = 8 * 1024 * 1024;
/** How long a command may take, in ms. A full load of 30,000 Services takes 2.5 s. */
const TIMEOUT_MS = 30_000;
/** Tools of the administrator lie outside many a user's PATH. */
const SEARCH_PATH = [process.env['PATH'] ?? '', '/usr/local/sbin', '/usr/sbin', '/sbin', '/usr/bin', '/bin'].join(
  delimiter,
);

export const searchPathEnvironment = { PATH: SEARCH_PATH, LC_ALL: 'C' } as const;

export interface RunOptions {
  readonly input?: string;
  /** An open file that the command sees as descriptor 3. */
  readonly descriptor?: number;
  readonly timeoutMs?: number;
  /** Told the process's id as soon as it runs. */
  readonly onStart?: (pid: number) => void;
}

export interface RunResult {
  /** Undefined: it could not be started, or did not end in time. */
  readonly code: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program, without a shell, and waits for its end. Failing is a result, not an error. */
export async function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  if (options.input === undefined) return start(command, args, 'ignore', options);
  const input = await inputFile(options.input);
  try {
    return await start(command, args, input.fd, options);
  } finally {
    await input.close();
  }
}

/** Runs a program that must succeed; answers what it printed. Throws `NetworkCommandFailed` with what it complained of. */
export async function mustRun(command: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
  const { code, stdout, stderr } = await run(command, args, options);
  if (code === 0) return stdout;
  const complaint = stderr.trim().slice(0, 500) || `exit code ${code}`;
  throw new NetworkError('NetworkCommandFailed', `${command} ${args.join(' ')}: ${complaint}`);
}

function start(
  command: string,
  args: readonly string[],
  stdin: 'ignore' | number,
  { descriptor, timeoutMs = TIMEOUT_MS, onStart }: RunOptions,
): Promise<RunResult> {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      env: searchPathEnvironment,
      stdio: [stdin, 'pipe', 'pipe', ...(descriptor === undefined ? [] : [descriptor])],
      timeout: timeoutMs,
      killSignal: 'SIGKILL',
    });
    if (child.pid !== undefined) onStart?.(child.pid);
    const outputs = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'] as const) {
      child[name]?.setEncoding('utf8').on('data', (chunk: string) => {
        if (outputs[name].length < MAX_OUTPUT_BYTES) outputs[name] += chunk;
      });
    }
    child.on('error', (error) => resolve({ code: undefined, stdout: '', stderr: errorMessage(error) }));
    child.on('close', (code) => resolve({ code: code ?? undefined, ...outputs }));
  });
}

/**
 * A file without a name that holds `text`, for a program's standard input. A pipe of Node's is a socket, and `nft -f -`
 * opens /dev/stdin anew, which no socket allows.
 */
async function inputFile(text: string): Promise<FileHandle> {
  const path = join(tmpdir(), `plumbline-${randomUUID()}`);
  const file = await open(path, 'wx+', 0o600);
  try {
    await unlink(path);
    await file.write(text, 0);
    return file;
  } catch (error) {
    await file.close();
    throw error;
  }
}
