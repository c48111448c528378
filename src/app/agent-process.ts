import { execFile, spawn } from 'node:child_process';
import { open } from 'node:fs/promises';
import path from 'node:path';
import { promisify, stripVTControlCharacters } from 'node:util';
import { type Clock, errorMessage, sleep } from '#base';
import { StartError } from './errors.ts';
import { asRoot, invoker } from './privileges.ts';
import { type ProcessRecord, readProcessFile, removeProcessFile, startTicksOf } from './process-file.ts';

const run = promisify(execFile);

/** How long an agent may take to say that it runs, and to leave when asked. */
const START_TIMEOUT_MS = 20_000;
const STOP_TIMEOUT_MS = 15_000;
const LOOK_EVERY_MS = 50;
/** Bytes at the end of the log, and lines of them, in which an agent that failed told why. */
const LAST_WORDS_BYTES = 16 * 1024;
const LAST_WORDS_LINES = 3;

export interface AgentProcessOptions {
  /** The program and arguments that start this very build: `[node, main.js]`. */
  readonly program: readonly string[];
  readonly args: readonly string[];
  readonly pidFile: string;
  readonly logFile: string;
  readonly fingerprint: string;
  readonly clock: Clock;
  /** Variables the agent needs, also where it is started through sudo. */
  readonly env?: Readonly<Record<string, string>>;
}

async function waitUntil(clock: Clock, timeoutMs: number, condition: () => Promise<boolean>): Promise<boolean> {
  const deadline = clock.monotonicMs() + timeoutMs;
  while (clock.monotonicMs() < deadline) {
    if (await condition()) return true;
    await sleep(clock, LOOK_EVERY_MS);
  }
  return condition();
}

/**
 * Sees that the node agent runs, in a session of its own that outlives this process. One that runs already with the same
 * build and options is left alone; one of another build is replaced, which restarts no container. Throws `AgentNotStarted`
 * with the agent's own last words.
 */
export async function ensureAgentProcess(options: AgentProcessOptions): Promise<'adopted' | 'started' | 'replaced'> {
  const { pidFile, logFile, fingerprint, clock, program, args, env } = options;
  const running = await readProcessFile(pidFile);
  if (running?.fingerprint === fingerprint) return 'adopted';
  if (running !== undefined) await stopAgentProcess(running, pidFile, clock);
  const who = invoker();
  const log = await open(logFile, 'a+', 0o644);
  try {
    const { size: from } = await log.stat();
    const [command = '', ...rest] = asRoot(
      [...program, ...args, '--pid-file', pidFile, '--fingerprint', fingerprint],
      who,
      env,
    );
    // Root without a terminal must not ask for a password; with one, sudo asks on it.
    const child = spawn(command, rest, {
      detached: true,
      stdio: [who.uid === 0 ? 'ignore' : 'inherit', log.fd, log.fd],
      cwd: path.dirname(pidFile),
    });
    child.unref();
    let ended: string | undefined;
    child.on('error', (error) => {
      ended = errorMessage(error);
    });
    child.on('exit', (code, signal) => {
      if (code !== 0) ended = `it ended with ${signal ?? `code ${code}`}`;
    });
    const up = await waitUntil(
      clock,
      START_TIMEOUT_MS,
      async () => ended !== undefined || (await readProcessFile(pidFile)) !== undefined,
    );
    const end = ended; // read before the kill below, whose signal would look like the agent's own end
    if (!up || end !== undefined) {
      if (end === undefined) child.kill();
      const words = await lastWords(log, from);
      const why = [end, words].filter((text) => text !== undefined && text !== '').join(': ');
      throw new StartError(
        'AgentNotStarted',
        `the node agent did not start${why === '' ? '' : `: ${why}`}`,
        `Its log is ${logFile}.${who.uid === 0 ? '' : ' The agent needs root (for pod networks and Services): start where sudo works, or as root.'}`,
      );
    }
  } finally {
    await log.close();
  }
  return running === undefined ? 'started' : 'replaced';
}

/** What a person would read at the end of the log: lines since `from` that are no log entries in JSON. */
async function lastWords(log: Awaited<ReturnType<typeof open>>, from: number): Promise<string> {
  const { size } = await log.stat();
  const start = Math.max(from, size - LAST_WORDS_BYTES);
  if (size <= start) return '';
  const { buffer, bytesRead } = await log.read(Buffer.alloc(size - start), 0, size - start, start);
  return stripVTControlCharacters(buffer.toString('utf8', 0, bytesRead))
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('{'))
    .slice(-LAST_WORDS_LINES)
    .join(' ');
}

/** Asks the agent to leave and waits until it has. Its containers go on. */
export async function stopAgentProcess(record: ProcessRecord, pidFile: string, clock: Clock): Promise<void> {
  await signal(record, 'TERM');
  const gone = () => startTicksOf(record.pid).then((ticks) => ticks !== record.startTicks);
  if (!(await waitUntil(clock, STOP_TIMEOUT_MS, gone))) {
    await signal(record, 'KILL');
    await waitUntil(clock, STOP_TIMEOUT_MS, gone);
  }
  await removeProcessFile(pidFile);
}

async function signal({ pid, startTicks }: ProcessRecord, name: 'TERM' | 'KILL'): Promise<void> {
  if ((await startTicksOf(pid)) !== startTicks) return;
  const [command = '', ...rest] = asRoot(['kill', `-${name}`, String(pid)], invoker());
  await run(command, rest).catch(async (error: unknown) => {
    if ((await startTicksOf(pid)) === startTicks) throw error;
  });
}
