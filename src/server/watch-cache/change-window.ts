import type { Change } from './change.ts';

export interface ChangeWindowLimits {
  readonly maxChanges: number;
  readonly maxAgeMs: number;
  /** Stored bytes of all changes together. */
  readonly maxBytes: number;
}

/**
 * The newest changes of one resource, in order, so that a watch can continue where it left off. Bounded in number,
 * age and bytes; what fell out is answered by `undefined`, never by a gap.
 */
export class ChangeWindow {
  readonly #limits: ChangeWindowLimits;
  #changes: Change[] = [];
  #start = 0;
  #bytes = 0;
  /** Every change after this revision is still here. */
  #floor: number;

  constructor(floor: number, limits: ChangeWindowLimits) {
    this.#floor = floor;
    this.#limits = limits;
  }

  get floor(): number {
    return this.#floor;
  }

  push(change: Change): void {
    this.#changes.push(change);
    this.#bytes += change.bytes;
    this.forgetOld(change.atMs);
  }

  /** Drops what is too old by now, and what is too much. */
  forgetOld(nowMs: number): void {
    const tooOld = nowMs - this.#limits.maxAgeMs;
    let oldest = this.#changes[this.#start];
    while (oldest !== undefined && (this.#overfull || oldest.atMs < tooOld)) {
      this.#floor = oldest.revision;
      this.#bytes -= oldest.bytes;
      this.#start += 1;
      oldest = this.#changes[this.#start];
    }
    // Dropped changes are let go in one move once they are the larger part.
    if (this.#start > 1_024 && this.#start * 2 > this.#changes.length) {
      this.#changes = this.#changes.slice(this.#start);
      this.#start = 0;
    }
  }

  get #overfull(): boolean {
    return this.#changes.length - this.#start > this.#limits.maxChanges || this.#bytes > this.#limits.maxBytes;
  }

  /** Changes after `revision`, oldest first; undefined when some of them are forgotten. */
  since(revision: number): readonly Change[] | undefined {
    if (revision < this.#floor) return undefined;
    let low = this.#start;
    let high = this.#changes.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#changes[middle] as Change).revision <= revision) low = middle + 1;
      else high = middle;
    }
    return this.#changes.slice(low);
  }
}
