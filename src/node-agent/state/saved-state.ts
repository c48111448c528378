import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { EndpointSlice, Pod, Service } from '#api';
import { type Clock, errorCode, type Log, type Timer } from '#base';

/** What a restarted agent needs to go on while the control plane is down. */
export interface SavedState {
  readonly podCidr?: string;
  readonly pods: readonly Pod[];
  readonly services: readonly Service[];
  readonly slices: readonly EndpointSlice[];
}

export const EMPTY_STATE: SavedState = { pods: [], services: [], slices: [] };

/** Changes within this time are written together, in ms. */
const SAVE_AFTER_MS = 100;

/**
 * Keeps the state in one file that only its owner reads (a pod's spec may hold secrets in its variables), replaced
 * whole. Losing the last moments of it is harmless: it is only a memory of what the API says.
 */
export class StateFile {
  readonly #file: string;
  readonly #clock: Clock;
  readonly #log: Log;
  #state: SavedState = EMPTY_STATE;
  #timer: Timer | undefined;
  #writing: Promise<void> = Promise.resolve();

  constructor(stateDir: string, clock: Clock, log: Log) {
    this.#file = path.join(path.resolve(stateDir), 'known.json');
    this.#clock = clock;
    this.#log = log;
  }

  /** What was saved; nothing when the file is missing or damaged: the API knows all of it. */
  async read(): Promise<SavedState> {
    try {
      const parsed: unknown = JSON.parse(await readFile(this.#file, 'utf8'));
      this.#state = { ...EMPTY_STATE, ...(parsed as SavedState) };
    } catch (error) {
      if (errorCode(error) !== 'ENOENT')
        this.#log.warn({ err: error, file: this.#file }, 'the saved state is unreadable');
    }
    return this.#state;
  }

  /** Saves these parts, soon. */
  save(part: Partial<SavedState>): void {
    this.#state = { ...this.#state, ...part };
    this.#timer ??= this.#clock.after(SAVE_AFTER_MS, () => {
      this.#timer = undefined;
      this.#writing = this.#writing.then(() => this.#write());
    });
  }

  /** Writes what waits to be written. */
  async flush(): Promise<void> {
    if (this.#timer !== undefined) {
      this.#timer.cancel();
      this.#timer = undefined;
      this.#writing = this.#writing.then(() => this.#write());
    }
    await this.#writing;
  }

  async #write(): Promise<void> {
    try {
      await mkdir(path.dirname(this.#file), { recursive: true, mode: 0o700 });
      await writeFile(`${this.#file}.new`, JSON.stringify(this.#state), { mode: 0o600 });
      await rename(`${this.#file}.new`, this.#file);
    } catch (error) {
      this.#log.warn({ err: error, file: this.#file }, 'the state cannot be saved');
    }
  }
}
