import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { APPLICATIONS, CONFIG_MAPS, EVENTS, INVENTORIES, RENDERED_SETS, type ResourceType, SYNC_RUNS } from '#api';
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

  it('writes nothing while nothing changes, fetch or not', async () => {
    const commit = await bed.repo.commit({ 'web/a.yaml': configMap('a') });
    await bed.apply('web');
    await bed.synced('web', commit);
    const fetches = bed.engine;
    const versions = async () => {
      const all = await Promise.all(
        [APPLICATIONS, SYNC_RUNS, INVENTORIES, RENDERED_SETS, EVENTS, CONFIG_MAPS].map((resource) =>
          bed.client.list(resource as ResourceType),
        ),
      );
      return all
        .flatMap(({ items }) => items.map(({ metadata }) => `${metadata.name} ${metadata.resourceVersion}`))
        .sort();
    };
    await bed.until('the event of the sync is written', async () => (await bed.client.list(EVENTS)).items.length > 0);
    const before = await versions();
    fetches.hint({ id: 'h', urls: [bed.repo.path] });
    const later = await bed.repo.commit({ 'README.md': 'words' });
    await bed.synced('web', later);
    const after = await versions();
    // The revision alone moves.
    expect(after.filter((line) => !before.includes(line)).map((line) => line.split(' ')[0])).toEqual(['web']);
  });

  it('follows a local commit without any poll', async () => {
    const watching = await createSyncBed({ pollMs: 24 * 3_600_000 });
    try {
      const first = await watching.repo.commit({ 'web/a.yaml': configMap('a') });
      await watching.apply('web');
      await watching.synced('web', first);
      for (const key of ['second', 'third']) {
        await watching.synced('web', await watching.repo.commit({ 'web/a.yaml': configMap('a', { key }) }));
      }
    } finally {
      await watching.close();
    }
  });

  it('says for which repository a hint was not', () => {
    expect(() => bed.engine.hint({ id: 'h', urls: ['https://example.com/x'] })).toThrow(
      expect.objectContaining({ code: 'UnknownRepository' }),
    );
  });
});
