import { afterEach, describe, expect, it } from 'vitest';
import { configMap, createSyncBed, type SyncBed } from '../../test/support/sync-bed.ts';
import type { EndedRun, GitRequest } from './meter.types.ts';

describe('src/sync/meter.types.ts', () => {
  let bed: SyncBed | undefined;
  afterEach(() => bed?.close());

  it('is told each fetch, each pass, and the end of each run once', async () => {
    const ended: EndedRun[] = [];
    const requests: GitRequest[] = [];
    const passes: (string | undefined)[] = [];
    bed = await createSyncBed({
      meter: {
        gitRequest: (request) => requests.push(request),
        reconciled: ({ application }) => passes.push(application?.metadata.name),
        runEnded: (run) => ended.push(run),
      },
    });
    const { repo } = bed;
    const first = await repo.commit({ 'web/a.yaml': configMap('a') });
    await bed.apply('web');
    await bed.synced('web', first);
    const second = await repo.commit({ 'web/a.yaml': configMap('a', { key: 'new' }) });
    await bed.synced('web', second);
    // Over a restart no run ends a second time.
    await bed.restart();
    const third = await repo.commit({ 'web/a.yaml': configMap('a', { key: 'newest' }) });
    await bed.synced('web', third);

    const one = { namespace: 'argocd', application: 'web', trigger: 'commit', phase: 'Succeeded' };
    expect(ended).toEqual([one, one, one].map((run) => ({ ...run, durationMs: expect.any(Number) })));
    expect(passes.length).toBeGreaterThan(0);
    expect(new Set(passes)).toEqual(new Set(['web']));
    expect(requests.length).toBeGreaterThanOrEqual(3);
    expect(new Set(requests.map(({ repoURL, failed }) => `${repoURL} ${failed}`))).toEqual(
      new Set([`${repo.path} false`]),
    );
    const { applications, repositories } = bed.engine.figures();
    expect([applications.map(({ metadata }) => metadata.name), repositories]).toEqual([['web'], 1]);
  });
});
