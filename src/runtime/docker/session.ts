import type { Duplex } from 'node:stream';
import type Docker from 'dockerode';
import { backoffMs, type Clock, type Log, sleep } from '#base';
import { isRuntimeError, RuntimeError } from '../errors.ts';
import type { ProcessRequest, RuntimeSession, SessionOutput, StreamRequest, TerminalSize } from '../runtime.ts';
import type { Engine } from './engine.ts';
import type { DockerInspect } from './inspect.ts';
import { demultiplexed } from './log-stream.ts';
import { signalIfInside } from './signal-inside.ts';

export interface SessionDeps {
  readonly engine: Engine;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Docker leaves a session on these keys, and holds back the first of them until the next one comes. Its own are ctrl-p
 * ctrl-q, and ctrl-p is every shell's "previous line": so four that nobody types.
 */
const DETACH_KEYS = 'ctrl-^,ctrl-_,ctrl-^,ctrl-_';

/** A size is refused until the process has begun: asked again after so long, in ms, and so often. */
const RESIZE_RETRY = { initialMs: 20, maxMs: 500 };
const RESIZE_ATTEMPTS = 10;
/** A process may outlive its outputs; asked after it so often, in ms. */
const EXIT_POLL = { initialMs: 5, maxMs: 1_000 };

/** Runs a command beside a container's own process. It gets SIGHUP when its session is closed before it has ended. */
export async function openProcess(
  { engine, clock, log }: SessionDeps,
  id: string,
  { command, ...wanted }: ProcessRequest,
): Promise<RuntimeSession> {
  const made = await engine.call((docker, abortSignal) =>
    docker.getContainer(id).exec({
      Cmd: [...command],
      AttachStdin: wanted.stdin,
      AttachStdout: wanted.stdout,
      AttachStderr: wanted.stderr && !wanted.tty,
      Tty: wanted.tty,
      DetachKeys: DETACH_KEYS,
      abortSignal,
    }),
  );
  const connection = await engine.call((_docker, signal) =>
    opened(signal, made.start({ hijack: true, stdin: wanted.stdin, Tty: wanted.tty })),
  );
  const inspect = () => engine.call((_docker, abortSignal) => made.inspect({ abortSignal }));
  return new DockerSession({
    connection,
    clock,
    tty: wanted.tty,
    resize: async ({ width, height }) => {
      await engine.call((_docker, abortSignal) => made.resize({ w: width, h: height, abortSignal }));
    },
    async exit(signal) {
      for (let looks = 1; ; looks += 1) {
        const { Running, ExitCode } = await inspect();
        if (!Running) return ExitCode ?? undefined;
        await sleep(clock, backoffMs(looks, EXIT_POLL), signal);
      }
    },
    leave: () => signalIfInside({ inspect, containerId: id, signal: 'SIGHUP', clock, log }),
    onLeaveFailed: (error) =>
      log.warn({ err: error, container: id }, 'a command could not be told that its caller left'),
  });
}

/** Joins the input and output of a container's own process, from now on. Closing the session leaves the process alone. */
export async function attach(
  { engine, clock }: SessionDeps,
  id: string,
  wanted: StreamRequest,
): Promise<RuntimeSession> {
  const container = (docker: Docker) => docker.getContainer(id);
  const inspected = await engine.call(async (docker, abortSignal) => {
    const found: DockerInspect = await container(docker).inspect({ abortSignal });
    return found;
  });
  if (inspected.State.Status !== 'running') throw new RuntimeError('ContainerNotFound', 'the container does not run');
  const connection = await engine.call((docker, signal) =>
    opened(
      signal,
      container(docker).attach({
        stream: true,
        hijack: true,
        stdin: wanted.stdin,
        stdout: wanted.stdout,
        stderr: wanted.stderr,
        detachKeys: DETACH_KEYS,
      }),
    ),
  );
  return new DockerSession({
    connection,
    clock,
    tty: inspected.Config.Tty === true,
    resize: async ({ width, height }) => {
      await engine.call((docker, abortSignal) => container(docker).resize({ w: width, h: height, abortSignal }));
    },
    exit: async () => undefined,
    leave: async () => undefined,
    onLeaveFailed: () => undefined,
  });
}

/** dockerode hands the connection over however long that takes: one that comes too late is closed. */
async function opened(signal: AbortSignal, opening: Promise<NodeJS.ReadWriteStream>): Promise<Duplex> {
  const connection = (await opening) as Duplex;
  if (!signal.aborted) return connection;
  connection.destroy();
  throw signal.reason;
}

interface SessionParts {
  readonly connection: Duplex;
  readonly clock: Clock;
  readonly tty: boolean;
  readonly resize: (size: TerminalSize) => Promise<void>;
  readonly exit: (signal: AbortSignal) => Promise<number | undefined>;
  readonly leave: () => Promise<void>;
  readonly onLeaveFailed: (error: unknown) => void;
}

class DockerSession implements RuntimeSession {
  readonly #parts: SessionParts;
  readonly #closed = new AbortController();
  #resizing: Promise<void> | undefined;
  #size: TerminalSize | undefined;
  #ended = false;

  constructor(parts: SessionParts) {
    this.#parts = parts;
    parts.connection.on('error', () => undefined); // who reads hears of it as an end
  }

  async *output(): AsyncGenerator<SessionOutput, void, undefined> {
    const { connection, tty } = this.#parts;
    try {
      const chunks: AsyncIterable<Uint8Array> = connection.iterator({ destroyOnReturn: false });
      if (!tty) yield* demultiplexed(chunks);
      else for await (const bytes of chunks) yield { stream: 'stdout', bytes };
    } catch (error) {
      if (this.#closed.signal.aborted) return;
      throw new RuntimeError('EngineUnavailable', 'the connection to the Docker engine broke off', error);
    }
  }

  write(bytes: Uint8Array): Promise<void> | undefined {
    const { connection } = this.#parts;
    // What a process that has ended does not read is nobody's loss.
    if (connection.destroyed || connection.writableEnded || connection.write(bytes)) return undefined;
    return new Promise((resolve) => {
      const done = () => {
        connection.off('drain', done).off('close', done);
        resolve();
      };
      connection.on('drain', done).on('close', done);
    });
  }

  endInput(): void {
    this.#parts.connection.end();
  }

  resize(size: TerminalSize): void {
    this.#size = size;
    this.#resizing ??= this.#resize().finally(() => {
      this.#resizing = undefined;
    });
  }

  async exitCode(): Promise<number | undefined> {
    try {
      const code = await this.#parts.exit(this.#closed.signal);
      this.#ended = true;
      return code;
    } catch (error) {
      if (this.#closed.signal.aborted) return undefined;
      // It went with its container.
      if (!isRuntimeError(error, 'ContainerNotFound')) throw error;
      this.#ended = true;
      return KILLED;
    }
  }

  close(): void {
    if (this.#closed.signal.aborted) return;
    this.#closed.abort();
    this.#parts.connection.destroy();
    if (!this.#ended) this.#parts.leave().catch(this.#parts.onLeaveFailed);
  }

  /** Sets the newest size; the engine refuses one while the process is being started, and when it has ended. */
  async #resize(): Promise<void> {
    for (let attempt = 1; attempt <= RESIZE_ATTEMPTS && !this.#closed.signal.aborted; ) {
      const size = this.#size;
      if (size === undefined) return;
      try {
        await this.#parts.resize(size);
        if (this.#size === size) return;
        attempt = 1;
      } catch {
        await sleep(this.#parts.clock, backoffMs(attempt, RESIZE_RETRY), this.#closed.signal).catch(() => undefined);
        attempt += 1;
      }
    }
  }
}

/** 128 and SIGKILL: how a process ends whose container is taken from under it. */
const KILLED = 137;
