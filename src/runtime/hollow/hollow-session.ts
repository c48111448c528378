import { AsyncQueue } from '#base';
import type { RuntimeSession, SessionOutput } from '../runtime.ts';

export interface HollowSessionOptions {
  readonly says: string;
  /** Says again what it reads, and ends when that ends; else it ends at once. */
  readonly echoes: boolean;
  readonly exitCode?: number;
}

/** Pieces that wait for the reader. */
const MAX_PIECES = 10_000;

/** A pretended command: names itself, and repeats its input. */
export class HollowSession implements RuntimeSession {
  readonly #said = new AsyncQueue<SessionOutput>(MAX_PIECES);
  readonly #exitCode: number | undefined;

  constructor({ says, echoes, exitCode }: HollowSessionOptions) {
    this.#exitCode = exitCode;
    if (says !== '') this.#say(Buffer.from(says));
    if (!echoes) this.#said.end();
  }

  output(): AsyncIterable<SessionOutput> {
    return this.#said;
  }

  write(bytes: Uint8Array): undefined {
    this.#say(bytes);
  }

  endInput(): void {
    this.#said.end();
  }

  resize(): void {
    // It has no terminal.
  }

  async exitCode(): Promise<number | undefined> {
    return this.#exitCode;
  }

  close(): void {
    this.#said.end();
  }

  #say(bytes: Uint8Array): void {
    if (!this.#said.push({ stream: 'stdout', bytes })) this.#said.end(new RangeError('nobody reads what it says'));
  }
}
