import { RuntimeError } from '../errors.ts';
import { type ExecResult, runtimeLimits } from '../runtime.ts';
import { demultiplex } from './log-stream.ts';
import type { SessionDeps } from './session.ts';
import { signalIfInside } from './signal-inside.ts';

/**
 * Runs a command in a running container. After `timeoutMs` its process is killed where the engine runs on this host
 * (Docker itself cannot), and `ExecTimeout` is thrown either way.
 */
export async function exec(
  { engine, clock, log }: SessionDeps,
  id: string,
  command: readonly string[],
  timeoutMs: number,
): Promise<ExecResult> {
  const made = await engine.call((docker, abortSignal) =>
    docker.getContainer(id).exec({ Cmd: [...command], AttachStdout: true, AttachStderr: true, abortSignal }),
  );
  let timedOut = false;
  try {
    const output = await engine.call(
      async (_docker, signal) => {
        const stream = await made.start({ hijack: true, stdin: false });
        const give = () => {
          timedOut = true;
          stream.destroy();
        };
        if (signal.aborted) give();
        signal.addEventListener('abort', give, { once: true });
        return await readBounded(demultiplex(stream));
      },
      { timeoutMs },
    );
    const { ExitCode } = await engine.call((_docker, abortSignal) => made.inspect({ abortSignal }));
    return { exitCode: ExitCode ?? -1, output };
  } catch (error) {
    if (!timedOut) throw error;
    const inspect = () => engine.call((_docker, abortSignal) => made.inspect({ abortSignal }));
    await signalIfInside({ inspect, containerId: id, signal: 'SIGKILL', clock, log });
    throw new RuntimeError('ExecTimeout', `the command did not end within ${timeoutMs} ms`, error);
  }
}

/** Reads everything, keeps the first `execOutputBytes`. */
async function readBounded(source: AsyncIterable<Uint8Array>): Promise<string> {
  const kept: Uint8Array[] = [];
  let room: number = runtimeLimits.execOutputBytes;
  for await (const chunk of source) {
    if (room <= 0) continue;
    kept.push(chunk.subarray(0, room));
    room -= chunk.length;
  }
  return Buffer.concat(kept).toString('utf8');
}
