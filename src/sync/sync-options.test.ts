import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { APPLICATIONS, CONFIG_MAPS, JOBS, NAMESPACES } from '#api';
import { configMap, createSyncBed, type SyncBed } from '../../test/support/sync-bed.ts';

const options = (text: string) => `  annotations: {argocd.argoproj.io/sync-options: "${text}"}\n`;
const job = (name: string, image: string, more = '', restartPolicy = 'Never') => `apiVersion: batch/v1
kind: Job
metadata:
  name: ${name}
${more}spec:
  template:
    spec: {restartPolicy: ${restartPolicy}, containers: [{name: run, image: "${image}"}]}
`;
const claim = (size: string, more = '') => `apiVersion: v1
kind: PersistentVolumeClaim
metadata:
  name: data
${more}spec: {accessModes: [ReadWriteOnce], storageClassName: ${size === '1Gi' ? 'a' : 'b'}, resources: {requests: {storage: ${size}}}}
`;

describe('src/sync/sync-options.plan.ts, carried out', () => {
  let bed: SyncBed;
  beforeEach(async () => {
    bed = await createSyncBed();
  });
  afterEach(() => bed.close());

  const map = (name: string) => bed.get({ kind: 'ConfigMap', name });
  const getJob = (name: string) => bed.client.get(JOBS, { namespace: 'default', name });
  const latest = async () => (await bed.runs('web')).at(-1);
  const conditions = async () => (await bed.application('web'))?.status?.conditions ?? [];
  const automated = { prune: true, selfHeal: true };
  const slow = { backoff: { duration: '1h', maxDuration: '1h', factor: 1 } };

  it('writes an object whole with Replace=true, and leaves what others added without', async () => {
    const first = await bed.repo.commit({
      'web/r.yaml': configMap('r', { key: '1' }, options('Replace=true')),
      'web/s.yaml': configMap('s', { key: '1' }),
    });
    await bed.apply('web');
    await bed.synced('web', first);
    for (const name of ['r', 's']) {
      const body = { data: { added: 'by a controller' } };
      await bed
        .as('c', 'controller')
        .patch(CONFIG_MAPS, { namespace: 'default', name }, { type: 'merge', body }, { fieldManager: 'controller' });
    }
    const second = await bed.repo.commit({
      'web/r.yaml': configMap('r', { key: '2' }, options('Replace=true')),
      'web/s.yaml': configMap('s', { key: '2' }),
    });
    await bed.synced('web', second);
    expect((await map('r'))?.['data']).toEqual({ key: '2' });
    expect((await map('s'))?.['data']).toEqual({ key: '2', added: 'by a controller' });
  });

  it('makes anew with Force=true what the API will not change, and only what it would take', async () => {
    const force = options('Force=true');
    const first = await bed.repo.commit({
      'web/a.yaml': job('a', 'tool:1', force),
      'web/b.yaml': job('b', 'tool:1', force),
      'web/c.yaml': job('c', 'tool:1'),
      'web/d.yaml': claim('1Gi', force),
    });
    await bed.apply('web', { syncPolicy: { automated, retry: slow } });
    await bed.until('all is there', async () => {
      const { sync } = (await bed.application('web'))?.status ?? {};
      return sync?.revision === first && sync.status === 'Synced';
    });
    const [a, b, c] = await Promise.all(['a', 'b', 'c'].map(getJob));
    const data = await bed.get({ kind: 'PersistentVolumeClaim', name: 'data' });
    await bed.repo.commit({
      'web/a.yaml': job('a', 'tool:2', force),
      'web/b.yaml': job('b', 'tool:2', force, 'Always'),
      'web/c.yaml': job('c', 'tool:2'),
      'web/d.yaml': claim('2Gi', force),
    });
    await bed.until('a is made anew', async () => {
      const now = await getJob('a');
      return now?.spec.template.spec?.containers[0]?.image === 'tool:2' && now.metadata.uid !== a?.metadata.uid;
    });
    const failed = await bed.until('the rest is refused', async () => {
      const told = (await conditions()).filter(({ type }) => type === 'SyncError').map(({ message }) => message);
      return told.length >= 2 && told.join('\n');
    });
    expect(failed).toContain('web/c.yaml');
    expect(failed).toContain('web/d.yaml');
    expect((await getJob('b'))?.metadata.uid).toBe(b?.metadata.uid);
    expect((await getJob('c'))?.metadata.uid).toBe(c?.metadata.uid);
    expect((await bed.get({ kind: 'PersistentVolumeClaim', name: 'data' }))?.metadata.uid).toBe(data?.metadata.uid);
  });

  it('asks before it prunes where the Application says so, but for what says otherwise, and prunes as it says', async () => {
    const first = await bed.repo.commit({
      'web/asks.yaml': configMap('asks'),
      'web/goes.yaml': configMap('goes', { key: 'value' }, options('Prune=true,PrunePropagationPolicy=foreground')),
      'web/keep.yaml': configMap('keep'),
    });
    await bed.apply('web', { syncPolicy: { automated, syncOptions: ['Prune=confirm'] } });
    await bed.synced('web', first);
    await bed.repo.commit({ 'web/goes.yaml': null });
    const leaving = await bed.until('it goes, and waits for what hangs on it', async () => {
      const live = await map('goes');
      return live?.metadata.deletionTimestamp !== undefined && live;
    });
    expect(leaving.metadata.finalizers).toEqual(['foregroundDeletion']);
    const body = { metadata: { finalizers: null } };
    await bed.client.patch(CONFIG_MAPS, { namespace: 'default', name: 'goes' }, { type: 'merge', body });
    await bed.repo.commit({ 'web/asks.yaml': null });
    await bed.until('it asks', async () => (await latest())?.status?.phase === 'PruneBlocked');
    expect((await conditions()).find(({ type }) => type === 'PruneBlocked')?.message).toContain(
      'ConfigMap/default/asks',
    );
    expect(await map('asks')).toBeDefined();
  });

  it('keeps what says Delete=false when its Application goes with all it holds', async () => {
    const commit = await bed.repo.commit({
      'web/a.yaml': configMap('a'),
      'web/k.yaml': configMap('k', { key: 'value' }, options('Delete=false')),
    });
    await bed.apply('web', {}, { finalizers: ['resources-finalizer.argocd.argoproj.io'] });
    await bed.synced('web', commit);
    await bed.as('ada', 'kubectl').delete(APPLICATIONS, { namespace: 'argocd', name: 'web' });
    await bed.until('the Application is gone', async () => (await bed.application('web')) === undefined);
    expect(await map('a')).toBeUndefined();
    const kept = await map('k');
    expect(kept).toBeDefined();
    expect(kept?.metadata.deletionTimestamp).toBeUndefined();
  });

  it('gives the Namespace that it makes its labels, and one that was there too', async () => {
    const first = await bed.repo.commit({ 'web/a.yaml': configMap('a') });
    const policy = (labels: Record<string, string>) => ({
      automated,
      syncOptions: ['CreateNamespace=true'],
      managedNamespaceMetadata: { labels, annotations: { owner: 'shop' } },
    });
    await bed.apply('web', { destination: { namespace: 'fresh' }, syncPolicy: policy({ team: 'a' }) });
    await bed.synced('web', first);
    const made = await bed.client.get(NAMESPACES, { name: 'fresh' });
    expect(made?.metadata.labels).toMatchObject({ team: 'a' });
    expect(made?.metadata.annotations).toMatchObject({ owner: 'shop' });
    await bed.apply('web', { destination: { namespace: 'fresh' }, syncPolicy: policy({ team: 'b' }) });
    const second = await bed.repo.commit({ 'web/b.yaml': configMap('b') });
    await bed.synced('web', second);
    expect((await bed.client.get(NAMESPACES, { name: 'fresh' }))?.metadata.labels).toMatchObject({ team: 'b' });
  });

  it('names options that do nothing, with their places, and does not mind what is to be ignored', async () => {
    const ignored = '  annotations: {argocd.argoproj.io/compare-options: IgnoreExtraneous}\n';
    const first = await bed.repo.commit({
      'web/a.yaml': configMap('a', { key: 'value' }, options('Prune=false, Wrong=true')),
      'web/left.yaml': configMap('left', { key: 'value' }, ignored),
    });
    await bed.apply('web', { syncPolicy: { automated: { selfHeal: true }, syncOptions: ['Validate=false'] } });
    await bed.synced('web', first);
    const told = (await conditions()).find(({ type }) => type === 'UnsupportedFields')?.message;
    expect(told).toContain('spec.syncPolicy.syncOptions: Validate=false');
    expect(told).toContain('web/a.yaml:1: argocd.argoproj.io/sync-options: Wrong=true');
    const second = await bed.repo.commit({ 'web/left.yaml': null });
    const application = await bed.synced('web', second);
    expect(application.status?.resources?.find(({ name }) => name === 'left')).toMatchObject({ requiresPruning: true });
    expect(await map('left')).toBeDefined();
  });
});
