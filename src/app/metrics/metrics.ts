import { stat } from 'node:fs/promises';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { Application } from '#api';
import { errorCode } from '#base';
import type { HttpFigures } from '#server';
import type { SyncFigures, SyncMeter } from '#sync';
import { OTHER, planApplicationLabels, planRepositoryLabel } from './labels.plan.ts';

export interface MetricsDeps {
  readonly version: string;
  readonly figures: () => SyncFigures;
  /** Files whose sizes add up to the store's. One that is not there counts nothing. */
  readonly storeFiles: readonly string[];
  readonly storeRevision: () => Promise<number>;
}

export interface Metrics {
  readonly meter: SyncMeter;
  /** Everything in the text format of Prometheus, read at this moment. */
  render(http: HttpFigures): Promise<{ readonly contentType: string; readonly text: string }>;
}

export interface MetricsLimits {
  /** Applications that have series of their own; `plumbline_metrics_left_out` counts the others. */
  readonly applications: number;
  /** Different repositories, and different clusters, that are told apart; what is beyond is `other`. */
  readonly values: number;
}

export const metricsLimits: MetricsLimits = { applications: 10_000, values: 500 };

const MS = 1_000;
/** Seconds. Source: argo-cd controller/metrics/metrics.go, argocd_app_reconcile. */
const PASS_BUCKETS = [0.25, 0.5, 1, 2, 4, 8, 16];
/** Seconds. Source: argo-cd reposerver/metrics/metrics.go, argocd_git_request_duration_seconds. */
const GIT_BUCKETS = [0.1, 0.25, 0.5, 1, 2, 4];
/** Seconds: from a ConfigMap to a rollout that uses its deadline up. */
const RUN_BUCKETS = [1, 5, 15, 30, 60, 120, 300, 600, 1_800];

/** Counts what the control plane does. Names and labels as Argo CD's where they mean the same: docs/metrics.md. */
export function createMetrics(deps: MetricsDeps, limits: MetricsLimits = metricsLimits): Metrics {
  const register = new Registry();
  const registers = [register];
  collectDefaultMetrics({ register });
  const gauge = <T extends string>(name: string, help: string, labelNames: readonly T[] = []) =>
    new Gauge<T>({ name, help, labelNames, registers });

  const buildInfo = gauge('plumbline_build_info', 'The version that runs; always 1.', ['version']);
  buildInfo.set({ version: deps.version }, 1);
  const info = gauge('argocd_app_info', 'One Application and how it is; always 1.', [
    'namespace',
    'name',
    'project',
    'repo',
    'dest_server',
    'dest_namespace',
    'sync_status',
    'health_status',
    'operation',
    'autosync_enabled',
  ]);
  const leftOut = gauge('plumbline_metrics_left_out', 'Applications that have no series, for there are too many.');
  const repositories = gauge('plumbline_repositories', 'Repositories that Applications and ApplicationSets read.');
  const depth = gauge('plumbline_queue_depth', 'Keys in a queue: waiting, delayed, working.', ['queue', 'state']);
  const requests = gauge('plumbline_http_requests_in_flight', 'Requests that the API works on.');
  const streams = gauge('plumbline_http_streams', 'Open watches, followed logs, agents and proxied connections.');
  const storeBytes = gauge('plumbline_store_bytes', 'Size of the store and its log on disk.');
  const storeRevision = gauge('plumbline_store_revision', 'Newest revision of the store.');

  const synced = new Counter({
    name: 'argocd_app_sync_total',
    help: 'Runs of an Application that ended, by how.',
    labelNames: ['namespace', 'name', 'project', 'dest_server', 'phase', 'dry_run'] as const,
    registers,
  });
  const runSeconds = new Histogram({
    name: 'plumbline_sync_run_duration_seconds',
    help: 'From the beginning of a run to its end.',
    labelNames: ['phase', 'trigger'] as const,
    buckets: RUN_BUCKETS,
    registers,
  });
  const pass = new Histogram({
    name: 'argocd_app_reconcile',
    help: 'Seconds of one pass over an Application.',
    labelNames: ['namespace', 'dest_server'] as const,
    buckets: PASS_BUCKETS,
    registers,
  });
  const gitLabels = ['repo', 'request_type'] as const;
  const gitRequests = new Counter({
    name: 'argocd_git_request_total',
    help: 'Requests to Git servers, failed ones included.',
    labelNames: gitLabels,
    registers,
  });
  const gitFailures = new Counter({
    name: 'argocd_git_fetch_fail_total',
    help: 'Fetches that failed.',
    labelNames: ['repo'] as const,
    registers,
  });
  const gitSeconds = new Histogram({
    name: 'argocd_git_request_duration_seconds',
    help: 'Seconds that requests to Git servers took.',
    labelNames: gitLabels,
    buckets: GIT_BUCKETS,
    registers,
  });

  const repos = new FewValues(limits.values);
  const servers = new FewValues(limits.values);
  /** Ended runs, by the Application: they go with it. */
  const ended = new Map<string, Map<string, { readonly labels: RunLabels; count: number }>>();

  function find(key: string): Application | undefined {
    return deps.figures().applications.find(({ metadata }) => keyOf(metadata) === key);
  }

  const meter: SyncMeter = {
    gitRequest({ repoURL, failed, durationMs }) {
      const repo = repos.of(planRepositoryLabel(repoURL));
      gitRequests.inc({ repo, request_type: 'fetch' });
      gitSeconds.observe({ repo, request_type: 'fetch' }, durationMs / MS);
      if (failed) gitFailures.inc({ repo });
    },
    reconciled({ application, durationMs }) {
      if (application === undefined) return;
      const { namespace, dest_server } = planApplicationLabels(application);
      pass.observe({ namespace, dest_server: servers.of(dest_server) }, durationMs / MS);
    },
    runEnded({ namespace, application: name, phase, trigger, durationMs }) {
      runSeconds.observe({ phase, trigger }, durationMs / MS);
      const key = keyOf({ namespace, name });
      const application = find(key);
      if (application === undefined) return;
      const known = ended.get(key) ?? new Map<string, { readonly labels: RunLabels; count: number }>();
      if (known.size === 0 && ended.size >= limits.applications) return;
      const { project, dest_server } = planApplicationLabels(application);
      // Another project or cluster makes another series: the ones before are kept for as long as there are few.
      if (known.size >= MAX_RUN_SERIES) known.clear();
      const labels = { namespace, name, project, dest_server, phase, dry_run: 'false' };
      const series = `${project} ${dest_server} ${phase}`;
      const count = (known.get(series)?.count ?? 0) + 1;
      known.set(series, { labels, count });
      ended.set(key, known);
    },
  };

  async function read(http: HttpFigures): Promise<void> {
    const { applications, queues, repositories: used } = deps.figures();
    requests.set(http.requests);
    streams.set(http.streams);
    repositories.set(used);
    for (const [queue, states] of Object.entries(queues))
      for (const [state, count] of Object.entries(states)) depth.set({ queue, state }, count);
    info.reset();
    for (const one of applications.slice(0, limits.applications)) info.set({ ...planApplicationLabels(one) }, 1);
    leftOut.set(Math.max(0, applications.length - limits.applications));
    const here = new Set(applications.map(({ metadata }) => keyOf(metadata)));
    synced.reset();
    for (const [key, series] of ended) {
      if (!here.has(key)) ended.delete(key);
      else for (const { labels, count } of series.values()) synced.inc(labels, count);
    }
    storeRevision.set(await deps.storeRevision());
    storeBytes.set(await sizeOf(deps.storeFiles));
  }

  return {
    meter,
    async render(http) {
      await read(http);
      return { contentType: register.contentType, text: await register.metrics() };
    },
  };
}

interface RunLabels extends Record<string, string> {
  readonly namespace: string;
  readonly name: string;
}

/** Series of ended runs that one Application may have. */
const MAX_RUN_SERIES = 30;

/** Label values as they come, until there are too many different ones. */
class FewValues {
  readonly #known = new Set<string>();
  readonly #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
  }

  of(value: string): string {
    if (this.#known.has(value)) return value;
    if (this.#known.size >= this.#limit) return OTHER;
    this.#known.add(value);
    return value;
  }
}

function keyOf({ namespace = '', name }: { readonly namespace?: string; readonly name: string }): string {
  return `${namespace}/${name}`;
}

async function sizeOf(files: readonly string[]): Promise<number> {
  let bytes = 0;
  for (const file of files) {
    try {
      bytes += (await stat(file)).size;
    } catch (error) {
      if (errorCode(error) !== 'ENOENT') throw error;
    }
  }
  return bytes;
}
