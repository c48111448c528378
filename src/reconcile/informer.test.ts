import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ApiError, CONFIG_MAPS, type ConfigMap, type ObjectList } from '#api';
import { AsyncQueue, silentLog } from '#base';
import type { Client, WatchEvent, WatchOptions } from '#client';
import { type Cluster, startCluster } from '../../test/support/cluster.ts';
import { FakeClock, settle } from '../../test/support/fake-clock.ts';
import { until } from '../../test/support/until.ts';
import { createInformer, type Informer } from './informer.ts';

const object = (name: string, revision: number, uid = name): ConfigMap => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: 'default', uid, resourceVersion: String(revision), creationTimestamp: '' },
});

/** A server whose answers the test decides; the real one's are in the second half. */
class Server {
  readonly watches: { readonly since: string; readonly events: AsyncQueue<WatchEvent<ConfigMap>> }[] = [];
  items: readonly ConfigMap[] = [];
  revision = 10;
  lists = 0;
  refuse: unknown;

  readonly client = {
    list: async (): Promise<ObjectList<ConfigMap>> => {
      this.lists += 1;
      if (this.refuse !== undefined) throw this.refuse;
      return { items: this.items, resourceVersion: String(this.revision) };
    },
    watch: (_: unknown, { resourceVersion, signal }: WatchOptions) => {
      const events = new AsyncQueue<WatchEvent<ConfigMap>>(100);
      signal?.addEventListener('abort', () => events.end(), { once: true });
      this.watches.push({ since: resourceVersion, events });
      return events;
    },
  } as unknown as Pick<Client, 'list' | 'watch'>;

  get newest() {
    return this.watches.at(-1);
  }
}

describe('src/reconcile/informer.ts', () => {
  let server: Server;
  let clock: FakeClock;
  let informer: Informer<ConfigMap>;
  let stopping: AbortController;
  let running: Promise<void>;
  let changes: string[];

  beforeEach(async () => {
    server = new Server();
    server.items = [object('a', 5), object('b', 7)];
    clock = new FakeClock();
    informer = createInformer({ client: server.client, clock, log: silentLog, random: () => 0.5 }, CONFIG_MAPS);
    changes = [];
    informer.onChange(({ key, previous, current }) => {
      changes.push(`${key} ${previous?.metadata.resourceVersion ?? '-'}→${current?.metadata.resourceVersion ?? '-'}`);
    });
    stopping = new AbortController();
    running = informer.run(stopping.signal);
    await settle();
  });
  afterEach(async () => {
    stopping.abort();
    await clock.advance(60_000);
    await running;
  });

  it('shows what was listed, frozen, and watches from there', () => {
    expect(informer.synced).toBe(true);
    expect(informer.list()).toEqual(server.items);
    expect(Object.isFrozen(informer.get('default/a')?.metadata)).toBe(true);
    expect(server.newest?.since).toBe('10');
    expect(changes).toEqual(['default/a -→5', 'default/b -→7']);
  });

  it('follows events, and knows how far it came', async () => {
    server.newest?.events.push({ type: 'MODIFIED', object: object('a', 11) });
    server.newest?.events.push({ type: 'DELETED', object: object('b', 12) });
    server.newest?.events.push({ type: 'BOOKMARK', resourceVersion: '20' });
    await settle();
    expect(changes.slice(2)).toEqual(['default/a 5→11', 'default/b 7→-']);
    expect(informer.revision).toBe(20);
  });

  it('watches on from where it was when the watch ends or breaks, without listing again', async () => {
    server.newest?.events.push({ type: 'ADDED', object: object('c', 15) });
    await settle();
    server.newest?.events.end();
    await settle();
    expect(server.newest?.since).toBe('15');
    server.newest?.events.end(new Error('the line broke'));
    await clock.advance(100);
    expect(server.watches).toHaveLength(3);
    expect([server.newest?.since, server.lists]).toEqual(['15', 1]);
  });

  it('lists again when its version is too old, and tells only what differs', async () => {
    server.items = [object('a', 5), object('c', 40)];
    server.revision = 50;
    server.newest?.events.end(new ApiError('Expired', 'too old'));
    await clock.advance(100);
    expect(changes.slice(2)).toEqual(['default/b 7→-', 'default/c -→40']);
    expect(server.newest?.since).toBe('50');
  });

  it('tells an object that was replaced by another of its name', async () => {
    server.items = [object('a', 45, 'another'), object('b', 7)];
    server.revision = 50;
    server.newest?.events.end(new ApiError('Expired', 'too old'));
    await clock.advance(100);
    expect(changes.slice(2)).toEqual(['default/a 5→45']);
  });

  it('never goes back to what a server shows that lags behind', async () => {
    server.newest?.events.push({ type: 'MODIFIED', object: object('a', 30) });
    await settle();
    server.items = [object('a', 5)];
    server.revision = 20;
    server.newest?.events.end(new ApiError('Expired', 'too old'));
    await clock.advance(1_000);
    expect(informer.get('default/a')?.metadata.resourceVersion).toBe('30');
    server.items = [object('a', 31)];
    server.revision = 31;
    await clock.advance(10_000);
    expect(informer.get('default/a')?.metadata.resourceVersion).toBe('31');
  });

  it('backs off while the server is down, up to ten seconds', async () => {
    server.refuse = new Error('down');
    server.newest?.events.end(new ApiError('Expired', 'too old'));
    const attempts: number[] = [];
    for (let second = 0; second < 60; second += 1) {
      const before = server.lists;
      await clock.advance(1_000);
      attempts.push(server.lists - before);
    }
    expect(attempts.slice(0, 5).reduce((sum, each) => sum + each, 0)).toBeLessThanOrEqual(6);
    expect(attempts.slice(-20).reduce((sum, each) => sum + each, 0)).toBe(2);
  });

  it('never pauses longer than it may', async () => {
    const quick = createInformer(
      { client: server.client, clock, log: silentLog, random: () => 0.999, maxPauseMs: 1_000 },
      CONFIG_MAPS,
    );
    server.refuse = new Error('down');
    const run = quick.run(stopping.signal);
    await clock.advance(60_000);
    const before = server.lists;
    await clock.advance(1_500);
    expect(server.lists).toBeGreaterThan(before);
    server.refuse = undefined;
    await clock.advance(1_500);
    expect(quick.synced).toBe(true);
    stopping.abort();
    await clock.advance(1_500);
    await run;
  });

  it('wakes who waits for a condition, and lets go who gives up', async () => {
    const seen = informer.until(() => informer.revision >= 12);
    const giveUp = new AbortController();
    const never = informer.until(() => false, giveUp.signal);
    server.newest?.events.push({ type: 'BOOKMARK', resourceVersion: '12' });
    await seen;
    giveUp.abort(new Error('enough'));
    await expect(never).rejects.toThrow('enough');
  });

  it('goes on when a listener throws', async () => {
    informer.onChange(() => {
      throw new Error('a bug');
    });
    server.newest?.events.push({ type: 'MODIFIED', object: object('a', 11) });
    server.newest?.events.push({ type: 'MODIFIED', object: object('a', 12) });
    await settle();
    expect(informer.get('default/a')?.metadata.resourceVersion).toBe('12');
  });
});

describe('src/reconcile/informer.ts, on the real API', () => {
  let cluster: Cluster;
  beforeEach(async () => {
    cluster = await startCluster();
  });
  afterEach(() => cluster.close());

  const make = (name: string) =>
    cluster.client.create(CONFIG_MAPS, {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name, namespace: 'default' },
    });

  it('lists in pages, and shares its objects with everybody in the process', async () => {
    const { client, clock, log } = cluster;
    for (const name of ['a', 'b', 'c', 'd', 'e']) await make(name);
    const paged = createInformer({ client, clock, log }, CONFIG_MAPS, { namespace: 'default', pageSize: 2 });
    const whole = createInformer({ client, clock, log }, CONFIG_MAPS, { namespace: 'default' });
    const stopping = new AbortController();
    const running = [paged.run(stopping.signal), whole.run(stopping.signal)];
    await until('both are filled', () => paged.size === 5 && whole.size === 5);
    const written = await make('f');
    await until(
      'both have seen it',
      () => paged.revision >= Number(written.metadata.resourceVersion) && whole.size === 6,
    );
    expect(paged.get('default/f')).toBe(whole.get('default/f'));
    await client.delete(CONFIG_MAPS, { namespace: 'default', name: 'f' });
    await until('both see it go', () => paged.size === 5 && whole.size === 5);
    stopping.abort();
    await Promise.all(running);
  });
});
