/**
 * The network's costs on this machine: a pod's link, one changed endpoint among many Services, DNS, and doing nothing.
 * Needs root; works in a network namespace of its own.
 * Run: npx tsx --conditions=source bench/network.bench.ts [idle seconds]
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { encode } from 'dns-packet';
import { silentLog, systemClock } from '#base';
import { createLinuxNetwork, type ServicePortRoute } from '#network';

const IDLE_SECONDS = Number(process.argv[2] ?? 20);
const DNS_IP = '10.96.0.10';

if (process.env['PLUMBLINE_BENCH_NAMESPACE'] === undefined) {
  const args = ['-n', process.execPath, ...process.execArgv, ...process.argv.slice(1)];
  const { status } = spawnSync('unshare', args, {
    stdio: 'inherit',
    env: { ...process.env, PLUMBLINE_BENCH_NAMESPACE: '1' },
  });
  process.exit(status ?? 1);
}
spawnSync('ip', ['link', 'set', 'lo', 'up']);

const network = createLinuxNetwork(
  {
    owner: { id: 'bench', directory: process.cwd() },
    podCidr: '10.244.0.0/17',
    clusterCidr: '10.244.0.0/16',
    serviceCidr: '10.96.0.0/12',
    dnsIP: DNS_IP,
    clusterDomain: 'cluster.local',
  },
  { clock: systemClock, log: silentLog },
);

function summary(times: readonly number[]): Record<string, number> {
  const sorted = [...times].sort((a, b) => a - b);
  const at = (share: number) =>
    Math.round((sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0) * 10) / 10;
  return { n: times.length, min: at(0), p50: at(0.5), p99: at(0.99), max: at(1) };
}

async function timed(run: () => Promise<unknown>): Promise<number> {
  const fromMs = performance.now();
  await run();
  return performance.now() - fromMs;
}

async function pods(): Promise<void> {
  const sandboxes: ChildProcess[] = Array.from({ length: 30 }, () =>
    spawn('unshare', ['-n', 'sleep', '600'], { stdio: 'ignore' }),
  );
  await new Promise((resolve) => setTimeout(resolve, 500));
  const attach: number[] = [];
  const again: number[] = [];
  for (const [i, { pid = 0 }] of sandboxes.entries()) {
    const pod = { id: `pod-${i}`, ip: `10.244.0.${i + 2}`, pid };
    attach.push(await timed(() => network.attachPod(pod)));
    again.push(await timed(() => network.attachPod(pod)));
  }
  console.table({ 'attach a pod, ms': summary(attach), 'attach it again, ms': summary(again) });
  for (const sandbox of sandboxes) sandbox.kill();
}

async function services(): Promise<void> {
  const rows: Record<string, unknown> = {};
  for (const number of [1_000, 10_000]) {
    const routes: ServicePortRoute[] = Array.from({ length: number }, (_, i) => ({
      service: `ns/s${String(i).padStart(6, '0')}:http`,
      protocol: 'TCP',
      clusterIP: `10.97.${i >> 8}.${i & 255}`,
      port: 80,
      backends: [2, 3, 4].map((last) => ({ ip: `10.244.${i & 127}.${last}`, port: 8080 })),
    }));
    const load = await timed(() => network.setServices(routes));
    const changes: number[] = [];
    for (let i = 0; i < 40; i += 1) {
      const route = routes[i * 17];
      if (route === undefined) break;
      routes[i * 17] = { ...route, backends: [...route.backends.slice(1), { ip: '10.244.9.9', port: 8080 }] };
      changes.push(await timed(() => network.setServices([...routes])));
    }
    rows[`${number} services`] = { 'load, ms': Math.round(load), ...summary(changes) };
  }
  console.table(rows);
  await network.setServices([]);
}

/** Keeps 64 queries under way for three seconds, from this very process: the server has less than one core. */
async function dns(): Promise<void> {
  network.setDnsRecords({
    a: new Map([['web.default.svc.cluster.local', ['10.97.0.1']]]),
    srv: new Map(),
    cname: new Map(),
    ptr: new Map(),
  });
  const query = encode({
    type: 'query',
    id: 1,
    flags: 256,
    questions: [{ name: 'web.default.svc.cluster.local', type: 'A' }],
  });
  const client = createSocket('udp4');
  let answered = 0;
  let running = true;
  client.on('message', () => {
    answered += 1;
    if (running) client.send(query, 53, DNS_IP);
  });
  client.bind(0);
  await once(client, 'listening');
  const fromMs = performance.now();
  for (let i = 0; i < 64; i += 1) client.send(query, 53, DNS_IP);
  await new Promise((resolve) => setTimeout(resolve, 3_000));
  running = false;
  const perSecond = Math.round((answered / (performance.now() - fromMs)) * 1000);
  console.log(`DNS: ${perSecond} answers/s, client and server in one thread`);
  client.close();
}

async function idle(): Promise<void> {
  const usage = () => {
    const own = process.cpuUsage();
    const { utime, stime } = childTicks();
    return (own.user + own.system) / 1e6 + (utime + stime) / 100;
  };
  const before = usage();
  await new Promise((resolve) => setTimeout(resolve, IDLE_SECONDS * 1000));
  console.log(`idle: ${Math.round(((usage() - before) / IDLE_SECONDS) * 10_000) / 100} % of a core, commands included`);
}

/** CPU of ended children of this process, in clock ticks. */
function childTicks(): { utime: number; stime: number } {
  const text = spawnSync('cat', [`/proc/${process.pid}/stat`], { encoding: 'utf8' }).stdout;
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return { utime: Number(fields[13]), stime: Number(fields[14]) };
}

const stop = new AbortController();
await network.start(stop.signal);
await idle();
await pods();
await services();
await dns();
await idle();
await network.remove();
await network.close();
