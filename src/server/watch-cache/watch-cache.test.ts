import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { isApiError, type StoredObject } from '#api';
import { silentLog } from '#base';
import { createMemoryStore, type Store } from '#store';
import { FakeClock, settle } from '../../../test/support/fake-clock.ts';
import type { WatchFrame } from '../registry/api.ts';
import { decodeObject } from '../registry/codec.ts';
import { selectNamespace } from './selection.ts';
import { WatchCache, type WatchCacheOptions, watchCacheDefaults } from './watch-cache.ts';
import type { Watcher } from './watcher.ts';

const nodeOf = (object: StoredObject) => String((object['spec'] as { nodeName?: string }).nodeName ?? '');
const everything = selectNamespace('');

const open: WatchCache[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((cache) => cache.close()));
});

async function setUp(options: Partial<WatchCacheOptions> = {}) {
  const clock = new FakeClock();
  const store = createMemoryStore({ clock });
  const cache = await startCache(store, clock, options);
  return { clock, store, cache, pods: cache.resource('pods') };
}

async function startCache(store: Store, clock: FakeClock, options: Partial<WatchCacheOptions> = {}) {
  const cache = await WatchCache.start(
    { store, clock, log: silentLog, decode: decodeObject },
    [{ segment: 'pods', indexOf: nodeOf }, { segment: 'nodes' }],
    { ...watchCacheDefaults, ...options },
  );
  open.push(cache);
  return cache;
}

function podBytes(namespace: string, name: string, spec: object = {}): Uint8Array {
  return Buffer.from(JSON.stringify({ apiVersion: 'v1', kind: 'Pod', metadata: { namespace, name, uid: name }, spec }));
}

async function put(store: Store, namespace: string, name: string, spec: object = {}): Promise<number> {
  const key = `/registry/pods/${namespace}/${name}`;
  const result = await store.commit([{ type: 'put', key, value: podBytes(namespace, name, spec) }]);
  if (!result.ok) throw new Error('unexpected conflict');
  return result.revision;
}

async function remove(store: Store, namespace: string, name: string): Promise<number> {
  const result = await store.commit([{ type: 'delete', key: `/registry/pods/${namespace}/${name}` }]);
  if (!result.ok) throw new Error('unexpected conflict');
  return result.revision;
}

/** What a watcher has to say so far, as `TYPE name`. */
async function said(watcher: Watcher): Promise<string[]> {
  const lines: string[] = [];
  for await (const frame of watcher)
    lines.push(frame.type === 'BOOKMARK' ? 'BOOKMARK' : `${frame.type} ${frame.object.metadata.name}`);
  return lines;
}

const never = new AbortController().signal;

describe('src/server/watch-cache/watch-cache.ts', () => {
  it('loads what the store holds, over several pages', async () => {
    const clock = new FakeClock();
    const store = createMemoryStore({ clock });
    for (const name of ['c', 'a', 'b', 'e', 'd']) await put(store, 'web', name);
    const cache = await startCache(store, clock, { loadPage: 2 });
    expect(
      cache
        .resource('pods')
        .select(everything)
        .map((each) => each.metadata.name),
    ).toEqual([...'abcde']);
    expect(cache.revision).toBe(await store.revision());
  });

  it('shows a write once its revision is reached, and shares one frozen object', async () => {
    const { store, cache, pods } = await setUp();
    const revision = await put(store, 'web', 'a');
    expect(await cache.reached(revision, 1_000)).toBe(true);
    const object = pods.get('web/a');
    expect(object?.metadata.resourceVersion).toBe(String(revision));
    expect(Object.isFrozen(object?.metadata)).toBe(true);
    expect(pods.select(everything)[0]).toBe(object);
  });

  it('answers false for a revision that does not come in time', async () => {
    const { clock, cache } = await setUp();
    const reached = cache.reached(cache.revision + 1, 3_000);
    await clock.advance(3_000);
    expect(await reached).toBe(false);
  });

  it('moves on with commits that touch no object', async () => {
    const { store, cache } = await setUp();
    const result = await store.commit([{ type: 'put', key: '/allocations/x', value: new Uint8Array([1]) }]);
    expect(await cache.reached(result.ok ? result.revision : 0, 1_000)).toBe(true);
  });

  it('gives the same frame to all who see a change the same way', async () => {
    const { store, cache, pods } = await setUp();
    const watchers = [1, 2, 3].map(() => pods.watch(everything, { bookmarks: false, signal: never }));
    await cache.reached(await put(store, 'web', 'a'), 1_000);
    const frames = await Promise.all(watchers.map(async (each) => (await each.next()).value));
    expect(new Set(frames).size).toBe(1);
  });

  it('sends an object that leaves a selection as DELETED in its last matching state', async () => {
    const { store, cache, pods } = await setUp();
    const onNode1 = {
      namespace: '',
      indexed: 'n1',
      everything: false,
      matches: (pod: StoredObject) => nodeOf(pod) === 'n1',
    };
    const watcher = pods.watch(onNode1, { bookmarks: false, signal: never });
    await put(store, 'web', 'a', { nodeName: '' });
    await put(store, 'web', 'a', { nodeName: 'n1' });
    await put(store, 'web', 'a', { nodeName: 'n1', x: 1 });
    const left = await put(store, 'web', 'a', { nodeName: 'n2' });
    await cache.reached(left, 1_000);
    watcher.end();
    const frames: WatchFrame[] = [];
    for await (const frame of watcher) frames.push(frame);
    expect(frames.map((frame) => frame.type)).toEqual(['ADDED', 'MODIFIED', 'DELETED']);
    expect(frames[2]).toMatchObject({
      object: { metadata: { resourceVersion: String(left) }, spec: { nodeName: 'n1', x: 1 } },
    });
    expect(pods.select(onNode1)).toEqual([]);
  });

  it.each([
    ['all', everything],
    ['one namespace', selectNamespace('web')],
    [
      'one name',
      { namespace: '', name: 'a', everything: false, matches: (pod: StoredObject) => pod.metadata.name === 'a' },
    ],
  ])('wakes a watcher of %s for each change of it, once', async (_, selection) => {
    const { store, cache, pods } = await setUp();
    const watcher = pods.watch(selection, { bookmarks: false, signal: never });
    await put(store, 'web', 'a');
    await put(store, 'web', 'a', { x: 1 });
    await cache.reached(await remove(store, 'web', 'a'), 1_000);
    watcher.end();
    expect(await said(watcher)).toEqual(['ADDED a', 'MODIFIED a', 'DELETED a']);
  });

  it('lets a slow watcher go alone, after what it could hold', async () => {
    const { store, cache, pods } = await setUp({ watcherQueue: 2 });
    const slow = pods.watch(everything, { bookmarks: false, signal: never });
    const quick = pods.watch(everything, { bookmarks: false, signal: never });
    for (const name of ['a', 'b', 'c']) {
      await cache.reached(await put(store, 'web', name), 1_000);
      expect((await quick.next()).value).toMatchObject({ object: { metadata: { name } } });
    }
    expect(await said(slow)).toEqual(['ADDED a', 'ADDED b']);
    expect(pods.watcherCount).toBe(1);
  });

  it('counts what waits for a watcher in bytes too, and lets one frame through however large', async () => {
    const large = podBytes('web', 'a').byteLength;
    const { store, cache, pods } = await setUp({ watcherBytes: 2 * large + 1 });
    const slow = pods.watch(everything, { bookmarks: false, signal: never });
    const quick = pods.watch(everything, { bookmarks: false, signal: never });
    const next = async (name: string, spec: object = {}) => {
      await cache.reached(await put(store, 'web', name, spec), 1_000);
      expect((await quick.next()).value).toMatchObject({ object: { metadata: { name } } });
    };
    await next('a');
    await next('b');
    expect((await slow.next()).value).toMatchObject({ object: { metadata: { name: 'a' } } }); // makes room for one
    await next('c');
    await next('d');
    expect(await said(slow)).toEqual(['ADDED b', 'ADDED c']);
    const late = pods.watch(everything, { bookmarks: false, signal: never });
    await next('huge', { filler: 'x'.repeat(3 * large) });
    await next('e');
    expect(await said(late)).toEqual(['ADDED huge']);
  });

  it('ends a watcher whose reader leaves or whose signal aborts', async () => {
    const { pods } = await setUp();
    const leaving = new AbortController();
    pods.watch(everything, { bookmarks: false, signal: leaving.signal });
    const initial: WatchFrame[] = [{ type: 'BOOKMARK', resourceVersion: '1' }];
    const read = pods.watch(everything, { bookmarks: false, signal: never, initial });
    expect(pods.watcherCount).toBe(2);
    leaving.abort();
    await read.next();
    await read.return();
    expect(pods.watcherCount).toBe(0);
  });

  it('sends bookmarks about once a minute to those who want them', async () => {
    const { clock, store, cache, pods } = await setUp();
    const wants = pods.watch(everything, { bookmarks: true, signal: never });
    const other = pods.watch(everything, { bookmarks: false, signal: never });
    await cache.reached(await put(store, 'web', 'a'), 1_000);
    await clock.advance(120_000);
    wants.end();
    other.end();
    expect(await said(wants)).toEqual(['ADDED a', 'BOOKMARK', 'BOOKMARK']);
    expect(await said(other)).toEqual(['ADDED a']);
  });

  it('keeps a window of changes, bounded in number and age', async () => {
    const { clock, store, cache, pods } = await setUp({ maxChanges: 3, maxAgeMs: 1_000 });
    const start = cache.revision;
    const revisions: number[] = [];
    for (const name of ['a', 'b', 'c', 'd']) revisions.push(await put(store, 'web', name));
    await cache.reached(revisions[3] ?? 0, 1_000);
    expect(pods.changesSince(start)).toBeUndefined();
    expect(pods.changesSince(revisions[0] ?? 0)?.map((change) => change.key)).toEqual(['web/b', 'web/c', 'web/d']);
    expect(pods.changesSince(revisions[3] ?? 0)).toEqual([]);
    await clock.advance(5_000);
    await cache.reached(await put(store, 'web', 'e'), 1_000);
    expect(pods.changesSince(revisions[2] ?? 0)).toBeUndefined();
    expect(pods.changesSince(revisions[3] ?? 0)?.map((change) => change.key)).toEqual(['web/e']);
  });

  it('keeps a window of changes that is bounded in bytes', async () => {
    const size = podBytes('web', 'a').byteLength;
    const { store, cache, pods } = await setUp({ maxBytes: 2 * size });
    const revisions: number[] = [];
    for (const name of ['a', 'b', 'c']) revisions.push(await put(store, 'web', name));
    await cache.reached(revisions[2] ?? 0, 1_000);
    expect(pods.changesSince((revisions[0] ?? 0) - 1)).toBeUndefined();
    expect(pods.changesSince(revisions[0] ?? 0)?.map(({ key }) => key)).toEqual(['web/b', 'web/c']);
    // What is larger than the whole window is not kept either: who missed it lists again.
    const huge = await put(store, 'web', 'huge', { filler: 'x'.repeat(3 * size) });
    await cache.reached(huge, 1_000);
    expect(pods.changesSince(revisions[2] ?? 0)).toBeUndefined();
    expect(pods.changesSince(huge)).toEqual([]);
  });

  it('counts what a deletion still holds, and lets go of what is old where nothing happens any more', async () => {
    const size = podBytes('web', 'a').byteLength;
    const { clock, store, cache, pods } = await setUp({ maxBytes: 3 * size, maxAgeMs: 1_000 });
    const start = cache.revision;
    await put(store, 'web', 'a');
    await put(store, 'web', 'b');
    await cache.reached(await remove(store, 'web', 'a'), 1_000);
    expect(pods.changesSince(start)).toHaveLength(3);
    await cache.reached(await remove(store, 'web', 'b'), 1_000);
    expect(pods.changesSince(start)).toBeUndefined();
    expect(pods.changesSince(start + 1)).toHaveLength(3);
    await clock.advance(60_000);
    expect(pods.changesSince(start + 1)).toBeUndefined();
    expect(pods.changesSince(cache.revision)).toEqual([]);
  });

  it('starts anew and expires its watchers when the store forgot what happened meanwhile', async () => {
    const clock = new FakeClock();
    const store = createMemoryStore({ clock });
    let watches = 0;
    const interrupted: Store = {
      get: (key) => store.get(key),
      list: (request) => store.list(request),
      commit: (operations) => store.commit(operations),
      revision: () => store.revision(),
      compact: (revision) => store.compact(revision),
      close: () => store.close(),
      // The first watch breaks off; before the second one the store forgets.
      async watch(request) {
        watches += 1;
        if (watches > 1) return store.watch(request);
        await put(store, 'web', 'a');
        await put(store, 'web', 'b');
        await store.compact(await store.revision());
        throw new Error('watch broke off');
      },
    };
    const cache = await startCache(interrupted, clock);
    const watcher = cache.resource('pods').watch(everything, { bookmarks: false, signal: never });
    const ended = said(watcher).catch((error: unknown) => error);
    await settle();
    await clock.advance(10_000);
    expect(isApiError(await ended, 'Expired')).toBe(true);
    expect(cache.resource('pods').size).toBe(2);
  });

  it('leaves out what cannot be read, and nothing else', async () => {
    const { store, cache, pods } = await setUp();
    await store.commit([{ type: 'put', key: '/registry/pods/web/bad', value: new Uint8Array([123]) }]);
    await cache.reached(await put(store, 'web', 'good'), 1_000);
    expect(pods.select(everything).map((each) => each.metadata.name)).toEqual(['good']);
  });

  it('watch replayed over a list is the list that came later, whatever happened between', async () => {
    const step = fc.record({
      name: fc.constantFrom('a', 'b', 'c'),
      namespace: fc.constantFrom('web', 'db'),
      nodeName: fc.constantFrom('', 'n1', 'n2'),
      gone: fc.boolean(),
    });
    const selections = [
      everything,
      selectNamespace('web'),
      { namespace: '', indexed: 'n1', everything: false, matches: (pod: StoredObject) => nodeOf(pod) === 'n1' },
    ];
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 12 }), fc.array(step, { maxLength: 12 }), async (before, after) => {
        const { store, cache, pods } = await setUp();
        const carryOut = async (steps: typeof before) => {
          let revision = cache.revision;
          for (const { namespace, name, nodeName, gone } of steps) {
            const there = (await store.get(`/registry/pods/${namespace}/${name}`)) !== undefined;
            if (!gone) revision = await put(store, namespace, name, { nodeName });
            else if (there) revision = await remove(store, namespace, name);
          }
          await cache.reached(revision, 1_000);
        };
        await carryOut(before);
        const states = selections.map(
          (selection) => new Map(pods.select(selection).map((each) => [keyOf(each), each])),
        );
        const watchers = selections.map((selection) => pods.watch(selection, { bookmarks: false, signal: never }));
        await carryOut(after);
        for (const [index, watcher] of watchers.entries()) {
          const state = states[index] as Map<string, StoredObject>;
          watcher.end();
          for await (const frame of watcher) {
            if (frame.type === 'BOOKMARK') continue;
            const key = keyOf(frame.object);
            expect(state.has(key)).toBe(frame.type !== 'ADDED');
            if (frame.type === 'DELETED') state.delete(key);
            else state.set(key, frame.object);
          }
          const list = pods.select(selections[index] ?? everything);
          expect([...state.keys()].sort().map((key) => state.get(key))).toEqual(list);
        }
      }),
      { numRuns: 40 },
    );
  });
});

function keyOf({ metadata }: StoredObject): string {
  return `${metadata.namespace}/${metadata.name}`;
}
