import { chmod, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Application, Deployment, FieldDrift, Pod, SyncRun } from '#api';
import { APPLICATIONS, DEPLOYMENTS, NODES, PODS, SERVICES, SYNC_RUNS } from '#api';
import type { Client } from '#client';
import { createKubectl, findKubectl } from '../support/kubectl.ts';
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
/** A file as a pod's container sees it. */
const fileIn = (pod: Pod, file: string) =>
  product.docker(
    'exec',
    pod.status?.containerStatuses?.[0]?.containerID?.replace('docker://', '') ?? '',
    '/usr/local/bin/node',
    '--print',
    `fs.readFileSync('${file}', 'utf8')`,
  );
/** Stock kubectl as another person of this cluster. */
const kubectlAs = async (user: string) => {
  const made = await product.plumb('kubeconfig', '--user', user, '--group', 'system:masters');
  expect(made.code, made.stderr).toBe(0);
  const config = path.join(product.stateDir, `${user}.kubeconfig`);
  await writeFile(config, made.stdout, { mode: 0o600 });
  return createKubectl(findKubectl() ?? 'kubectl', config, path.join(product.stateDir, `kubectl-cache-${user}`));
};
/** Every way to the Service `web` from this host: the agent's relay on loopback, and what the kernel translates. */
const waysToWeb = async () => {
  const service = await client.get(SERVICES, { namespace: 'demo', name: 'web' });
  const [node] = (await client.list(NODES)).items;
  const address = node?.status?.addresses?.find(({ type }) => type === 'InternalIP')?.address ?? '';
  const clusterIP = service?.spec?.clusterIP ?? '';
  expect(address).toMatch(/^(?!127\.)\d+\.\d+\.\d+\.\d+$/);
  expect(clusterIP).toMatch(/^10\.96\./);
  return [
    { way: 'NodePort on loopback', host: '127.0.0.1', port: 30080 },
    { way: 'NodePort on the node address', host: address, port: 30080 },
    { way: 'ClusterIP', host: clusterIP, port: 80 },
  ];
};
const application = async (name: string): Promise<Application> => {
  const found = await client.get(APPLICATIONS, { namespace: 'argocd', name });
  if (found === undefined) throw new Error(`no Application ${name}`);
  return found;
};
const runs = async (name: string): Promise<readonly SyncRun[]> =>
  (await client.list(SYNC_RUNS, { namespace: 'argocd' })).items.filter((run) => run.spec.application === name);

/** On each way to the Service, at the same time. */
const LOAD = { newConnectionsPerSecond: 200, keepAliveConnections: 10, slowInFlight: 4 };

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
    const loads = (await waysToWeb()).map(({ way, host, port }) => ({
      way,
      load: startLoad({ host, port, ...LOAD }),
    }));
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
    await edit('web/deployment.yaml', (text) =>
      text
        .replace('value: blue', 'value: green')
        .replace(/( +)- name: content\n +mountPath: .*\n/, '$1- name: keys\n$1  mountPath: /etc/keys\n$&')
        .replace(/( +)- name: content\n +configMap:\n/, '$1- name: keys\n$1  secret: {secretName: web-signing}\n$&'),
    );
    const commit = await product.commit('Paint it green');
    await product.untilTrue('web', commit);
    await until('only green pods are left', async () => {
      const { items } = await client.list(PODS, { namespace: 'demo', labelSelector: 'app=web' });
      return (
        items.length === 3 && items.every((pod) => pod.spec.containers[0]?.env?.some(({ value }) => value === 'green'))
      );
    });
    const reports = await Promise.all(loads.map(async ({ way, load }) => ({ way, ...(await load.stop()) })));
    watching.abort();
    await watcher;
    for (const { way, ...report } of reports) {
      expect(report.failures, way).toEqual({});
      expect(report.answered, way).toBe(report.sent);
      // The load was what it claims to be: a machine too slow to send it proves nothing.
      expect(report.answeredBy.fresh, way).toBeGreaterThan(0.9 * LOAD.newConnectionsPerSecond * report.seconds);
      expect(report.answeredBy.slow, way).toBeGreaterThan(LOAD.slowInFlight * report.seconds);
      expect(report.answeredBy.kept, way).toBeGreaterThan(LOAD.keepAliveConnections * report.seconds);
      expect(report.colors['blue'], way).toBeGreaterThan(0);
      expect(report.colors['green'], way).toBeGreaterThan(0);
    }
    expect(seen.ready).toBeGreaterThanOrEqual(3); // maxUnavailable 0
    expect(seen.total).toBeLessThanOrEqual(4); // maxSurge 1
  });

  it('brings a changed ConfigMap and Secret into the mounted files of every pod within 60 s, with no restart', async () => {
    const before = await webPods();
    expect(before).toHaveLength(3);
    for (const pod of before) expect(await fileIn(pod, '/etc/keys/signing-key')).toBe('not-a-real-key');
    await edit('web/configmap.yaml', (text) => text.replace('Hanging true to Git.', 'Changed in Git.'));
    await edit('web/secret.yaml', (text) => text.replace('not-a-real-key', 'another-key'));
    await product.commit('Say something else');
    await until(
      'every pod has both new files',
      async () => {
        for (const pod of before) {
          const files = [await fileIn(pod, '/etc/web/greeting.txt'), await fileIn(pod, '/etc/keys/signing-key')];
          if (files[0] !== 'Changed in Git.' || files[1] !== 'another-key')
            throw new Error(`${pod.metadata.name}: ${files}`);
        }
        return true;
      },
      60_000,
    );
    expect(await page('/greeting')).toBe('Changed in Git.\n');
    const after = await webPods();
    const uids = (pods: readonly Pod[]) => pods.map((pod) => pod.metadata.uid).sort();
    expect(uids(after)).toEqual(uids(before));
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
    const [bea, carl] = await Promise.all([kubectlAs('bea'), kubectlAs('carl')]);
    const editor = path.join(product.stateDir, 'editor.sh');
    await writeFile(editor, '#!/bin/sh\nexec sed -i "s|value: http://clock.demo.svc.*|value: http://by-hand|" "$1"\n');
    await chmod(editor, 0o755);
    /** What the self-heal runs recorded of one field, once it is as Git says again. */
    const healedDrift = (what: string, isIt: (field: FieldDrift) => boolean, isClean: (live: Deployment) => boolean) =>
      until(`${what} was healed and recorded`, async () => {
        const deployment = await client.get<Deployment>(DEPLOYMENTS, { namespace: 'demo', name: 'web' });
        if (deployment === undefined || !isClean(deployment)) return undefined;
        const healing = (await runs('web')).filter((run) => run.spec.trigger === 'self-heal');
        const changes = healing.flatMap((run) => run.spec.plan);
        return changes.flatMap(({ fields = [], origin }) => fields.map((field) => ({ ...field, origin }))).find(isIt);
      });
    const before = Date.now();
    const edited = await bea(['edit', 'deployment', 'web', '-n', 'demo'], {
      env: { EDITOR: editor, KUBE_EDITOR: editor },
    });
    expect(edited.stdout, edited.stderr).toBe('deployment.apps/web edited\n');
    const url = await healedDrift(
      'the URL',
      ({ live }) => live === 'http://by-hand',
      ({ spec }) => spec.template.spec?.containers[0]?.env?.some(({ value }) => value === 'http://by-hand') === false,
    );
    const scaled = await carl(['scale', 'deployment', 'web', '-n', 'demo', '--replicas=5']);
    expect(scaled.stdout, scaled.stderr).toBe('deployment.apps/web scaled\n');
    const replicas = await healedDrift(
      'the number of replicas',
      ({ path: field, live }) => field === 'spec.replicas' && live === 5,
      ({ spec }) => spec.replicas === 3,
    );
    const file = await readFile(path.join(product.demo, 'web/deployment.yaml'), 'utf8');
    const lineOf = (text: string) => file.slice(0, file.indexOf(text)).split('\n').length;
    expect(replicas).toMatchObject({
      desired: 3,
      user: 'carl',
      manager: expect.stringMatching(/^kubectl/),
      line: lineOf('replicas: 3'),
    });
    expect(url).toMatchObject({
      path: expect.stringContaining('CLOCK_URL'),
      desired: 'http://clock.demo.svc.cluster.local',
      user: 'bea',
      manager: 'kubectl-edit',
      line: lineOf('value: http://clock.demo.svc'),
    });
    for (const field of [replicas, url]) {
      const at = Date.parse(field.time ?? '');
      expect(at).toBeGreaterThanOrEqual(before - 1_000); // whole seconds
      expect(at).toBeLessThanOrEqual(Date.now());
      expect(field.origin).toMatchObject({ path: 'web/deployment.yaml', line: expect.any(Number) });
    }
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
