import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { createMemoryStore } from './memory-store.ts';
import { commit, put, storeContract, take } from './store.contract.ts';

const START_MS = Date.UTC(2026, 0, 1);

describe('src/store/memory-store.ts', () => {
  storeContract(async () => createMemoryStore({ clock: new FakeClock(START_MS) }), START_MS);

  it('ends the watch of a reader who falls behind its buffer, after what was buffered', async () => {
    const store = createMemoryStore({ clock: new FakeClock() }, { bufferLimit: 3 });
    const watch = await store.watch({ prefix: '', afterRevision: await store.revision() });
    if (!watch.ok) throw new Error('compacted');
    for (let i = 0; i < 5; i += 1) await commit(store, put('a', `${i}`));
    let read = 0;
    const reading = (async () => {
      for await (const _batch of watch.batches) read += 1;
    })();
    await expect(reading).rejects.toMatchObject({ code: 'WatchOverrun' });
    expect(read).toBe(3);
  });

  it('reads a long history in pages, at the pace of its reader, without a gap to the live commits', async () => {
    const store = createMemoryStore({ clock: new FakeClock() }, { bufferLimit: 3, historyCommits: 4 });
    const start = await store.revision();
    for (let i = 0; i < 50; i += 1) await commit(store, put('a', `${i}`));
    const watch = await store.watch({ prefix: '', afterRevision: start });
    if (!watch.ok) throw new Error('compacted');
    const revisions: number[] = [];
    for await (const batch of watch.batches) {
      revisions.push(batch.revision - start);
      if (revisions.length < 30) await commit(store, put('b', `${revisions.length}`));
      if (revisions.length === 79) break;
    }
    expect(revisions).toEqual(Array.from({ length: 79 }, (_, i) => i + 1));
  });

  it('ends the watch of a reader who falls behind compaction', async () => {
    const store = createMemoryStore({ clock: new FakeClock() }, { historyCommits: 2 });
    const start = await store.revision();
    for (let i = 0; i < 10; i += 1) await commit(store, put('a', `${i}`));
    const watch = await store.watch({ prefix: '', afterRevision: start });
    if (!watch.ok) throw new Error('compacted');
    await store.compact(start + 9);
    const reading = (async () => {
      for await (const _batch of watch.batches);
    })();
    await expect(reading).rejects.toMatchObject({ code: 'WatchOverrun' });
  });

  it('shares the very batch and bytes with every watcher', async () => {
    const store = createMemoryStore({ clock: new FakeClock() });
    const start = await store.revision();
    const value = Buffer.from('shared');
    await commit(store, { type: 'put', key: 'a', value });
    const [one, two] = [await take(store, 'a', start, 1), await take(store, '', start, 1)];
    expect(one[0]).toBe(two[0]);
    expect((await store.get('a'))?.value).toBe(value);
  });
});
