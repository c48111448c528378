import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { get } from 'node:https';
import os from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { APPLICATIONS, CONFIG_MAPS, type KubeObject, SECRETS, SYNC_RUNS, type SyncRun } from '#api';
import { createLog, type Log, silentLog } from '#base';
import { type Client, clientFromKubeconfig, readKubeconfig } from '#client';
import { createGitFixture, type GitFixture } from '../../test/support/git-fixture.ts';
import { type GitHttpServer, serveOverHttp } from '../../test/support/git-http-server.ts';
import { configMap } from '../../test/support/sync-bed.ts';
import { until } from '../../test/support/until.ts';
import { type ControlPlane, startControlPlane } from './control-plane.ts';
import { readProcessFile } from './process-file.ts';
import { removeInstallation } from './remove.ts';

const ANY_PORT = { host: '127.0.0.1', apiPort: 0, uiPort: 0, webhookPort: 0 };

describe('src/app/control-plane.ts', () => {
  let stateDir: string;
  let plane: ControlPlane | undefined;
  beforeEach(async () => {
    stateDir = await mkdtemp(path.join(os.tmpdir(), 'plumbline-plane-'));
  });
  afterEach(async () => {
    await plane?.close();
    plane = undefined;
    await rm(stateDir, { recursive: true, force: true });
  });

  async function start(listen = ANY_PORT): Promise<ControlPlane> {
    plane = await startControlPlane({ stateDir, listen, version: 'test' }, { log: silentLog });
    return plane;
  }

  it('serves its API to whoever has the kubeconfig, and keeps its secrets to its owner', async () => {
    const { paths, webhookUrl } = await start();
    const client = await clientFromKubeconfig(paths.kubeconfig, { userAgent: 'test' });
    const { items } = await client.list(SECRETS, {});
    expect(items).toEqual([]);
    expect(await client.read('/plumbline/v1/addresses')).toEqual({ webhooks: webhookUrl });
    for (const file of [paths.kubeconfig, paths.tokens, paths.storeKey, paths.clusterId]) {
      expect([file, (await stat(file)).mode & 0o777]).toEqual([file, 0o600]);
    }
    for (const folder of [paths.root, paths.pki]) expect((await stat(folder)).mode & 0o777).toBe(0o700);
  });

  it('shows figures of its parts in the text format of Prometheus', async () => {
    const { paths } = await start();
    const { server, ca, token } = await readKubeconfig(paths.kubeconfig);
    const headers = { authorization: `Bearer ${token}` };
    const [response] = (await once(get(`${server}/metrics`, { ca, headers, agent: false }), 'response')) as [
      IncomingMessage,
    ];
    expect(response.statusCode).toBe(200);
    const figures = new Map(
      (await text(response)).split('\n').map((line) => {
        const at = line.lastIndexOf(' ');
        return [line.slice(0, at), Number(line.slice(at + 1))] as const;
      }),
    );
    expect(figures.get('plumbline_build_info{version="test"}')).toBe(1);
    expect(figures.get('plumbline_http_requests_in_flight')).toBe(1);
    expect(figures.get('plumbline_store_bytes')).toBeGreaterThan((await stat(paths.store)).size - 1);
    expect(figures.get('plumbline_store_revision')).toBeGreaterThan(1);
    expect(figures.get('plumbline_queue_depth{queue="sync",state="working"}')).toBe(0);
    expect(figures.get('process_resident_memory_bytes')).toBeGreaterThan(1_000_000);
  });

  it('is known to run while it runs, so that its state is not removed under it', async () => {
    const { paths } = await start();
    expect(await readProcessFile(paths.serverPid)).toMatchObject({ pid: process.pid });
    await expect(removeInstallation(paths, { deletesVolumes: () => true })).rejects.toMatchObject({
      code: 'ControlPlaneRuns',
    });
    expect((await stat(paths.store)).isFile()).toBe(true);
    await plane?.close();
    plane = undefined;
    expect(await readProcessFile(paths.serverPid)).toBeUndefined();
  });

  it('says which port is taken and which flag chooses another, and lets go of everything', async () => {
    const { apiUrl } = await start();
    const taken = Number(new URL(apiUrl).port);
    const other = path.join(stateDir, 'other');
    const failed = startControlPlane(
      { stateDir: other, listen: { ...ANY_PORT, apiPort: taken }, version: 'test' },
      { log: silentLog },
    );
    await expect(failed).rejects.toMatchObject({ code: 'PortTaken', hint: expect.stringContaining('--api-port') });
    const again = await startControlPlane({ stateDir: other, listen: ANY_PORT, version: 'test' }, { log: silentLog });
    await again.close();
  });

  it('refuses to run twice over one state', async () => {
    const { paths } = await start();
    await expect(
      startControlPlane({ stateDir, listen: ANY_PORT, version: 'test' }, { log: silentLog }),
    ).rejects.toMatchObject({ code: 'StoreLocked' });
    expect(await readProcessFile(paths.serverPid)).toMatchObject({ pid: process.pid });
  });

  describe('with a repository that it cannot watch', () => {
    const HOURS_MS = 24 * 3_600_000;
    const secret = 'x'.repeat(32);
    let fixture: GitFixture;
    let server: GitHttpServer;
    let client: Client;
    let lines: string[];
    beforeEach(async () => {
      fixture = await createGitFixture();
      server = await serveOverHttp(fixture);
      lines = [];
    });
    afterEach(async () => {
      await server.close();
      await fixture.remove();
    });

    async function follow(pollMs: number): Promise<void> {
      const log: Log = createLog({ destination: { write: (line) => void lines.push(line) } });
      plane = await startControlPlane({ stateDir, listen: ANY_PORT, version: 'test', pollMs }, { log });
      client = await clientFromKubeconfig(plane.paths.kubeconfig, { userAgent: 'test' });
      const repository: KubeObject & { stringData: object } = {
        apiVersion: 'v1',
        kind: 'Secret',
        metadata: {
          name: 'repo-a',
          namespace: 'argocd',
          labels: { 'argocd.argoproj.io/secret-type': 'repository' },
        },
        stringData: { url: server.url, webhookSecret: secret, webhookProvider: 'generic' },
      };
      await client.create(SECRETS, repository);
      await fixture.commit({ 'web/a.yaml': configMap('a', { key: 'first' }) });
      await client.create(APPLICATIONS, {
        apiVersion: 'argoproj.io/v1alpha1',
        kind: 'Application',
        metadata: { name: 'web', namespace: 'argocd' },
        spec: {
          project: 'default',
          source: { repoURL: server.url, path: 'web', targetRevision: 'main' },
          destination: { namespace: 'default' },
          syncPolicy: { automated: { prune: true, selfHeal: true } },
        },
      });
      await holds('first');
    }

    const holds = (value: string) =>
      until(`the ConfigMap says ${value}`, async () => {
        const found = await client.get(CONFIG_MAPS, { namespace: 'default', name: 'a' });
        return found?.data?.['key'] === value;
      });
    const runOf = (revision: string) =>
      until('the run has succeeded', async () => {
        const { items } = await client.list<SyncRun>(SYNC_RUNS, { namespace: 'argocd' });
        return items.find(({ spec, status }) => spec.revision === revision && status?.phase === 'Succeeded');
      });

    it('goes from a signed webhook to a fetch and a run, which are found by the id that its sender got', async () => {
      await follow(HOURS_MS);
      const commit = await fixture.commit({ 'web/a.yaml': configMap('a', { key: 'second' }) });
      const body = JSON.stringify({ ref: 'refs/heads/main', after: commit });
      const signature = createHmac('sha256', secret).update(body).digest('hex');
      const send = (mark: string) =>
        fetch(`${plane?.webhookUrl}/webhook/repo-a`, {
          method: 'POST',
          headers: { 'content-type': 'application/json', 'x-plumbline-signature': `sha256=${mark}` },
          body,
        });
      expect((await send('0'.repeat(64))).status).toBe(401);
      const answer = await send(signature);
      expect(answer.status).toBe(202);
      const { id } = (await answer.json()) as { readonly id: string };
      await holds('second');
      const run = await runOf(commit);
      expect(run.spec).toMatchObject({ trigger: 'webhook', webhooks: [id] });
      const told = lines.map((line) => JSON.parse(line)).filter((line) => JSON.stringify(line).includes(id));
      expect(told.map(({ msg }) => msg)).toEqual([
        'webhook accepted',
        'fetched for webhooks',
        'a run answers webhooks',
      ]);
      expect(told.at(-1)).toMatchObject({ run: run.metadata.name, webhooks: [id] });
      const followed = await fetch(`${plane?.webhookUrl}/webhook/deliveries/${id}`);
      expect(await followed.json()).toMatchObject({
        source: 'repo-a',
        runs: [{ name: run.metadata.name, revision: commit, phase: 'Succeeded' }],
      });
    });

    it('takes at the address of Argo CD what is signed with the secret of argocd-secret, for a repository in use', async () => {
      await follow(HOURS_MS);
      const body = (url: string) => JSON.stringify({ repository: { clone_url: url } });
      const send = (text: string, key: string, provider = 'github') =>
        fetch(`${plane?.webhookUrl}/api/webhook`, {
          method: 'POST',
          headers: {
            'content-type': 'application/json',
            [`x-${provider}-event`]: 'push',
            'x-hub-signature-256': `sha256=${createHmac('sha256', key).update(text).digest('hex')}`,
          },
          body: text,
        });
      const commit = await fixture.commit({ 'web/a.yaml': configMap('a', { key: 'second' }) });
      expect((await send(body(server.url), 'key')).status).toBe(401);
      const labels = { 'app.kubernetes.io/part-of': 'argocd' };
      const argocd: KubeObject & { stringData: object } = {
        apiVersion: 'v1',
        kind: 'Secret',
        metadata: { name: 'argocd-secret', namespace: 'argocd', labels },
        stringData: { 'webhook.github.secret': 'key', 'webhook.gogs.secret': '$other:key' },
      };
      await client.create(SECRETS, argocd);
      expect((await send(body(server.url), 'other')).status).toBe(401);
      expect((await send(body(server.url), '$other:key', 'gogs')).status).toBe(401);
      expect((await send(body('https://git.example/another.git'), 'key')).status).toBe(404);
      expect((await send(body(server.url), 'key')).status).toBe(202);
      await holds('second');
      expect((await runOf(commit)).spec.trigger).toBe('webhook');
    });

    it('looks no sooner at an Application none of whose folders a push touches', async () => {
      await follow(HOURS_MS);
      const annotations = { 'argocd.argoproj.io/manifest-generate-paths': '.' };
      await client.patch(
        APPLICATIONS,
        { namespace: 'argocd', name: 'web' },
        { type: 'merge', body: { metadata: { annotations } } },
      );
      const tell = async (...modified: readonly string[]) => {
        const body = JSON.stringify({ commits: [{ added: [], modified, removed: [] }] });
        const signature = `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`;
        const headers = { 'content-type': 'application/json', 'x-plumbline-signature': signature };
        const answer = await fetch(`${plane?.webhookUrl}/webhook/repo-a`, { method: 'POST', headers, body });
        return ((await answer.json()) as { readonly id: string }).id;
      };
      const commit = await fixture.commit({ 'web/a.yaml': configMap('a', { key: 'second' }) });
      // The sender says otherwise: only so can it be seen that nobody looked.
      const untouched = await tell('webshop/a.yaml');
      await until('the fetch has ended', () =>
        lines.some((line) => line.includes(untouched) && line.includes('fetched for')),
      );
      const touched = await tell('web/a.yaml');
      await holds('second');
      expect((await runOf(commit)).spec.webhooks).toEqual([touched]);
    });

    it('comes to the same by its poll when every webhook is lost', async () => {
      await follow(500);
      const commit = await fixture.commit({ 'web/a.yaml': configMap('a', { key: 'second' }) });
      await holds('second');
      const { spec } = await runOf(commit);
      expect(spec.trigger).toBe('commit');
      expect(spec.webhooks).toBeUndefined();
    });
  });

  it('tells the sender of a webhook that no Application uses its repository', async () => {
    const { paths, webhookUrl } = await start();
    const client = await clientFromKubeconfig(paths.kubeconfig, { userAgent: 'test' });
    const labels = { 'argocd.argoproj.io/secret-type': 'repository' };
    const secret: KubeObject & { stringData: object } = {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'repo-a', namespace: 'argocd', labels },
      stringData: { url: 'https://git.example/a.git', webhookSecret: 'x'.repeat(32), webhookProvider: 'generic' },
    };
    await client.create(SECRETS, secret);
    const body = '{"ref":"refs/heads/main"}';
    const signature = createHmac('sha256', 'x'.repeat(32)).update(body).digest('hex');
    const answer = await fetch(`${webhookUrl}/webhook/repo-a`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-plumbline-signature': `sha256=${signature}` },
      body,
    });
    expect(answer.status).toBe(404);
    expect(await answer.text()).toContain('no Application uses this repository');
  });
});
