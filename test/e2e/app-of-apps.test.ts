import { mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { APPLICATIONS, DEPLOYMENTS, JOBS, type KubeObject, NAMESPACES, SYNC_RUNS, type SyncRun } from '#api';
import type { Client } from '#client';
import { type Product, startProduct } from '../support/product.ts';
import { until } from '../support/until.ts';

const namespace = 'shop';
let product: Product;
let client: Client;
let repoURL: string;

beforeAll(async () => {
  product = await startProduct();
  client = await product.client();
  await product.untilTrue('web'); // The demo's image is there by then.
  const root = await client.get(APPLICATIONS, { namespace: 'argocd', name: 'root' });
  repoURL = root?.spec.source?.repoURL ?? '';
});
afterAll(async () => {
  await product?.close();
});

/** As teams write them for Argo CD. */
const application = (name: string, wave: number) => `apiVersion: argoproj.io/v1alpha1
kind: Application
metadata:
  name: ${name}
  namespace: argocd
  finalizers: [resources-finalizer.argocd.argoproj.io]
  annotations: {argocd.argoproj.io/sync-wave: "${wave}"}
spec:
  project: default
  source: {repoURL: "${repoURL}", path: fleet/${name}, targetRevision: HEAD}
  destination: {server: https://kubernetes.default.svc, namespace: ${namespace}}
  syncPolicy:
    automated: {prune: true, selfHeal: true}
    retry: {limit: 0}
`;
const pod = (script: string) =>
  `containers: [{name: main, image: "plumbline.local/sample:1", command: [/usr/local/bin/node, -e, "${script}"]}]`;
const SERVES = `process.on('SIGTERM', () => process.exit(0)); setInterval(() => {}, 1000)`;
const deployment = (name: string, wave: number, version: number) => `apiVersion: apps/v1
kind: Deployment
metadata:
  name: ${name}
  annotations: {argocd.argoproj.io/sync-wave: "${wave}"}
spec:
  replicas: 1
  selector: {matchLabels: {app: ${name}}}
  template:
    metadata: {labels: {app: ${name}, version: "${version}"}}
    spec:
      terminationGracePeriodSeconds: 2
      ${pod(SERVES)}
`;
const hook = (name: string, when: string, script: string) => `apiVersion: batch/v1
kind: Job
metadata:
  name: ${name}
  annotations:
    argocd.argoproj.io/hook: ${when}
    argocd.argoproj.io/hook-delete-policy: BeforeHookCreation
spec:
  backoffLimit: 0
  template: {spec: {restartPolicy: Never, ${pod(script)}}}
`;
const shop = (version: number, migration = 'process.exit(0)') => ({
  'shop/migrate.yaml': hook('migrate', 'PreSync', migration),
  'shop/api.yaml': deployment('api', 0, version),
  'shop/web.yaml': deployment('web', 1, version),
  'shop/smoke-test.yaml': hook('smoke-test', 'PostSync', `console.log('it answers')`),
  'shop/page-somebody.yaml': hook('page-somebody', 'SyncFail', `console.log('it failed')`),
});

/** Writes files below `fleet`, or removes them, and commits; answers the commit's id. */
async function commit(changes: Readonly<Record<string, string | null>>): Promise<string> {
  for (const [name, text] of Object.entries(changes)) {
    const file = path.join(product.demo, 'fleet', name);
    if (text === null) await rm(file);
    else {
      await mkdir(path.dirname(file), { recursive: true });
      await writeFile(file, text);
    }
  }
  return product.commit('change the fleet');
}

const at = (name: string) => ({ namespace, name });
const created = ({ metadata }: { metadata: { creationTimestamp: string } }) => Date.parse(metadata.creationTimestamp);
const job = (name: string) =>
  until(`the Job ${name} has succeeded`, async () => {
    const found = await client.get(JOBS, at(name));
    return found?.status?.succeeded === 1 ? found : undefined;
  });
const doneAt = ({ status }: Awaited<ReturnType<typeof job>>) => Date.parse(status?.completionTime ?? '');
const deployed = async (name: string) => {
  const found = await client.get(DEPLOYMENTS, at(name));
  if (found === undefined) throw new Error(`there is no Deployment ${name}`);
  const available = found.status?.conditions?.find(({ type }) => type === 'Available');
  return { found, availableAt: Date.parse(available?.lastTransitionTime ?? ''), version: versionOf(found) };
};
const versionOf = ({ spec }: { spec: { template: { metadata?: { labels?: Record<string, string> } } } }) =>
  spec.template.metadata?.labels?.['version'];

describe('an app of apps, as for Argo CD, on a real node', () => {
  it('comes up wave by wave, with its hooks, and is Healthy', async () => {
    const id = await commit({
      'apps/platform.yaml': application('platform', -1),
      'apps/shop.yaml': application('shop', 1),
      'platform/namespace.yaml': `apiVersion: v1\nkind: Namespace\nmetadata: {name: ${namespace}}\n`,
      ...shop(1),
    });
    const root = {
      apiVersion: 'argoproj.io/v1alpha1',
      kind: 'Application',
      metadata: { name: 'fleet', namespace: 'argocd' },
      spec: {
        project: 'default',
        source: { repoURL, path: 'fleet/apps', targetRevision: 'HEAD' },
        destination: { server: 'https://kubernetes.default.svc', namespace: 'argocd' },
        syncPolicy: { automated: { prune: true, selfHeal: true } },
      },
    };
    await client.create(APPLICATIONS, root as KubeObject);
    for (const name of ['platform', 'shop', 'fleet']) await product.untilTrue(name, id);

    const [migrated, tested] = [await job('migrate'), await job('smoke-test')];
    const [api, web] = [await deployed('api'), await deployed('web')];
    const team = await client.get(NAMESPACES, { name: namespace });
    const child = await client.get(APPLICATIONS, { namespace: 'argocd', name: 'shop' });
    const order = [
      ['the namespace', created(team as never)],
      ['the Application shop', created(child as never)],
      ['the migration', created(migrated)],
      ['its end', doneAt(migrated)],
      ['the api', created(api.found)],
      ['it serves', api.availableAt],
      ['the web', created(web.found)],
      ['it serves, too', web.availableAt],
      ['the smoke test', created(tested)],
    ] as const;
    expect(order).toEqual([...order].toSorted(([, left], [, right]) => left - right));
    expect(await client.get(JOBS, at('page-somebody'))).toBeUndefined();
  });

  it('stops at a migration that fails, calls for somebody, and leaves what runs alone', async () => {
    await commit(shop(2, 'process.exit(3)'));
    const failed = await until('the sync has failed', async () => {
      const { items } = await client.list(SYNC_RUNS, { namespace: 'argocd' });
      return items.find(({ spec, status }: SyncRun) => spec.application === 'shop' && status?.phase === 'Failed');
    });
    expect(failed.status?.message).toContain('migrate');
    await job('page-somebody');
    expect([(await deployed('api')).version, (await deployed('web')).version]).toEqual(['1', '1']);
    expect((await product.plumb('app', 'get', 'shop')).stdout).toContain('migrate');
  });

  it('goes on when the migration is mended', async () => {
    const id = await commit(shop(3));
    for (const name of ['shop', 'fleet']) await product.untilTrue(name, id);
    expect([(await deployed('api')).version, (await deployed('web')).version]).toEqual(['3', '3']);
  });

  it('takes all that an Application holds with it when Git drops the Application', async () => {
    await commit({ 'apps/shop.yaml': null });
    await until('nothing is left of it', async () => {
      const left = await Promise.all([
        client.get(APPLICATIONS, { namespace: 'argocd', name: 'shop' }),
        client.get(DEPLOYMENTS, at('api')),
        client.get(DEPLOYMENTS, at('web')),
        client.get(JOBS, at('migrate')),
      ]);
      return left.every((each) => each === undefined);
    });
    expect(await client.get(NAMESPACES, { name: namespace })).toBeDefined();
  });
});
