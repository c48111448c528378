import { spawn } from 'node:child_process';
import { delimiter } from 'node:path';
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

export interface RunOptions {
  readonly input?: string;
  /** An open file that the command sees as descriptor 3. */
  readonly descriptor?: number;
  readonly timeoutMs?: number;
}

export interface RunResult {
  /** Undefined: it could not be started, or did not end in time. */
  readonly code: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program, without a shell, and waits for its end. Failing is a result, not an error. */
export function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  const { input, descriptor, timeoutMs = TIMEOUT_MS } = options;
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      env: { PATH: SEARCH_PATH, LC_ALL: 'C' },
      stdio: ['pipe', 'pipe', 'pipe', ...(descriptor === undefined ? [] : [descriptor])],
      timeout: timeoutMs,
      killSignal: 'SIGKILL',
    });
    const outputs = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'] as const) {
      child[name]?.setEncoding('utf8').on('data', (chunk: string) => {
        if (outputs[name].length < MAX_OUTPUT_BYTES) outputs[name] += chunk;
      });
    }
    child.on('error', (error) => resolve({ code: undefined, stdout: '', stderr: errorMessage(error) }));
    child.on('close', (code) => resolve({ code: code ?? undefined, ...outputs }));
    // A command that ends before it has read all its input says why by its exit code.
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(input);
  });
}

/** Runs a program that must succeed; answers what it printed. Throws `NetworkCommandFailed` with what it complained of. */
export async function mustRun(command: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
  const { code, stdout, stderr } = await run(command, args, options);
  if (code === 0) return stdout;
  const complaint = stderr.trim().slice(0, 500) || `exit code ${code}`;
  throw new NetworkError('NetworkCommandFailed', `${command} ${args.join(' ')}: ${complaint}`);
}
