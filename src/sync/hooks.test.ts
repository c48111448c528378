import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { APPLICATIONS, CONFIG_MAPS, DEPLOYMENTS, type HookRun, JOBS, type Job, NAMESPACES, type SyncRun } from '#api';
import { finishJob } from '../../test/support/finish-job.ts';
import { configMap, createSyncBed, type SyncBed, type SyncBedOptions } from '../../test/support/sync-bed.ts';

const job = (name: string, phases: string, more = '', image = 'tool:1') => `apiVersion: batch/v1
kind: Job
metadata:
  ${name.endsWith('-') ? 'generateName' : 'name'}: ${name}
  annotations:
    argocd.argoproj.io/hook: ${phases}
${more}spec:
  backoffLimit: 0
  template:
    spec: {restartPolicy: Never, containers: [{name: run, image: "${image}"}]}
`;
const policy = (policies: string) => `    argocd.argoproj.io/hook-delete-policy: ${policies}\n`;
const wave = (number: number) => `    argocd.argoproj.io/sync-wave: "${number}"\n`;
const deployment = (name: string, waveOf = 0) => `apiVersion: apps/v1
kind: Deployment
metadata:
  name: ${name}
  annotations: {argocd.argoproj.io/sync-wave: "${waveOf}"}
spec:
  replicas: 1
  selector: {matchLabels: {app: ${name}}}
  template:
    metadata: {labels: {app: ${name}}}
    spec: {containers: [{name: web, image: app:1}]}
`;
const hookMap = (name: string, phases: string, more = '') =>
  configMap(name, { key: 'value' }, `  annotations:\n    argocd.argoproj.io/hook: ${phases}\n${more}`);

describe('src/sync/hooks.ts', () => {
  let bed: SyncBed;
  const open = async (options: SyncBedOptions = {}) => {
    bed = await createSyncBed({ healthDeadlineMs: 60_000, ...options });
  };
  afterEach(() => bed.close());

  const jobs = async () => (await bed.client.list(JOBS, { namespace: 'default' })).items;
  const getJob = async (name: string) => (await jobs()).find(({ metadata }) => metadata.name === name);
  const begun = (name: string) => bed.until(`${name} is begun`, () => getJob(name));
  const end = (name: string, how: 'Complete' | 'Failed' = 'Complete') =>
    finishJob(bed.client, { namespace: 'default', name }, how, Date.now());
  const map = (name: string) => bed.get({ kind: 'ConfigMap', name });
  const latest = async () => (await bed.runs('web')).at(-1);
  const run = (what: string, matches: (run: SyncRun) => boolean) =>
    bed.until(what, async () => (await bed.runs('web')).find((one) => one.status !== undefined && matches(one)));
  const states = ({ status }: SyncRun) =>
    (status?.hooks ?? []).map(({ phase, name, state }: HookRun) => `${phase} ${name} ${state}`);
  const retry = (spec: object) => ({ syncPolicy: { automated: { prune: true, selfHeal: true }, retry: spec } });
  const quick = { backoff: { duration: '100ms', maxDuration: '100ms', factor: 1 } };
  /** As long as a test is slow in looking: no second attempt. */
  const slow = { backoff: { duration: '1h', maxDuration: '1h', factor: 1 } };
  const makeHealthy = async (name: string) => {
    const at = { namespace: 'default', name };
    const live = await bed.until(`${name} is there`, () => bed.client.get(DEPLOYMENTS, at));
    const counts = { replicas: 1, updatedReplicas: 1, availableReplicas: 1, readyReplicas: 1 };
    const status = { observedGeneration: live.metadata.generation, ...counts };
    await bed.client.patch(DEPLOYMENTS, at, { type: 'merge', body: { status } as never }, { subresource: 'status' });
  };
  const ask = (sync: object = {}) =>
    bed
      .as('ada', 'plumb')
      .patch(
        APPLICATIONS,
        { namespace: 'argocd', name: 'web' },
        { type: 'merge', body: { operation: { sync } } as never },
      );

  describe('phases', () => {
    beforeEach(() => open());

    it('runs hooks before, within and after a sync, in waves, and names the one that it waits for', async () => {
      const commit = await bed.repo.commit({
        'web/a.yaml': configMap('a'),
        'web/d.yaml': deployment('d', 1),
        'web/hooks.yaml': [
          job('first', 'PreSync', wave(-1)),
          job('second', 'PreSync'),
          job('between', 'Sync'),
          job('last', 'PostSync'),
          job('sorry', 'SyncFail'),
          job('never', 'Skip'),
        ].join('---\n'),
      });
      await bed.apply('web');
      await begun('first');
      const waiting = await run('it waits for the first', ({ status }) => status?.waiting !== undefined);
      expect(waiting.status?.waiting?.object).toBe('batch/Job/default/first');
      expect(waiting.status?.waiting?.reason).toBe('PreSync hook has not finished: The job runs');
      const seconds = (Date.parse(waiting.status?.waiting?.deadline ?? '') - Date.now()) / 1_000;
      expect(seconds).toBeGreaterThan(3_000);
      expect(await jobs()).toHaveLength(1);
      await end('first');
      await begun('second');
      expect(await map('a')).toBeUndefined();
      await end('second');
      await begun('between');
      expect(await map('a')).toBeDefined();
      expect(await bed.get({ group: 'apps', kind: 'Deployment', name: 'd' })).toBeUndefined();
      await end('between');
      await makeHealthy('d');
      await begun('last');
      await end('last');
      await bed.synced('web', commit);
      const done = await run('it succeeded', ({ status }) => status?.phase === 'Succeeded');
      expect(states(done)).toEqual([
        'PreSync first Succeeded',
        'PreSync second Succeeded',
        'Sync between Succeeded',
        'PostSync last Succeeded',
        'SyncFail sorry Pending',
      ]);
      expect((await jobs()).map(({ metadata }) => metadata.name).sort()).toEqual([
        'between',
        'first',
        'last',
        'second',
      ]);
      // Hooks are no drift, and nothing that Git holds: they are in no list.
      const { status } = (await bed.application('web')) ?? {};
      expect(status?.resources?.map(({ name }) => name)).toEqual(['a', 'd']);
      expect(done.spec.plan.map(({ name }) => name)).toEqual(['a', 'd']);
    });

    it('makes no run for hooks alone, runs them when a person asks, each time anew', async () => {
      const first = await bed.repo.commit({ 'web/a.yaml': configMap('a'), 'web/h.yaml': job('h', 'PreSync') });
      await bed.apply('web');
      const before = await begun('h');
      await end('h');
      await bed.synced('web', first);
      const second = await bed.repo.commit({ 'web/h.yaml': job('h', 'PreSync', '', 'tool:2') });
      await bed.synced('web', second);
      expect(await bed.runs('web')).toHaveLength(1);
      await ask();
      const after = await bed.until('it is made anew', async () => {
        const now = await getJob('h');
        return now !== undefined && now.metadata.uid !== before.metadata.uid && now;
      });
      expect(after.spec.template.spec?.containers[0]?.image).toBe('tool:2');
      await end('h');
      await run(
        'the second run succeeded',
        ({ spec, status }) => spec.trigger === 'manual' && status?.phase === 'Succeeded',
      );
    });

    it('heals without hooks', async () => {
      const commit = await bed.repo.commit({ 'web/a.yaml': configMap('a'), 'web/h.yaml': hookMap('h', 'PreSync') });
      await bed.apply('web');
      await bed.synced('web', commit);
      const made = await map('h');
      await bed.as('bob', 'kubectl').delete(CONFIG_MAPS, { namespace: 'default', name: 'a' });
      await run('it is healed', ({ spec, status }) => spec.trigger === 'self-heal' && status?.phase === 'Succeeded');
      expect((await map('h'))?.metadata.uid).toBe(made?.metadata.uid);
    });

    it('names a hook with generateName anew for each run, and keeps those before', async () => {
      const commit = await bed.repo.commit({ 'web/a.yaml': configMap('a'), 'web/h.yaml': job('load-', 'PostSync') });
      await bed.apply('web');
      const [one] = await bed.until('it is begun', async () => (await jobs()).length === 1 && jobs());
      expect(one?.metadata.name).toMatch(new RegExp(`^load-${commit.slice(0, 7)}-postsync-\\d{10}$`));
      await end(one?.metadata.name ?? '');
      await bed.synced('web', commit);
      await bed.repo.commit({ 'web/a.yaml': configMap('a', { key: 'other' }) });
      await bed.until('another is begun', async () => (await jobs()).length === 2);
    });

    it('deletes hooks at the end of their run as their policies say', async () => {
      const commit = await bed.repo.commit({
        'web/a.yaml': configMap('a'),
        'web/h.yaml': [
          hookMap('goes', 'PreSync', policy('HookSucceeded')),
          hookMap('stays', 'PreSync', policy('HookFailed')),
          job('uses', 'PreSync', policy('"BeforeHookCreation, HookSucceeded"') + wave(1)),
        ].join('---\n'),
      });
      await bed.apply('web');
      await begun('uses');
      // What has served is there for as long as the run is: a later hook may need it.
      expect(await map('goes')).toBeDefined();
      await end('uses');
      await bed.synced('web', commit);
      expect(await map('goes')).toBeUndefined();
      expect(await map('stays')).toBeDefined();
      expect(await jobs()).toEqual([]);
    });

    it('lets what stays become a hook, and a hook become what stays, without deleting it meanwhile', async () => {
      const first = await bed.repo.commit({ 'web/a.yaml': configMap('a'), 'web/h.yaml': configMap('h') });
      await bed.apply('web');
      await bed.synced('web', first);
      const second = await bed.repo.commit({ 'web/h.yaml': hookMap('h', 'PostSync') });
      await bed.synced('web', second);
      expect(await map('h')).toBeDefined();
      await ask();
      await run('a run with the hook succeeded', (one) => states(one).includes('PostSync h Succeeded'));
      const third = await bed.repo.commit({ 'web/h.yaml': configMap('h', { key: 'plain' }) });
      await bed.synced('web', third);
      const made = await map('h');
      expect(made?.metadata.annotations?.['argocd.argoproj.io/hook']).toBeUndefined();
      await bed.repo.commit({ 'web/h.yaml': null });
      await bed.until('it is deleted as what has left Git', async () => (await map('h')) === undefined);
    });

    it('makes the Namespace of a hook first, be it in Git or asked for', async () => {
      const commit = await bed.repo.commit({
        'web/ns.yaml': 'apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n',
        'web/h.yaml': [
          hookMap('here', 'PreSync'),
          hookMap('there', 'PreSync').replace('name: there', 'name: there\n  namespace: shop'),
        ].join('---\n'),
      });
      await bed.apply('web', {
        destination: { namespace: 'fresh' },
        syncPolicy: { automated: {}, syncOptions: ['CreateNamespace=true'] },
      });
      await bed.synced('web', commit);
      expect(await bed.get({ kind: 'ConfigMap', namespace: 'fresh', name: 'here' })).toBeDefined();
      expect(await bed.get({ kind: 'ConfigMap', namespace: 'shop', name: 'there' })).toBeDefined();
    });
  });

  describe('failures', () => {
    it('runs SyncFail hooks once when a hook fails, applies nothing after it, and a fix goes on at once', async () => {
      await open();
      await bed.repo.commit({
        'web/a.yaml': configMap('a'),
        'web/h.yaml': [job('migrate', 'PreSync'), job('sorry', 'SyncFail'), job('late', 'PostSync')].join('---\n'),
      });
      await bed.apply('web', retry(slow));
      await begun('migrate');
      await end('migrate', 'Failed');
      await begun('sorry');
      const failing = await run('it says what fails', ({ status }) => status?.reason === 'SyncFailing');
      expect(failing.status?.message).toContain('PreSync hook batch/Job/default/migrate failed');
      await end('sorry');
      const failed = await run('it failed', ({ status }) => status?.phase === 'Failed');
      expect(failed.status?.message).toBe('PreSync hook batch/Job/default/migrate failed: The job failed');
      expect(states(failed)).toEqual(['PreSync migrate Failed', 'PostSync late Pending', 'SyncFail sorry Succeeded']);
      expect(await map('a')).toBeUndefined();
      const fix = await bed.repo.commit({
        'web/h.yaml': [job('migrate', 'PreSync', '', 'tool:2'), job('sorry', 'SyncFail')].join('---\n'),
      });
      await bed.until('the fix runs', async () => {
        const now = await getJob('migrate');
        return (
          now?.spec.template.spec?.containers[0]?.image === 'tool:2' && now.metadata.deletionTimestamp === undefined
        );
      });
      await end('migrate');
      await bed.synced('web', fix);
      expect(await map('a')).toBeDefined();
    });

    it('owes the hooks after a sync until they succeed, over commits and restarts', async () => {
      await open();
      await bed.repo.commit({ 'web/a.yaml': configMap('a'), 'web/h.yaml': job('check', 'PostSync') });
      await bed.apply('web', retry(slow));
      await begun('check');
      await end('check', 'Failed');
      await run('it failed', ({ status }) => status?.phase === 'Failed');
      const fix = await bed.repo.commit({ 'web/h.yaml': job('check', 'PostSync', '', 'tool:2') });
      const second = await bed.until('another run checks again', async () => {
        const now = await getJob('check');
        return now?.spec.template.spec?.containers[0]?.image === 'tool:2' && latest();
      });
      await end('check', 'Failed');
      await bed.until('it failed too', async () => (await latest())?.status?.phase === 'Failed');
      await bed.restart();
      await bed.until('the next begins by itself', async () => {
        const now = await latest();
        return now?.metadata.name !== second.metadata.name && now?.status?.phase === 'Running' && begun('check');
      });
      await bed.until('it is begun anew', async () => ((await getJob('check'))?.status?.conditions ?? []).length === 0);
      await end('check');
      await bed.synced('web', fix);
    });

    it('counts a hook that the API refuses as failed, with its place in Git', async () => {
      await open();
      await bed.repo.commit({
        'web/a.yaml': configMap('a'),
        'web/h.yaml': job('h', 'PreSync').replace('Never', 'Always'),
      });
      await bed.apply('web', retry(slow));
      const failed = await run('it failed', ({ status }) => status?.phase === 'Failed');
      expect(failed.status?.message).toContain('restartPolicy');
      expect(failed.status?.hooks?.[0]?.origin).toMatchObject({ path: 'web/h.yaml', line: 10 });
      expect(await map('a')).toBeUndefined();
    });

    it('takes nothing in the place of a hook that is not its own', async () => {
      await open();
      const made = await bed.as('bob', 'kubectl').create(CONFIG_MAPS, {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name: 'h', namespace: 'default' },
      } as never);
      await bed.repo.commit({ 'web/a.yaml': configMap('a'), 'web/h.yaml': hookMap('h', 'PreSync') });
      await bed.apply('web', retry(slow));
      const failed = await run('it failed', ({ status }) => status?.phase === 'Failed');
      expect(failed.status?.message).toContain('ConfigMap/default/h is there already and is no hook');
      expect((await map('h'))?.metadata.uid).toBe(made.metadata.uid);
    });

    it('gives up after as many attempts as it may, says so, and takes up the next commit', async () => {
      await open();
      await bed.repo.commit({
        'web/a.yaml': configMap('a'),
        'web/h.yaml': job('h', 'PreSync').replace('Never', 'Always'),
      });
      await bed.apply('web', retry({ ...quick, limit: 2 }));
      await bed.until('it has given up', async () =>
        ((await bed.application('web'))?.status?.conditions ?? []).some(({ message }) =>
          /failed as often as spec.syncPolicy.retry.limit allows \(2\): .*\bh\b.*; commit a change/.test(message ?? ''),
        ),
      );
      expect((await bed.runs('web')).map(({ status }) => [status?.phase, status?.attempt])).toEqual([['Failed', 3]]);
      const commit = await bed.repo.commit({ 'web/h.yaml': null });
      await bed.synced('web', commit);
    });

    it('runs all hooks again at the next attempt of a run', async () => {
      await open();
      const commit = await bed.repo.commit({
        'web/a.yaml': configMap('a'),
        'web/h.yaml': [hookMap('first', 'PreSync'), job('second', 'PreSync', wave(1))].join('---\n'),
      });
      await bed.apply('web', retry(quick));
      await begun('second');
      const before = await map('first');
      await end('second', 'Failed');
      await run('a second attempt', ({ status }) => status?.attempt === 2);
      await bed.until('the second hook is begun anew', async () => {
        const now = await getJob('second');
        return now !== undefined && now.status?.conditions === undefined;
      });
      expect((await map('first'))?.metadata.uid).not.toBe(before?.metadata.uid);
      await end('second');
      await bed.synced('web', commit);
      expect(await bed.runs('web')).toHaveLength(1);
    });
  });

  describe('never two at a time', () => {
    /** Does what the garbage collector would: nothing runs for the Job any more. */
    const collect = async (name: string) => {
      const at = { namespace: 'default', name };
      await bed.until(`${name} is being deleted`, async () =>
        ((await bed.client.get(JOBS, at))?.metadata.finalizers ?? []).includes('foregroundDeletion'),
      );
      await bed.client.patch(JOBS, at, { type: 'merge', body: { metadata: { finalizers: null } } });
    };

    it('lets the hook of a superseded run end before the next one begins its own', async () => {
      await open();
      await bed.repo.commit({ 'web/a.yaml': configMap('a'), 'web/h.yaml': job('h', 'PreSync') });
      await bed.apply('web');
      const before = await begun('h');
      const commit = await bed.repo.commit({ 'web/h.yaml': job('h', 'PreSync', '', 'tool:2') });
      await bed.until(
        'the new commit is known',
        async () => (await bed.application('web'))?.status?.sync?.revision === commit,
      );
      expect((await getJob('h'))?.metadata.uid).toBe(before.metadata.uid);
      expect(await bed.runs('web')).toHaveLength(1);
      await end('h', 'Failed');
      await bed.until(
        'the next begins',
        async () => (await getJob('h'))?.spec.template.spec?.containers[0]?.image === 'tool:2',
      );
      expect((await bed.runs('web')).map(({ status }) => status?.phase)).toEqual(['Superseded', 'Running']);
      await end('h');
      await bed.synced('web', commit);
    });

    it('goes on after a restart in the middle of a hook, with that very one', async () => {
      await open();
      const commit = await bed.repo.commit({ 'web/a.yaml': configMap('a'), 'web/h.yaml': job('h', 'PreSync') });
      await bed.apply('web');
      const before = await begun('h');
      await bed.restart();
      await run('it waits', ({ status }) => status?.waiting !== undefined);
      await end('h');
      await bed.synced('web', commit);
      expect((await getJob('h'))?.metadata.uid).toBe(before.metadata.uid);
      expect(await bed.runs('web')).toHaveLength(1);
    });

    it('knows a hook again that was made just before a crash, before that was written down', async () => {
      await open();
      const commit = await bed.repo.commit({ 'web/a.yaml': configMap('a'), 'web/h.yaml': job('h-', 'PreSync') });
      await bed.apply('web');
      await bed.until('it is begun', async () => (await jobs()).length === 1);
      const before = await run('it waits', ({ status }) => status?.waiting !== undefined);
      const hooks = before.status?.hooks?.map(({ uid, startedAt, deadline, ...hook }) => ({
        ...hook,
        state: 'Pending',
      }));
      await bed.restart(async () => {
        const { SYNC_RUNS } = await import('#api');
        const body = { status: { hooks, waiting: null } } as never;
        const at = { namespace: 'argocd', name: before.metadata.name };
        await bed.client.patch(SYNC_RUNS, at, { type: 'merge', body }, { subresource: 'status' });
      });
      await run('it waits again', ({ status }) => status?.waiting !== undefined);
      const [only, ...more] = await jobs();
      expect(more).toEqual([]);
      await end(only?.metadata.name ?? '');
      await bed.synced('web', commit);
    });

    it('sees how a hook ended that is deleted right after', async () => {
      await open();
      const commit = await bed.repo.commit({ 'web/a.yaml': configMap('a'), 'web/h.yaml': job('h', 'PreSync') });
      await bed.apply('web');
      await begun('h');
      await bed.restart(async () => {
        await end('h');
        await bed.as('ttl', 'controller').delete(JOBS, { namespace: 'default', name: 'h' });
      });
      await bed.synced('web', commit);
      await bed.until('nothing holds it', async () => (await getJob('h')) === undefined);
    });

    it('deletes a hook at its deadline, and fails once nothing of it runs', async () => {
      await open({ hookDeadlineMs: 1_000 });
      await bed.repo.commit({ 'web/a.yaml': configMap('a'), 'web/h.yaml': job('h', 'PreSync') });
      await bed.apply('web', retry(slow));
      await bed.until(
        'it is on its way out',
        async () => (await getJob('h'))?.metadata.deletionTimestamp !== undefined,
      );
      expect((await latest())?.status?.phase).toBe('Running');
      await collect('h');
      const failed = await run('it failed', ({ status }) => status?.phase === 'Failed');
      expect(failed.status?.message).toContain('batch/Job/default/h failed: did not finish by its deadline');
      expect(await map('a')).toBeUndefined();
    });

    it('gives a hook the time that it gives itself', async () => {
      await open({ hookDeadlineMs: 1 });
      const late = job('h', 'PreSync').replace('spec:\n', 'spec:\n  activeDeadlineSeconds: 7200\n');
      await bed.repo.commit({ 'web/h.yaml': late, 'web/a.yaml': configMap('a') });
      await bed.apply('web');
      const waiting = await run('it waits', ({ status }) => status?.waiting !== undefined);
      expect(Date.parse(waiting.status?.waiting?.deadline ?? '') - Date.now()).toBeGreaterThan(7_000_000);
    });

    it('fails when somebody deletes a hook that runs, and ends what it runs', async () => {
      await open();
      await bed.repo.commit({ 'web/a.yaml': configMap('a'), 'web/h.yaml': job('h', 'PreSync') });
      await bed.apply('web', retry(slow));
      await begun('h');
      await bed.as('bob', 'kubectl').delete(JOBS, { namespace: 'default', name: 'h' });
      const failed = await run('it failed', ({ status }) => status?.phase === 'Failed');
      expect(failed.status?.message).toContain('was deleted before it had finished');
    });

    it('deletes the hooks of an Application that goes with all it holds, and lets go of those of others', async () => {
      await open();
      const commit = await bed.repo.commit({ 'web/a.yaml': configMap('a'), 'web/h.yaml': hookMap('h', 'PreSync') });
      await bed.apply('web', {}, { finalizers: ['resources-finalizer.argocd.argoproj.io'] });
      await bed.synced('web', commit);
      await bed.repo.commit({ 'other/o.yaml': configMap('o'), 'other/h.yaml': job('keep', 'PreSync') });
      await bed.apply('other');
      await begun('keep');
      const person = bed.as('ada', 'kubectl');
      await person.delete(APPLICATIONS, { namespace: 'argocd', name: 'web' });
      await bed.until('its hook is gone', async () => (await map('h')) === undefined);
      await person.delete(APPLICATIONS, { namespace: 'argocd', name: 'other' });
      await bed.until('nothing holds the other', async () => {
        const kept: Job | undefined = await getJob('keep');
        return kept !== undefined && kept.metadata.finalizers === undefined;
      });
      expect(await bed.client.get(NAMESPACES, { name: 'default' })).toBeDefined();
    });
  });
});
