import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AsyncQueue } from './async-queue.ts';

async function drain<T>(queue: AsyncQueue<T>): Promise<readonly T[]> {
  const items: T[] = [];
  for await (const item of queue) items.push(item);
  return items;
}

describe('src/base/async-queue.ts', () => {
  it('gives what was pushed, in order, to whoever comes before or after', async () => {
    const queue = new AsyncQueue<number>(10);
    queue.push(1);
    const drained = drain(queue);
    await Promise.resolve();
    queue.push(2);
    queue.push(3);
    queue.end();
    expect(await drained).toEqual([1, 2, 3]);
  });

  it('never holds more than its limit, and says which items it did not take', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: 5 }),
        fc.array(fc.integer(), { maxLength: 12 }),
        async (limit, items) => {
          const queue = new AsyncQueue<number>(limit);
          const taken = items.filter((item) => queue.push(item));
          expect(queue.size).toBe(Math.min(limit, items.length));
          queue.end();
          expect(await drain(queue)).toEqual(taken);
          expect(taken).toEqual(items.slice(0, limit));
        },
      ),
    );
  });

  it('takes items again once there is room', async () => {
    const queue = new AsyncQueue<string>(1);
    const reader = queue[Symbol.asyncIterator]();
    expect(queue.push('a')).toBe(true);
    expect(queue.push('b')).toBe(false);
    expect(await reader.next()).toEqual({ done: false, value: 'a' });
    expect(queue.push('b')).toBe(true);
    expect(await reader.next()).toEqual({ done: false, value: 'b' });
  });

  it('ends with its first error, after what was queued', async () => {
    const queue = new AsyncQueue<number>(10);
    queue.push(1);
    queue.end(new Error('broken'));
    queue.end(new Error('later'));
    const reader = queue[Symbol.asyncIterator]();
    expect(await reader.next()).toEqual({ done: false, value: 1 });
    await expect(reader.next()).rejects.toThrow('broken');
    expect(queue.push(2)).toBe(false);
  });

  it('wakes a reader that waits when it ends', async () => {
    const queue = new AsyncQueue<number>(10);
    const drained = drain(queue);
    await Promise.resolve();
    queue.end();
    expect(await drained).toEqual([]);
  });

  it('lets go of everything when the reader leaves', async () => {
    const queue = new AsyncQueue<number>(10);
    queue.push(1);
    queue.push(2);
    for await (const _ of queue) break;
    expect(queue.size).toBe(0);
    expect(queue.push(3)).toBe(false);
  });
});
