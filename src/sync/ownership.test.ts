import { rename } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { APPLICATIONS, INVENTORIES, SYNC_RUNS } from '#api';
import { configMap, createSyncBed, type SyncBed } from '../../test/support/sync-bed.ts';

const child = (name: string, path: string, repo: string, more = '') => `apiVersion: argoproj.io/v1alpha1
kind: Application
metadata:
  name: ${name}
  namespace: argocd
${more}spec:
  project: default
  source: {repoURL: "${repo}", path: ${path}, targetRevision: main}
  destination: {server: "https://kubernetes.default.svc", namespace: default}
  syncPolicy: {automated: {prune: true, selfHeal: true}}
`;
const finalizers = '  finalizers: [resources-finalizer.argocd.argoproj.io/background]\n';

const REFRESH = { 'argocd.argoproj.io/refresh': 'normal' };

describe('src/sync: ownership', () => {
  let bed: SyncBed;
  beforeEach(async () => {
    bed = await createSyncBed({ pollMs: 2_000 });
  });
  afterEach(() => bed.close());

  const map = (name: string) => bed.get({ kind: 'ConfigMap', name });
  const uid = async (name: string) => (await map(name))?.metadata.uid;
  const owners = async (name: string) =>
    (await bed.client.list(INVENTORIES)).items.flatMap(({ application, entries }) =>
      entries.some((entry) => entry.name === name) ? [application] : [],
    );
  const pruned = async () =>
    (await bed.client.list(SYNC_RUNS)).items.flatMap(({ status }) =>
      (status?.results ?? []).filter(({ action }) => action === 'pruned'),
    );

  it('renaming a file is no change, and its line follows', async () => {
    const first = await bed.repo.commit({ 'web/a.yaml': configMap('a') });
    await bed.apply('web');
    await bed.synced('web', first);
    const before = await map('a');
    const commit = await bed.repo.commit({ 'web/a.yaml': null, 'web/sub.yaml': `# moved\n${configMap('a')}` });
    await bed.synced('web', commit);
    expect((await map('a'))?.metadata.resourceVersion).toBe(before?.metadata.resourceVersion);
    const [inventory] = (await bed.client.list(INVENTORIES)).items;
    expect(inventory?.entries).toMatchObject([{ name: 'a', path: 'web/sub.yaml', line: 2, uid: before?.metadata.uid }]);
  });

  it('moving files from one Application to another in one commit is a transfer, never delete and create', async () => {
    const files = (folder: string, content: (name: string) => string | null) =>
      Object.fromEntries(Array.from({ length: 15 }, (_, index) => [`${folder}/m${index}.yaml`, content(`m${index}`)]));
    const first = await bed.repo.commit({
      ...files('one', (name) => configMap(name)),
      'one/stay.yaml': configMap('stay'),
      'two/other.yaml': configMap('other'),
    });
    await bed.apply('one');
    await bed.apply('two');
    await bed.synced('one', first);
    await bed.synced('two', first);
    const before = await uid('m7');
    const commit = await bed.repo.commit({ ...files('one', () => null), ...files('two', (name) => configMap(name)) });
    await bed.synced('one', commit);
    await bed.synced('two', commit);
    expect(await uid('m7')).toBe(before);
    expect(await owners('m7')).toEqual(['argocd/two']);
    expect(await pruned()).toEqual([]);
    expect((await bed.runs('one')).map(({ status }) => [status?.phase, status?.message])).toEqual([
      ['Succeeded', undefined],
    ]);
  });

  it('moving an object to another repository is held for one poll at most, and taken over', async () => {
    const other = await bed.anotherRepo();
    const first = await bed.repo.commit({ 'one/a.yaml': configMap('a'), 'one/b.yaml': configMap('b') });
    const there = await other.commit({ 'two/x.yaml': configMap('x') });
    await bed.apply('one');
    await bed.apply('two', { source: { repoURL: other.path, path: 'two' } });
    await bed.synced('one', first);
    await bed.synced('two', there);
    const before = await uid('a');
    const taken = await other.commit({ 'two/a.yaml': configMap('a') });
    const dropped = await bed.repo.commit({ 'one/a.yaml': null });
    await bed.synced('two', taken);
    await bed.synced('one', dropped);
    expect(await uid('a')).toBe(before);
    expect(await owners('a')).toEqual(['argocd/two']);
    const gone = await bed.repo.commit({ 'one/b.yaml': null, 'one/c.yaml': configMap('c') });
    await bed.synced('one', gone);
    expect(await map('b')).toBeUndefined();
  });

  it('holds what another repository may take over while that one is down', async () => {
    await bed.close();
    bed = await createSyncBed({ pollMs: 30_000 });
    const other = await bed.anotherRepo();
    const first = await bed.repo.commit({ 'one/a.yaml': configMap('a'), 'one/b.yaml': configMap('b') });
    const there = await other.commit({ 'two/x.yaml': configMap('x') });
    await bed.apply('one');
    await bed.apply('two', { source: { repoURL: other.path, path: 'two' } });
    await bed.synced('one', first);
    await bed.synced('two', there);
    const before = await uid('a');
    await rename(other.path, `${other.path}.away`);
    await bed.apply('two', { source: { repoURL: other.path, path: 'two' } }, { annotations: REFRESH });
    await bed.until('the other is known to be down', async () =>
      (await bed.application('two'))?.status?.conditions?.find(({ type }) => type === 'RepositoryUnreachable'),
    );
    await bed.repo.commit({ 'one/a.yaml': null, 'one/b.yaml': configMap('b', { seen: 'yes' }) });
    await bed.until('the rest of the commit is applied', async () => (await map('b'))?.['data'] !== undefined);
    await bed.until('the deletion waits', async () =>
      (await bed.runs('one')).find(({ status }) => status?.waiting?.object === 'ConfigMap/default/a'),
    );
    expect(await uid('a')).toBe(before);
    await rename(`${other.path}.away`, other.path);
    const taken = await other.commit({ 'two/a.yaml': configMap('a') });
    await bed.synced('two', taken);
    expect(await uid('a')).toBe(before);
    expect(await owners('a')).toEqual(['argocd/two']);
  });

  it('two Applications that claim one object: its owner keeps it, the other is told both places', async () => {
    const first = await bed.repo.commit({ 'one/a.yaml': configMap('a'), 'two/x.yaml': configMap('x') });
    await bed.apply('one');
    await bed.apply('two');
    await bed.synced('one', first);
    await bed.synced('two', first);
    const commit = await bed.repo.commit({ 'two/a.yaml': `# theirs\n${configMap('a', { key: 'stolen' })}` });
    const told = await bed.until('the conflict is told', async () => {
      return (await bed.application('two'))?.status?.conditions?.find(({ type }) => type === 'SyncError');
    });
    expect(told.message).toContain(
      'ConfigMap/default/a (two/a.yaml:2) is also claimed by Application argocd/one at one/a.yaml:1',
    );
    await bed.synced('one', commit);
    expect((await map('a'))?.['data']).toEqual({ key: 'value' });
    const settled = await bed.repo.commit({ 'one/a.yaml': null, 'one/b.yaml': configMap('b') });
    await bed.synced('two', settled);
    expect((await map('a'))?.['data']).toEqual({ key: 'stolen' });
    expect(await owners('a')).toEqual(['argocd/two']);
    expect(await pruned()).toEqual([]);
  });

  it('deletes only what it made: an object that someone made anew is left alone', async () => {
    const first = await bed.repo.commit({ 'web/a.yaml': configMap('a'), 'web/b.yaml': configMap('b') });
    await bed.apply('web', { syncPolicy: { automated: { prune: true } } });
    await bed.synced('web', first);
    const person = bed.as('bob', 'kubectl');
    const { CONFIG_MAPS } = await import('#api');
    await person.delete(CONFIG_MAPS, { namespace: 'default', name: 'b' });
    await person.create(CONFIG_MAPS, {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'b', namespace: 'default' },
      data: { mine: 'yes' },
    });
    const commit = await bed.repo.commit({ 'web/b.yaml': null });
    await bed.synced('web', commit);
    expect((await map('b'))?.['data']).toEqual({ mine: 'yes' });
    expect(await owners('b')).toEqual([]);
  });

  it('keeps what left Git while pruning is off, shows it, and finds it when pruning is turned on', async () => {
    const first = await bed.repo.commit({ 'web/a.yaml': configMap('a'), 'web/b.yaml': configMap('b') });
    await bed.apply('web', { syncPolicy: { automated: {} } });
    await bed.synced('web', first);
    await bed.repo.commit({ 'web/b.yaml': null });
    const shown = await bed.until('it is shown', async () => {
      const resources = (await bed.application('web'))?.status?.resources;
      return resources?.find(({ name, requiresPruning }) => name === 'b' && requiresPruning === true);
    });
    expect(shown).toMatchObject({ status: 'OutOfSync', origin: { path: 'web/b.yaml', line: 1 } });
    await bed.apply('web', { syncPolicy: { automated: { prune: true } } });
    await bed.until('it is gone', async () => (await map('b')) === undefined);
  });

  it('an Application in Git works like any other object: made, synced, and its objects kept when it goes without the finalizer', async () => {
    const first = await bed.repo.commit({
      'apps/web.yaml': child('web', 'web', bed.repo.path),
      'apps/x.yaml': configMap('x'),
      'web/a.yaml': configMap('a'),
    });
    await bed.apply('apps');
    await bed.synced('web', first);
    await bed.synced('apps', first);
    const commit = await bed.repo.commit({ 'apps/web.yaml': null });
    await bed.synced('apps', commit);
    await bed.until('the Application is gone', async () => (await bed.application('web')) === undefined);
    await bed.until('nobody owns its objects', async () => (await owners('a')).length === 0);
    expect(await map('a')).toBeDefined();
  });

  it('with the finalizer its objects go with it, and count as what would be deleted', async () => {
    const many = Object.fromEntries(
      Array.from({ length: 12 }, (_, index) => [`web/m${index}.yaml`, configMap(`m${index}`)]),
    );
    const first = await bed.repo.commit({
      'apps/web.yaml': child('web', 'web', bed.repo.path, finalizers),
      'apps/x.yaml': configMap('x'),
      ...many,
    });
    await bed.apply('apps');
    await bed.synced('web', first);
    await bed.repo.commit({ 'apps/web.yaml': null });
    const run = await bed.until('the parent waits for approval', async () => {
      return (await bed.runs('apps')).find(({ status }) => status?.phase === 'PruneBlocked');
    });
    expect(run.status?.message).toContain('13 objects would be deleted');
    expect(await map('m3')).toBeDefined();
    await bed
      .as('ada', 'plumb')
      .patch(
        SYNC_RUNS,
        { namespace: 'argocd', name: run.metadata.name },
        { type: 'merge', body: { status: { approval: { by: 'ada', at: '2026-11-23T00:00:00Z' } } } },
        { subresource: 'status' },
      );
    await bed.until(
      'all of it is gone',
      async () => (await map('m3')) === undefined && (await bed.application('web')) === undefined,
    );
  });

  it('renaming an Application in one commit hands its objects over, even with the finalizer', async () => {
    const first = await bed.repo.commit({
      'apps/web.yaml': child('web', 'web', bed.repo.path, finalizers),
      'apps/x.yaml': configMap('x'),
      'web/a.yaml': configMap('a'),
    });
    await bed.apply('apps');
    await bed.synced('web', first);
    await bed.synced('apps', first);
    const before = await uid('a');
    const commit = await bed.repo.commit({
      'apps/web.yaml': null,
      'apps/site.yaml': child('site', 'web', bed.repo.path, finalizers),
    });
    await bed.synced('site', commit);
    await bed.until('the old Application is gone', async () => (await bed.application('web')) === undefined);
    expect(await uid('a')).toBe(before);
    expect(await owners('a')).toEqual(['argocd/site']);
  });

  it('a person who deletes an Application with the finalizer deletes its objects', async () => {
    const first = await bed.repo.commit({ 'web/a.yaml': configMap('a'), 'web/b.yaml': configMap('b') });
    await bed.apply('web', {}, { finalizers: ['resources-finalizer.argocd.argoproj.io/background'] });
    await bed.synced('web', first);
    await bed.as('bob', 'kubectl').delete(APPLICATIONS, { namespace: 'argocd', name: 'web' });
    await bed.until(
      'all of it is gone',
      async () => (await map('a')) === undefined && (await bed.application('web')) === undefined,
    );
  });

  it.each<[string, Record<string, string>]>([
    ['', {}],
    [', though it carries the mark of a deletion that was approved', { 'plumbline.dev/cascade-approved': 'site-1' }],
  ])('a person who deletes a large Application is asked before its objects go%s', async (_what, annotations) => {
    const many = Object.fromEntries(
      Array.from({ length: 12 }, (_, index) => [`web/m${index}.yaml`, configMap(`m${index}`)]),
    );
    const first = await bed.repo.commit(many);
    await bed.apply('web', {}, { finalizers: ['resources-finalizer.argocd.argoproj.io/background'], annotations });
    await bed.synced('web', first);
    await bed.as('bob', 'kubectl').delete(APPLICATIONS, { namespace: 'argocd', name: 'web' });
    const run = await bed.until('a run waits for approval', async () => {
      return (await bed.runs('web')).find(({ status }) => status?.phase === 'PruneBlocked');
    });
    expect(run.spec.plan).toHaveLength(12);
    expect((await bed.application('web'))?.status?.conditions?.map(({ type }) => type)).toContain('PruneBlocked');
    expect(await map('m3')).toBeDefined();
    await bed
      .as('ada', 'plumb')
      .patch(
        SYNC_RUNS,
        { namespace: 'argocd', name: run.metadata.name },
        { type: 'merge', body: { status: { approval: { by: 'ada', at: '2026-11-23T00:00:00Z' } } } },
        { subresource: 'status' },
      );
    await bed.until('all of it is gone', async () => {
      return (await map('m3')) === undefined && (await bed.application('web')) === undefined;
    });
  });
});
