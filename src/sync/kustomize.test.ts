import { afterAll, beforeAll, expect, it } from 'vitest';
import { createSyncBed, type SyncBed } from '../../test/support/sync-bed.ts';

/** A base and an overlay, beside other Applications of the same repository. */
const files = (color: string) => ({
  'base/kustomization.yaml': 'resources: [settings.yaml]\n',
  'base/settings.yaml':
    'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {answer: yes, zone: base}\n',
  'overlays/prod/kustomization.yaml': [
    'resources: [../../base]',
    'namePrefix: prod-',
    'configMapGenerator:',
    '  - name: color',
    `    literals: [color=${color}]`,
    'patches:',
    '  - patch: |-',
    '      {"kind": "ConfigMap", "apiVersion": "v1", "metadata": {"name": "settings"}, "data": {"zone": "prod"}}',
    '',
  ].join('\n'),
});

let bed: SyncBed;
beforeAll(async () => {
  bed = await createSyncBed();
});
afterAll(() => bed.close());
const configMap = (name: string) => bed.get({ kind: 'ConfigMap', name, namespace: 'default' });

it('builds a folder with a kustomization, and follows what it names outside of its folder', async () => {
  const first = await bed.repo.commit(files('red'));
  await bed.apply('shop', { source: { path: 'overlays/prod' } });
  await bed.synced('shop', first);
  expect(await configMap('prod-settings')).toMatchObject({ data: { answer: 'yes', zone: 'prod' } });
  const red = await bed.until('the generated ConfigMap', () => configMap('prod-color-d7568b82h8'));
  expect(red).toMatchObject({ data: { color: 'red' } });

  // A change of the base alone is a change of the Application.
  const second = await bed.repo.commit({
    'base/settings.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {zone: base, new: "1"}\n',
  });
  await bed.synced('shop', second);
  expect(await configMap('prod-settings')).toMatchObject({ data: { zone: 'prod', new: '1' } });
});

it('deletes nothing when a kustomization cannot be built, and says which line of which file', async () => {
  await bed.repo.commit({ 'base/kustomization.yaml': 'resources:\n  - gone.yaml\n' });
  const application = await bed.until('the failure is told', async () => {
    const found = await bed.application('shop');
    return JSON.stringify(found?.status?.conditions ?? []).includes('gone.yaml') ? found : undefined;
  });
  expect(JSON.stringify(application.status?.conditions)).toContain('base/kustomization.yaml:2: gone.yaml');
  expect(await configMap('prod-settings')).toMatchObject({ data: { zone: 'prod' } });

  const mended = await bed.repo.commit({ ...files('green') });
  await bed.synced('shop', mended);
  await bed.until(
    'the ConfigMap of the old colour is gone',
    async () => (await configMap('prod-color-d7568b82h8')) === undefined,
  );
});
