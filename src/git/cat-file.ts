import { GitError } from './errors.ts';
import type { GitChild } from './git-command.ts';

/** One object as git stores it. */
export interface GitObject {
  readonly id: string;
  readonly type: 'blob' | 'tree' | 'commit' | 'tag';
  readonly bytes: Uint8Array;
}

interface Waiting {
  readonly name: string;
  readonly resolve: (object: GitObject | undefined) => void;
  readonly reject: (error: unknown) => void;
}

/** Questions that may wait for an answer at once; more wait in turn with their callers. */
const IN_FLIGHT = 256;
/** Longest header line: an id, a type and a size, or the name that is missing. */
const MAX_HEADER = 8_192;

/**
 * One long-lived `git cat-file --batch`: objects by name, as bytes, in the order asked. A child that dies or answers
 * nonsense is replaced, and what it owed is answered with an error. Objects over `maxBytes` are refused unread.
 */
export class CatFile {
  readonly #spawn: () => GitChild;
  readonly #maxBytes: number;
  #child: GitChild | undefined;
  readonly #waiting: Waiting[] = [];
  #chunks: Buffer[] = [];
  #buffered = 0;
  #header: { readonly id: string; readonly type: GitObject['type']; readonly size: number } | undefined;
  #room: (() => void)[] = [];
  #closed = false;

  constructor(spawn: () => GitChild, maxBytes: number) {
    this.#spawn = spawn;
    this.#maxBytes = maxBytes;
  }

  /** The object that `name` names (an id, a ref, `<commit>^{tree}`, `<commit>:<path>`), or undefined when there is none. */
  async read(name: string): Promise<GitObject | undefined> {
    if (/[\n\r\0]/.test(name)) return undefined;
    while (this.#waiting.length >= IN_FLIGHT) await new Promise<void>((resolve) => this.#room.push(resolve));
    if (this.#closed) throw new GitError('GitFailed', 'the mirror is closed');
    return new Promise((resolve, reject) => {
      const child = this.#start();
      this.#waiting.push({ name, resolve, reject });
      child.stdin.write(`${name}\n`);
    });
  }

  /** Lets the next read start a new child: after packs were rewritten. */
  restart(): void {
    this.#fail(this.#child, new GitError('GitFailed', 'git cat-file was restarted'));
  }

  close(): void {
    this.#closed = true;
    this.restart();
    for (const wake of this.#room.splice(0)) wake();
  }

  #start(): GitChild {
    if (this.#child !== undefined) return this.#child;
    const child = this.#spawn();
    this.#child = child;
    this.#chunks = [];
    this.#buffered = 0;
    this.#header = undefined;
    const failed = (error: unknown) => this.#fail(child, error);
    child.stdout.on('data', (chunk: Buffer) => {
      if (this.#child !== child) return;
      this.#chunks.push(chunk);
      this.#buffered += chunk.length;
      try {
        this.#drain();
      } catch (error) {
        failed(error);
      }
    });
    child.stderr.resume();
    child.stdin.on('error', failed);
    child.on('error', (error) => failed(new GitError('GitFailed', 'git could not be started', error)));
    child.on('close', () => failed(new GitError('GitFailed', 'git cat-file ended early')));
    child.unref();
    return child;
  }

  #fail(child: GitChild | undefined, error: unknown): void {
    if (child === undefined || this.#child !== child) return;
    this.#child = undefined;
    child.kill('SIGKILL');
    for (const { reject } of this.#waiting.splice(0)) reject(error);
    this.#wake();
  }

  #drain(): void {
    for (;;) {
      if (this.#header === undefined) {
        const line = this.#takeLine();
        if (line === undefined) return;
        this.#takeHeader(line);
        continue;
      }
      // The content is followed by one newline.
      if (this.#buffered < this.#header.size + 1) return;
      const { id, type, size } = this.#header;
      const bytes = this.#take(size + 1).subarray(0, size);
      this.#header = undefined;
      this.#answer({ id, type, bytes });
    }
  }

  #takeHeader(line: string): void {
    const match = /^([0-9a-f]{40,64}) (blob|tree|commit|tag) (\d+)$/.exec(line);
    if (match === null) {
      if (!/ (missing|ambiguous)$/.test(line)) throw new GitError('GitFailed', 'git cat-file answered nonsense');
      this.#answer(undefined);
      return;
    }
    const size = Number(match[3]);
    if (size > this.#maxBytes) {
      throw new GitError('TreeTooLarge', `object ${match[1]} has ${size} bytes, over the limit of ${this.#maxBytes}`);
    }
    this.#header = { id: match[1] as string, type: match[2] as GitObject['type'], size };
  }

  #answer(object: GitObject | undefined): void {
    this.#waiting.shift()?.resolve(object);
    this.#wake();
  }

  #wake(): void {
    for (const wake of this.#room.splice(0, Math.max(0, IN_FLIGHT - this.#waiting.length))) wake();
  }

  #takeLine(): string | undefined {
    let length = 0;
    for (const chunk of this.#chunks) {
      const newline = chunk.indexOf(10);
      if (newline >= 0)
        return this.#take(length + newline + 1)
          .subarray(0, -1)
          .toString('utf8');
      length += chunk.length;
    }
    if (length > MAX_HEADER) throw new GitError('GitFailed', 'git cat-file answered nonsense');
    return undefined;
  }

  /** The next `size` bytes, copied out of the chunks so that a small object does not keep a large buffer alive. */
  #take(size: number): Buffer {
    const taken = Buffer.allocUnsafeSlow(size);
    let filled = 0;
    while (filled < size) {
      const chunk = this.#chunks[0] as Buffer;
      const part = chunk.subarray(0, size - filled);
      part.copy(taken, filled);
      filled += part.length;
      if (part.length === chunk.length) this.#chunks.shift();
      else this.#chunks[0] = chunk.subarray(part.length);
    }
    this.#buffered -= size;
    return taken;
  }
}
