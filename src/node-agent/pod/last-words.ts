import { readFile, rm } from 'node:fs/promises';
import { errorCode } from '#base';
import type { Runtime, RuntimeContainer } from '#runtime';
import { lastWordsFile } from './container-builder.ts';
import type { PodContext } from './pod-context.ts';

/** Longest last words that are read, in bytes. Source: kubelet/container/runtime.go, MaxContainerTerminationMessageLength (v1.32). */
const MAX_LAST_WORDS = 4_096;
/** Of a log that stands in for them. Source: kuberuntime, MaxContainerTerminationMessageLogLines and …LogLength (v1.32). */
const MAX_LOG_LINES = 80;
const MAX_LOG_BYTES = 2_048;

/** What ended containers left behind: their termination messages. */
export class LastWords {
  readonly #context: PodContext;
  /** By container id; '' while they are being read, and when there are none. */
  readonly #words = new Map<string, string>();

  constructor(context: PodContext) {
    this.#context = context;
  }

  /** The container with its last words as its message, where it left any. */
  of(container: RuntimeContainer): RuntimeContainer {
    const words = this.#words.get(container.id);
    return words === undefined || words === '' ? container : { ...container, message: words };
  }

  /** Reads those of a container that ended, once. */
  read(container: RuntimeContainer): void {
    if (this.#words.has(container.id)) return;
    this.#words.set(container.id, '');
    this.#context.beside(async () => {
      this.#words.set(container.id, (await this.#fromFile(container)) || (await this.#fromLog(container)));
    });
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
      return (await readFile(this.#file(container))).subarray(0, MAX_LAST_WORDS).toString('utf8');
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return '';
      throw error;
    }
  }

  async #fromLog({ id, name, exitCode }: RuntimeContainer): Promise<string> {
    const policy = this.#context.specOf(name)?.terminationMessagePolicy;
    if (policy !== 'FallbackToLogsOnError' || exitCode === 0) return '';
    return await tailOf(this.#context.deps.runtime, id);
  }
}

async function tailOf(runtime: Pick<Runtime, 'logs'>, containerId: string): Promise<string> {
  let tail = Buffer.alloc(0);
  for await (const chunk of runtime.logs(containerId, { tailLines: MAX_LOG_LINES })) {
    tail = Buffer.concat([tail, chunk]).subarray(-MAX_LOG_BYTES);
  }
  return tail.toString('utf8');
}
