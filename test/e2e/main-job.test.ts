import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Application, Deployment, Pod, SyncRun } from '#api';
import { APPLICATIONS, DEPLOYMENTS, PODS, SYNC_RUNS } from '#api';
import { type Client, clientFromKubeconfig } from '#client';
import { startLoad } from '../support/load.ts';
import { type Product, startProduct } from '../support/product.ts';
import { until } from '../support/until.ts';

let product: Product;
let client: Client;

beforeAll(async () => {
  product = await startProduct();
  client = await product.client();
});
afterAll(async () => {
  await product?.close();
});

const edit = async (file: string, change: (text: string) => string) => {
  const full = path.join(product.demo, file);
  await writeFile(full, change(await readFile(full, 'utf8')));
};
const page = async (where = '/') => {
  const response = await fetch(`http://127.0.0.1:30080${where}`, { signal: AbortSignal.timeout(5_000) });
  expect(response.status).toBe(200);
  return response.text();
};
const webPods = async (): Promise<readonly Pod[]> =>
  (await client.list(PODS, { namespace: 'demo', labelSelector: 'app=web' })).items.filter(
    (pod) => pod.metadata.deletionTimestamp === undefined,
  );
const isReady = (pod: Pod) =>
  pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false;
const application = async (name: string): Promise<Application> => {
  const found = await client.get(APPLICATIONS, { namespace: 'argocd', name });
  if (found === undefined) throw new Error(`no Application ${name}`);
  return found;
};
const runs = async (name: string): Promise<readonly SyncRun[]> =>
  (await client.list(SYNC_RUNS, { namespace: 'argocd' })).items.filter((run) => run.spec.application === name);

describe('the main job: a commit becomes running containers', () => {
  it('makes both Applications Synced and Healthy, with real containers and a page behind the NodePort', async () => {
    await product.untilTrue('web');
    await product.untilTrue('clock');
    expect(
      await product.docker('ps', '--filter', 'label=io.kubernetes.pod.namespace=demo', '--format', '{{.Image}}'),
    ).toContain('plumbline.local/sample:1');
    const html = await until('the page tells the time by cluster DNS', async () => {
      const text = await page();
      return /\d{4}-\d{2}-\d{2}T/.test(text) && text;
    });
    expect(html).toContain('Hanging true to Git.');
    expect(html).toContain('present');
  });

  it('rolls a changed pod template out without losing a request, never below its minimum', async () => {
    await product.untilTrue('web');
    const load = startLoad({
      host: '127.0.0.1',
      port: 30080,
      newConnectionsPerSecond: 200,
      keepAliveConnections: 10,
      slowInFlight: 4,
    });
    const seen = { ready: Number.POSITIVE_INFINITY, total: 0 };
    const watching = new AbortController();
    const list = await client.list(PODS, { namespace: 'demo', labelSelector: 'app=web' });
    const pods = new Map(list.items.map((pod) => [pod.metadata.uid, pod]));
    const watcher = (async () => {
      for await (const event of client.watch(PODS, {
        namespace: 'demo',
        labelSelector: 'app=web',
        resourceVersion: list.resourceVersion,
        signal: watching.signal,
      })) {
        if (event.type === 'BOOKMARK') continue;
        if (event.type === 'DELETED') pods.delete(event.object.metadata.uid);
        else pods.set(event.object.metadata.uid, event.object);
        const live = [...pods.values()].filter((pod) => pod.metadata.deletionTimestamp === undefined);
        seen.ready = Math.min(seen.ready, live.filter(isReady).length);
        seen.total = Math.max(seen.total, live.length);
      }
    })().catch((error: unknown) => {
      if (!watching.signal.aborted) throw error;
    });
    await edit('web/deployment.yaml', (text) => text.replace('value: blue', 'value: green'));
    const commit = await product.commit('Paint it green');
    await product.untilTrue('web', commit);
    await until('only green pods are left', async () => {
      const { items } = await client.list(PODS, { namespace: 'demo', labelSelector: 'app=web' });
      return (
        items.length === 3 && items.every((pod) => pod.spec.containers[0]?.env?.some(({ value }) => value === 'green'))
      );
    });
    const report = await load.stop();
    watching.abort();
    await watcher;
    expect(report.failures).toEqual({});
    expect(report.answered).toBe(report.sent);
    expect(report.sent).toBeGreaterThan(500);
    expect(report.colors['blue']).toBeGreaterThan(0);
    expect(report.colors['green']).toBeGreaterThan(0);
    expect(seen.ready).toBeGreaterThanOrEqual(3); // maxUnavailable 0
    expect(seen.total).toBeLessThanOrEqual(4); // maxSurge 1
  });

  it('brings a changed ConfigMap into the mounted files within 60 s, with no restart', async () => {
    const before = (await webPods()).map((pod) => pod.metadata.uid).sort();
    await edit('web/configmap.yaml', (text) => text.replace('Hanging true to Git.', 'Changed in Git.'));
    await product.commit('Say something else');
    await until(
      'the files have the new greeting',
      async () => (await page('/greeting')).includes('Changed in Git.'),
      60_000,
    );
    const after = await webPods();
    expect(after.map((pod) => pod.metadata.uid).sort()).toEqual(before);
    for (const pod of after) expect(pod.status?.containerStatuses?.[0]?.restartCount).toBe(0);
  });

  it('brings a killed container back, and replaces a deleted pod', async () => {
    await product.untilTrue('web');
    const [victim] = await webPods();
    const id = victim?.status?.containerStatuses?.[0]?.containerID?.replace('docker://', '') ?? '';
    await product.docker('kill', id);
    await until('the container is back and Ready', async () => {
      const pod = await client.get(PODS, { namespace: 'demo', name: victim?.metadata.name ?? '' });
      return pod !== undefined && isReady(pod) && pod.status?.containerStatuses?.[0]?.restartCount === 1;
    });
    const deleted = victim?.metadata.name ?? '';
    expect((await product.kubectl('delete', 'pod', deleted, '-n', 'demo', '--wait=false')).code).toBe(0);
    await until('another pod stands in its place', async () => {
      const pods = await webPods();
      return pods.length === 3 && pods.every(isReady) && pods.every((pod) => pod.metadata.name !== deleted);
    });
  });

  it('records who drifted from Git, with which program, in which field and line, and heals it', async () => {
    await product.untilTrue('web');
    const bea = await product.plumb('kubeconfig', '--user', 'bea', '--group', 'system:masters');
    expect(bea.code).toBe(0);
    const beaConfig = path.join(product.stateDir, 'bea.kubeconfig');
    await writeFile(beaConfig, bea.stdout, { mode: 0o600 });
    const asBea = await clientFromKubeconfig(beaConfig, { userAgent: 'kubectl-edit' });
    await product.kubectl('scale', 'deployment', 'web', '-n', 'demo', '--replicas=5');
    const env = [{ name: 'SNEAKED_IN', value: 'by hand' }];
    await asBea.patch(
      DEPLOYMENTS,
      { namespace: 'demo', name: 'web' },
      { type: 'strategic', body: { spec: { template: { spec: { containers: [{ name: 'web', env }] } } } } },
      { fieldManager: 'kubectl-edit' },
    );
    const healed = await until('both drifts were healed', async () => {
      const deployment = await client.get<Deployment>(DEPLOYMENTS, { namespace: 'demo', name: 'web' });
      const clean =
        deployment?.spec.replicas === 3 &&
        !deployment.spec.template.spec?.containers[0]?.env?.some(({ name }) => name === 'SNEAKED_IN');
      return clean && (await runs('web')).filter((run) => run.spec.trigger === 'self-heal');
    });
    const drift = healed
      .flatMap((run) => run.spec.plan)
      .flatMap(({ fields = [], origin }) => fields.map((field) => ({ ...field, origin })));
    const replicas = drift.find((field) => field.path === 'spec.replicas');
    expect(replicas).toMatchObject({ desired: 3, live: 5, user: 'admin', origin: { path: 'web/deployment.yaml' } });
    expect(replicas?.time).toMatch(/^\d{4}-/);
    const sneaked = drift.find((field) => field.path.includes('SNEAKED_IN'));
    expect(sneaked).toMatchObject({ user: 'bea', manager: 'kubectl-edit', origin: { path: 'web/deployment.yaml' } });
    await product.untilTrue('web');
  });

  it('only shows drift where self-heal is off', async () => {
    await edit('web.yaml', (text) => text.replace('selfHeal: true', 'selfHeal: false'));
    await product.commit('Tell me, do not touch');
    await until(
      'self-heal is off',
      async () => (await application('web')).spec.syncPolicy?.automated?.selfHeal === false,
    );
    await product.untilTrue('web');
    await product.kubectl('scale', 'deployment', 'web', '-n', 'demo', '--replicas=2');
    const shown = await until('the drift is shown', async () => {
      const resource = (await application('web')).status?.resources?.find(({ kind }) => kind === 'Deployment');
      return resource?.status === 'OutOfSync' && resource;
    });
    expect(shown.drift).toEqual([
      expect.objectContaining({ path: 'spec.replicas', desired: 3, live: 2, user: 'admin' }),
    ]);
    expect(shown.origin).toMatchObject({ path: 'web/deployment.yaml' });
    expect((await client.get(DEPLOYMENTS, { namespace: 'demo', name: 'web' }))?.spec.replicas).toBe(2);
    expect((await product.plumb('diff', 'web')).code).toBe(1);
    expect((await product.plumb('sync', 'web', '--wait')).code).toBe(0);
    expect((await client.get(DEPLOYMENTS, { namespace: 'demo', name: 'web' }))?.spec.replicas).toBe(3);
    expect((await product.plumb('diff', 'web')).code).toBe(0);
    await edit('web.yaml', (text) => text.replace('selfHeal: false', 'selfHeal: true'));
    await product.commit('Heal again');
    await product.untilTrue('web');
  });
});
