import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { PODS } from '#api';
import { silentLog, systemClock } from '#base';
import { createHttpClient, type HttpClient } from '#client';
import {
  AdmissionChain,
  createApi,
  createAuditTrail,
  createHttpServer,
  createNodeTunnel,
  createPodLogs,
  createServiceAccountTokens,
  ensurePki,
  ensureSigningKey,
  GROUP_MASTERS,
  type Listener,
  type NodeTunnel,
  nodeUser,
  startAuthorization,
} from '#server';
import { createMemoryStore } from '#store';
import { until } from '../../test/support/until.ts';
import { type ControlConnection, createHttpsControl } from './control.ts';
import { RuntimeView } from './pod/runtime-view.ts';
import { createNodeStats } from './stats/node-stats.ts';
import { serveStreams } from './streams/stream-service.ts';

const DEADLINE_MS = 60_000;

/** The whole way of a log: client → server → control connection → agent → stream → server → client, over real TLS. */
describe('src/node-agent/control.ts', () => {
  let folder: string;
  let server: Listener;
  let tunnel: NodeTunnel;
  let admin: HttpClient;
  let control: ControlConnection;
  let uid: string;
  const closers: (() => Promise<void> | void)[] = [];
  /** What the pretended container says; ended by the test. */
  let output: AsyncIterable<Uint8Array>;
  let cancelled: boolean;

  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'plumb-control-'));
    const store = createMemoryStore({ clock: systemClock });
    const admission = new AdmissionChain();
    const api = await createApi({ store, clock: systemClock, log: silentLog, admission });
    const authorization = await startAuthorization({ api, admission, clock: systemClock, log: silentLog });
    closers.push(() => authorization.close());
    const pki = await ensurePki(folder);
    tunnel = createNodeTunnel({ clock: systemClock, log: silentLog });
    const users = new Map([
      ['admin-token', { name: 'admin', groups: [GROUP_MASTERS] }],
      ['node-token', nodeUser('node-1')],
    ]);
    server = createHttpServer({
      api,
      tunnel,
      authenticate: (token) => users.get(token),
      authorization,
      serviceAccountTokens: createServiceAccountTokens({
        api,
        key: await ensureSigningKey(path.join(folder, 'sa.key')),
        clock: systemClock,
      }),
      audit: createAuditTrail({ sink: { write: () => undefined }, clock: systemClock }),
      openPodLog: createPodLogs({ api, tunnel }),
      issueToken: () => Promise.reject(new Error('no tokens here')),
      tls: pki,
      listen: { host: '127.0.0.1', port: 0 },
      productVersion: 'test',
      clock: systemClock,
      log: silentLog,
    });
    await server.start();
    const url = `https://127.0.0.1:${server.address().port}`;
    admin = createHttpClient({ server: url, ca: pki.ca, token: 'admin-token', userAgent: 'test' });
    const pod = await admin.create(PODS, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'web', namespace: 'default' },
      spec: { nodeName: 'node-1', containers: [{ name: 'app', image: 'x' }] },
    });
    uid = pod.metadata.uid;
    const abort = new AbortController();
    control = createHttpsControl({
      server: url,
      ca: pki.ca,
      token: 'node-token',
      nodeName: 'node-1',
      clock: systemClock,
      log: silentLog,
    });
    const container = {
      id: 'c1',
      pod: { namespace: 'default', name: 'web', uid },
      sandboxId: 's',
      name: 'app',
      attempt: 0,
      state: 'running',
      image: 'x',
      imageId: 'x',
      pid: 1,
      createdAtMs: 0,
      annotations: {},
    } as const;
    const listed = {
      listContainers: async () => [container],
      listSandboxes: async () => [],
      containerStatus: async () => container,
    };
    const view = new RuntimeView(
      listed,
      silentLog,
      () => undefined,
      () => undefined,
    );
    await view.relist();
    cancelled = false;
    const runtime = {
      async *logs(_id: string, { signal }: { readonly signal?: AbortSignal }) {
        signal?.addEventListener('abort', () => {
          cancelled = true;
        });
        yield* output;
      },
      openProcess: () => Promise.reject(new Error('nobody asks for a session')),
      attach: () => Promise.reject(new Error('nobody asks for a session')),
    };
    const stats = createNodeStats({
      runtime: {
        stats: async () => [
          { ...container, atMs: Date.now(), cpuNanos: Date.now() * 1000, processes: 1, memoryBytes: 5 },
        ],
      },
      machine: () => ({ cpuNanos: 0, memoryBytes: 9 }),
      clock: systemClock,
    });
    const serving = serveStreams({ control, runtime, view, stats, clock: systemClock, log: silentLog }, abort.signal);
    closers.push(
      async () => {
        abort.abort();
        await serving;
      },
      () => admin.close(),
      () => tunnel.close(),
      () => server.close(),
      () => api.close(),
      () => store.close(),
      () => rm(folder, { recursive: true }),
    );
    await until('the agent is connected', () => tunnel.isConnected('node-1'), DEADLINE_MS);
  });

  afterEach(async () => {
    for (const close of closers.splice(0)) await close();
  });

  const bytes = (...texts: string[]): AsyncIterable<Uint8Array> =>
    (async function* () {
      for (const text of texts) yield Buffer.from(text);
    })();
  const read = async (options = {}) => {
    let text = '';
    for await (const chunk of admin.logs({ namespace: 'default', name: 'web' }, options))
      text += Buffer.from(chunk).toString();
    return text;
  };

  it('carries a log to who asked for it', async () => {
    output = bytes('one\n', 'two\n');
    expect(await read()).toBe('one\ntwo\n');
  });

  it('carries megabytes, whole and in order', async () => {
    const block = 'x'.repeat(64 * 1024);
    output = bytes(...Array.from({ length: 64 }, () => block));
    expect((await read()).length).toBe(64 * block.length);
  });

  it("says why there is no log, in the agent's words", async () => {
    output = bytes();
    await expect(read({ previous: true })).rejects.toMatchObject({
      reason: 'BadRequest',
      message: expect.stringContaining('previous terminated container "app" in pod "web" not found'),
    });
  });

  it('ends the reading of the log when nobody listens any more', async () => {
    output = (async function* () {
      for (let line = 0; line < 1_000_000; line += 1) {
        yield Buffer.from(`${line}\n`);
        await new Promise((resolve) => setImmediate(resolve));
      }
    })();
    const abort = new AbortController();
    for await (const chunk of admin.logs(
      { namespace: 'default', name: 'web' },
      { follow: true, signal: abort.signal },
    )) {
      expect(chunk.length).toBeGreaterThan(0);
      abort.abort();
    }
    await until('the agent stopped reading', () => cancelled, DEADLINE_MS);
  });

  it('tells what its machine and containers use', async () => {
    const { node, containers, windowMs } = await tunnel.readFigures('node-1');
    expect(windowMs).toBeGreaterThan(0);
    expect(node.memoryBytes).toBe(9);
    expect(containers).toMatchObject([{ pod: uid, name: 'app', memoryBytes: 5 }]);
    expect(containers[0]?.cpuNanocores).toBeGreaterThan(0);
  });

  it('connects again after the connection broke', async () => {
    tunnel.close();
    await until('it is connected again', () => tunnel.isConnected('node-1'), DEADLINE_MS);
    output = bytes('back\n');
    expect(await read()).toBe('back\n');
  });

  it('sends its token to no server of another authority', async () => {
    const asked: string[] = [];
    const plain: Server = createServer((request, response) => {
      asked.push(request.headers.authorization ?? '');
      response.end();
    });
    await new Promise<void>((resolve) => plain.listen(0, '127.0.0.1', resolve));
    const address = plain.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const stranger = createHttpsControl({
      server: `https://127.0.0.1:${port}`,
      ca: '',
      token: 'node-token',
      nodeName: 'node-1',
      clock: systemClock,
      log: silentLog,
    });
    await expect(stranger.refuse('ticket', 'why')).rejects.toMatchObject({ code: 'ControlConnectionFailed' });
    expect(asked).toEqual([]);
    plain.close();
  });
});
