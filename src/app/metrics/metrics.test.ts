import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Application } from '#api';
import type { SyncFigures } from '#sync';
import { createMetrics, metricsLimits } from './metrics.ts';

const application = (name: string, repoURL = 'https://git.test/shop'): Application =>
  ({
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Application',
    metadata: { name, namespace: 'argocd', uid: name, resourceVersion: '1', creationTimestamp: '' },
    spec: { source: { repoURL } },
    status: { sync: { status: 'Synced' }, health: { status: 'Healthy' } },
  }) as Application;
const IDLE = { waiting: 0, delayed: 0, working: 0 };

describe('src/app/metrics/metrics.ts', () => {
  let folder: string;
  let figures: SyncFigures;
  beforeEach(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), 'plumbline-metrics-'));
    await writeFile(path.join(folder, 'store'), 'x'.repeat(120));
    figures = {
      applications: [application('shop')],
      repositories: 1,
      queues: { sync: { waiting: 3, delayed: 2, working: 1 }, applicationset: IDLE },
    };
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  function create(limits = metricsLimits) {
    const storeFiles = [path.join(folder, 'store'), path.join(folder, 'not-there')];
    const metrics = createMetrics(
      { version: '1.2.3', figures: () => figures, storeFiles, storeRevision: async () => 42 },
      limits,
    );
    const lines = async (prefix: string) =>
      (await metrics.render({ requests: 4, streams: 5 })).text.split('\n').filter((line) => line.startsWith(prefix));
    const ends = (name: string, phase: 'Succeeded' | 'Failed') =>
      metrics.meter.runEnded({ namespace: 'argocd', application: name, phase, trigger: 'commit', durationMs: 20_000 });
    return { metrics, lines, ends };
  }

  it('tells how things are now', async () => {
    const { metrics, lines } = create();
    expect((await metrics.render({ requests: 0, streams: 0 })).contentType).toMatch(/^text\/plain; version=0\.0\.4/);
    expect(await lines('argocd_app_info')).toEqual([
      'argocd_app_info{namespace="argocd",name="shop",project="default",repo="https://git.test/shop",' +
        'dest_server="https://kubernetes.default.svc",dest_namespace="",sync_status="Synced",health_status="Healthy",' +
        'operation="",autosync_enabled="false"} 1',
    ]);
    expect(await lines('plumbline_')).toEqual(
      expect.arrayContaining([
        'plumbline_build_info{version="1.2.3"} 1',
        'plumbline_queue_depth{queue="sync",state="waiting"} 3',
        'plumbline_queue_depth{queue="sync",state="delayed"} 2',
        'plumbline_queue_depth{queue="sync",state="working"} 1',
        'plumbline_http_requests_in_flight 4',
        'plumbline_http_streams 5',
        'plumbline_store_bytes 120',
        'plumbline_store_revision 42',
        'plumbline_repositories 1',
      ]),
    );
    expect(await lines('process_resident_memory_bytes ')).toHaveLength(1);
  });

  it('counts runs that ended, and forgets them with their Application', async () => {
    const { lines, ends } = create();
    ends('shop', 'Failed');
    ends('shop', 'Succeeded');
    ends('shop', 'Succeeded');
    const labels = 'namespace="argocd",name="shop",project="default",dest_server="https://kubernetes.default.svc"';
    const counted = [
      `argocd_app_sync_total{${labels},phase="Failed",dry_run="false"} 1`,
      `argocd_app_sync_total{${labels},phase="Succeeded",dry_run="false"} 2`,
    ];
    expect(await lines('argocd_app_sync_total')).toEqual(counted);
    expect(await lines('argocd_app_sync_total')).toEqual(counted); // Reading counts nothing.
    expect(await lines('plumbline_sync_run_duration_seconds_sum')).toContain(
      'plumbline_sync_run_duration_seconds_sum{phase="Succeeded",trigger="commit"} 40',
    );
    figures = { ...figures, applications: [] };
    expect(await lines('argocd_app_sync_total')).toEqual([]);
    expect(await lines('argocd_app_info')).toEqual([]);
  });

  it('counts what Git was asked, in seconds, without what opens its door', async () => {
    const { metrics, lines } = create();
    const repoURL = 'https://me:password@git.test/shop';
    metrics.meter.gitRequest({ repoURL, failed: false, durationMs: 300 });
    metrics.meter.gitRequest({ repoURL, failed: true, durationMs: 700 });
    const labels = 'repo="https://git.test/shop",request_type="fetch"';
    expect(await lines('argocd_git_request_total')).toEqual([`argocd_git_request_total{${labels}} 2`]);
    expect(await lines('argocd_git_fetch_fail_total')).toEqual([
      'argocd_git_fetch_fail_total{repo="https://git.test/shop"} 1',
    ]);
    expect(await lines('argocd_git_request_duration_seconds_sum')).toEqual([
      `argocd_git_request_duration_seconds_sum{${labels}} 1`,
    ]);
    expect((await metrics.render({ requests: 0, streams: 0 })).text).not.toContain('password');
  });

  it('counts passes by cluster', async () => {
    const { metrics, lines } = create();
    metrics.meter.reconciled({ application: application('shop'), durationMs: 600 });
    metrics.meter.reconciled({ application: undefined, durationMs: 600 });
    const labels = 'namespace="argocd",dest_server="https://kubernetes.default.svc"';
    expect(await lines('argocd_app_reconcile_count')).toEqual([`argocd_app_reconcile_count{${labels}} 1`]);
    expect(await lines('argocd_app_reconcile_bucket')).toContain(`argocd_app_reconcile_bucket{le="0.5",${labels}} 0`);
  });

  it('keeps to its limits, and says what is left out', async () => {
    figures = { ...figures, applications: ['a', 'b', 'c'].map((name) => application(name)) };
    const { metrics, lines, ends } = create({ applications: 2, values: 2 });
    for (const name of ['a', 'b', 'c']) {
      ends(name, 'Succeeded');
      metrics.meter.gitRequest({ repoURL: `https://git.test/${name}`, failed: false, durationMs: 1 });
    }
    metrics.meter.gitRequest({ repoURL: 'https://git.test/d', failed: false, durationMs: 1 });
    expect(await lines('argocd_app_info')).toHaveLength(2);
    expect(await lines('argocd_app_sync_total')).toHaveLength(2);
    expect(await lines('plumbline_metrics_left_out')).toEqual(['plumbline_metrics_left_out 1']);
    expect(await lines('argocd_git_request_total')).toEqual([
      'argocd_git_request_total{repo="https://git.test/a",request_type="fetch"} 1',
      'argocd_git_request_total{repo="https://git.test/b",request_type="fetch"} 1',
      'argocd_git_request_total{repo="other",request_type="fetch"} 2',
    ]);
  });
});
