import type { Clock, Timer } from '#base';

interface Pending {
  readonly atMs: number;
  readonly order: number;
  readonly callback: () => void;
}

/** Turns of the event loop in which all that can go on without the clock does: the scheduler takes one between plans. */
const TURNS = 3;

/** A clock that moves only when told, from timer to timer; what each sets going comes to rest before the next. */
export class SimulatedClock implements Clock {
  #nowMs: number;
  #order = 0;
  /** Latest first. */
  readonly #pending: Pending[] = [];

  constructor(nowMs: number) {
    this.#nowMs = nowMs;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  monotonicMs(): number {
    return this.#nowMs;
  }

  after(delayMs: number, callback: () => void): Timer {
    const pending = { atMs: this.#nowMs + Math.max(0, delayMs), order: this.#order++, callback };
    this.#pending.splice(this.#place(pending), 0, pending);
    return { cancel: () => this.#remove(pending) };
  }

  /** Lets so much time pass. `look` is asked after each timer whether to stop early. */
  async advance(ms: number, look: () => boolean = () => false): Promise<void> {
    const untilMs = this.#nowMs + ms;
    await settle();
    for (;;) {
      if (look()) return;
      const next = this.#pending.at(-1);
      if (next === undefined || next.atMs > untilMs) break;
      this.#pending.pop();
      this.#nowMs = next.atMs;
      next.callback();
      await settle();
    }
    this.#nowMs = untilMs;
  }

  /** Where it stands in the line: before all that fire earlier. */
  #place({ atMs, order }: Pending): number {
    let low = 0;
    let high = this.#pending.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const other = this.#pending[middle] as Pending;
      if (other.atMs > atMs || (other.atMs === atMs && other.order > order)) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #remove(pending: Pending): void {
    const at = this.#place(pending);
    if (this.#pending[at] === pending) this.#pending.splice(at, 1);
  }
}

/** Lets everything happen that needs no time. Nothing in the process does real input or output: the order is always the same. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < TURNS; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}
