import { afterAll, beforeAll, expect, it } from 'vitest';
import { APPLICATION_SETS, APPLICATIONS, type ApplicationSet, type ApplicationSetSpec } from '#api';
import { createSyncBed, type SyncBed } from '../../test/support/sync-bed.ts';
import { APPROVE_DELETIONS } from './application-set.plan.ts';

const configMap = (name: string) => `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}}\ndata: {of: ${name}}\n`;

let bed: SyncBed;
beforeAll(async () => {
  bed = await createSyncBed();
  await bed.repo.commit({
    'apps/cart/config.yaml': configMap('cart'),
    'apps/web/config.yaml': configMap('web'),
    'docs/README.md': 'nothing',
  });
});
afterAll(() => bed.close());

const kubectl = () => bed.as('ada', 'kubectl');

const folders = (repoURL = bed.repo.path): Partial<ApplicationSetSpec> => ({
  generators: [{ git: { repoURL, directories: [{ path: 'apps/*' }] } }],
});

async function applySet(name: string, spec: Partial<ApplicationSetSpec>, annotations: Record<string, string> = {}) {
  const template = {
    metadata: { name: `${name}-{{path.basename}}`, labels: { set: name } },
    spec: {
      source: { repoURL: bed.repo.path, path: '{{path}}' },
      destination: { name: 'in-cluster', namespace: 'default' },
      syncPolicy: { automated: { prune: true, selfHeal: true } },
    },
  };
  const object = {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'ApplicationSet',
    metadata: { name, namespace: 'argocd', annotations },
    spec: { generators: [], template, ...spec },
  };
  await kubectl().apply(APPLICATION_SETS, object, { fieldManager: 'test', force: true });
}

async function namesOf(set: string): Promise<readonly string[]> {
  const { items } = await kubectl().list(APPLICATIONS, { namespace: 'argocd', labelSelector: `set=${set}` });
  return items.map(({ metadata }) => metadata.name).sort();
}

const conditionOf = (set: ApplicationSet | undefined, type: string) =>
  set?.status?.conditions?.find((condition) => condition.type === type);

async function untilCondition(set: string, type: string, reason: string): Promise<string> {
  return bed.until(`${set} says ${reason}`, async () => {
    const found = conditionOf(await kubectl().get(APPLICATION_SETS, { namespace: 'argocd', name: set }), type);
    return found?.reason === reason ? (found.message ?? '') : undefined;
  });
}

const untilNames = (set: string, expected: readonly string[]) =>
  bed.until(`${set} has made ${expected.join(', ')}`, async () => {
    const names = await namesOf(set);
    return names.join(' ') === expected.join(' ');
  });

it('makes an Application for each folder, follows commits, and lets go of what Git drops', async () => {
  await applySet('shop', folders());
  await untilNames('shop', ['shop-cart', 'shop-web']);
  const first = await bed.repo.commit({ 'apps/pay/config.yaml': configMap('pay') });
  await untilNames('shop', ['shop-cart', 'shop-pay', 'shop-web']);
  await bed.synced('shop-pay', first);
  expect(await bed.get({ kind: 'ConfigMap', name: 'pay', namespace: 'default' })).toMatchObject({
    data: { of: 'pay' },
  });

  await bed.repo.commit({ 'apps/pay/config.yaml': null });
  await untilNames('shop', ['shop-cart', 'shop-web']);
  await bed.until(
    'what it made is gone with it',
    async () => (await bed.get({ kind: 'ConfigMap', name: 'pay', namespace: 'default' })) === undefined,
  );
  const set = await bed.until('the status lists two', async () => {
    const found = await kubectl().get(APPLICATION_SETS, { namespace: 'argocd', name: 'shop' });
    return found?.status?.resources?.length === 2 ? found : undefined;
  });
  expect(set.status?.resources?.map(({ name }) => name)).toEqual(['shop-cart', 'shop-web']);
  expect(conditionOf(set, 'ResourcesUpToDate')?.status).toBe('True');
});

it('undoes what people change of an Application, and makes again what they delete', async () => {
  const key = { namespace: 'argocd', name: 'shop-web' };
  const body = {
    metadata: { annotations: { 'x/y': 'z', 'plumbline.dev/note': 'kept' } },
    spec: { source: { path: 'docs' } },
  };
  await kubectl().patch(APPLICATIONS, key, { type: 'merge', body }, {});
  const healed = await bed.until('the path is as the set says', async () => {
    const found = await bed.application('shop-web');
    return found?.spec.source?.path === 'apps/web' ? found : undefined;
  });
  expect(healed.metadata.annotations).toEqual({ 'plumbline.dev/note': 'kept' });
  await kubectl().patch(APPLICATIONS, key, { type: 'merge', body: { metadata: { finalizers: null } } }, {});
  await kubectl().delete(APPLICATIONS, key, {});
  await bed.until('it is there again', async () => {
    const found = await bed.application('shop-web');
    return found !== undefined && found.metadata.uid !== healed.metadata.uid;
  });
});

it('deletes nothing while a generator cannot be asked, and says why', async () => {
  await applySet('shop', folders('/nowhere/at/all'));
  const message = await untilCondition('shop', 'ErrorOccurred', 'ApplicationParamsGenerationError');
  expect(message).not.toBe('');
  expect(await namesOf('shop')).toEqual(['shop-cart', 'shop-web']);
});

it('asks before it deletes all that it made', async () => {
  await applySet('shop', { generators: [{ list: { elements: [] } }] });
  const message = await untilCondition('shop', 'ResourcesUpToDate', 'DeletionBlocked');
  expect(message).toContain('all 2 Applications would be deleted (shop-cart, shop-web)');
  expect(await namesOf('shop')).toEqual(['shop-cart', 'shop-web']);
  const digest = /approve-deletions: (\w+)/.exec(message)?.[1] ?? '';
  await applySet('shop', { generators: [{ list: { elements: [] } }] }, { [APPROVE_DELETIONS]: digest });
  await untilNames('shop', []);
});

it('leaves an Application alone that it did not make', async () => {
  await bed.apply('own-cart', { source: { path: 'apps/cart' } });
  await applySet('own', folders());
  const message = await untilCondition('own', 'ErrorOccurred', 'ApplicationNameTaken');
  expect(message).toContain('an Application named "own-cart" exists and was not made by this ApplicationSet');
  await untilNames('own', ['own-web']);
  expect((await bed.application('own-cart'))?.metadata.ownerReferences).toBeUndefined();
});

it('tells what the API refuses of an Application, and makes the others', async () => {
  await applySet('mixed', {
    generators: [{ list: { elements: [{ path: 'apps/cart' }, { path: '../out', 'path.basename': 'out' }] } }],
    template: {
      metadata: { name: 'mixed-{{path.basename}}', labels: { set: 'mixed' } },
      spec: { source: { repoURL: bed.repo.path, path: '{{path}}' }, destination: { namespace: 'default' } },
    },
  });
  // The first names no parameter `path.basename`, and a name with braces is none.
  expect(await untilCondition('mixed', 'ErrorOccurred', 'ApplicationParamsGenerationError')).toContain(
    'not a valid name',
  );
  await applySet('mixed', {
    generators: [
      {
        list: {
          elements: [
            { path: 'apps/cart', name: 'cart' },
            { path: '../out', name: 'out' },
          ],
        },
      },
    ],
    template: {
      metadata: { name: 'mixed-{{name}}', labels: { set: 'mixed' } },
      spec: { source: { repoURL: bed.repo.path, path: '{{path}}' }, destination: { namespace: 'default' } },
    },
  });
  expect(await untilCondition('mixed', 'ErrorOccurred', 'ApplicationRefused')).toContain('spec.source.path');
  await untilNames('mixed', ['mixed-cart']);
});

it('goes on after a restart without touching what is as it should be', async () => {
  const before = (await bed.application('own-web'))?.metadata.generation;
  await bed.restart();
  const commit = await bed.repo.commit({ 'apps/late/config.yaml': configMap('late') });
  await untilNames('own', ['own-late', 'own-web']);
  await bed.synced('own-late', commit);
  expect((await bed.application('own-web'))?.metadata.generation).toBe(before);
});
