/**
 * The figures of docs/benchmarks.md: ours beside the limit or the peer, in the same run on the same machine. Runs inside a
 * host of its own; `npm run bench` calls it.
 */
import { execFile } from 'node:child_process';
import { watch } from 'node:fs';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { DEPLOYMENTS, NAMESPACES, PODS, type Pod, SYNC_RUNS } from '#api';
import type { Client } from '#client';
import { BUSYBOX_IMAGE, busyboxTar } from '../test/support/images.ts';
import { type Product, startProduct } from '../test/support/product.ts';
import { until } from '../test/support/until.ts';
import { measureApi } from './api.ts';
import { Engine, Swarm } from './engine.ts';
import { type Figure, reportOf, spreadOf } from './figures.ts';
import { headerOf, writePart } from './report.ts';
import { measureRollouts } from './rollout.ts';

const run = promisify(execFile);
const quick = process.env['PLUMBLINE_BENCH'] === 'quick';
/** One part alone; nothing of it is written. */
const only = process.env['PLUMBLINE_BENCH_ONLY'];
const ROUNDS = quick ? 3 : 10;
const MANY = quick ? 10 : 50;
const IDLE_MS = quick ? 5_000 : 60_000;
const SLEEP = ['sleep', '100000'];
const host = process.env['DOCKER_HOST'] ?? 'unix:///var/run/docker.sock';
const swarmHost = process.env['PLUMBLINE_SWARM_HOST'];

const figures: Figure[] = [];
const say = (line: string) => process.stdout.write(`${line}\n`);

function add(figure: Figure): void {
  figures.push(figure);
  say(
    `${figure.row} ${figure.what}: ${figure.ours.p50.toFixed(0)} ${figure.unit}${figure.peers.map(({ name, spread }) => `, ${name} ${spread.p50.toFixed(0)}`).join('')}`,
  );
}

/** Calls back with every pod event of a namespace until the signal aborts; resolves when the watch stands. */
async function watchPods(
  client: Client,
  namespace: string,
  signal: AbortSignal,
  seen: (pod: Pod) => void,
): Promise<void> {
  const { resourceVersion, items } = await client.list(PODS, { namespace });
  items.forEach(seen);
  void (async () => {
    for await (const event of client.watch(PODS, { namespace, resourceVersion, signal }))
      if (event.type !== 'BOOKMARK') seen(event.object);
  })().catch((error: unknown) => {
    if (!signal.aborted) throw error;
  });
}

const isReady = (pod: Pod) =>
  pod.metadata.deletionTimestamp === undefined &&
  (pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false);
const isRunning = (pod: Pod) => pod.metadata.deletionTimestamp === undefined && pod.status?.phase === 'Running';

const manifest = (version: string) => `apiVersion: apps/v1
kind: Deployment
metadata: {name: bench}
spec:
  replicas: 3
  selector: {matchLabels: {app: bench}}
  strategy: {rollingUpdate: {maxSurge: 3, maxUnavailable: 0}}
  template:
    metadata: {labels: {app: bench}}
    spec:
      terminationGracePeriodSeconds: 1
      containers:
        - name: c
          image: ${BUSYBOX_IMAGE}
          command: [sh, -c, 'mkdir -p /tmp/w; httpd -p 8080 -h /tmp/w; exec sleep 100000']
          env: [{name: VERSION, value: "${version}"}]
          readinessProbe: {tcpSocket: {port: 8080}, periodSeconds: 1}
`;

/** Row 1: from a commit to three new Ready pods, and where the time goes. */
async function commitToReady(product: Product, client: Client, engine: Engine): Promise<void> {
  const file = path.join(product.demo, 'clock/bench.yaml');
  await writeFile(file, manifest('0'));
  await product.commit('bench');
  await product.untilTrue('clock');
  const mirrors = path.join(product.stateDir, 'mirrors/git');
  const mirror = path.join(mirrors, (await readdir(mirrors)).find((name) => !name.endsWith('.watch')) ?? '');
  const total: number[] = [];
  const shares = {
    fetch: [] as number[],
    plan: [] as number[],
    apply: [] as number[],
    schedule: [] as number[],
    'container start': [] as number[],
    readiness: [] as number[],
  };
  const floor: number[] = [];
  for (let round = 1; round <= ROUNDS; round += 1) {
    const version = String(round);
    const marks: Record<string, number> = {};
    const mark = (name: string) => {
      marks[name] ??= performance.now();
    };
    const stop = new AbortController();
    const ours = (pod: Pod) => pod.spec.containers[0]?.env?.some(({ value }) => value === version) ?? false;
    const pods = new Map<string, Pod>();
    await watchPods(client, 'demo', stop.signal, (pod) => {
      if (!ours(pod)) return;
      pods.set(pod.metadata.name, pod);
      const all = [...pods.values()];
      if (pod.spec.nodeName !== undefined && all.length === 3 && all.every(({ spec }) => spec.nodeName !== undefined))
        mark('bound');
      if (all.filter(isRunning).length === 3) mark('running');
      if (all.filter(isReady).length === 3) mark('ready');
    });
    const follow = async (
      resource: typeof SYNC_RUNS | typeof DEPLOYMENTS,
      namespace: string,
      test: (object: { readonly spec: unknown }) => boolean,
      name: string,
    ) => {
      const { resourceVersion } = await client.list(resource as typeof DEPLOYMENTS, { namespace });
      void (async () => {
        for await (const event of client.watch(resource as typeof DEPLOYMENTS, {
          namespace,
          resourceVersion,
          signal: stop.signal,
        }))
          if (event.type !== 'BOOKMARK' && test(event.object)) mark(name);
      })().catch((error: unknown) => {
        if (!stop.signal.aborted) throw error;
      });
    };
    await writeFile(file, manifest(version));
    await product.git('add', '-A');
    let commit = '';
    await follow(
      SYNC_RUNS,
      'argocd',
      ({ spec }) => commit === '' || (spec as { revision: string }).revision === commit,
      'planned',
    );
    await follow(
      DEPLOYMENTS,
      'demo',
      (object) => JSON.stringify(object.spec).includes(`"value":"${version}"`),
      'applied',
    );
    // A fetch is done for whoever reads the mirror once its branch has moved.
    const branches = watch(path.join(mirror, 'refs/heads'), (_event, name) => {
      if (name === 'main') mark('fetched');
    });
    const from = performance.now();
    await product.git('commit', '-m', `round ${version}`);
    const committed = performance.now();
    commit = await product.git('rev-parse', 'HEAD');
    await until('three pods are Ready', () => marks['ready'] !== undefined, 60_000);
    stop.abort();
    branches.close();
    const at = (name: string) => marks[name] ?? Number.NaN;
    total.push(at('ready') - from);
    // The commit itself is in it: git tells of it when the branch has moved, just before it ends.
    shares.fetch.push(at('fetched') - from);
    shares.plan.push(at('planned') - at('fetched'));
    shares.apply.push(at('applied') - at('planned'));
    shares.schedule.push(at('bound') - at('applied'));
    shares['container start'].push(at('running') - at('bound'));
    shares.readiness.push(at('ready') - at('running'));
    say(
      `  round ${version}: ${(at('ready') - from).toFixed(0)} ms (git commit itself ${(committed - from).toFixed(0)} ms)`,
    );
    await until(
      'the old pods are gone',
      async () => (await client.list(PODS, { namespace: 'demo', labelSelector: 'app=bench' })).items.length === 3,
      60_000,
    );
    const floorFrom = performance.now();
    await Promise.all([1, 2, 3].map(() => engine.startPod(BUSYBOX_IMAGE, SLEEP)));
    floor.push(performance.now() - floorFrom);
    await engine.remove();
  }
  add({
    row: '1',
    what: 'commit → 3 new pods Ready',
    unit: 'ms',
    ours: spreadOf(total),
    peers: [{ name: 'the same containers by Docker alone', spread: spreadOf(floor) }],
  });
  for (const [name, samples] of Object.entries(shares))
    add({ row: '1', what: `… of which ${name}`, unit: 'ms', ours: spreadOf(samples), peers: [] });
}

const pod = (name: string) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'bench' },
  spec: { terminationGracePeriodSeconds: 0, containers: [{ name: 'c', image: BUSYBOX_IMAGE, command: SLEEP }] },
});

/** Creates pods at once; from the first request until each one runs, ms, in the order in which they did. */
async function startPods(client: Client, names: readonly string[]): Promise<readonly number[]> {
  const stop = new AbortController();
  const running = new Map<string, number>();
  let from = 0;
  await watchPods(client, 'bench', stop.signal, ({ metadata: { name }, ...one }) => {
    if (isRunning({ metadata: { name }, ...one } as Pod) && names.includes(name) && !running.has(name))
      running.set(name, performance.now() - from);
  });
  from = performance.now();
  await Promise.all(names.map((name) => client.create(PODS, pod(name))));
  while (running.size < names.length) await delay(1);
  stop.abort();
  return [...running.values()];
}

async function removePods(client: Client, names: readonly string[]): Promise<void> {
  await Promise.all(names.map((name) => client.delete(PODS, { namespace: 'bench', name }, { gracePeriodSeconds: 0 })));
  await until(
    'the pods are gone',
    async () => (await client.list(PODS, { namespace: 'bench' })).items.length === 0,
    120_000,
  );
}

/** Rows 2 and 3: one pod on an idle node, and many at once. */
async function podStarts(client: Client, engine: Engine, swarm: Swarm | undefined): Promise<void> {
  const one: number[] = [];
  const limit: number[] = [];
  const theirs: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    limit.push((await engine.start(BUSYBOX_IMAGE, SLEEP)).ms);
    await engine.remove();
    one.push(...(await startPods(client, [`one-${round}`])));
    await removePods(client, [`one-${round}`]);
    if (swarm !== undefined) theirs.push(await swarm.scale(BUSYBOX_IMAGE, SLEEP, 1));
  }
  add({
    row: '2',
    what: 'one pod: created → running',
    unit: 'ms',
    ours: spreadOf(one),
    peers: [
      { name: 'create and start by Docker alone', spread: spreadOf(limit) },
      ...(swarm === undefined ? [] : [{ name: 'Docker Swarm', spread: spreadOf(theirs) }]),
    ],
  });
  await podsAtOnce(client, engine, undefined, quick ? 3 : 10, quick ? 1 : 10);
  await podsAtOnce(client, engine, swarm, MANY, quick ? 1 : 3);
}

/** How many starts the floor has in flight; more only add latency. */
const IN_FLIGHT = 4;

async function podsAtOnce(
  client: Client,
  engine: Engine,
  swarm: Swarm | undefined,
  count: number,
  rounds: number,
): Promise<void> {
  const each = { ours: [] as number[], floor: [] as number[] };
  const last = { ours: [] as number[], floor: [] as number[], swarm: [] as number[] };
  for (let round = 0; round < rounds; round += 1) {
    const names = Array.from({ length: count }, (_, index) => `many-${count}-${round}-${index}`);
    const ours = await startPods(client, names);
    await removePods(client, names);
    const floor = await engine.startMany(BUSYBOX_IMAGE, SLEEP, count, IN_FLIGHT);
    await engine.remove();
    each.ours.push(...ours);
    each.floor.push(...floor);
    last.ours.push(Math.max(...ours));
    last.floor.push(Math.max(...floor));
    if (swarm !== undefined) last.swarm.push(await swarm.scale(BUSYBOX_IMAGE, SLEEP, count));
  }
  const floorName = `Docker alone, ${IN_FLIGHT} in flight`;
  add({
    row: '3',
    what: `${count} pods at once: each created → running`,
    unit: 'ms',
    ours: spreadOf(each.ours),
    peers: [{ name: floorName, spread: spreadOf(each.floor) }],
  });
  add({
    row: '3',
    what: `${count} pods at once → all running`,
    unit: 'ms',
    ours: spreadOf(last.ours),
    peers: [
      { name: floorName, spread: spreadOf(last.floor) },
      ...(swarm === undefined ? [] : [{ name: 'Docker Swarm', spread: spreadOf(last.swarm) }]),
    ],
  });
  const rate = (ms: number) => (count / ms) * 1_000;
  add({
    row: '3',
    what: `containers started, ${count} pods at once`,
    unit: '/s',
    ours: spreadOf(last.ours.map(rate)),
    peers: [{ name: floorName, spread: spreadOf(last.floor.map(rate)) }],
  });
}

/** Row 4: a killed container until it runs again, by the engine's own events. */
async function killed(client: Client, engine: Engine, swarm: Swarm | undefined): Promise<void> {
  const samples: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const name = `killed-${round}`; // a pod each: the second death of one container waits for its back-off
    await startPods(client, [name]);
    const found = await client.get(PODS, { namespace: 'bench', name });
    const id = found?.status?.containerStatuses?.[0]?.containerID?.replace('docker://', '') ?? '';
    const events = await engine.docker.getEvents({ filters: { type: ['container'], event: ['start'] } });
    const again = new Promise<number>((resolve) => events.once('data', () => resolve(performance.now())));
    const from = performance.now();
    await engine.docker.getContainer(id).kill();
    samples.push((await again) - from);
    (events as NodeJS.ReadableStream & { destroy(): void }).destroy();
    await removePods(client, [name]);
  }
  const peers =
    swarm === undefined
      ? []
      : [{ name: 'Docker Swarm, restart delay 0', spread: spreadOf(await swarm.killed(BUSYBOX_IMAGE, SLEEP, ROUNDS)) }];
  add({ row: '4', what: 'killed container → running again', unit: 'ms', ours: spreadOf(samples), peers });
}

async function processFacts(pid: number): Promise<{ readonly rssMiB: number; readonly cpuMs: number }> {
  const stat = (await readFile(`/proc/${pid}/stat`, 'utf8')).split(') ')[1]?.split(' ') ?? [];
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return {
    rssMiB: Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024,
    cpuMs: (Number(stat[11]) + Number(stat[12])) * 10,
  };
}

/** Rows 14 and 15: what we cost while nothing happens. */
async function idle(product: Product): Promise<void> {
  const pids = { 'control plane': product.serverPid, 'node agent': await product.agentPid() };
  const before = Object.fromEntries(
    await Promise.all(Object.entries(pids).map(async ([name, pid]) => [name, await processFacts(pid)] as const)),
  );
  await delay(IDLE_MS); // idleness is what is measured here
  for (const [name, pid] of Object.entries(pids)) {
    const { rssMiB, cpuMs } = await processFacts(pid);
    add({ row: '14', what: `${name}: memory, idle`, unit: 'MiB', ours: spreadOf([rssMiB]), peers: [] });
    add({
      row: '15',
      what: `${name}: CPU, idle over ${IDLE_MS / 1000} s`,
      unit: '% of a core',
      ours: spreadOf([((cpuMs - (before[name]?.cpuMs ?? 0)) / IDLE_MS) * 100]),
      peers: [],
    });
  }
}

async function loadBusybox(engine: Engine): Promise<void> {
  const { Readable } = await import('node:stream');
  const stream = await engine.docker.loadImage(Readable.from(await busyboxTar()));
  for await (const _chunk of stream);
}

const engine = new Engine(host);
await loadBusybox(engine);
let swarm: Swarm | undefined;
if (swarmHost !== undefined) {
  await loadBusybox(new Engine(swarmHost));
  swarm = new Swarm(swarmHost);
  await swarm.open();
}
const product = await startProduct();
try {
  const client = await product.client();
  await product.untilTrue('web');
  await product.untilTrue('clock');
  await client.create(NAMESPACES, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'bench' } });
  if (only !== 'api') {
    await idle(product);
    await commitToReady(product, client, engine);
    await podStarts(client, engine, swarm);
    await killed(client, engine, swarm);
    await measureRollouts({ client, swarm, quick, add });
  }
  if (only !== 'pods') await measureApi({ product, quick, add });
} finally {
  await product.close();
  await engine.remove();
  await swarm?.close();
}

const { stdout: dockerVersion } = await run('docker', ['-H', host, 'version', '--format', '{{.Server.Version}}']);
const header = await headerOf(`npm run bench${quick ? ' -- --quick' : ''}`, `dockerd ${dockerVersion.trim()}`);
const report = `${header}\n\n${reportOf(figures)}`;
say(`\n${report}`);
if (process.env['PLUMBLINE_BENCH_WRITE'] !== undefined && only === undefined) await writePart('all', report);
