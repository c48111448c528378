import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { configMap, createSyncBed, type SyncBed } from '../../test/support/sync-bed.ts';
import { diffAgainstLive } from './differences.ts';

describe('src/app/differences', () => {
  let bed: SyncBed;
  let folder: string;
  beforeEach(async () => {
    bed = await createSyncBed();
    folder = await mkdtemp(path.join(tmpdir(), 'plumb-diff-'));
  });
  afterEach(async () => {
    await bed.close();
    await rm(folder, { recursive: true, force: true });
  });

  const changes = async () => {
    const application = await bed.application('web');
    if (application === undefined) throw new Error('the Application is not there');
    const { changes: found } = await diffAgainstLive(bed.client, application, folder);
    return found.map(({ key, action }) => [key.name, action]);
  };

  it('tells what a folder would create, change and delete, and of a folder like Git nothing', async () => {
    const files = { 'a.yaml': configMap('a', { key: 'one' }), 'b.yaml': configMap('b') };
    const commit = await bed.repo.commit({ 'web/a.yaml': files['a.yaml'], 'web/b.yaml': files['b.yaml'] });
    await bed.apply('web');
    await bed.synced('web', commit);
    for (const [name, text] of Object.entries(files)) await writeFile(path.join(folder, name), text);
    expect(await changes()).toEqual([]);
    await rm(path.join(folder, 'b.yaml'));
    expect(await changes()).toEqual([['b', 'prune']]);
    await writeFile(path.join(folder, 'a.yaml'), configMap('a', { key: 'two' }));
    await writeFile(path.join(folder, 'c.yaml'), configMap('c'));
    expect(await changes()).toEqual([
      ['a', 'configure'],
      ['c', 'create'],
      ['b', 'prune'],
    ]);
  });
});
