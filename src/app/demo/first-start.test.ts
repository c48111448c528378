import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DEPLOYMENTS, EVENTS, type Event, SERVICES, SYNC_RUNS, type SyncRun } from '#api';
import { createLog } from '#base';
import { clientFromKubeconfig } from '#client';
import { until } from '../../../test/support/until.ts';
import { type ControlPlane, startControlPlane } from '../control-plane.ts';
import { packageRoot } from '../paths.ts';
import { createDemoRepository } from './demo-repository.ts';

describe('src/app/demo: the first start', () => {
  let directory: string;
  let plane: ControlPlane | undefined;
  beforeEach(async () => {
    directory = await mkdtemp(path.join(os.tmpdir(), 'plumbline-first-'));
  });
  afterEach(async () => {
    await plane?.close();
    plane = undefined;
    await rm(directory, { recursive: true, force: true });
  });

  it('applies the whole sample without a warning, a refused object or a failed run', async () => {
    const lines: { readonly level: number; readonly msg: string }[] = [];
    const demo = path.join(directory, 'demo');
    await createDemoRepository(path.join(packageRoot, 'sample-repo'), demo);
    plane = await startControlPlane(
      {
        stateDir: path.join(directory, 'state'),
        listen: { host: '127.0.0.1', apiPort: 0, uiPort: 0, webhookPort: 0 },
        root: { repository: demo, path: '.', revision: 'HEAD' },
        version: 'test',
      },
      { log: createLog({ destination: { write: (line) => void lines.push(JSON.parse(line)) } }) },
    );
    const client = await clientFromKubeconfig(plane.paths.kubeconfig, { userAgent: 'test' });
    const runs = async () => (await client.list<SyncRun>(SYNC_RUNS, { namespace: 'argocd' })).items;
    await until('every object of both Applications is there', async () => {
      const [deployments, services] = await Promise.all([
        client.list(DEPLOYMENTS, { namespace: 'demo' }),
        client.list(SERVICES, { namespace: 'demo' }),
      ]);
      const all = await runs();
      const isRecorded = ['root', 'web', 'clock'].every((name) =>
        all.some(({ spec, status }) => spec.application === name && (status?.results ?? []).length > 0),
      );
      return deployments.items.length === 2 && services.items.length === 2 && isRecorded;
    });
    // No node is here, so no pod starts: what the scheduler says of that is not about the sync.
    const { items: events } = await client.list<Event>(EVENTS, {});
    const warnings = events.filter(({ type, involvedObject }) => type === 'Warning' && involvedObject.kind !== 'Pod');
    expect(warnings.map(({ reason, message }) => `${reason}: ${message}`)).toEqual([]);
    const all = await runs();
    expect(all.filter(({ status }) => status?.phase === 'Failed').map(({ status }) => status?.message)).toEqual([]);
    const failed = all.flatMap(({ status }) => (status?.results ?? []).filter(({ action }) => action === 'failed'));
    expect(failed.map(({ kind, name, message }) => `${kind} ${name}: ${message}`)).toEqual([]);
    expect(lines.filter(({ level }) => level >= 40)).toEqual([]);
  });
});
