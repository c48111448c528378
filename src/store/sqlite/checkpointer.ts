import type { Clock, Log, Timer } from '#base';
import { sqliteLimits } from './limits.ts';

export interface CheckpointerDeps {
  readonly clock: Pick<Clock, 'after'>;
  readonly log: Log;
  /** Moves pages from the log to the file beside the writer; answers the log's size. */
  checkpoint(): Promise<{ readonly walBytes: number }>;
  /** Starts the log over, between two transactions of the writer. */
  resetLog(request: { readonly truncate: boolean }): Promise<unknown>;
}

export interface CheckpointerOptions {
  readonly everyMs: number;
  readonly walCapBytes: number;
}

export const checkpointerDefaults: CheckpointerOptions = {
  everyMs: sqliteLimits.checkpointEveryMs,
  walCapBytes: sqliteLimits.walCapBytes,
};

/**
 * Keeps the write-ahead log short, away from the writer's path. While commits come it checkpoints every `everyMs`, and
 * starts the log over when it is above its cap; after a quiet interval it gives the log's space back and then sleeps,
 * without a timer, until the next commit.
 */
export class Checkpointer {
  readonly #deps: CheckpointerDeps;
  readonly #options: CheckpointerOptions;
  #timer: Timer | undefined;
  #running: Promise<void> | undefined;
  #dirty = false;
  #stopped = false;

  constructor(deps: CheckpointerDeps, options = checkpointerDefaults) {
    this.#deps = deps;
    this.#options = options;
  }

  /** Says that something was committed. */
  committed(): void {
    this.#dirty = true;
    this.#arm();
  }

  /** Stops; resolves when no call is under way any more. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#timer?.cancel();
    await this.#running;
  }

  #arm(): void {
    if (this.#stopped || this.#timer !== undefined || this.#running !== undefined) return;
    this.#timer = this.#deps.clock.after(this.#options.everyMs, () => {
      this.#timer = undefined;
      this.#running = this.#round().then((again) => {
        this.#running = undefined;
        if (again || this.#dirty) this.#arm();
      });
    });
  }

  /** Answers whether another round is due even if nothing is committed: the quiet one. */
  async #round(): Promise<boolean> {
    const busy = this.#dirty;
    this.#dirty = false;
    try {
      const { walBytes } = await this.#deps.checkpoint();
      if (!busy) await this.#deps.resetLog({ truncate: true });
      else if (walBytes > this.#options.walCapBytes) {
        // The writer has to stop for what came meanwhile: a second pass leaves it little.
        await this.#deps.checkpoint();
        await this.#deps.resetLog({ truncate: false });
      }
      return busy;
    } catch (error) {
      if (!this.#stopped) this.#deps.log.warn({ err: error }, 'checkpoint failed');
      return false;
    }
  }
}
