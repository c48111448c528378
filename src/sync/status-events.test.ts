import { afterEach, describe, expect, it } from 'vitest';
import { CONFIG_MAPS, EVENTS } from '#api';
import { configMap, createSyncBed, type SyncBed } from '../../test/support/sync-bed.ts';

describe('src/sync/status-events.plan.ts, on the real API', () => {
  let bed: SyncBed | undefined;
  afterEach(() => bed?.close());

  it('tells who drifted from Git, and that it was healed', async () => {
    const here = await createSyncBed();
    bed = here;
    const told = async (reason: string) =>
      (await here.client.list(EVENTS, { namespace: 'argocd' })).items
        .filter((event) => event.reason === reason && event.involvedObject.name === 'web')
        .map(({ message, count }) => [message, count]);
    const until = (reason: string) =>
      here.until(`${reason} is told`, async () => ((await told(reason)).length > 0 ? told(reason) : undefined));

    const commit = await here.repo.commit({ 'web/a.yaml': configMap('a') });
    await here.apply('web', { syncPolicy: { automated: {} } });
    await here.synced('web', commit);
    expect(await until('SyncStarted')).toEqual([[`Sync to ${commit.slice(0, 12)} started (commit)`, 1]]);
    expect(await told('DriftFound')).toEqual([]);
    const body = { data: { key: 'by-hand' } };
    await here.as('ada', 'kubectl').patch(CONFIG_MAPS, { namespace: 'default', name: 'a' }, { type: 'merge', body });
    expect(await until('DriftFound')).toEqual([
      [expect.stringMatching(/^Drift in ConfigMap\/default\/a \(data\.key by (ada|kubectl)\)$/), 1],
    ]);
    await here.apply('web', { syncPolicy: { automated: { selfHeal: true } } });
    expect(await until('DriftHealed')).toEqual([
      [expect.stringMatching(/^As in Git again: ConfigMap\/default\/a /), 1],
    ]);
  });
});
