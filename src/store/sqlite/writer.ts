import type { DatabaseSyncInstance, StatementSyncInstance } from '@photostructure/sqlite';
import { StoreError } from '../errors.ts';
import {
  assertDurable,
  ensureFile,
  ensureSchema,
  ensureSealer,
  inTransaction,
  openConnection,
  pragma,
  readMetaNumber,
  toStoreError,
  writeMeta,
} from './database.ts';
import { sqliteLimits } from './limits.ts';
import { lockStore } from './lock.ts';
import {
  Packer,
  sliceOf,
  type WireCommitResult,
  type WireOperation,
  type WireValue,
  type WorkerSetup,
} from './protocol.ts';
import { decodeRow, encodeRow, type Row } from './row.ts';
import type { Sealer } from './sealer.ts';

/** A commit as it waits for its transaction: its operations, and the buffer their values lie in. */
export interface WaitingCommit {
  readonly operations: readonly WireOperation[];
  readonly bytes: Uint8Array;
}

/** The only writer of the file. Synchronous: it lives in a worker thread, where waiting for the disk stops nobody. */
export class StoreWriter {
  readonly #lock: DatabaseSyncInstance;
  readonly #database: DatabaseSyncInstance;
  readonly #sealer: Sealer | undefined;
  readonly #newest: StatementSyncInstance;
  readonly #insert: StatementSyncInstance;
  #revision: number;
  #swept: number;
  #compacted: number;
  /** Set when the disk failed under a commit: what it holds is then unknown until the file is opened anew. */
  #broken: StoreError | undefined;

  constructor({ path, startRevision, restored, key }: WorkerSetup) {
    this.#lock = lockStore(path);
    try {
      ensureFile(path);
      const database = openConnection(path);
      this.#database = database;
      ensureSchema(database, startRevision);
      this.#sealer = ensureSealer(database, key);
      writeMeta(database, 'opened', startRevision / 1000);
      assertDurable(database);
      this.#revision = Math.max(readMetaNumber(database, 'revision'), lastRevision(database));
      this.#compacted = readMetaNumber(database, 'compacted');
      this.#swept = readMetaNumber(database, 'swept');
      if (restored) this.#forgetHistory(startRevision);
      this.#newest = database.prepare('SELECT * FROM versions WHERE key = ? ORDER BY revision DESC LIMIT 1');
      this.#insert = database.prepare('INSERT INTO versions VALUES (NULL, ?, ?, ?, ?, ?, ?)');
    } catch (error) {
      this.#lock.close();
      throw toStoreError(error);
    }
  }

  get revision(): number {
    return this.#revision;
  }

  /**
   * Carries the commits out in order, durably, by one transaction. A conflict is that commit's result only; if the
   * transaction fails, each commit is tried by itself, so that only those fail which cannot succeed.
   */
  commit(commits: readonly WaitingCommit[], previous: Packer): WireCommitResult[] {
    const before = this.#revision;
    try {
      if (this.#broken !== undefined) throw this.#broken;
      const packed = new Packer();
      const results = inTransaction(this.#database, () => commits.map((commit) => this.#apply(commit, packed)));
      const base = previous.add(packed.bytes()).offset;
      return results.map((result) => shifted(result, base));
    } catch (error) {
      this.#revision = before;
      const { code, message } = toStoreError(error);
      if (code === 'StoreBroken') this.#broken ??= new StoreError(code, message, error);
      else if (commits.length > 1) return commits.flatMap((commit) => this.commit([commit], previous));
      return commits.map(() => ({ type: 'error', error: { code, message } }));
    }
  }

  /** Reads below `revision` answer `compacted` from now on; `sweep` then removes what nobody can read. */
  compact(revision: number): void {
    const target = Math.min(revision, this.#revision);
    if (target <= this.#compacted) return;
    inTransaction(this.#database, () => {
      writeMeta(this.#database, 'compacted', target);
      writeMeta(this.#database, 'revision', this.#revision);
    });
    this.#compacted = target;
  }

  /** Removes a slice of the replaced and deleted versions; answers whether there is more. Survives a restart half-way. */
  sweep(): boolean {
    if (this.#swept >= this.#compacted) return false;
    const database = this.#database;
    const rows: readonly Pick<Row, 'revision' | 'key' | 'created'>[] = database
      .prepare('SELECT revision, key, created FROM versions WHERE id >= ? AND revision <= ? ORDER BY id LIMIT ?')
      .all(firstIdAfter(database, this.#swept), this.#compacted, sqliteLimits.versionsPerSweep);
    // A full slice may end inside a commit, which is then left to the next one.
    const full = rows.length === sqliteLimits.versionsPerSweep;
    const swept = full ? (rows.at(-1)?.revision ?? 0) - 1 : this.#compacted;
    const replaced = database.prepare('DELETE FROM versions WHERE key = ? AND revision < ?');
    const deleted = database.prepare('DELETE FROM versions WHERE key = ? AND revision <= ?');
    inTransaction(database, () => {
      for (const { key, revision, created } of rows) {
        if (revision <= swept) (created === 0 ? deleted : replaced).run(key, revision);
      }
      writeMeta(database, 'swept', swept);
    });
    this.#swept = swept;
    return this.#swept < this.#compacted;
  }

  resetLog(truncate: boolean): void {
    pragma(this.#database, `wal_checkpoint(${truncate ? 'TRUNCATE' : 'RESTART'})`);
  }

  close(): void {
    this.#database.close();
    this.#lock.close();
  }

  #apply({ operations, bytes }: WaitingCommit, packer: Packer): WireCommitResult {
    const found = operations.map(({ key }) => this.#current(key));
    const conflict = operations.findIndex(
      ({ ifRevision }, index) => ifRevision !== undefined && (found[index]?.row.revision ?? 0) !== ifRevision,
    );
    const wire = (index: number): WireValue | undefined => {
      const current = found[index];
      if (current === undefined) return undefined;
      const { key, revision, created } = current.row;
      return { key, revision, createRevision: created, ...packer.add(current.value) };
    };
    if (conflict >= 0) return { type: 'conflict', key: operations[conflict]?.key ?? '', current: wire(conflict) };
    const revision = this.#revision + 1;
    let changed = false;
    for (const [index, operation] of operations.entries()) {
      const created = found[index]?.row.created;
      if (operation.type === 'check' || (operation.type === 'delete' && created === undefined)) continue;
      changed = true;
      if (operation.type === 'delete')
        this.#write(encodeRow({ key: operation.key, revision, created: 0 }, undefined, undefined));
      else {
        const version = { key: operation.key, revision, created: created ?? revision };
        this.#write(encodeRow(version, sliceOf(bytes, operation), operation.sealed ? this.#sealer : undefined));
      }
    }
    if (changed) this.#revision = revision;
    const previous = operations.map(({ type }, index) => (type === 'check' ? undefined : wire(index)));
    return { type: 'committed', revision: this.#revision, changed, previous };
  }

  #current(key: string): { readonly row: Row; readonly value: Uint8Array } | undefined {
    const row: Row | undefined = this.#newest.get(key);
    if (row === undefined) return undefined;
    const value = decodeRow(row, this.#sealer);
    return value === undefined ? undefined : { row, value };
  }

  #write({ revision, key, created, format, sum, value }: Row): void {
    this.#insert.run(revision, key, created, format, sum, value);
  }

  #forgetHistory(startRevision: number): void {
    this.#revision = Math.max(this.#revision + 1, startRevision);
    this.compact(this.#revision);
  }
}

function shifted(result: WireCommitResult, base: number): WireCommitResult {
  const move = (value: WireValue | undefined) => value && { ...value, offset: value.offset + base };
  if (result.type === 'committed') return { ...result, previous: result.previous.map(move) };
  return result.type === 'conflict' ? { ...result, current: move(result.current) } : result;
}

/** Revision of the last row; 0 when there is none. */
export function lastRevision(database: DatabaseSyncInstance): number {
  const row: Pick<Row, 'revision'> | undefined = database
    .prepare('SELECT revision FROM versions ORDER BY id DESC LIMIT 1')
    .get();
  return row?.revision ?? 0;
}

/** The first id of a commit after `revision`, or one above all: a binary search, since ids grow with revisions. */
export function firstIdAfter(database: DatabaseSyncInstance, revision: number): number {
  const bounds: { readonly low: number | null; readonly high: number | null } = database
    .prepare('SELECT (SELECT min(id) FROM versions) AS low, (SELECT max(id) FROM versions) AS high')
    .get();
  const at = database.prepare('SELECT id, revision FROM versions WHERE id >= ? ORDER BY id LIMIT 1');
  let low = bounds.low ?? 1;
  let high = (bounds.high ?? 0) + 1;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const row: { readonly id: number; readonly revision: number } = at.get(middle);
    if (row.revision <= revision) low = row.id + 1;
    else high = middle;
  }
  return low;
}
