import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe } from 'vitest';
import { silentLog } from '#base';
import { FakeClock } from '../../../test/support/fake-clock.ts';
import { storeContract } from '../store.contract.ts';
import { openSqliteStore } from './sqlite-store.ts';

const START_MS = Date.UTC(2026, 0, 1);

describe('src/store/sqlite/sqlite-store.ts', () => {
  let folder = '';
  let files = 0;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'plumbline-store-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));
  const newPath = () => join(folder, `${files++}.db`);

  storeContract(
    () => openSqliteStore({ clock: new FakeClock(START_MS), log: silentLog }, { path: newPath() }),
    START_MS,
  );
});
