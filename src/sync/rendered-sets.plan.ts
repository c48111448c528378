import { shortHash } from '#base';
import { hash32 } from './spread.plan.ts';

/** One rendered object, as far as chunking needs it. */
export interface ChunkItem {
  readonly id: string;
  readonly digest: string;
}

export interface Chunk<T> {
  /** Name by content: equal chunks of different runs are one. */
  readonly name: string;
  readonly items: readonly T[];
}

/** Objects in a chunk on average. A change of one object makes one new chunk of about this many. */
const ITEMS_PER_CHUNK = 32;
/** Objects in a chunk at most. */
const MAX_ITEMS = 256;

/**
 * Cuts a rendered set, sorted by id, into chunks whose borders depend on the ids beside them alone: adding or changing
 * one object changes one chunk, and all others are shared with the runs before. Costs no look into the objects.
 */
export function chunkRenderedSet<T extends ChunkItem>(items: readonly T[]): readonly Chunk<T>[] {
  const chunks: Chunk<T>[] = [];
  let start = 0;
  for (const [index, item] of items.entries()) {
    const count = index + 1 - start;
    const isBorder = hash32(item.id) % ITEMS_PER_CHUNK === 0;
    if (!isBorder && count < MAX_ITEMS && index + 1 < items.length) continue;
    const part = items.slice(start, index + 1);
    chunks.push({ name: chunkName(part), items: part });
    start = index + 1;
  }
  return chunks;
}

function chunkName(items: readonly ChunkItem[]): string {
  return `rs-${shortHash(items.map(({ id, digest }) => `${id} ${digest}`).join('\n'), 40)}`;
}

/** Largest data of one RenderedSet, in UTF-8 bytes. */
export const RENDERED_SET_BYTES = 524_288;

/**
 * Splits lines so that no part is over the limit. A line that is over it alone is a part by itself: the API's own limit
 * for a body keeps that bounded.
 */
export function splitLines(lines: readonly string[], limit = RENDERED_SET_BYTES): readonly string[] {
  const parts: string[] = [];
  let current: string[] = [];
  let bytes = 0;
  for (const line of lines) {
    const size = Buffer.byteLength(line) + 1;
    if (current.length > 0 && bytes + size > limit) {
      parts.push(current.join('\n'));
      current = [];
      bytes = 0;
    }
    current.push(line);
    bytes += size;
  }
  if (current.length > 0) parts.push(current.join('\n'));
  return parts;
}
