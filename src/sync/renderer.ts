import { Worker } from 'node:worker_threads';
import { type Clock, deepFreeze, entryPoint, errorMessage, type Log, type Timer } from '#base';
import type { Generated, PreparedFile, SourceFile } from '#render';
import { SyncError } from './errors.ts';
import type {
  ApplicationSetTask,
  ChartAnswer,
  ChartTask,
  KustomizeAnswer,
  RenderAnswer,
  RenderQuestion,
  RenderResult,
  RenderTask,
} from './render-protocol.types.ts';

/** Reads files, and builds kustomizations, to objects, off the event loop. Bad input, and input that costs too much, is data. */
export interface Renderer {
  /** What the file with this content says. Answers of the same content and namespace are shared and frozen. */
  prepare(
    file: { readonly blobId: string; readonly bytes: Uint8Array },
    defaultNamespace: string,
  ): Promise<PreparedFile>;
  /** The answer, when it is known already: then the file's bytes need not be read. */
  known(blobId: string, defaultNamespace: string): PreparedFile | undefined;
  /** What a folder with a kustomization says. `read` is asked for the files that it comes to, some at a time. */
  kustomize(request: KustomizeRequest): Promise<Exclude<KustomizeAnswer, { readonly type: 'needs' }>>;
  /** The Applications that an ApplicationSet makes, or what has to be known first. */
  applicationSet(request: Omit<ApplicationSetTask, 'type'>): Promise<Generated>;
  /** What a folder with a chart says, with these values. */
  chart(request: Omit<ChartTask, 'type'>): Promise<ChartAnswer>;
  close(): Promise<void>;
}

export interface KustomizeRequest {
  readonly folder: string;
  /** Every file of the commit. */
  readonly paths: readonly string[];
  read(paths: readonly string[]): Promise<readonly Uint8Array[]>;
  readonly defaultNamespace: string;
}

/** Times that a build may ask for more files: twice for each layer of kustomizations, once for each component. */
const MAX_ROUNDS = 200;

export interface RendererOptions {
  /** Longest time for one file, ms. */
  readonly fileMs: number;
  /** Added to that for the first file of a new thread, ms. */
  readonly startMs: number;
  /** Heap of the thread, MiB. A file that needs more ends the thread, not the program. */
  readonly heapMb: number;
  /** Files that wait for the thread. */
  readonly queued: number;
  /** Bytes of source text whose results are kept. */
  readonly cachedBytes: number;
  /** The thread ends after so long without work, ms. */
  readonly idleMs: number;
}

export const rendererDefaults: RendererOptions = {
  fileMs: 10_000,
  startMs: 20_000,
  heapMb: 512,
  queued: 64,
  cachedBytes: 134_217_728,
  idleMs: 60_000,
};

interface Job {
  readonly question: RenderQuestion;
  readonly resolve: (result: RenderAnswer['result']) => void;
  readonly reject: (error: unknown) => void;
}

/** What a result costs besides its text: small files are not free. */
const ENTRY_BYTES = 1_024;

/** What does the work, one question after the other. */
export interface RenderThread {
  postMessage(question: RenderQuestion): void;
  terminate(): Promise<unknown>;
}

export interface RenderListener {
  answered(answer: RenderAnswer): void;
  /** It ended, or is of no use any more. */
  broken(why: string): void;
}

/** Starts one. It does not keep the process alive. */
export type StartThread = (listener: RenderListener, limits: { readonly heapMb: number }) => RenderThread;

export interface RendererDeps {
  readonly clock: Clock;
  readonly log: Log;
  /** A thread of its own, which can be ended, when absent. */
  readonly startThread?: StartThread;
}

export function createRenderer(deps: RendererDeps, options: Partial<RendererOptions> = {}): Renderer {
  return new WorkerRenderer(deps, { ...rendererDefaults, ...options });
}

const startWorker: StartThread = ({ answered, broken }, { heapMb }) => {
  const { url, execArgv } = entryPoint(import.meta.url, 'render-worker');
  const worker = new Worker(url, {
    execArgv: [...execArgv],
    env: {},
    resourceLimits: { maxOldGenerationSizeMb: heapMb, maxYoungGenerationSizeMb: 64, stackSizeMb: 4 },
  });
  worker.on('message', answered);
  worker.on('error', (error) => broken(`reading it failed: ${errorMessage(error)}`));
  worker.on('exit', () => broken('reading it ended the reader'));
  worker.unref();
  return worker;
};

class WorkerRenderer implements Renderer {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #startThread: StartThread;
  readonly #options: RendererOptions;
  readonly #cache = new Map<
    string,
    { readonly prepared: Promise<PreparedFile>; readonly bytes: number; done?: PreparedFile }
  >();
  #cachedBytes = 0;
  readonly #jobs: Job[] = [];
  readonly #room: (() => void)[] = [];
  #worker: RenderThread | undefined;
  #deadline: Timer | undefined;
  #idle: Timer | undefined;
  #nextId = 1;
  /** Whether the thread has answered once: starting it takes longer than a file. */
  #warm = false;
  #closed = false;

  constructor({ clock, log, startThread = startWorker }: RendererDeps, options: RendererOptions) {
    this.#clock = clock;
    this.#log = log;
    this.#startThread = startThread;
    this.#options = options;
  }

  known(blobId: string, defaultNamespace: string): PreparedFile | undefined {
    const key = cacheKey(blobId, defaultNamespace);
    const entry = this.#cache.get(key);
    if (entry?.done === undefined) return undefined;
    this.#cache.delete(key);
    this.#cache.set(key, entry);
    return entry.done;
  }

  prepare(
    file: { readonly blobId: string; readonly bytes: Uint8Array },
    defaultNamespace: string,
  ): Promise<PreparedFile> {
    const key = cacheKey(file.blobId, defaultNamespace);
    const cached = this.#cache.get(key);
    if (cached !== undefined) return cached.prepared;
    const entry: { prepared: Promise<PreparedFile>; bytes: number; done?: PreparedFile } = {
      bytes: file.bytes.length + ENTRY_BYTES,
      prepared: this.#ask({ type: 'file', bytes: file.bytes, defaultNamespace }).then(
        (prepared) => {
          entry.done = deepFreeze(prepared);
          return entry.done;
        },
        (error: unknown) => {
          this.#forget(key, entry);
          throw error;
        },
      ),
    };
    this.#cache.set(key, entry);
    this.#cachedBytes += entry.bytes;
    for (const [oldest, { bytes }] of this.#cache) {
      if (this.#cachedBytes <= this.#options.cachedBytes || oldest === key) break;
      this.#cache.delete(oldest);
      this.#cachedBytes -= bytes;
    }
    return entry.prepared;
  }

  async kustomize({ folder, paths, read, defaultNamespace }: KustomizeRequest) {
    const files = new Map<string, Uint8Array>();
    for (let round = 0; round < MAX_ROUNDS; round += 1) {
      const answer = await this.#ask({ type: 'kustomize', folder, paths, files, defaultNamespace });
      if (answer.type !== 'needs') return answer.type === 'built' ? { ...answer, files: frozen(answer.files) } : answer;
      const bytes = await read(answer.paths);
      for (const [index, path] of answer.paths.entries()) files.set(path, bytes[index] ?? new Uint8Array());
    }
    const message = `it asked for files more than ${MAX_ROUNDS} times`;
    return { type: 'failed', problem: { path: folder, line: 0, message } } as const;
  }

  async applicationSet(request: Omit<ApplicationSetTask, 'type'>): Promise<Generated> {
    return this.#ask({ type: 'application-set', ...request });
  }

  async chart(request: Omit<ChartTask, 'type'>): Promise<ChartAnswer> {
    const answer = await this.#ask({ type: 'chart', ...request });
    return answer.type === 'built' ? { ...answer, files: frozen(answer.files) } : answer;
  }

  #forget(key: string, entry: { readonly bytes: number }): void {
    if (this.#cache.get(key) !== entry) return;
    this.#cache.delete(key);
    this.#cachedBytes -= entry.bytes;
  }

  async #ask<T extends RenderTask>(task: T): Promise<RenderResult<T>> {
    while (this.#jobs.length >= this.#options.queued) await new Promise<void>((resolve) => this.#room.push(resolve));
    if (this.#closed) throw new SyncError('SyncClosed', 'the renderer is closed');
    return new Promise((resolve, reject) => {
      const question = { id: this.#nextId++, task };
      this.#jobs.push({ question, resolve: (result) => resolve(result as RenderResult<T>), reject });
      this.#start().postMessage(question);
      if (this.#jobs.length === 1) this.#armDeadline();
    });
  }

  #start(): RenderThread {
    this.#idle?.cancel();
    this.#idle = undefined;
    if (this.#worker !== undefined) return this.#worker;
    const worker: RenderThread = this.#startThread(
      {
        answered: (answer) => this.#answered(worker, answer),
        broken: (why) => this.#broken(worker, why),
      },
      this.#options,
    );
    this.#worker = worker;
    this.#warm = false;
    return worker;
  }

  #answered(worker: RenderThread, answer: RenderAnswer): void {
    if (this.#worker !== worker || this.#jobs[0]?.question.id !== answer.id) return;
    this.#warm = true;
    this.#jobs.shift()?.resolve(answer.result);
    this.#next();
  }

  /** The file at the head of the line is the one that did it; the others get a new thread. */
  #broken(worker: RenderThread, why: string): void {
    if (this.#worker !== worker) return;
    this.#worker = undefined;
    void worker.terminate();
    const job = this.#jobs.shift();
    if (job !== undefined) {
      this.#log.warn({ reason: why }, 'a manifest could not be read');
      job.resolve(brokenOff(job.question.task, why));
    }
    if (this.#jobs.length > 0) for (const { question } of this.#jobs) this.#start().postMessage(question);
    this.#next();
  }

  #next(): void {
    this.#deadline?.cancel();
    this.#room.shift()?.();
    if (this.#jobs.length > 0) {
      this.#armDeadline();
      return;
    }
    this.#idle = this.#clock.after(this.#options.idleMs, () => this.#stop());
  }

  #armDeadline(): void {
    const worker = this.#worker;
    const { fileMs, startMs } = this.#options;
    this.#deadline = this.#clock.after(this.#warm ? fileMs : fileMs + startMs, () => {
      if (worker !== undefined) this.#broken(worker, `it took longer than ${fileMs} ms`);
    });
  }

  #stop(): void {
    const worker = this.#worker;
    this.#worker = undefined;
    void worker?.terminate();
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#deadline?.cancel();
    this.#idle?.cancel();
    const worker = this.#worker;
    this.#worker = undefined;
    for (const job of this.#jobs.splice(0)) job.reject(new SyncError('SyncClosed', 'the renderer is closed'));
    for (const wake of this.#room.splice(0)) wake();
    await worker?.terminate();
  }
}

/** What is told of a task that ended its thread, or would not end. */
function brokenOff(task: RenderTask, why: string): RenderAnswer['result'] {
  if (task.type === 'application-set') return { type: 'failed', message: why };
  if (task.type !== 'file') return { type: 'failed', problem: { path: task.folder, line: 0, message: why } };
  return {
    objects: [],
    pending: [],
    refusedIds: [],
    diagnostics: [{ severity: 'error', code: 'InvalidManifest', message: `the file cannot be read: ${why}`, line: 0 }],
    failed: true,
  };
}

function frozen(files: readonly SourceFile[]): readonly SourceFile[] {
  return deepFreeze(files);
}

function cacheKey(blobId: string, defaultNamespace: string): string {
  return `${blobId} ${defaultNamespace}`;
}
