/**
 * Row 11: the scheduler in a large cluster. The API, its SQLite store and the scheduler are the product's, in one process
 * as in the control plane; nodes are hollow: nobody starts what is bound to them. `npm run bench -- --scale` calls it.
 */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import path from 'node:path';
import {
  NAMESPACES,
  NODES,
  PERSISTENT_VOLUME_CLAIMS,
  PERSISTENT_VOLUMES,
  POD_DISRUPTION_BUDGETS,
  PODS,
  type PodSpec,
  REPLICA_SETS,
  REPLICATION_CONTROLLERS,
  SERVICES,
  STATEFUL_SETS,
  STORAGE_CLASSES,
} from '#api';
import { silentLog, systemClock } from '#base';
import type { Client } from '#client';
import { createEventRecorder, createInformers } from '#reconcile';
import { createApi, createLocalClient } from '#server';
import { openSqliteStore } from '#store';
import { createScheduling } from '../src/controllers/scheduling/scheduling.ts';
import { type Figure, reportOf, spreadOf } from './figures.ts';
import { headerOf, writePart } from './report.ts';

const quick = process.env['PLUMBLINE_BENCH'] === 'quick';
const NODE_COUNT = quick ? 100 : 5_000;
const POD_COUNT = quick ? 5_000 : 150_000;
/** Pods of each of the kinds that look at other pods. */
const RELATED_COUNT = quick ? 1_000 : 5_000;
/** Pods of which the rate is one sample. */
const WINDOW = quick ? 250 : 1_000;
const WORKLOADS = 300;
const IN_FLIGHT = 128;
const ZONES = 10;
/** History that the store keeps, in revisions: as the API server does, for a while only. */
const KEPT_REVISIONS = 20_000;

const say = (line: string) => process.stdout.write(`${line}\n`);
const figures: Figure[] = [];

function add(figure: Figure): void {
  figures.push(figure);
  const { row, what, unit, ours, peers } = figure;
  say(
    `${row} ${what}: ${ours.p50.toFixed(0)} ${unit}${peers.map(({ name, spread }) => `, ${name} ${spread.p50.toFixed(0)}`).join('')}`,
  );
}

const nodeOf = (index: number) => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: {
    name: `hollow-${index}`,
    labels: { 'kubernetes.io/hostname': `hollow-${index}`, 'topology.kubernetes.io/zone': `zone-${index % ZONES}` },
  },
  status: {
    capacity: { cpu: '64', memory: '256Gi', pods: '110' },
    allocatable: { cpu: '64', memory: '256Gi', pods: '110' },
    conditions: [{ type: 'Ready', status: 'True' }],
  },
});

const podOf = (name: string, app: string, spec: Partial<PodSpec> = {}) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'bench', labels: { app } },
  spec: {
    containers: [{ name: 'c', image: 'bench:1', resources: { requests: { cpu: '100m', memory: '128Mi' } } }],
    ...spec,
  },
});

/** Calls for each number below `count`, so many at a time. */
async function inFlight(count: number, atOnce: number, work: (index: number) => Promise<unknown>): Promise<void> {
  let next = 0;
  const worker = async () => {
    while (next < count) {
      const index = next;
      next += 1;
      await work(index);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}

/** Rates over windows of so many things, per second, from the times at which each was done. */
function ratesOf(timesMs: readonly number[], fromMs: number): number[] {
  const rates: number[] = [];
  for (let end = WINDOW; end <= timesMs.length; end += WINDOW) {
    const from = end === WINDOW ? fromMs : (timesMs[end - WINDOW - 1] as number);
    rates.push((WINDOW * 1_000) / ((timesMs[end - 1] as number) - from));
  }
  return rates;
}

/** The writes of one bound pod, on a store like the API's and nothing else: what the disk and the store allow. */
async function storeAlone(folder: string, bytes: number): Promise<number[]> {
  const store = await openSqliteStore(
    { clock: systemClock, log: silentLog },
    { path: path.join(folder, 'alone.sqlite') },
  );
  const value = Buffer.alloc(bytes, 'x');
  const times: number[] = [];
  const from = performance.now();
  await inFlight(10 * WINDOW, IN_FLIGHT, async (index) => {
    const key = `/registry/pods/bench/p-${index}`;
    await store.commit([{ type: 'put', key, value }]);
    await store.commit([{ type: 'put', key, value }]);
    times.push(performance.now());
  });
  await store.close();
  return ratesOf(times, from);
}

interface Bench {
  readonly client: Client;
  /** Resolves when so many pods more are bound than before: when each was, in ms. */
  bound(count: number): Promise<readonly number[]>;
}

/** Creates pods, and waits until all are bound: rates of pods bound, from the first request on. */
async function bindAll({ client, bound }: Bench, count: number, of: (index: number) => object): Promise<number[]> {
  const all = bound(count);
  const from = performance.now();
  await inFlight(count, IN_FLIGHT, (index) => client.create(PODS, of(index) as never));
  return ratesOf(await all, from);
}

async function measure(bench: Bench, folder: string): Promise<void> {
  const alone = spreadOf(await storeAlone(folder, JSON.stringify(podOf('p', 'app')).length + 600));
  const peers = [{ name: 'the same two writes of a pod by the store alone', spread: alone }];
  const fromMs = performance.now();
  const plain = await bindAll(bench, POD_COUNT, (index) => podOf(`p-${index}`, `app-${index % WORKLOADS}`));
  const tenth = Math.max(1, Math.floor(plain.length / 10));
  const parts = [
    ['from the first to the last', [(POD_COUNT * 1_000) / (performance.now() - fromMs)]],
    ['windows of the first tenth', plain.slice(0, tenth)],
    ['windows of the last tenth', plain.slice(-tenth)],
  ] as const;
  const size = `${NODE_COUNT.toLocaleString('en')} nodes, ${POD_COUNT.toLocaleString('en')} pods`;
  for (const [name, rates] of parts)
    add({ row: '11', what: `${size}: created → bound, durable, ${name}`, unit: '/s', ours: spreadOf(rates), peers });
  const spread = (app: string, topologyKey: string) => ({
    topologySpreadConstraints: [
      { maxSkew: 1, topologyKey, whenUnsatisfiable: 'DoNotSchedule', labelSelector: { matchLabels: { app } } },
    ],
  });
  const term = (app: string, topologyKey: string) => ({ topologyKey, labelSelector: { matchLabels: { app } } });
  const required = (app: string, topologyKey: string) => ({
    requiredDuringSchedulingIgnoredDuringExecution: [term(app, topologyKey)],
  });
  const zone = 'topology.kubernetes.io/zone';
  const kinds: readonly (readonly [string, (app: string) => object])[] = [
    ['spread over zones', (app) => spread(app, zone)],
    ['beside their like in a zone', (app) => ({ affinity: { podAffinity: required(app, zone) } })],
    [
      'apart from their like by node',
      (app) => ({ affinity: { podAntiAffinity: required(app, 'kubernetes.io/hostname') } }),
    ],
  ];
  for (const [name, of] of kinds) {
    const app = (index: number) => `${name.split(' ')[0]}-${index % Math.ceil(RELATED_COUNT / 50)}`;
    const rates = await bindAll(bench, RELATED_COUNT, (index) => {
      const own = app(index);
      return podOf(`${own}-${index}`, own, of(own) as Partial<PodSpec>);
    });
    const what = `${RELATED_COUNT.toLocaleString('en')} more, ${name}: created → bound, durable`;
    add({ row: '11', what, unit: '/s', ours: spreadOf(rates), peers });
  }
  const rss = process.memoryUsage().rss / 2 ** 20;
  add({
    row: '14',
    what: `${size}: memory of API, store and scheduler, all bound`,
    unit: 'MiB',
    ours: spreadOf([rss]),
    peers: [],
  });
}

const parent = path.resolve(import.meta.dirname, '../.plumbline-test');
await mkdir(parent, { recursive: true });
const folder = await mkdtemp(path.join(parent, 'scale-'));
const deps = { clock: systemClock, log: silentLog };
const store = await openSqliteStore(deps, { path: path.join(folder, 'store.sqlite') });
const compacting = setInterval(async () => store.compact((await store.revision()) - KEPT_REVISIONS), 1_000);
const api = await createApi({ store, ...deps });
const user = { name: 'system:plumbline:bench', groups: ['system:masters'] };
const client = createLocalClient(api, { user, userAgent: 'bench' });
const stopping = new AbortController();
try {
  const informers = createInformers({ client, ...deps });
  const events = createEventRecorder({ client, ...deps }, { component: 'default-scheduler' });
  const pods = informers.of(PODS);
  const scheduling = createScheduling({
    ...deps,
    client,
    events,
    pods,
    nodes: informers.of(NODES),
    namespaces: informers.of(NAMESPACES),
    budgets: informers.of(POD_DISRUPTION_BUDGETS),
    claims: informers.of(PERSISTENT_VOLUME_CLAIMS),
    volumes: informers.of(PERSISTENT_VOLUMES),
    storageClasses: informers.of(STORAGE_CLASSES),
    services: informers.of(SERVICES),
    replicaSets: informers.of(REPLICA_SETS),
    replicationControllers: informers.of(REPLICATION_CONTROLLERS),
    statefulSets: informers.of(STATEFUL_SETS),
  });
  let times: number[] = [];
  let wanted = Number.POSITIVE_INFINITY;
  let done: (times: readonly number[]) => void = () => undefined;
  pods.onChange(({ previous, current }) => {
    if (!current?.spec.nodeName || previous?.spec.nodeName) return;
    times.push(performance.now());
    if (times.length % (10 * WINDOW) === 0) say(`  ${times.length} bound`);
    if (times.length === wanted) done(times);
  });
  const running = [informers.run(stopping.signal)];
  await informers.synced();
  await client.create(NAMESPACES, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'bench' } });
  await inFlight(NODE_COUNT, IN_FLIGHT, (index) => client.create(NODES, nodeOf(index)));
  await inFlight(WORKLOADS, IN_FLIGHT, (index) =>
    client.create(SERVICES, {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: `app-${index}`, namespace: 'bench' },
      spec: { clusterIP: 'None', selector: { app: `app-${index}` }, ports: [{ port: 80 }] },
    } as never),
  );
  running.push(scheduling.run(stopping.signal));
  const bound = (count: number) => {
    times = [];
    wanted = count;
    return new Promise<readonly number[]>((resolve) => {
      done = resolve;
    });
  };
  await measure({ client, bound }, folder);
  stopping.abort();
  await Promise.all(running);
  await events.flush();
} finally {
  stopping.abort();
  clearInterval(compacting);
  await api.close();
  await store.close();
  await rm(folder, { recursive: true, force: true });
}
const shared = process.env['PLUMBLINE_BENCH_SHARED'] === undefined ? [] : ['shared with other work'];
const header = await headerOf(`npm run bench -- --scale${quick ? ' --quick' : ''}`, ...shared);
const report = `${header}\n\n${reportOf(figures)}`;
say(`\n${report}`);
if (process.env['PLUMBLINE_BENCH_WRITE'] !== undefined) await writePart('at scale', report);
