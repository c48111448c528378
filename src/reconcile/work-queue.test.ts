import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { WorkQueue } from './work-queue.ts';

const queue = (options = {}) => {
  const clock = new FakeClock();
  return { clock, queue: new WorkQueue(clock, options) };
};

async function drain(from: WorkQueue): Promise<string[]> {
  const taken: string[] = [];
  while (from.size > 0) {
    const key = await from.take();
    if (key === undefined) break;
    taken.push(key);
    from.done(key);
  }
  return taken;
}

describe('src/reconcile/work-queue.ts', () => {
  it('hands out each key once, in order', async () => {
    const { queue: keys } = queue();
    for (const key of ['a', 'b', 'a', 'c', 'b']) keys.add(key);
    expect(await drain(keys)).toEqual(['a', 'b', 'c']);
  });

  it('gives a waiting taker the key at once', async () => {
    const { queue: keys } = queue();
    const taken = keys.take();
    keys.add('a');
    expect(await taken).toBe('a');
    expect(keys.size).toBe(0);
  });

  it('keeps a key from a second worker, and brings it back after done', async () => {
    const { queue: keys } = queue();
    keys.add('a');
    await keys.take();
    keys.add('a');
    keys.add('a');
    expect(keys.size).toBe(0);
    keys.done('a');
    expect(await drain(keys)).toEqual(['a']);
  });

  it('serves higher priorities first, and raises a waiting key but never lowers it', async () => {
    const { queue: keys } = queue();
    keys.add('slow', 'low');
    keys.add('plain');
    keys.add('urgent', 'high');
    keys.add('slow', 'high');
    keys.add('urgent', 'low');
    expect(await drain(keys)).toEqual(['urgent', 'slow', 'plain']);
  });

  it('serves the lowest priority once in eight takes', async () => {
    const { queue: keys } = queue();
    keys.add('starving', 'low');
    for (let n = 0; n < 20; n += 1) keys.add(`urgent-${n}`, 'high');
    expect((await drain(keys)).indexOf('starving')).toBe(7);
  });

  it('backs off from 5 ms, doubling to 1,000 s, and begins anew once forgotten', () => {
    const { queue: keys } = queue();
    const delays = Array.from({ length: 20 }, () => keys.retry('a'));
    expect(delays.slice(0, 4)).toEqual([5, 10, 20, 40]);
    expect(delays.at(-1)).toBe(1_000_000);
    keys.forget('a');
    expect(keys.retry('a')).toBe(5);
  });

  it('keeps the shortest of several delays', async () => {
    const { clock, queue: keys } = queue();
    keys.addAfter('a', 1_000);
    keys.addAfter('a', 100);
    keys.addAfter('a', 500);
    await clock.advance(99);
    expect(keys.size).toBe(0);
    await clock.advance(1);
    expect(await drain(keys)).toEqual(['a']);
    expect(clock.waiting).toBe(0);
  });

  it('refuses new keys beyond its limit, and says so', () => {
    const { queue: keys } = queue({ limit: 2 });
    expect(keys.add('a')).toBe(true);
    expect(keys.addAfter('b', 10)).toBe(true);
    expect(keys.add('c')).toBe(false);
    expect(keys.add('a', 'high')).toBe(true);
  });

  it('ends takers when it closes and when their signal aborts', async () => {
    const { queue: keys } = queue();
    const aborted = new AbortController();
    const first = keys.take(aborted.signal);
    const second = keys.take();
    aborted.abort();
    expect(await first).toBeUndefined();
    keys.close();
    expect(await second).toBeUndefined();
    expect(await keys.take()).toBeUndefined();
  });

  it('never loses a key and never works on one twice, whatever the order of calls', async () => {
    const key = fc.constantFrom('a', 'b', 'c', 'd');
    const priority = fc.constantFrom('high' as const, 'normal' as const, 'low' as const);
    const step = fc.oneof(
      fc.record({ do: fc.constant('add' as const), key, priority }),
      fc.record({ do: fc.constant('take' as const) }),
      fc.record({ do: fc.constant('done' as const), key }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const { queue: keys } = queue();
        const working = new Set<string>();
        const owed = new Set<string>();
        for (const each of steps) {
          if (each.do === 'add') {
            keys.add(each.key, each.priority);
            owed.add(each.key);
          } else if (each.do === 'take' && keys.size > 0) {
            const taken = (await keys.take()) as string;
            expect(working.has(taken)).toBe(false);
            working.add(taken);
            owed.delete(taken);
          } else if (each.do === 'done') {
            working.delete(each.key);
            keys.done(each.key);
          }
        }
        for (const busy of working) keys.done(busy);
        expect(new Set(await drain(keys))).toEqual(owed);
      }),
      { numRuns: 200 },
    );
  });
});
