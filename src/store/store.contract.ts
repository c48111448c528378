import { describe, expect, it } from 'vitest';
import {
  type Operation,
  type Store,
  type StoredValue,
  type StoreEvent,
  storeLimits,
  type WatchBatch,
} from './store.ts';

export const bytes = (text: string): Uint8Array => Buffer.from(text);
export const text = (value: Uint8Array | undefined): string | undefined =>
  value === undefined ? undefined : Buffer.from(value).toString();
export const put = (key: string, value: string, ifRevision?: number): Operation => ({
  type: 'put',
  key,
  value: bytes(value),
  ...(ifRevision === undefined ? {} : { ifRevision }),
});

/** Commits and answers the new revision; fails the test on a conflict. */
export async function commit(store: Store, ...operations: readonly Operation[]): Promise<number> {
  const result = await store.commit(operations);
  if (!result.ok) throw new Error(`unexpected conflict on ${result.conflict.key}`);
  return result.revision;
}

export async function list(store: Store, prefix: string, revision?: number): Promise<Record<string, string>> {
  const result = await store.list({ prefix, ...(revision === undefined ? {} : { revision }) });
  if (!result.ok) throw new Error(`compacted at ${result.compacted}`);
  return Object.fromEntries(result.items.map((item) => [item.key, text(item.value) ?? '']));
}

/** The next `count` batches after `afterRevision`. */
export async function take(store: Store, prefix: string, afterRevision: number, count: number): Promise<WatchBatch[]> {
  const abort = new AbortController();
  const watch = await store.watch({ prefix, afterRevision, signal: abort.signal });
  if (!watch.ok) throw new Error(`compacted at ${watch.compacted}`);
  const batches: WatchBatch[] = [];
  if (count === 0) return batches;
  for await (const batch of watch.batches) if (batches.push(batch) === count) break;
  abort.abort();
  return batches;
}

/** An event as one line: `+key=value`, `~key=value<old`, `-key<old`. */
export function line(event: StoreEvent): string {
  if (event.type === 'delete') return `-${event.key}<${text(event.previous.value)}`;
  const { current, previous } = event;
  const now = `${current.key}=${text(current.value)}`;
  return previous === undefined ? `+${now}` : `~${now}<${text(previous.value)}`;
}

const lines = (batches: readonly WatchBatch[]): string[] => batches.map(({ events }) => events.map(line).join(' '));

/** What every store keeps. `open` gives a new, empty store whose clock stands at `startMs`. */
export function storeContract(open: () => Promise<Store>, startMs: number): void {
  const withStore = (name: string, run: (store: Store) => Promise<void>) =>
    it(name, async () => {
      const store = await open();
      try {
        await run(store);
      } finally {
        await store.close();
      }
    });

  describe('commit', () => {
    withStore('starts at the clock in microseconds and adds one per commit, however many keys', async (store) => {
      expect(await store.revision()).toBe(startMs * 1000);
      expect(await commit(store, put('a', '1'), put('b', '1'))).toBe(startMs * 1000 + 1);
      expect(await commit(store, put('a', '2'))).toBe(startMs * 1000 + 2);
      expect(await store.revision()).toBe(startMs * 1000 + 2);
    });

    withStore('keeps the revision of creation until the key is deleted', async (store) => {
      const created = await commit(store, put('a', '1'));
      const changed = await commit(store, put('a', '2'));
      expect(await store.get('a')).toMatchObject({ createRevision: created, revision: changed });
      await commit(store, { type: 'delete', key: 'a' });
      expect(await store.get('a')).toBeUndefined();
      const again = await commit(store, put('a', '3'));
      expect(await store.get('a')).toMatchObject({ createRevision: again, revision: again });
    });

    withStore('refuses when a revision does not stand, and says what does', async (store) => {
      const first = await commit(store, put('a', '1'));
      const result = await store.commit([put('b', 'x'), put('a', '2', first - 1)]);
      expect(result).toMatchObject({ ok: false, conflict: { key: 'a', current: { revision: first } } });
      expect(await store.get('b')).toBeUndefined();
      expect(await store.revision()).toBe(first);
      expect(await store.commit([put('a', '2', 0)])).toMatchObject({ ok: false });
      expect(await store.commit([put('c', '2', first)])).toEqual({
        ok: false,
        conflict: { key: 'c', current: undefined },
      });
      expect(await store.commit([{ type: 'delete', key: 'a', ifRevision: first }])).toMatchObject({ ok: true });
    });

    withStore('lets exactly one of many creators and one of many updaters win', async (store) => {
      const creates = await Promise.all(Array.from({ length: 50 }, (_, i) => store.commit([put('a', `${i}`, 0)])));
      expect(creates.filter(({ ok }) => ok)).toHaveLength(1);
      const revision = (await store.get('a'))?.revision ?? 0;
      const updates = await Promise.all(
        Array.from({ length: 50 }, (_, i) => store.commit([put('a', `u${i}`, revision), put(`b${i}`, 'x')])),
      );
      expect(updates.filter(({ ok }) => ok)).toHaveLength(1);
      expect(Object.keys(await list(store, 'b'))).toHaveLength(1);
    });

    withStore('checks a key without writing it', async (store) => {
      const first = await commit(store, put('lease', 'me'));
      const held: Operation = { type: 'check', key: 'lease', ifRevision: first };
      const second = await commit(store, held, put('a', '1'));
      expect((await store.get('lease'))?.revision).toBe(first);
      await commit(store, put('lease', 'you'));
      expect(await store.commit([held, put('a', '2')])).toMatchObject({ ok: false, conflict: { key: 'lease' } });
      expect((await store.get('a'))?.revision).toBe(second);
    });

    withStore('adds no revision for a commit that changes nothing', async (store) => {
      const first = await commit(store, put('a', '1'));
      expect(await commit(store, { type: 'delete', key: 'none' })).toBe(first);
      expect(await commit(store, { type: 'check', key: 'a', ifRevision: first })).toBe(first);
      const next = await commit(store, put('a', '2'));
      expect(next).toBe(first + 1);
      expect((await take(store, '', first, 1))[0]?.revision).toBe(next);
    });

    withStore('rejects what breaks a limit, and writes nothing of it', async (store) => {
      const start = await store.revision();
      const refused: Record<string, readonly Operation[]> = {
        'no operation': [],
        'a key twice': [put('a', '1'), { type: 'delete', key: 'a' }],
        'an empty key': [put('a', '1'), put('', '1')],
        'a key with a zero byte': [put('a\0b', '1')],
        'half a surrogate pair': [put('a\ud800', '1')],
        'a key too long': [put('é'.repeat(storeLimits.keyBytes / 2 + 1), '1')],
        'a value too long': [{ type: 'put', key: 'a', value: new Uint8Array(storeLimits.valueBytes + 1) }],
        'too many': Array.from({ length: storeLimits.operationsPerCommit + 1 }, (_, i) => put(`k${i}`, '')),
      };
      for (const [why, operations] of Object.entries(refused)) {
        await expect(store.commit(operations), why).rejects.toMatchObject({ code: 'InvalidCommit' });
      }
      expect(await store.revision()).toBe(start);
    });

    withStore('takes the largest value, the longest key and the most operations', async (store) => {
      const value = Buffer.alloc(storeLimits.valueBytes, 7);
      const key = 'é'.repeat(storeLimits.keyBytes / 2);
      await commit(store, { type: 'put', key, value });
      expect(Buffer.compare((await store.get(key))?.value ?? bytes(''), value)).toBe(0);
      await commit(store, ...Array.from({ length: storeLimits.operationsPerCommit }, (_, i) => put(`k${i}`, '')));
      expect(await store.list({ prefix: 'k', limit: 1 })).toMatchObject({ remaining: 511, more: true });
    });
  });

  describe('list', () => {
    withStore('orders by UTF-8 bytes and honours prefix, after and limit', async (store) => {
      const keys = ['p/\u{1f600}', 'p/\uffee', 'p/a', 'p/a/b', 'p/é', 'p/', 'p', 'q/1', 'o'];
      await commit(store, ...keys.map((key) => put(key, key)));
      const inOrder = ['p/', 'p/a', 'p/a/b', 'p/é', 'p/\uffee', 'p/\u{1f600}'];
      expect(Object.keys(await list(store, 'p/'))).toEqual(inOrder);
      const seen: string[] = [];
      let after: string | undefined;
      for (let page = 0; page < 4; page += 1) {
        const result = await store.list({ prefix: 'p/', limit: 2, ...(after === undefined ? {} : { after }) });
        if (!result.ok) throw new Error('compacted');
        seen.push(...result.items.map(({ key }) => key));
        after = seen.at(-1);
        expect(result.remaining).toBe(inOrder.length - seen.length);
        expect(result.more).toBe(result.remaining > 0);
        if (!result.more) break;
      }
      expect(seen).toEqual(inOrder);
      expect(Object.keys(await list(store, ''))).toHaveLength(keys.length);
      expect(await store.list({ prefix: 'p/', after: 'a' })).toMatchObject({ items: { length: inOrder.length } });
    });

    withStore('answers as the store stood at any revision since compaction', async (store) => {
      const one = await commit(store, put('a', '1'), put('b', '1'));
      const two = await commit(store, put('a', '2'), { type: 'delete', key: 'b' });
      const three = await commit(store, put('b', '3'));
      expect(await list(store, '', one - 1)).toEqual({});
      expect(await list(store, '', one)).toEqual({ a: '1', b: '1' });
      expect(await list(store, '', two)).toEqual({ a: '2' });
      expect(await list(store, '', three)).toEqual({ a: '2', b: '3' });
      expect(await store.list({ prefix: '' })).toMatchObject({ revision: three });
      expect(await store.list({ prefix: '', revision: one })).toMatchObject({ revision: one });
      expect(await store.list({ prefix: '', revision: one - 2 })).toEqual({ ok: false, compacted: one - 1 });
      await expect(store.list({ prefix: '', revision: three + 1 })).rejects.toMatchObject({ code: 'FutureRevision' });
    });
  });

  describe('compact', () => {
    withStore('forgets what was replaced or deleted, and nothing else', async (store) => {
      await commit(store, put('kept', 'k'), put('a', '1'), put('gone', '1'));
      await commit(store, put('a', '2'));
      const three = await commit(store, { type: 'delete', key: 'gone' });
      const four = await commit(store, put('a', '4'));
      await store.compact(three);
      expect(await list(store, '', three)).toEqual({ a: '2', kept: 'k' });
      expect(await list(store, '', four)).toEqual({ a: '4', kept: 'k' });
      expect(await store.list({ prefix: '', revision: three - 1 })).toEqual({ ok: false, compacted: three });
      expect(await store.watch({ prefix: '', afterRevision: three - 1 })).toEqual({ ok: false, compacted: three });
      expect(lines(await take(store, '', three, 1))).toEqual(['~a=4<2']);
      await store.compact(three - 1);
      expect(await list(store, '', three)).toEqual({ a: '2', kept: 'k' });
    });

    withStore(
      'never goes beyond the newest revision, and keeps counting after a deletion is forgotten',
      async (store) => {
        await commit(store, put('a', '1'));
        const two = await commit(store, { type: 'delete', key: 'a' });
        await store.compact(two + 1_000);
        expect(await store.revision()).toBe(two);
        expect(await list(store, '', two)).toEqual({});
        expect(await commit(store, put('a', '3', 0))).toBe(two + 1);
        expect(lines(await take(store, '', two, 1))).toEqual(['+a=3']);
      },
    );
  });

  describe('watch', () => {
    withStore('tells every commit after a revision once, in order, whole, with what stood before', async (store) => {
      const start = await store.revision();
      await commit(store, put('a', '1'), put('b', '1'));
      await commit(store, put('a', '2'), { type: 'delete', key: 'b' });
      const watching = take(store, '', start, 4);
      await commit(store, put('other', 'x'));
      await commit(store, put('b', '4'));
      const batches = await watching;
      expect(batches.map(({ revision }) => revision - start)).toEqual([1, 2, 3, 4]);
      expect(lines(batches)).toEqual(['+a=1 +b=1', '~a=2<1 -b<1', '+other=x', '+b=4']);
    });

    withStore('filters by prefix and still reports progress, from history as well as live', async (store) => {
      const start = await store.revision();
      await commit(store, put('x/1', '1'), put('y/1', '1'));
      await commit(store, put('y/2', '1'));
      const watching = take(store, 'x/', start, 4);
      await commit(store, put('y/3', '1'));
      await commit(store, put('y/3', '2'), put('x/1', '2'));
      const live = await watching;
      expect(lines(live)).toEqual(['+x/1=1', '', '', '~x/1=2<1']);
      expect(lines(await take(store, 'x/', start, 4))).toEqual(lines(live));
      expect(live.map(({ revision }) => revision - start)).toEqual([1, 2, 3, 4]);
    });

    withStore('gives every watcher the same gapless story, whenever it starts', async (store) => {
      const start = await store.revision();
      const watchers: Promise<WatchBatch[]>[] = [];
      const commits = 60;
      const writing: Promise<number>[] = [];
      for (let i = 0; i < commits; i += 1) {
        writing.push(commit(store, put(`k${i % 7}`, `${i}`)));
        const known = await store.revision();
        watchers.push(take(store, '', known, start + commits - known));
        if (i % 5 === 0) await writing.at(-1);
      }
      await Promise.all(writing);
      const whole = await take(store, '', start, commits);
      for (const story of await Promise.all(watchers)) {
        expect(lines(story)).toEqual(lines(whole.slice(whole.length - story.length)));
      }
      expect(new Set(whole.map(({ revision }) => revision)).size).toBe(commits);
    });

    withStore('waits for a revision that does not exist yet', async (store) => {
      const start = await store.revision();
      const watching = take(store, '', start + 2, 1);
      for (const value of ['1', '2', '3']) await commit(store, put('a', value));
      expect(lines(await watching)).toEqual(['~a=3<2']);
    });

    withStore('ends when its signal aborts, before or during reading', async (store) => {
      const abort = new AbortController();
      const watch = await store.watch({ prefix: '', afterRevision: await store.revision(), signal: abort.signal });
      if (!watch.ok) throw new Error('compacted');
      const reading = (async () => {
        for await (const _batch of watch.batches) throw new Error('unexpected batch');
        return 'ended';
      })();
      abort.abort();
      expect(await reading).toBe('ended');
      const late = await store.watch({ prefix: '', afterRevision: await store.revision(), signal: abort.signal });
      if (!late.ok) throw new Error('compacted');
      for await (const _batch of late.batches) throw new Error('unexpected batch');
    });

    it('ends when the store closes, and the store then refuses everything', async () => {
      const store = await open();
      const watch = await store.watch({ prefix: '', afterRevision: await store.revision() });
      if (!watch.ok) throw new Error('compacted');
      const reading = (async () => {
        for await (const _batch of watch.batches) throw new Error('unexpected batch');
      })();
      await store.close();
      await reading;
      await store.close();
      await expect(store.get('a')).rejects.toMatchObject({ code: 'StoreClosed' });
      await expect(store.commit([put('a', '1')])).rejects.toMatchObject({ code: 'StoreClosed' });
      await expect(store.watch({ prefix: '', afterRevision: 1 })).rejects.toMatchObject({ code: 'StoreClosed' });
    });
  });
}

/** The store's own invariants, for the end of any test that used it. */
export async function checkInvariants(store: Store): Promise<void> {
  const revision = await store.revision();
  const result = await store.list({ prefix: '' });
  if (!result.ok) throw new Error('the newest list is compacted');
  const keys = result.items.map((item: StoredValue) => item.key);
  expect(new Set(keys).size).toBe(keys.length);
  for (const item of result.items) {
    expect(item.createRevision).toBeLessThanOrEqual(item.revision);
    expect(item.revision).toBeLessThanOrEqual(revision);
    const { value, ...rest } = (await store.get(item.key)) ?? { value: bytes('') };
    const { value: listed, ...expected } = item;
    expect(rest).toEqual(expected);
    expect(Buffer.compare(value, listed)).toBe(0);
  }
}
