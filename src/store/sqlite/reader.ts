import type { DatabaseSyncInstance, StatementSyncInstance } from '@photostructure/sqlite';
import { prefixEnd } from '../keys.ts';
import { ensureSealer, inSnapshot, openConnection, pragma, readMetaNumber } from './database.ts';
import { sqliteLimits } from './limits.ts';
import { Packer, type ReaderCalls, type WireEvent, type WireValue, type WorkerSetup } from './protocol.ts';
import { decodeRow, type Row } from './row.ts';
import type { Sealer } from './sealer.ts';
import { firstIdAfter, lastRevision } from './writer.ts';

type Get = ReaderCalls['get'];
type List = ReaderCalls['list'];
type History = ReaderCalls['history'];
/** A log frame is a page with this header. Source: sqlite.org/fileformat2.html#wal_file_format */
const FRAME_HEADER_BYTES = 24;
/** Sorts after every text in SQLite. */
const ABOVE_ALL_KEYS = new Uint8Array(0);
/** For each key of a range its newest version at a revision; the index answers it alone. Deleted keys are left out. */
const NEWEST_IN_RANGE = `
  SELECT key, max(revision), created, id FROM versions
  WHERE key @after ? AND key < ? AND revision <= ? GROUP BY key HAVING created > 0`;

/** Reads the file beside its writer, each answer from one view of it, and carries the log over into it. */
export class StoreReader {
  readonly #database: DatabaseSyncInstance;
  readonly #sealer: Sealer | undefined;
  readonly #pageBytes: number;
  readonly #get: StatementSyncInstance;
  readonly #byId: StatementSyncInstance;
  readonly #before: StatementSyncInstance;
  readonly #events: StatementSyncInstance;
  readonly #range: Readonly<Record<'from' | 'after', { list: StatementSyncInstance; count: StatementSyncInstance }>>;

  constructor({ path, key }: WorkerSetup) {
    const database = openConnection(path);
    this.#database = database;
    this.#sealer = ensureSealer(database, key);
    this.#pageBytes = Number(pragma(database, 'page_size')) + FRAME_HEADER_BYTES;
    this.#get = database.prepare('SELECT * FROM versions WHERE key = ? ORDER BY revision DESC LIMIT 1');
    this.#byId = database.prepare('SELECT * FROM versions WHERE id = ?');
    this.#before = database.prepare(
      'SELECT * FROM versions WHERE key = ? AND revision < ? ORDER BY revision DESC LIMIT 1',
    );
    this.#events = database.prepare(
      'SELECT * FROM versions WHERE id >= ? AND id < ? AND +key >= ? AND +key < ? ORDER BY id',
    );
    const range = (comparison: '>' | '>=') => {
      const newest = NEWEST_IN_RANGE.replace('@after', comparison);
      return {
        list: database.prepare(`${newest} ORDER BY key LIMIT ?`),
        count: database.prepare(`SELECT count(*) AS number FROM (${newest})`),
      };
    };
    this.#range = { from: range('>='), after: range('>') };
  }

  get({ key }: Get['request']): Get['answer'] {
    return inSnapshot(this.#database, () => {
      const packer = new Packer();
      const row: Row | undefined = this.#get.get(key);
      const value = row && this.#decode(row, packer);
      return { value, revision: this.#revision(), bytes: packer.bytes() };
    });
  }

  list({ prefix, after, limit, revision: asked }: List['request']): List['answer'] {
    return inSnapshot(this.#database, () => {
      const newest = this.#revision();
      const compacted = readMetaNumber(this.#database, 'compacted');
      const revision = asked ?? newest;
      if (revision < compacted) return { ok: false, compacted };
      if (revision > newest) return { ok: false, newest };
      const end = prefixEnd(prefix) ?? ABOVE_ALL_KEYS;
      const exclusive = after !== undefined && Buffer.compare(Buffer.from(after), Buffer.from(prefix)) >= 0;
      const range = exclusive ? this.#range.after : this.#range.from;
      const packer = new Packer();
      const items: WireValue[] = [];
      let partial = false;
      const rows = range.list.iterate(exclusive ? after : prefix, end, revision, limit ?? -1);
      for (const { id } of rows as Iterable<{ readonly id: number }>) {
        const row: Row = this.#byId.get(id);
        const item = this.#decode(row, packer);
        if (item !== undefined) items.push(item);
        partial = packer.byteLength >= sqliteLimits.listPageBytes;
        if (partial) break;
      }
      const last = items.at(-1)?.key;
      const full = items.length === limit && last !== undefined;
      const remaining = full ? this.#count(last, end, revision) : 0;
      return { ok: true, items, revision, remaining, partial: partial && !full, bytes: packer.bytes() };
    });
  }

  history({ prefix, afterRevision, throughRevision }: History['request']): History['answer'] {
    return inSnapshot(this.#database, () => {
      const compacted = readMetaNumber(this.#database, 'compacted');
      if (afterRevision < compacted) return { ok: false, compacted };
      const packer = new Packer();
      const events: WireEvent[] = [];
      const from = firstIdAfter(this.#database, afterRevision);
      const to = firstIdAfter(this.#database, throughRevision);
      const rows: Row[] = this.#events.all(from, to, prefix, prefixEnd(prefix) ?? ABOVE_ALL_KEYS);
      for (const row of rows) {
        const { key, revision } = row;
        const before: Row | undefined = this.#before.get(key, revision);
        const previous = before && this.#decode(before, packer);
        events.push({ revision, key, current: this.#decode(row, packer), previous });
      }
      return { ok: true, events, bytes: packer.bytes() };
    });
  }

  checkpoint(): ReaderCalls['checkpoint']['answer'] {
    const row: { readonly log: number } = this.#database.prepare('PRAGMA wal_checkpoint(PASSIVE)').get();
    return { walBytes: Math.max(0, row.log) * this.#pageBytes };
  }

  close(): void {
    this.#database.close();
  }

  #revision(): number {
    return Math.max(readMetaNumber(this.#database, 'revision'), lastRevision(this.#database));
  }

  #count(after: string, end: string | Uint8Array, revision: number): number {
    const row: { readonly number: number } = this.#range.after.count.get(after, end, revision);
    return row.number;
  }

  #decode(row: Row, packer: Packer): WireValue | undefined {
    const value = decodeRow(row, this.#sealer);
    if (value === undefined) return undefined;
    const { key, revision, created } = row;
    return { key, revision, createRevision: created, ...packer.add(value) };
  }
}
