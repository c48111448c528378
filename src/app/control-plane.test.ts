import { createHmac } from 'node:crypto';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type KubeObject, SECRETS } from '#api';
import { silentLog } from '#base';
import { clientFromKubeconfig } from '#client';
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
    const { paths } = await start();
    const client = await clientFromKubeconfig(paths.kubeconfig, { userAgent: 'test' });
    const { items } = await client.list(SECRETS, {});
    expect(items).toEqual([]);
    for (const file of [paths.kubeconfig, paths.tokens, paths.storeKey, paths.clusterId]) {
      expect([file, (await stat(file)).mode & 0o777]).toEqual([file, 0o600]);
    }
    for (const folder of [paths.root, paths.pki]) expect((await stat(folder)).mode & 0o777).toBe(0o700);
  });

  it('is known to run while it runs, so that its state is not removed under it', async () => {
    const { paths } = await start();
    expect(await readProcessFile(paths.serverPid)).toMatchObject({ pid: process.pid });
    await expect(removeInstallation(paths, undefined)).rejects.toMatchObject({ code: 'ControlPlaneRuns' });
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
