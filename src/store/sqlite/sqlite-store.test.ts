import { execFile } from 'node:child_process';
import { copyFile, mkdtemp, open, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { DatabaseSync } from '@photostructure/sqlite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type EntryPoint, silentLog, systemClock } from '#base';
import { type Bundle, bundle } from '../../../test/support/bundle.ts';
import { FakeClock } from '../../../test/support/fake-clock.ts';
import { until } from '../../../test/support/until.ts';
import { bytes, checkInvariants, commit, line, list, put, storeContract, take, text } from '../store.contract.ts';
import type { Store } from '../store.ts';
import { openSqliteStore, type SqliteStoreOptions } from './sqlite-store.ts';

const START_MS = Date.UTC(2026, 0, 1);
const CANARY = 'canary-5f1c2a9b';

describe('src/store/sqlite/sqlite-store.ts', () => {
  let folder = '';
  let files = 0;
  let built: Bundle;
  let worker: EntryPoint;
  beforeAll(async () => {
    built = await bundle({ worker: new URL('./store-worker.ts', import.meta.url) });
    worker = { url: built.url('worker'), execArgv: [] };
    folder = await mkdtemp(join(tmpdir(), 'plumbline-store-'));
  });
  afterAll(async () => {
    await rm(folder, { recursive: true, force: true });
    await built.remove();
  });
  const newPath = () => join(folder, `${files++}`, 'store.db');
  const openStore = (path: string, options: Partial<SqliteStoreOptions> = {}, nowMs = START_MS) =>
    openSqliteStore({ clock: new FakeClock(nowMs), log: silentLog, worker }, { path, ...options });
  const encryption = (fill: number) => ({
    key: Buffer.alloc(32, fill),
    encrypts: (key: string) => key.startsWith('secrets/'),
  });
  /** Changes the closed store's file as only a damaged disk or an intruder would. */
  const tamper = (path: string, sql: string) => {
    const database = new DatabaseSync(path);
    database.exec(sql);
    database.close();
  };

  storeContract(() => openStore(newPath()), START_MS);

  it('runs from source as well as from built code', async () => {
    const store = await openSqliteStore({ clock: systemClock, log: silentLog }, { path: newPath() });
    await commit(store, put('a', '1'));
    expect(text((await store.get('a'))?.value)).toBe('1');
    await store.close();
  });

  describe('restart', () => {
    it('finds every key, revision, old version and event again', async () => {
      const path = newPath();
      let store = await openStore(path);
      const start = await store.revision();
      const one = await commit(store, put('a', '1'), put('b', '1'));
      const two = await commit(store, put('a', '2'));
      const three = await commit(store, { type: 'delete', key: 'b' });
      await store.close();
      store = await openStore(path, {}, START_MS + 5_000);
      expect(await store.revision()).toBe(three);
      expect(await list(store, '', one)).toEqual({ a: '1', b: '1' });
      expect(await list(store, '', two)).toEqual({ a: '2', b: '1' });
      const events = (await take(store, '', start, 3)).map((batch) => batch.events.map(line).join(' '));
      expect(events).toEqual(['+a=1 +b=1', '~a=2<1', '-b<1']);
      expect(await commit(store, put('c', '1'))).toBe(three + 1);
      await checkInvariants(store);
      await store.close();
    });

    it('keeps counting when the newest commit was a deletion that is compacted', async () => {
      const path = newPath();
      let store = await openStore(path);
      await commit(store, put('a', '1'));
      const two = await commit(store, { type: 'delete', key: 'a' });
      await store.compact(two);
      await store.close();
      store = await openStore(path);
      expect(await store.revision()).toBe(two);
      expect(await store.list({ prefix: '', revision: two - 1 })).toEqual({ ok: false, compacted: two });
      await store.close();
    });

    it('goes on at no less than now when restored from a backup, and forgets what came before', async () => {
      const path = newPath();
      let store = await openStore(path);
      const one = await commit(store, put('a', '1'));
      await store.close();
      store = await openStore(path, { restored: true }, START_MS + 60_000);
      expect(await store.revision()).toBe((START_MS + 60_000) * 1000);
      expect(await store.list({ prefix: '', revision: one })).toMatchObject({ ok: false });
      expect(await store.watch({ prefix: '', afterRevision: one })).toMatchObject({ ok: false });
      expect(await list(store, '')).toEqual({ a: '1' });
      await store.close();
    });
  });

  it('removes compacted versions from the file, in slices, beside commits', async () => {
    const path = newPath();
    const store = await openStore(path);
    const wide = Array.from({ length: 400 }, (_, i) => put(`wide/${i}`, 'x'));
    for (let round = 0; round < 8; round += 1) await commit(store, ...wide);
    for (let i = 0; i < 50; i += 1) await commit(store, put('lease', `${i}`));
    const revision = await store.revision();
    const compacting = store.compact(revision);
    await commit(store, put('meanwhile', '1'));
    await compacting;
    const rows = () => {
      const database = new DatabaseSync(path, { readOnly: true });
      const row: { readonly number: number } = database.prepare('SELECT count(*) AS number FROM versions').get();
      database.close();
      return row.number;
    };
    await until('old versions are gone', () => rows() === 402);
    expect(Object.keys(await list(store, '', revision))).toHaveLength(401);
    await checkInvariants(store);
    await store.close();
  });

  it('reads lists larger than one page of the reading thread', async () => {
    const store = await openStore(newPath());
    const value = Buffer.alloc(1_000_000, 1);
    for (let i = 0; i < 20; i += 1) await store.commit([{ type: 'put', key: `big/${i + 10}`, value }]);
    const all = await store.list({ prefix: 'big/' });
    expect(all).toMatchObject({ ok: true, items: { length: 20 }, more: false });
    expect(await store.list({ prefix: 'big/', limit: 18 })).toMatchObject({ items: { length: 18 }, remaining: 2 });
    await store.close();
  });

  it('gives the space of its write-ahead log back once it is idle', async () => {
    const path = newPath();
    const clock = new FakeClock(START_MS);
    const store = await openSqliteStore({ clock, log: silentLog, worker }, { path });
    for (let i = 0; i < 100; i += 1) await commit(store, put(`k${i}`, 'x'.repeat(2_000)));
    expect((await stat(`${path}-wal`)).size).toBeGreaterThan(200_000);
    await until('the log is empty', async () => {
      await clock.advance(200);
      return (await stat(`${path}-wal`)).size === 0 && clock.waiting === 0;
    });
    expect(Object.keys(await list(store, 'k'))).toHaveLength(100);
    await store.close();
  });

  it('leaves no file that others may read', async () => {
    const path = newPath();
    const store = await openStore(path);
    await commit(store, put('a', '1'));
    for (const name of await readdir(join(path, '..'))) {
      expect((await stat(join(path, '..', name))).mode & 0o077, name).toBe(0);
    }
    await store.close();
  });

  describe('refuses', () => {
    const code = async (opening: Promise<Store>) => opening.then((store) => store.close()).catch((error) => error.code);

    it('a second opener, until the first has closed', async () => {
      const path = newPath();
      const first = await openStore(path);
      expect(await code(openStore(path))).toBe('StoreLocked');
      await commit(first, put('a', '1'));
      await first.close();
      expect(await code(openStore(path))).toBeUndefined();
    });

    it('a database of another program, a file that is none, and a newer format', async () => {
      const foreign = newPath();
      await (await openStore(foreign)).close();
      tamper(foreign, 'PRAGMA user_version = 99');
      expect(await code(openStore(foreign))).toBe('StoreFormat');
      tamper(foreign, 'PRAGMA application_id = 7');
      expect(await code(openStore(foreign))).toBe('StoreFormat');
      const garbage = join(folder, 'garbage.db');
      await writeFile(garbage, 'x'.repeat(10_000));
      expect(await code(openStore(garbage))).toBe('StoreBroken');
    });

    it('a wrong encryption key, and none where one is needed', async () => {
      const path = newPath();
      await (await openStore(path, { encryption: encryption(1) })).close();
      expect(await code(openStore(path, { encryption: encryption(2) }))).toBe('StoreKey');
      expect(await code(openStore(path))).toBe('StoreKey');
      expect(await code(openStore(path, { encryption: encryption(1) }))).toBeUndefined();
    });
  });

  describe('encryption', () => {
    it('lets no byte of a secret reach any file, and no other value become unreadable', async () => {
      const path = newPath();
      const store = await openStore(path, { encryption: encryption(1) });
      const revision = await commit(store, put('secrets/a', CANARY), put('plain/a', 'readable-canary'));
      await commit(store, put('secrets/a', `${CANARY}-2`), put('secrets/b', CANARY));
      await commit(store, { type: 'delete', key: 'secrets/b' });
      const everything = async () => {
        const names = await readdir(join(path, '..'));
        return Buffer.concat(await Promise.all(names.map((name) => readFile(join(path, '..', name)))));
      };
      const live = await everything();
      expect(live.includes('readable-canary')).toBe(true);
      expect(live.includes(CANARY)).toBe(false);
      expect(await list(store, 'secrets/', revision)).toEqual({ 'secrets/a': CANARY });
      expect((await take(store, 'secrets/', revision, 1))[0]?.events.map(line)).toEqual([
        `~secrets/a=${CANARY}-2<${CANARY}`,
        `+secrets/b=${CANARY}`,
      ]);
      await store.close();
      expect((await everything()).includes(CANARY)).toBe(false);
    });

    it('refuses a secret that was moved to another key', async () => {
      const path = newPath();
      let store = await openStore(path, { encryption: encryption(1) });
      await commit(store, put('secrets/mine', CANARY), put('secrets/yours', 'other'));
      await store.close();
      const database = new DatabaseSync(path);
      database.exec("DELETE FROM versions WHERE key = 'secrets/yours'");
      database.exec("UPDATE versions SET key = 'secrets/yours' WHERE key = 'secrets/mine'");
      database.close();
      store = await openStore(path, { encryption: encryption(1) });
      await expect(store.get('secrets/yours')).rejects.toMatchObject({ code: 'ValueCorrupt' });
      await store.close();
    });
  });

  describe('a damaged file', () => {
    it('is an error naming the key, for reads, lists, watches and updates; other keys live on', async () => {
      const path = newPath();
      let store = await openStore(path);
      const start = await store.revision();
      await commit(store, put('bad', 'a value to damage'), put('good', '1'));
      await store.close();
      tamper(path, "UPDATE versions SET value = CAST('a value to Damage' AS BLOB) WHERE key = 'bad'");
      store = await openStore(path);
      const corrupt = { code: 'ValueCorrupt', message: expect.stringContaining('bad') };
      await expect(store.get('bad')).rejects.toMatchObject(corrupt);
      await expect(store.list({ prefix: '' })).rejects.toMatchObject(corrupt);
      await expect(store.watch({ prefix: '', afterRevision: start })).rejects.toMatchObject(corrupt);
      const [bad, good] = await Promise.allSettled([store.commit([put('bad', '2')]), store.commit([put('good', '2')])]);
      expect(bad).toMatchObject({ status: 'rejected', reason: corrupt });
      expect(good).toMatchObject({ status: 'fulfilled', value: { ok: true, revision: start + 2 } });
      expect(text((await store.get('good'))?.value)).toBe('2');
      await store.close();
    });

    it('never gives wrong bytes, wherever one bit flips', async () => {
      const path = newPath();
      let store = await openStore(path);
      const expected = new Map<string, string>();
      for (let i = 0; i < 40; i += 1) {
        expected.set(`key/${i}`, `value ${i} `.repeat(40));
        await commit(store, put(`key/${i}`, expected.get(`key/${i}`) ?? ''));
      }
      await store.close();
      const size = (await stat(path)).size;
      const flips = Number(process.env['PLUMBLINE_TEST_FLIPS'] ?? 25);
      let noticed = 0;
      for (let flip = 0; flip < flips; flip += 1) {
        const damaged = join(folder, `flip-${basename(folder)}-${flip}.db`);
        await copyFile(path, damaged);
        await flipBit(damaged, Math.floor(((flip + 0.5) / flips) * size));
        let found: Record<string, string> = {};
        try {
          store = await openStore(damaged);
          try {
            found = await list(store, 'key/');
          } finally {
            await store.close();
          }
        } catch (error) {
          noticed += 1;
          expect(['ValueCorrupt', 'StoreBroken', 'StoreFormat']).toContain((error as { code?: string }).code);
        }
        for (const [key, value] of Object.entries(found)) expect(expected.get(key), key).toBe(value);
      }
      expect(noticed).toBeGreaterThan(flips / 3);
    });
  });

  it.skipIf(process.getuid?.() !== 0)('survives a full disk (needs root, for a small file system)', async () => {
    const mount = await mkdtemp(join(folder, 'full-'));
    const run = promisify(execFile);
    await run('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', mount]);
    try {
      const store = await openStore(join(mount, 'store.db'));
      await commit(store, put('first', '1'));
      const ballast = join(mount, 'ballast');
      await writeFile(ballast, Buffer.alloc(1_500_000));
      const value = Buffer.alloc(400_000);
      const results = await Promise.allSettled(
        Array.from({ length: 10 }, (_, i) => store.commit([{ type: 'put', key: `big/${i}`, value }])),
      );
      const refused = results.filter((result) => result.status === 'rejected');
      expect(refused.length).toBeGreaterThan(0);
      for (const { reason } of refused) expect(reason).toMatchObject({ code: 'StoreFull', retryable: true });
      const kept = results.length - refused.length;
      expect(await store.list({ prefix: 'big/' })).toMatchObject({ items: { length: kept } });
      await rm(ballast);
      await commit(store, put('after', '1'));
      await checkInvariants(store);
      await store.close();
    } finally {
      await run('umount', [mount]);
    }
  });

  it('answers every commit that was given before it closed', async () => {
    const path = newPath();
    const store = await openStore(path);
    const commits = Array.from({ length: 600 }, (_, i) => store.commit([put(`k${i}`, 'x')]));
    await store.close();
    expect((await Promise.all(commits)).every(({ ok }) => ok)).toBe(true);
    const again = await openStore(path);
    expect(Object.keys(await list(again, 'k'))).toHaveLength(600);
    await again.close();
  });

  it('sheds commits beyond what it may hold, and takes them later', async () => {
    const store = await openStore(newPath());
    const value = bytes('x');
    const commits = Array.from({ length: 17_000 }, (_, i) => store.commit([{ type: 'put', key: `k${i % 10}`, value }]));
    const results = await Promise.allSettled(commits);
    const shed = results.filter(({ status }) => status === 'rejected');
    expect(shed).toHaveLength(17_000 - 16_384);
    expect(shed[0]).toMatchObject({ reason: { code: 'StoreBusy', retryable: true } });
    await commit(store, put('after', '1'));
    await store.close();
  });
});

async function flipBit(path: string, offset: number): Promise<void> {
  const file = await open(path, 'r+');
  try {
    const byte = Buffer.alloc(1);
    await file.read(byte, 0, 1, offset);
    byte[0] = (byte[0] ?? 0) ^ 0x10;
    await file.write(byte, 0, 1, offset);
  } finally {
    await file.close();
  }
}
