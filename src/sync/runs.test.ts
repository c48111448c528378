import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { APPLICATIONS, DEPLOYMENTS, EVENTS, type KubeObject, RENDERED_SETS, SERVICES, SYNC_RUNS } from '#api';
import { configMap, createSyncBed, type SyncBed } from '../../test/support/sync-bed.ts';

const deployment = (name: string, wave: number, image = 'app:1') => `apiVersion: apps/v1
kind: Deployment
metadata:
  name: ${name}
  annotations: {argocd.argoproj.io/sync-wave: "${wave}"}
spec:
  replicas: 1
  selector: {matchLabels: {app: ${name}}}
  template:
    metadata: {labels: {app: ${name}}}
    spec: {containers: [{name: web, image: "${image}"}]}
`;
const service = (name: string, nodePort: number) =>
  `apiVersion: v1\nkind: Service\nmetadata: {name: ${name}}\nspec: {type: NodePort, selector: {app: x}, ports: [{port: 80, nodePort: ${nodePort}}]}\n`;

describe('src/sync: runs', () => {
  let bed: SyncBed;
  afterEach(() => bed.close());

  const get = (name: string) => bed.client.get(DEPLOYMENTS, { namespace: 'default', name });
  const makeHealthy = async (name: string) => {
    const live = await bed.until(`${name} is there`, () => get(name));
    const counts = { replicas: 1, updatedReplicas: 1, availableReplicas: 1, readyReplicas: 1 };
    const status = { observedGeneration: live.metadata.generation, ...counts };
    await bed.client.patch(
      DEPLOYMENTS,
      { namespace: 'default', name },
      { type: 'merge', body: { status } as never },
      { subresource: 'status' },
    );
  };
  const run = (
    what: string,
    matches: (status: NonNullable<Awaited<ReturnType<SyncBed['runs']>>[number]['status']>) => boolean,
    app = 'web',
  ) => bed.until(what, async () => (await bed.runs(app)).find(({ status }) => status !== undefined && matches(status)));

  describe('waves and waits', () => {
    beforeEach(async () => {
      bed = await createSyncBed({ healthDeadlineMs: 60_000 });
    });

    it('begins a wave when the one before is healthy, names what it waits for, and deletes last', async () => {
      const first = await bed.repo.commit({ 'web/old.yaml': configMap('old'), 'web/keep.yaml': configMap('keep') });
      await bed.apply('web');
      await bed.synced('web', first);
      const commit = await bed.repo.commit({
        'web/old.yaml': null,
        'web/one.yaml': deployment('one', 1),
        'web/two.yaml': deployment('two', 2),
      });
      const waiting = await run(
        'the run waits for wave 1',
        ({ waiting }) => waiting?.object === 'apps/Deployment/default/one',
      );
      expect(waiting.status?.waiting?.reason).toContain('Progressing');
      expect(Date.parse(waiting.status?.waiting?.deadline ?? '')).toBeGreaterThan(Date.now());
      expect(await get('two')).toBeUndefined();
      expect(await bed.get({ kind: 'ConfigMap', name: 'old' })).toBeDefined();
      await makeHealthy('one');
      await run('the run waits for wave 2', ({ waiting }) => waiting?.object === 'apps/Deployment/default/two');
      expect(await bed.get({ kind: 'ConfigMap', name: 'old' })).toBeDefined();
      await makeHealthy('two');
      await bed.synced('web', commit);
      expect(await bed.get({ kind: 'ConfigMap', name: 'old' })).toBeUndefined();
      const ended = (await bed.runs('web')).at(-1);
      expect(ended?.status?.results?.map(({ name, action }) => [name, action])).toEqual([
        ['one', 'created'],
        ['two', 'created'],
        ['old', 'pruned'],
      ]);
    });

    it('gives way to a newer commit at a step border, and completes after three in a row', async () => {
      await bed.repo.commit({ 'web/d.yaml': deployment('d', 0, 'app:0') });
      await bed.apply('web');
      await run('the first run waits', ({ waiting }) => waiting !== undefined);
      for (let n = 1; n <= 3; n += 1) {
        const commit = await bed.repo.commit({ 'web/d.yaml': deployment('d', 0, `app:${n}`) });
        const runs = await bed.until(`run ${n} waits`, async () => {
          const all = await bed.runs('web');
          return all.some(({ spec, status }) => spec.revision === commit && status?.waiting !== undefined) && all;
        });
        expect(runs.find(({ status }) => status?.supersededBy === commit)?.status?.phase).toBe('Superseded');
      }
      const last = await bed.repo.commit({ 'web/d.yaml': deployment('d', 0, 'app:4') });
      await makeHealthy('d');
      await bed.until(
        'the newest image is applied',
        async () => (await get('d'))?.spec.template.spec?.containers[0]?.image === 'app:4',
      );
      await makeHealthy('d');
      await bed.synced('web', last);
      expect((await bed.runs('web')).map(({ status }) => status?.phase)).toEqual([
        'Superseded',
        'Superseded',
        'Superseded',
        'Succeeded',
        'Succeeded',
      ]);
    });

    it('completes a run of several sources too, at the commits that it began with', async () => {
      const other = await bed.anotherRepo();
      const fixed = await other.commit({ 'more/m.yaml': configMap('m') });
      await bed.repo.commit({ 'web/d.yaml': deployment('d', 0, 'app:0') });
      const place = { targetRevision: 'main' };
      await bed.apply('web', {
        sources: [
          { repoURL: bed.repo.path, path: 'web', ...place },
          { repoURL: other.path, path: 'more', ...place },
        ],
      });
      await run('the first run waits', ({ waiting }) => waiting !== undefined);
      let pinned = '';
      for (let n = 1; n <= 3; n += 1) {
        pinned = await bed.repo.commit({ 'web/d.yaml': deployment('d', 0, `app:${n}`) });
        await bed.until(`run ${n} waits`, async () =>
          (await bed.runs('web')).some(({ spec, status }) => spec.revision === pinned && status?.waiting !== undefined),
        );
      }
      const last = await bed.repo.commit({ 'web/d.yaml': deployment('d', 0, 'app:4') });
      await makeHealthy('d');
      await bed.until(
        'the newest image is applied',
        async () => (await get('d'))?.spec.template.spec?.containers[0]?.image === 'app:4',
      );
      const completed = (await bed.runs('web')).find(({ spec }) => spec.revision === pinned);
      expect(completed?.status?.phase).toBe('Succeeded');
      expect(completed?.spec.revisions).toEqual([pinned, fixed]);
      await makeHealthy('d');
      await bed.synced('web', last);
    });

    it('goes on after a restart where it was, without applying anything twice', async () => {
      await bed.repo.commit({ 'web/one.yaml': deployment('one', 1), 'web/two.yaml': deployment('two', 2) });
      await bed.apply('web');
      await run('the run waits for wave 1', ({ waiting }) => waiting?.object.endsWith('/one') === true);
      const before = await get('one');
      await bed.restart();
      await makeHealthy('one');
      await bed.until('wave 2 began', () => get('two'));
      await makeHealthy('two');
      await run('the same run succeeded', ({ phase }) => phase === 'Succeeded');
      expect(await bed.runs('web')).toHaveLength(1);
      expect((await get('one'))?.metadata.generation).toBe(before?.metadata.generation);
    });

    it('says of a run that was recorded and never begun, as after a crash, that another came in its place', async () => {
      const first = await bed.repo.commit({ 'web/a.yaml': configMap('a') });
      await bed.apply('web');
      await bed.synced('web', first);
      const [done] = await bed.runs('web');
      const { resourceVersion: _, uid: __, ...metadata } = done?.metadata ?? { name: '', namespace: '' };
      const unbegun = { ...done, metadata: { ...metadata, name: 'web-unbegun' } } as KubeObject;
      await bed.client.create(SYNC_RUNS, unbegun);
      await bed.restart();
      await bed.synced('web', await bed.repo.commit({ 'web/b.yaml': configMap('b') }));
      const ends = Object.fromEntries((await bed.runs('web')).map(({ metadata: { name }, status }) => [name, status]));
      expect(ends['web-unbegun']).toMatchObject({ phase: 'Superseded', reason: 'NeverBegun' });
      expect(Object.values(ends).map((status) => status?.phase)).toEqual(
        expect.arrayContaining(['Succeeded', 'Succeeded', 'Superseded']),
      );
    });

    it('heals drift while it waits, with a record of its own', async () => {
      await bed.repo.commit({ 'web/a.yaml': configMap('a'), 'web/d.yaml': deployment('d', 0) });
      await bed.apply('web');
      await run('the run waits', ({ waiting }) => waiting !== undefined);
      await bed
        .as('bob', 'kubectl')
        .patch(DEPLOYMENTS, { namespace: 'default', name: 'd' }, { type: 'merge', body: { spec: { replicas: 4 } } });
      await bed.until('it is healed', async () => {
        const heal = (await bed.runs('web')).find(({ spec }) => spec.trigger === 'self-heal');
        return heal?.spec.plan[0]?.fields?.[0]?.user === 'bob' && (await get('d'))?.spec.replicas === 1;
      });
      await makeHealthy('d');
      await run('the first run succeeded', ({ phase, results }) => phase === 'Succeeded' && results?.length === 2);
    });
  });

  describe('deadlines, retries and people', () => {
    beforeEach(async () => {
      bed = await createSyncBed({ healthDeadlineMs: 300 });
    });
    const quick = { backoff: { duration: '100ms', maxDuration: '100ms', factor: 1 } };
    const latest = async () => (await bed.runs('web')).at(-1);

    it('fails at the deadline, keeps what it applied, deletes nothing, and tells which object', async () => {
      const first = await bed.repo.commit({ 'web/old.yaml': configMap('old'), 'web/keep.yaml': configMap('keep') });
      await bed.apply('web', { syncPolicy: { automated: { prune: true, selfHeal: true }, retry: quick } });
      await bed.synced('web', first);
      const commit = await bed.repo.commit({ 'web/old.yaml': null, 'web/d.yaml': deployment('d', 0) });
      const failed = await run('the run failed', ({ phase }) => phase === 'Failed');
      expect(failed.status?.message).toContain('apps/Deployment/default/d is Progressing');
      expect(await bed.get({ kind: 'ConfigMap', name: 'old' })).toBeDefined();
      const events = await bed.until('an event tells it', async () => {
        return (await bed.client.list(EVENTS, { namespace: 'argocd' })).items.filter(
          ({ reason }) => reason === 'SyncFailed',
        )[0];
      });
      expect(events['involvedObject']).toMatchObject({ kind: 'Application', name: 'web' });
      // The next attempts wait for the same, also after a restart.
      const attempts = async () => Number(/attempt (\d+)/.exec((await latest())?.status?.message ?? '')?.[1] ?? 1);
      await bed.until('a second attempt failed too', async () => (await attempts()) >= 2);
      expect(await bed.get({ kind: 'ConfigMap', name: 'old' })).toBeDefined();
      await bed.restart();
      await bed.until('an attempt failed after a restart', async () => (await bed.runs('web')).length === 3);
      await run('it waits again', ({ waiting }) => waiting?.object === 'apps/Deployment/default/d');
      expect(await bed.get({ kind: 'ConfigMap', name: 'old' })).toBeDefined();
      await makeHealthy('d');
      await bed.synced('web', commit);
      expect(await bed.get({ kind: 'ConfigMap', name: 'old' })).toBeUndefined();
    });

    it('begins no later wave after the deadline of an earlier one, with self-heal on', async () => {
      await bed.repo.commit({ 'web/one.yaml': deployment('one', 1), 'web/two.yaml': deployment('two', 2) });
      await bed.apply('web', { syncPolicy: { automated: { selfHeal: true }, retry: quick } });
      await bed.until('a second attempt failed', async () => /attempt 2/.test((await latest())?.status?.message ?? ''));
      expect(await get('two')).toBeUndefined();
      await makeHealthy('one');
      await bed.until('wave 2 is begun', () => get('two'));
    });

    it('tries again what failed, in the same run, until what it needs is there', async () => {
      const retry = { backoff: { duration: '200ms', maxDuration: '400ms', factor: 1 } };
      await bed.repo.commit({ 'web/a.yaml': configMap('a', { key: 'value' }, '  namespace: later\n') });
      await bed.apply('web', { syncPolicy: { automated: { prune: true, selfHeal: true }, retry } });
      await run('it failed', ({ phase }) => phase === 'Failed');
      await bed.until('an attempt is counted', async () =>
        /attempt \d/.test((await bed.runs('web'))[0]?.status?.message ?? ''),
      );
      const { NAMESPACES } = await import('#api');
      await bed
        .as('ada', 'kubectl')
        .create(NAMESPACES, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'later' } });
      await run('it succeeded', ({ phase }) => phase === 'Succeeded');
      expect(await bed.runs('web')).toHaveLength(1);
    });

    it('makes the destination namespace where it is asked to', async () => {
      const commit = await bed.repo.commit({ 'web/a.yaml': configMap('a') });
      await bed.apply('web', {
        destination: { namespace: 'fresh' },
        syncPolicy: { automated: {}, syncOptions: ['CreateNamespace=true'] },
      });
      await bed.synced('web', commit);
      expect(await bed.get({ kind: 'ConfigMap', name: 'a', namespace: 'fresh' })).toBeDefined();
    });

    it('waits for a person where it is not automated, and answers a sync request once', async () => {
      const commit = await bed.repo.commit({ 'web/a.yaml': configMap('a') });
      await bed.apply('web', { syncPolicy: {} });
      await bed.until(
        'OutOfSync is shown',
        async () => (await bed.application('web'))?.status?.sync?.status === 'OutOfSync',
      );
      expect(await bed.runs('web')).toEqual([]);
      const sync = (operation: object) =>
        bed
          .as('ada', 'plumb')
          .patch(APPLICATIONS, { namespace: 'argocd', name: 'web' }, { type: 'merge', body: { operation } as never });
      await sync({ initiatedBy: { username: 'ada' }, sync: {} });
      const application = await bed.synced('web', commit);
      expect(application.operation).toBeUndefined();
      expect((await bed.runs('web')).map(({ spec }) => [spec.trigger, spec.requestedBy])).toEqual([['manual', 'ada']]);

      await bed.repo.commit({ 'web/a.yaml': null, 'web/b.yaml': configMap('b') });
      await bed.until(
        'the change is shown',
        async () => (await bed.application('web'))?.status?.resources?.length === 2,
      );
      await sync({ initiatedBy: { username: 'ada' }, sync: { prune: true } });
      await bed.until('a is gone', async () => (await bed.get({ kind: 'ConfigMap', name: 'a' })) === undefined);
    });

    it('follows a range of versions: a new tag begins a run, a commit without one does not', async () => {
      const first = await bed.repo.commit({ 'web/a.yaml': configMap('a') });
      await bed.repo.git('tag', 'v1.2.0');
      await bed.repo.commit({ 'web/b.yaml': configMap('b') });
      await bed.apply('web', { source: { repoURL: bed.repo.path, path: 'web', targetRevision: '>=1.2.0 <2' } });
      await bed.synced('web', first);
      expect(await bed.get({ kind: 'ConfigMap', name: 'b' })).toBeUndefined();
      const second = await bed.repo.commit({ 'web/c.yaml': configMap('c') });
      await bed.repo.git('tag', 'v1.10.0');
      await bed.synced('web', second);
      expect((await bed.runs('web')).map(({ spec }) => spec.revision)).toEqual([first, second]);
    });

    it('answers a request that it cannot fulfil as asked, and changes nothing', async () => {
      await bed.repo.commit({ 'web/a.yaml': configMap('a'), 'web/b.yaml': configMap('b') });
      await bed.apply('web', { syncPolicy: {} });
      await bed.until(
        'OutOfSync is shown',
        async () => (await bed.application('web'))?.status?.sync?.status === 'OutOfSync',
      );
      const answerTo = async (sync: object) => {
        const key = { namespace: 'argocd', name: 'web' };
        const before = (await bed.application('web'))?.status?.lastOperation?.id;
        await bed
          .as('ada', 'plumb')
          .patch(APPLICATIONS, key, { type: 'merge', body: { operation: { sync } } as never });
        return bed.until('it is answered', async () => {
          const last = (await bed.application('web'))?.status?.lastOperation;
          return last?.id === before ? undefined : last;
        });
      };
      const dry = await answerTo({ dryRun: true, syncStrategy: { hook: {} } });
      expect(dry).toMatchObject({ message: expect.stringContaining('would create 2, change 0, delete 0') });
      expect(dry.run).toBeUndefined();
      const selective = await answerTo({ resources: [{ kind: 'ConfigMap', name: 'a' }] });
      expect(selective.message).toContain('operation.sync.resources');
      expect(selective.run).toBeUndefined();
      expect(await bed.runs('web')).toEqual([]);
      expect(await bed.get({ kind: 'ConfigMap', name: 'a' })).toBeUndefined();
    });

    it('deletes nothing for a dry run that would, where syncs are automated', async () => {
      const first = await bed.repo.commit({ 'web/a.yaml': configMap('a'), 'web/b.yaml': configMap('b') });
      await bed.apply('web', { syncPolicy: { automated: {} } });
      await bed.synced('web', first);
      await bed.repo.commit({ 'web/a.yaml': null });
      const key = { namespace: 'argocd', name: 'web' };
      const operation = { sync: { dryRun: true, prune: true } };
      await bed.as('ada', 'plumb').patch(APPLICATIONS, key, { type: 'merge', body: { operation } as never });
      const told = await bed.until(
        'it is answered',
        async () => (await bed.application('web'))?.status?.lastOperation?.message,
      );
      expect(told).toContain('would create 0, change 0, delete 1');
      expect(await bed.get({ kind: 'ConfigMap', name: 'a' })).toBeDefined();
    });

    it('frees a node port before it is used again', async () => {
      const first = await bed.repo.commit({ 'web/s.yaml': service('old', 30_123), 'web/a.yaml': configMap('a') });
      await bed.apply('web');
      await bed.synced('web', first);
      const commit = await bed.repo.commit({ 'web/s.yaml': service('new', 30_123) });
      await bed.synced('web', commit);
      expect(
        (await bed.client.list(SERVICES, { namespace: 'default' })).items.map(({ metadata }) => metadata.name),
      ).toEqual(['new']);
    });

    it('fetches when the refresh annotation asks for it, and takes it off', async () => {
      await bed.repo.commit({ 'web/a.yaml': configMap('a') });
      await bed.apply('web', {}, { annotations: { 'argocd.argoproj.io/refresh': 'normal' } });
      await bed.until('it is taken off', async () => {
        const application = await bed.application('web');
        return (
          application !== undefined && application.metadata.annotations?.['argocd.argoproj.io/refresh'] === undefined
        );
      });
    });

    it('names what it does not support, and asks before it deletes what its annotations protect', async () => {
      const protectedMap = configMap(
        'p',
        { key: 'value' },
        '  annotations: {argocd.argoproj.io/sync-options: Prune=confirm}\n',
      );
      const kept = configMap('k', { key: 'value' }, '  annotations: {argocd.argoproj.io/sync-options: Prune=false}\n');
      const first = await bed.repo.commit({
        'web/p.yaml': protectedMap,
        'web/k.yaml': kept,
        'web/a.yaml': configMap('a'),
      });
      await bed.apply('web', {
        source: { kustomize: { namePrefix: 'x-' } } as never,
        syncPolicy: { automated: { prune: true }, syncOptions: ['Validate=false'] },
      });
      const application = await bed.synced('web', first);
      const told = application.status?.conditions?.find(({ type }) => type === 'UnsupportedFields')?.message;
      expect(told).toContain('spec.source.kustomize');
      expect(told).toContain('Validate=false');
      await bed.repo.commit({ 'web/p.yaml': null, 'web/k.yaml': null });
      const blocked = await run('it waits for approval', ({ phase }) => phase === 'PruneBlocked');
      expect(blocked.spec.plan.map(({ name }) => name)).toEqual(['p']);
    });

    it('keeps no more runs than asked for, and the rendered sets of those alone', async () => {
      await bed.apply('web', { revisionHistoryLimit: 2 });
      for (let n = 0; n < 4; n += 1) {
        const commit = await bed.repo.commit({ 'web/a.yaml': configMap('a', { key: String(n) }) });
        await bed.synced('web', commit);
      }
      await bed.until('two runs and their sets are left', async () => {
        const runs = await bed.client.list(SYNC_RUNS);
        const sets = await bed.client.list(RENDERED_SETS);
        const used = new Set(runs.items.flatMap(({ spec }) => spec.renderedSets));
        return runs.items.length === 2 && sets.items.length === used.size;
      });
    });
  });
});
