import { open, rm } from 'node:fs/promises';
import { errorCode } from '#base';
import { NO_SANDBOX, type Runtime, type RuntimeContainer } from '#runtime';
import { lastWordsFile } from './container-builder.ts';
import type { PodContext } from './pod-context.ts';
import { CANNOT_RUN } from './status.plan.ts';

/** Longest last words that are read, in bytes: their end. Source: kubelet/container/runtime.go, MaxContainerTerminationMessageLength (v1.32). */
const MAX_LAST_WORDS = 4_096;
/** Of a log that stands in for them. Source: kuberuntime, MaxContainerTerminationMessageLogLines and …LogLength (v1.32). */
const MAX_LOG_LINES = 80;
const MAX_LOG_BYTES = 2_048;

/** What ended containers left behind: their termination messages. */
export class LastWords {
  readonly #context: PodContext;
  /** By container id; '' while they are being read, and when there are none. */
  readonly #words = new Map<string, string>();
  #reading = 0;

  constructor(context: PodContext) {
    this.#context = context;
  }

  /** Some are being read: an end that is told now would be told without them. */
  get reading(): boolean {
    return this.#reading > 0;
  }

  /** The container with its last words behind the engine's message, where it left any. */
  of(container: RuntimeContainer): RuntimeContainer {
    const words = this.#words.get(container.id);
    if (words === undefined || words === '') return container;
    const { message } = container;
    return { ...container, message: message === undefined || message === '' ? words : `${message}: ${words}` };
  }

  /** Reads those of a container that ended, once. */
  read(container: RuntimeContainer): void {
    if (this.#words.has(container.id)) return;
    this.#words.set(container.id, '');
    this.#reading += 1;
    const task = async () => {
      this.#words.set(container.id, await this.#wordsOf(container));
    };
    this.#context.beside(task, () => {
      this.#reading -= 1;
    });
  }

  async #wordsOf(container: RuntimeContainer): Promise<string> {
    return (await this.#fromFile(container)) || (await this.#fromGate(container)) || (await this.#fromLog(container));
  }

  /** The record of the container is gone. */
  async forget(container: RuntimeContainer): Promise<void> {
    this.#words.delete(container.id);
    await rm(this.#file(container), { force: true });
  }

  #file({ name, attempt }: RuntimeContainer): string {
    return lastWordsFile(this.#context.deps.folders, this.#context.uid, name, attempt);
  }

  async #fromFile(container: RuntimeContainer): Promise<string> {
    try {
      return await endOf(this.#file(container));
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return '';
      throw error;
    }
  }

  /** Of a program that could not be started the gate says so in the log: nobody else could have. */
  async #fromGate({ id, sandboxId, exitCode = 0 }: RuntimeContainer): Promise<string> {
    const { words, exitCodes } = CANNOT_RUN;
    if (sandboxId !== NO_SANDBOX || !exitCodes.some((code) => code === exitCode)) return '';
    const said = await tailOf(this.#context.deps.runtime, id);
    return said.startsWith(words) ? said.trimEnd() : '';
  }

  async #fromLog({ id, name, exitCode }: RuntimeContainer): Promise<string> {
    const policy = this.#context.specOf(name)?.terminationMessagePolicy;
    if (policy !== 'FallbackToLogsOnError' || exitCode === 0) return '';
    return await tailOf(this.#context.deps.runtime, id);
  }
}

/** The end of a file that a container may have made as long as it liked. */
async function endOf(file: string): Promise<string> {
  const handle = await open(file, 'r');
  try {
    const { size } = await handle.stat();
    const length = Math.min(size, MAX_LAST_WORDS);
    const { bytesRead, buffer } = await handle.read(Buffer.alloc(length), 0, length, size - length);
    return buffer.subarray(0, bytesRead).toString('utf8');
  } finally {
    await handle.close();
  }
}

async function tailOf(runtime: Pick<Runtime, 'logs'>, containerId: string): Promise<string> {
  let tail = Buffer.alloc(0);
  for await (const chunk of runtime.logs(containerId, { tailLines: MAX_LOG_LINES })) {
    tail = Buffer.concat([tail, chunk]).subarray(-MAX_LOG_BYTES);
  }
  return tail.toString('utf8');
}
