import { compareKeys } from './keys.ts';

/** Keys per chunk before it is split in two; keeps an insertion's copying to a few KiB. */
const CHUNK_KEYS = 512;

/** A sorted set of keys: insertion and removal cost about the square root of its size, a scan is sequential. */
export class SortedKeys {
  readonly #chunks: string[][] = [];

  add(key: string): void {
    const at = Math.max(0, this.#chunkOf(key));
    const chunk = this.#chunks[at];
    if (chunk === undefined) {
      this.#chunks.push([key]);
      return;
    }
    const index = lowerBound(chunk, key);
    if (chunk[index] === key) return;
    chunk.splice(index, 0, key);
    if (chunk.length > CHUNK_KEYS) this.#chunks.splice(at + 1, 0, chunk.splice(CHUNK_KEYS / 2));
  }

  remove(key: string): void {
    const at = this.#chunkOf(key);
    const chunk = this.#chunks[at];
    if (chunk === undefined) return;
    const index = lowerBound(chunk, key);
    if (chunk[index] !== key) return;
    chunk.splice(index, 1);
    if (chunk.length === 0) this.#chunks.splice(at, 1);
  }

  /** Keys that start with `prefix`, in order, only those after `after`. Not to be changed while iterated. */
  *scan(prefix: string, after?: string): Generator<string> {
    const exclusive = after !== undefined && compareKeys(after, prefix) >= 0;
    const from = exclusive ? after : prefix;
    let at = Math.max(0, this.#chunkOf(from));
    let index = lowerBound(this.#chunks[at] ?? [], from);
    for (let chunk = this.#chunks[at]; chunk !== undefined; chunk = this.#chunks[at]) {
      for (; index < chunk.length; index += 1) {
        const key = chunk[index] as string;
        if (exclusive && key === from) continue;
        if (!key.startsWith(prefix)) return;
        yield key;
      }
      at += 1;
      index = 0;
    }
  }

  /** The last chunk whose first key is not after `key`; -1 when all are. */
  #chunkOf(key: string): number {
    let low = 0;
    let high = this.#chunks.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (compareKeys(this.#chunks[middle]?.[0] ?? '', key) <= 0) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }
}

function lowerBound(sorted: readonly string[], key: string): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareKeys(sorted[middle] as string, key) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
