import { afterAll, beforeAll, expect, it } from 'vitest';
import { APP_PROJECTS, APPLICATIONS, type AppProjectSpec } from '#api';
import { createSyncBed, type SyncBed } from '../../test/support/sync-bed.ts';

const configMap = (name: string, namespace = 'default') =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}, namespace: ${namespace}}\n`;

let bed: SyncBed;
let commit: string;
beforeAll(async () => {
  bed = await createSyncBed();
  commit = await bed.repo.commit({
    'web/config.yaml': configMap('web'),
    'mixed/config.yaml': configMap('mixed'),
    'mixed/elsewhere.yaml': `\n${configMap('elsewhere', 'kube-system')}`,
    'mixed/role.yaml':
      'apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: all}\nrules: []\n',
  });
});
afterAll(() => bed.close());

const allowed = (): AppProjectSpec => ({
  sourceRepos: [bed.repo.path],
  destinations: [{ server: '*', namespace: 'default' }],
});

async function applyProject(name: string, spec: AppProjectSpec): Promise<void> {
  const object = {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'AppProject',
    metadata: { name, namespace: 'argocd' },
    spec,
  };
  await bed.as('ada', 'kubectl').apply(APP_PROJECTS, object, { fieldManager: 'test', force: true });
}

const conditionsOf = async (name: string, type: string) =>
  ((await bed.application(name))?.status?.conditions ?? [])
    .filter((condition) => condition.type === type)
    .map(({ message = '' }) => message);

const untilCondition = (name: string, type: string, words: string) =>
  bed.until(`${name} says ${words}`, async () => (await conditionsOf(name, type)).some((text) => text.includes(words)));

it('syncs nothing of a project that does not exist, and all when it does', async () => {
  await bed.apply('web', { project: 'shop', source: { path: 'web' } });
  await untilCondition('web', 'InvalidSpecError', 'the project "shop" does not exist');
  expect(await bed.get({ kind: 'ConfigMap', name: 'web', namespace: 'default' })).toBeUndefined();
  await applyProject('shop', allowed());
  await bed.synced('web', commit);
});

it('keeps an Application in its repositories, and deletes nothing when they are taken away', async () => {
  await applyProject('shop', { ...allowed(), sourceRepos: ['https://git.example/**'] });
  await untilCondition('web', 'InvalidSpecError', 'is not among the sourceRepos');
  expect(await bed.get({ kind: 'ConfigMap', name: 'web', namespace: 'default' })).toBeDefined();
  await applyProject('shop', allowed());
  await bed.until('it is well again', async () => (await conditionsOf('web', 'InvalidSpecError')).length === 0);
});

it('refuses the objects that are not allowed, with file and line, and makes the others', async () => {
  await bed.apply('mixed', { project: 'shop', source: { path: 'mixed' } });
  await untilCondition('mixed', 'SyncError', 'mixed/role.yaml:1: the project "shop" does not allow ClusterRole');
  await untilCondition(
    'mixed',
    'SyncError',
    'mixed/elsewhere.yaml:2: the project "shop" allows no objects in the namespace "kube-system"',
  );
  await bed.until('the allowed one is there', () =>
    bed.get({ kind: 'ConfigMap', name: 'mixed', namespace: 'default' }),
  );
  expect(await bed.get({ kind: 'ConfigMap', name: 'elsewhere', namespace: 'kube-system' })).toBeUndefined();
  expect(await bed.get({ group: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'all' })).toBeUndefined();
});

it('runs no hook that is not allowed', async () => {
  await bed.repo.commit({
    'hooked/hook.yaml': [
      'apiVersion: batch/v1',
      'kind: Job',
      'metadata:',
      '  name: out',
      '  namespace: kube-system',
      '  annotations: {argocd.argoproj.io/hook: PreSync}',
      'spec: {template: {spec: {restartPolicy: Never, containers: [{name: a, image: a}]}}}',
      '',
    ].join('\n'),
    'hooked/config.yaml': configMap('hooked'),
  });
  await bed.apply('hooked', { project: 'shop', source: { path: 'hooked' } });
  await untilCondition('hooked', 'SyncError', 'failed');
  const [run] = await bed.runs('hooked');
  expect(run?.status?.hooks?.[0]).toMatchObject({ state: 'Failed', message: expect.stringContaining('"kube-system"') });
  expect(await bed.get({ group: 'batch', kind: 'Job', name: 'out', namespace: 'kube-system' })).toBeUndefined();
});

it('begins no sync in a window that denies it, lets people, and goes on when the window is gone', async () => {
  const deny = { kind: 'deny', schedule: '0 0 * * *', duration: '24h', applications: ['web'] };
  await applyProject('shop', { ...allowed(), syncWindows: [{ ...deny, manualSync: true }] });
  const next = await bed.repo.commit({ 'web/second.yaml': configMap('second') });
  await untilCondition('web', 'SyncWindow', 'a sync window denies syncs until');
  expect(await bed.get({ kind: 'ConfigMap', name: 'second', namespace: 'default' })).toBeUndefined();

  const operation = { sync: {} };
  const key = { namespace: 'argocd', name: 'web' };
  await bed.as('ada', 'kubectl').patch(APPLICATIONS, key, { type: 'merge', body: { operation } }, {});
  await bed.synced('web', next);

  const third = await bed.repo.commit({ 'web/third.yaml': configMap('third') });
  await untilCondition('web', 'SyncWindow', 'a sync window denies syncs until');
  await applyProject('shop', { ...allowed(), syncWindows: [] });
  await bed.synced('web', third);
  await bed.until('nothing waits', async () => (await conditionsOf('web', 'SyncWindow')).length === 0);
});
