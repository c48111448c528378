import { closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync, type DatabaseSyncInstance } from '@photostructure/sqlite';
import { errorMessage } from '#base';
import { StoreError } from '../errors.ts';
import { sqliteLimits } from './limits.ts';
import { createSealer, type Sealer } from './sealer.ts';

/** `PRAGMA application_id`: "plmb". */
const APPLICATION_ID = 0x706c6d62;
/** `PRAGMA user_version`. */
const SCHEMA_VERSION = 1;

/**
 * `versions` is the history and the present in one: ids grow with revisions, so it is only ever appended to, and its one
 * index finds a key's newest version, at any revision, without touching values.
 */
const SCHEMA = `
  CREATE TABLE meta (name TEXT PRIMARY KEY, value ANY NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE versions (
    id INTEGER PRIMARY KEY,
    revision INTEGER NOT NULL,
    key TEXT NOT NULL,
    created INTEGER NOT NULL,
    format INTEGER NOT NULL,
    sum INTEGER NOT NULL,
    value BLOB
  ) STRICT;
  CREATE UNIQUE INDEX versions_by_key ON versions (key, revision, created);
  PRAGMA application_id = ${APPLICATION_ID};
  PRAGMA user_version = ${SCHEMA_VERSION};
`;

export type MetaName =
  /** Reads below this revision answer `compacted`. */
  | 'compacted'
  /** Up to here compaction has removed what it may. */
  | 'swept'
  /** The newest revision when it was written; later ones are read from `versions`. */
  | 'revision'
  /** When the file was last opened, Unix ms. */
  | 'opened'
  /** A constant, sealed with the encryption key, by which a wrong key is known. */
  | 'keyCheck';

export function openConnection(path: string): DatabaseSyncInstance {
  const database = new DatabaseSync(path, { timeout: sqliteLimits.busyTimeoutMs });
  try {
    database.exec(`
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = FULL;
      PRAGMA wal_autocheckpoint = 0;
      PRAGMA cache_size = -${sqliteLimits.cacheKiB};
      PRAGMA mmap_size = 0;
      PRAGMA cell_size_check = ON;
      PRAGMA trusted_schema = OFF;
    `);
  } catch (error) {
    database.close();
    throw error;
  }
  return database;
}

/** Makes the file, readable by its owner only, unless it is there. */
export function ensureFile(path: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  closeSync(openSync(path, 'a', 0o600));
}

/** Makes the tables in an empty file; refuses a file of another program or of a newer version of this one. */
export function ensureSchema(database: DatabaseSyncInstance, startRevision: number): void {
  const version = pragma(database, 'user_version');
  const application = pragma(database, 'application_id');
  if (version === SCHEMA_VERSION && application === APPLICATION_ID) return;
  if (application === APPLICATION_ID) {
    throw new StoreError('StoreFormat', `The store has format ${version}; this program knows ${SCHEMA_VERSION}.`);
  }
  if (application !== 0 || pragma(database, 'schema_version') !== 0) {
    throw new StoreError('StoreFormat', 'The file is a database of another program.');
  }
  inTransaction(database, () => {
    database.exec(SCHEMA);
    for (const name of ['compacted', 'swept', 'revision'] as const) writeMeta(database, name, startRevision);
  });
}

/**
 * Refuses to go on unless commits reach the disk. To be called after a first write: before it SQLite may report a mode
 * that it then does not keep.
 */
export function assertDurable(database: DatabaseSyncInstance): void {
  const found = {
    journal_mode: pragma(database, 'journal_mode'),
    synchronous: pragma(database, 'synchronous'),
    wal_autocheckpoint: pragma(database, 'wal_autocheckpoint'),
  };
  if (found.journal_mode !== 'wal' || found.synchronous !== 2 || found.wal_autocheckpoint !== 0) {
    throw new StoreError('StoreNotDurable', `SQLite does not sync as told: ${JSON.stringify(found)}.`);
  }
}

/** The sealer for the given key, once it has proved to be the store's own; undefined for a store without encryption. */
export function ensureSealer(database: DatabaseSyncInstance, key: Uint8Array | undefined): Sealer | undefined {
  const check = readMeta(database, 'keyCheck');
  if (key === undefined) {
    if (check === undefined) return undefined;
    throw new StoreError('StoreKey', 'The store is encrypted and no key was given.');
  }
  const sealer = createSealer(key);
  if (check instanceof Uint8Array) {
    try {
      sealer.open('keyCheck', check);
    } catch (error) {
      throw new StoreError('StoreKey', 'The store was encrypted with another key.', error);
    }
  } else writeMeta(database, 'keyCheck', sealer.seal('keyCheck', Buffer.from('plumbline')));
  return sealer;
}

export function pragma(database: DatabaseSyncInstance, name: string): unknown {
  const row: unknown = database.prepare(`PRAGMA ${name}`).get();
  return typeof row === 'object' && row !== null ? Object.values(row)[0] : undefined;
}

export function readMeta(database: DatabaseSyncInstance, name: MetaName): unknown {
  const row: { readonly value: unknown } | undefined = database
    .prepare('SELECT value FROM meta WHERE name = ?')
    .get(name);
  return row?.value;
}

export function readMetaNumber(database: DatabaseSyncInstance, name: MetaName): number {
  const value = readMeta(database, name);
  if (typeof value !== 'number') throw new StoreError('StoreFormat', `The store lacks its ${name}.`);
  return value;
}

export function writeMeta(database: DatabaseSyncInstance, name: MetaName, value: number | Uint8Array): void {
  database
    .prepare('INSERT INTO meta VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value')
    .run(name, value);
}

/** All or nothing; what `run` throws is thrown on after the rollback. */
export function inTransaction<T>(database: DatabaseSyncInstance, run: () => T): T {
  database.exec('BEGIN IMMEDIATE');
  try {
    const result = run();
    database.exec('COMMIT');
    return result;
  } catch (error) {
    rollback(database);
    throw error;
  }
}

/** SQLite itself rolls back on some failures, so a transaction may be over already. */
function rollback(database: DatabaseSyncInstance): void {
  if (database.isTransaction) database.exec('ROLLBACK');
}

/** One view of the store for all reads in `run`. */
export function inSnapshot<T>(database: DatabaseSyncInstance, run: () => T): T {
  database.exec('BEGIN');
  try {
    return run();
  } finally {
    if (database.isTransaction) database.exec('COMMIT');
  }
}

/** Result code of a full disk. Source: sqlite.org/rescode.html */
const SQLITE_FULL = 13;

/** What went wrong in SQLite, in the store's words. */
export function toStoreError(error: unknown): StoreError {
  if (error instanceof StoreError) return error;
  const code = typeof error === 'object' && error !== null && 'errcode' in error ? error.errcode : undefined;
  if (typeof code === 'number' && (code & 0xff) === SQLITE_FULL) {
    return new StoreError('StoreFull', 'The disk of the store is full; nothing was written.', error);
  }
  return new StoreError('StoreBroken', `The store's disk or file failed: ${errorMessage(error)}.`, error);
}
