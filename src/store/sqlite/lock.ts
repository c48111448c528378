import { DatabaseSync, type DatabaseSyncInstance } from '@photostructure/sqlite';
import { StoreError } from '../errors.ts';
import { ensureFile } from './database.ts';

/** Result code of a lock held by somebody else. Source: sqlite.org/rescode.html */
const SQLITE_BUSY = 5;

/**
 * Keeps every other opener of `path` out, in this process or another, until `close` or the process's end, however it
 * comes: the kernel's lock on `<path>.lock` goes with its holder, so nothing is left to clean up.
 */
export function lockStore(path: string): DatabaseSyncInstance {
  ensureFile(`${path}.lock`);
  const lock = new DatabaseSync(`${path}.lock`, { timeout: 0 });
  try {
    lock.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
    return lock;
  } catch (error) {
    lock.close();
    if (typeof error === 'object' && error !== null && 'errcode' in error && error.errcode === SQLITE_BUSY) {
      throw new StoreError('StoreLocked', `Another process has ${path} open; stop it first.`, error);
    }
    throw error;
  }
}
