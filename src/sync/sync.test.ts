import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { configMap, createSyncBed, type SyncBed } from '../../test/support/sync-bed.ts';

describe('src/sync/sync.ts', () => {
  let bed: SyncBed;
  beforeEach(async () => {
    bed = await createSyncBed();
  });
  afterEach(() => bed.close());

  it('makes the cluster say what the commit says, and keeps a record of it', async () => {
    const first = await bed.repo.commit({ 'web/a.yaml': configMap('a'), 'web/b.yaml': configMap('b') }, 'Add two');
    await bed.apply('web');
    const application = await bed.synced('web', first);
    expect((await bed.get({ kind: 'ConfigMap', name: 'a' }))?.['data']).toEqual({ key: 'value' });
    expect(application.status).toMatchObject({
      sync: { status: 'Synced', revision: first },
      health: { status: 'Healthy' },
      run: { phase: 'Succeeded' },
      conditions: [],
    });
    expect(
      application.status?.resources?.map(({ kind, name, status, origin }) => ({ kind, name, status, origin })),
    ).toEqual([
      { kind: 'ConfigMap', name: 'a', status: 'Synced', origin: { path: 'web/a.yaml', line: 1, commit: first } },
      { kind: 'ConfigMap', name: 'b', status: 'Synced', origin: { path: 'web/b.yaml', line: 1, commit: first } },
    ]);

    const second = await bed.repo.commit(
      { 'web/a.yaml': configMap('a', { key: 'changed' }), 'web/b.yaml': null },
      'Change one, drop one',
    );
    await bed.synced('web', second);
    expect((await bed.get({ kind: 'ConfigMap', name: 'a' }))?.['data']).toEqual({ key: 'changed' });
    expect(await bed.get({ kind: 'ConfigMap', name: 'b' })).toBeUndefined();

    const runs = await bed.runs('web');
    expect(runs.map(({ spec, status }) => [spec.revision, spec.message, spec.trigger, status?.phase])).toEqual([
      [first, 'Add two', 'commit', 'Succeeded'],
      [second, 'Change one, drop one', 'commit', 'Succeeded'],
    ]);
    expect(runs[1]?.spec.author).toBe('Ada <ada@example.com>');
    expect(runs[1]?.status?.results?.map(({ name, action }) => [name, action])).toEqual([
      ['a', 'configured'],
      ['b', 'pruned'],
    ]);
  });
});
