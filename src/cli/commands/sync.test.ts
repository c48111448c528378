import { rename } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { APPLICATIONS } from '#api';
import { configMap, createSyncBed, type SyncBed } from '../../../test/support/sync-bed.ts';
import { approve, requestSync, waitForSync } from './sync.ts';

const TIMEOUT_MS = 60_000;
const unhealthy = `apiVersion: apps/v1
kind: Deployment
metadata: {name: d}
spec:
  selector: {matchLabels: {app: d}}
  template:
    metadata: {labels: {app: d}}
    spec: {containers: [{name: d, image: "d:1"}]}
`;

describe('src/cli/commands/sync.ts', () => {
  let bed: SyncBed;
  let said: string[];
  beforeEach(async () => {
    bed = await createSyncBed({ healthDeadlineMs: 500, pollMs: 600_000 });
    said = [];
  });
  afterEach(() => bed.close());

  const session = () => {
    const tell = (text: string) => void said.push(text);
    return { client: bed.as('ada', 'plumb'), output: { write: tell, note: tell } };
  };
  const sync = async (options: { prune?: boolean } = {}) => {
    const id = await requestSync(session(), 'web', options);
    await waitForSync(session(), 'web', id, TIMEOUT_MS);
  };
  const manual = async (files: Record<string, string>) => {
    const commit = await bed.repo.commit(files);
    await bed.apply('web', { syncPolicy: {} });
    return commit;
  };

  it('ends when the run that was asked for has, and names who asked', async () => {
    const commit = await manual({ 'web/a.yaml': configMap('a') });
    await sync();
    const [run, ...more] = await bed.runs('web');
    expect(more).toEqual([]);
    expect(run).toMatchObject({ spec: { requestedBy: 'ada', revision: commit }, status: { phase: 'Succeeded' } });
    expect(said.at(-1)).toBe(`web: run ${run?.metadata.name} succeeded; Synced at ${commit.slice(0, 7)}, Healthy`);
    await sync();
    expect(said.at(-1)).toContain('there was nothing to do; Synced');
    expect(await bed.runs('web')).toHaveLength(1);
  });

  it('judges its own run, not the one before, and syncs what was pushed a moment ago', async () => {
    await manual({ 'web/a.yaml': configMap('a') });
    await sync();
    for (const file of [unhealthy, unhealthy.replace('d:1', 'd:2')]) {
      const commit = await bed.repo.commit({ 'web/d.yaml': file });
      await expect(sync()).rejects.toThrow(/^the run of web failed: apps\/Deployment\/default\/d .* past its deadline/);
      expect((await bed.runs('web')).at(-1)?.spec.revision).toBe(commit);
    }
    await bed.repo.commit({ 'web/d.yaml': null });
    await sync({ prune: true });
    expect(await bed.get({ group: 'apps', kind: 'Deployment', name: 'd' })).toBeUndefined();
  });

  it('says that a run waits for approval, and approves in the name of whoever is logged in', async () => {
    const files = Object.fromEntries(Array.from({ length: 12 }, (_, n) => [`web/m${n}.yaml`, configMap(`m${n}`)]));
    await manual(files);
    await sync();
    await bed.repo.commit(Object.fromEntries(Object.keys(files).map((file) => [file, null])));
    await expect(sync({ prune: true })).rejects.toMatchObject({
      message: 'the run of web waits for approval',
      exitCode: 1,
      hint: expect.stringContaining('plumb approve web'),
    });
    await expect(approve(session(), 'web', false)).rejects.toThrow('nothing was approved');
    expect(said.filter((line) => line.startsWith('  ConfigMap default/m'))).toHaveLength(12);
    await approve(session(), 'web', true);
    await bed.until('they are gone', async () => (await bed.get({ kind: 'ConfigMap', name: 'm0' })) === undefined);
    expect((await bed.runs('web')).at(-1)?.status?.approval).toMatchObject({ by: 'ada' });
  });

  it('follows the run of a newer commit when its own gives way', async () => {
    await bed.close();
    bed = await createSyncBed({ pollMs: 600_000 });
    await manual({ 'web/d.yaml': unhealthy });
    const id = await requestSync(session(), 'web', {});
    const waiting = waitForSync(session(), 'web', id, TIMEOUT_MS);
    await bed.until('it waits', async () => (await bed.runs('web')).some(({ status }) => status?.waiting));
    await bed.apply('web', { syncPolicy: { automated: { prune: true } } });
    const commit = await bed.repo.commit({ 'web/d.yaml': null, 'web/a.yaml': configMap('a') });
    await waiting;
    expect((await bed.runs('web')).map(({ status }) => status?.phase)).toEqual(['Superseded', 'Succeeded']);
    expect(said.at(-1)).toContain(`Synced at ${commit.slice(0, 7)}`);
  });

  it('fails when Git cannot be asked, and the request is not carried out later', async () => {
    await manual({ 'web/a.yaml': configMap('a') });
    await sync();
    const away = `${bed.repo.path}-away`;
    await rename(bed.repo.path, away);
    try {
      await expect(sync()).rejects.toMatchObject({ exitCode: 1, message: expect.stringContaining(bed.repo.path) });
      // It is answered before it is taken off.
      await bed.until('it is taken off', async () => (await bed.application('web'))?.operation === undefined);
    } finally {
      await rename(away, bed.repo.path);
    }
  });

  it('answers a request for another revision, and does nothing', async () => {
    await manual({ 'web/a.yaml': configMap('a') });
    const at = { namespace: 'argocd', name: 'web' };
    const ask = async (operation: object) => {
      const body = { operation } as never;
      const asked = await bed.as('ada', 'argocd').patch(APPLICATIONS, at, { type: 'merge', body });
      await waitForSync(session(), 'web', asked.operation?.id ?? '', TIMEOUT_MS);
    };
    await expect(ask({ sync: { revision: 'v1.0' } })).rejects.toThrow(/another revision \(v1.0\).*targetRevision/);
    expect(await bed.runs('web')).toEqual([]);
  });

  it('gives up after its time, and says what to ask', async () => {
    await manual({ 'web/d.yaml': unhealthy });
    const id = await requestSync(session(), 'web', {});
    await expect(waitForSync(session(), 'web', id, 1)).rejects.toMatchObject({
      message: 'web did not end its run within 0.001 s',
      exitCode: 1,
    });
  });
});
