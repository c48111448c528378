import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { Agent, request } from 'node:https';
import path from 'node:path';
import { connect, type TLSSocket } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import type { Product } from '../test/support/product.ts';
import type { Burst } from './bare-server.ts';
import { Etcd } from './etcd.ts';
import { type Figure, type Spread, spreadOf } from './figures.ts';

export interface ApiBench {
  readonly product: Product;
  readonly quick: boolean;
  add(figure: Figure): void;
}

interface Access {
  readonly port: number;
  readonly ca: string;
  readonly token: string;
}

const NAMESPACE = 'bench-api';
const pods = `/api/v1/namespaces/${NAMESPACE}/pods`;
const configMaps = `/api/v1/namespaces/${NAMESPACE}/configmaps`;
/** As large as a real pod in the research's figures, bytes. */
const POD_BYTES = 2_048;
const EVENT_BYTES = 2_600;

/**
 * The API as its clients meet it: HTTPS on loopback, the product's own process, its SQLite store, authentication, RBAC and
 * admission on; controllers and scheduler watch along. The clients share the machine's cores with it.
 */
export async function measureApi({ product, quick, add }: ApiBench): Promise<void> {
  const access = await accessOf(product);
  const etcd = await Etcd.start(product.stateDir);
  const bare = await startBareServer(product.stateDir);
  try {
    await call(access, 'POST', '/api/v1/namespaces', { metadata: { name: NAMESPACE } });
    await writes({ access, etcd, quick, add });
    await reads({ access, etcd, bare, quick, add });
    await fanOut({ access, bare, quick, add });
  } finally {
    bare.process.kill('SIGKILL');
    await etcd.close();
  }
}

interface Parts {
  readonly access: Access;
  readonly etcd: Etcd;
  readonly bare: BareServer;
  readonly quick: boolean;
  add(figure: Figure): void;
}

/** A pod that no scheduler takes, about as large as a real one. */
function pod(name: string) {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, labels: { app: `app-${name.length}` }, annotations: { filler: 'x'.repeat(POD_BYTES - 900) } },
    spec: { schedulerName: 'none', containers: [{ name: 'c', image: 'bench:1', ports: [{ containerPort: 80 }] }] },
  };
}

/** Row 12: durable creates and what etcd puts on the same disk, in turns. */
async function writes({ access, etcd, quick, add }: Omit<Parts, 'bare'>): Promise<void> {
  const rounds = quick ? 2 : 5;
  for (const writers of [1, 32, 128]) {
    const agent = new Agent({ keepAlive: true, maxSockets: writers, ca: access.ca });
    const each = Math.ceil((quick ? 400 : 1_000) / writers) * (writers === 1 ? 0.4 : 1);
    const ours: number[] = [];
    const theirs: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      ours.push(
        await ratePerSecond(writers, each, (writer, index) =>
          call(access, 'POST', pods, pod(`p-${writers}-${round}-${writer}-${index}`), agent),
        ),
      );
      const value = Buffer.alloc(POD_BYTES, 'x');
      theirs.push(
        await ratePerSecond(writers, each, (writer, index) => etcd.put(`/p-${round}-${writer}-${index}`, value)),
      );
    }
    agent.destroy();
    add({
      row: '12',
      what: `pods created over HTTPS, durable, ${writers} at once`,
      unit: '/s',
      ours: spreadOf(ours),
      peers: [{ name: `etcd, puts of ${POD_BYTES} bytes, durable`, spread: spreadOf(theirs) }],
    });
  }
}

/** One object, and a list of 5,000. */
async function reads({ access, etcd, bare, quick, add }: Parts): Promise<void> {
  const agent = new Agent({ keepAlive: true, ca: access.ca });
  const have = JSON.parse((await call(access, 'GET', `${pods}?limit=1`)).toString()).metadata.remainingItemCount + 1;
  const wanted = 5_000;
  await ratePerSecond(32, Math.ceil(Math.max(0, wanted - have) / 32), (writer, index) =>
    call(access, 'POST', pods, pod(`list-${writer}-${index}`), agent),
  );
  const samples = quick ? 300 : 2_000;
  const one = await latencies(samples, () => call(access, 'GET', `${pods}/p-32-0-0-0`, undefined, agent));
  const theirs = await latencies(samples, () => etcd.get('/p-0-0-0'));
  for (const [name, at] of [
    ['p50', 0.5],
    ['p99', 0.99],
  ] as const) {
    add({
      row: 'API',
      what: `GET of one pod, ${name}`,
      unit: 'ms',
      ours: pointOf(one, at),
      peers: [{ name: 'etcd, linearizable get', spread: pointOf(theirs, at) }],
    });
  }
  let bytes = 0;
  const list = await latencies(quick ? 5 : 15, async () => {
    bytes = (await call(access, 'GET', `${pods}?limit=${wanted}`, undefined, agent)).length;
  });
  const limit = await latencies(list.length, () => call(bare, 'GET', `/bytes/${bytes}`, undefined, agent));
  agent.destroy();
  add({
    row: 'API',
    what: `list of ${wanted.toLocaleString('en')} pods (${(bytes / 2 ** 20).toFixed(1)} MiB)`,
    unit: 'ms',
    ours: spreadOf(list),
    peers: [{ name: 'as many bytes from a bare TLS server', spread: spreadOf(limit) }],
  });
}

/** Row 13: one change to 1,000 watchers, and many in a row. */
async function fanOut({ access, bare, quick, add }: Omit<Parts, 'etcd'>): Promise<void> {
  const watchers = 1_000;
  const rounds = quick ? 10 : 40;
  const burst = quick ? 20 : 60;
  const writers = 4;
  const data = { filler: 'x'.repeat(EVENT_BYTES - 700) };
  await call(access, 'POST', configMaps, { metadata: { name: 'fan' }, data });
  const change = (index: number) =>
    call(access, 'PATCH', `${configMaps}/fan`, { data: { index: String(index).padStart(8, '0') } });

  const bareReaders = await openReaders(bare, watchers, '/');
  const bareRates: number[] = [];
  const sample = JSON.stringify({ type: 'MODIFIED', object: { filler: 'x'.repeat(EVENT_BYTES) } });
  for (let round = 0; round < (quick ? 2 : 5); round += 1) {
    const from = performance.now();
    bareReaders.expect(burst);
    bare.process.send({ events: burst, event: `${sample}\n` } satisfies Burst);
    await bareReaders.reached();
    bareRates.push((burst * watchers * 1_000) / (performance.now() - from));
  }
  bareReaders.close();

  const { resourceVersion } = JSON.parse((await call(access, 'GET', configMaps)).toString()).metadata;
  const readers = await openReaders(access, watchers, `${configMaps}?watch=true&resourceVersion=${resourceVersion}`);
  const last: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    readers.expect(1);
    const from = performance.now();
    await change(round);
    await readers.reached();
    last.push(performance.now() - from);
  }
  const rates: number[] = [];
  for (let round = 0; round < (quick ? 2 : 5); round += 1) {
    readers.expect(burst);
    const from = performance.now();
    await ratePerSecond(writers, burst / writers, (writer, index) =>
      change(1_000 * round + 100 * writer + index + 100),
    );
    await readers.reached();
    rates.push((burst * watchers * 1_000) / (performance.now() - from));
  }
  readers.close();
  add({
    row: '13',
    what: `change sent → last of ${watchers.toLocaleString('en')} watchers has it`,
    unit: 'ms',
    ours: spreadOf(last),
    peers: [],
  });
  add({
    row: '13',
    what: `deliveries to ${watchers.toLocaleString('en')} watchers, ${burst} changes in a row`,
    unit: '/s',
    ours: spreadOf(rates),
    peers: [{ name: 'a bare TLS server, one write each', spread: spreadOf(bareRates) }],
  });
}

async function ratePerSecond(
  writers: number,
  each: number,
  work: (writer: number, index: number) => Promise<unknown>,
): Promise<number> {
  const from = performance.now();
  await Promise.all(
    Array.from({ length: writers }, async (_, writer) => {
      for (let index = 0; index < each; index += 1) await work(writer, index);
    }),
  );
  return (writers * each * 1_000) / (performance.now() - from);
}

async function latencies(samples: number, work: () => Promise<unknown>): Promise<number[]> {
  const took: number[] = [];
  for (let index = 0; index < samples; index += 1) {
    const from = performance.now();
    await work();
    took.push(performance.now() - from);
  }
  return took;
}

/** One percentile, with the spread of that percentile over ten parts of the samples. */
function pointOf(samples: readonly number[], share: number): Spread {
  const size = Math.ceil(samples.length / 10);
  const parts = Array.from({ length: 10 }, (_, part) => samples.slice(part * size, (part + 1) * size));
  return spreadOf(
    parts
      .filter((part) => part.length > 0)
      .map((part) => {
        const sorted = [...part].sort((a, b) => a - b);
        return sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
      }),
  );
}

/** The whole answer. Throws for a refusal. */
function call(access: Access, method: string, target: string, body?: unknown, agent?: Agent): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const sent = request(
      {
        host: '127.0.0.1',
        port: access.port,
        path: target,
        method,
        ca: access.ca,
        ...(agent === undefined ? {} : { agent }),
        headers: {
          authorization: `Bearer ${access.token}`,
          'content-type': method === 'PATCH' ? 'application/merge-patch+json' : 'application/json',
        },
      },
      (response) => {
        const pieces: Buffer[] = [];
        response.on('data', (piece: Buffer) => pieces.push(piece));
        response.on('error', reject);
        response.on('end', () => {
          const text = Buffer.concat(pieces);
          if ((response.statusCode ?? 0) < 300) resolve(text);
          else reject(new Error(`${method} ${target}: ${response.statusCode} ${text.toString().slice(0, 300)}`));
        });
      },
    );
    sent.on('error', reject);
    sent.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

interface Readers {
  /** From now on so many events more for each. */
  expect(events: number): void;
  /** When every reader has all that is expected of it. */
  reached(): Promise<void>;
  close(): void;
}

const EVENT = Buffer.from('{"type":"MODIFIED"');

/** Connections that read a stream and count the events in it, and do nothing else. */
async function openReaders(access: Access, count: number, target: string): Promise<Readers> {
  let expected = 0;
  let missing = 0;
  let done: () => void = () => undefined;
  const sockets: TLSSocket[] = [];
  const seen = new Array<number>(count).fill(0);
  for (let from = 0; from < count; from += 50) {
    await Promise.all(
      Array.from({ length: Math.min(50, count - from) }, (_, offset) => {
        const index = from + offset;
        const socket = connect({ host: '127.0.0.1', port: access.port, ca: access.ca });
        sockets.push(socket);
        socket.write(`GET ${target} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${access.token}\r\n\r\n`);
        let rest: Buffer = Buffer.alloc(0);
        const opened = once(socket, 'data');
        socket.on('data', (piece: Buffer) => {
          // An event's beginning may be torn between two pieces.
          const text = rest.length === 0 ? piece : Buffer.concat([rest, piece]);
          let end = 0;
          for (let at = text.indexOf(EVENT); at >= 0; at = text.indexOf(EVENT, end)) {
            end = at + EVENT.length;
            seen[index] = (seen[index] ?? 0) + 1;
            if (seen[index] !== expected) continue;
            missing -= 1;
            if (missing === 0) done();
          }
          rest = text.subarray(Math.max(end, text.length - EVENT.length + 1));
        });
        return opened;
      }),
    );
  }
  return {
    expect(events) {
      expected += events;
      missing = count;
    },
    reached: () =>
      missing === 0
        ? Promise.resolve()
        : new Promise((resolve) => {
            done = resolve;
          }),
    close() {
      for (const socket of sockets) socket.destroy();
    },
  };
}

async function accessOf(product: Product): Promise<Access> {
  const config = parse(await readFile(product.kubeconfig, 'utf8'));
  const { server, 'certificate-authority-data': ca } = config.clusters[0].cluster;
  return {
    port: Number(new URL(server).port),
    ca: Buffer.from(ca, 'base64').toString(),
    token: config.users[0].user.token,
  };
}

interface BareServer extends Access {
  readonly process: ChildProcess;
}

async function startBareServer(stateDir: string): Promise<BareServer> {
  const pki = path.join(stateDir, 'pki');
  const child = fork(fileURLToPath(new URL('./bare-server.ts', import.meta.url)), [
    path.join(pki, 'server.crt'),
    path.join(pki, 'server.key'),
  ]);
  const [port] = (await once(child, 'message')) as [number];
  return { process: child, port, ca: await readFile(path.join(pki, 'ca.crt'), 'utf8'), token: '' };
}
