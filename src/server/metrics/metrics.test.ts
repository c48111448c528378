import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { NODE_METRICS, NODES, POD_METRICS, PODS, type Pod, ROLE_BINDINGS } from '#api';
import { formatTime, type Log, silentLog } from '#base';
import type { Client } from '#client';
import { type ApiServer, startApiServer } from '../../../test/support/api-server.ts';
import { startCluster } from '../../../test/support/cluster.ts';
import { FakeClock } from '../../../test/support/fake-clock.ts';
import { createLocalClient } from '../local-client.ts';
import { believable, type NodeFigures, readNodeFigures } from '../nodes/node-figures.plan.ts';
import type { ControlMessage } from '../nodes/node-tunnel.types.ts';
import { createFiguresCache, figuresLimits } from './figures-cache.ts';
import { withMetrics } from './metrics-api.ts';

const ADMIN = { name: 'admin', groups: ['system:masters'] };
const NOW_MS = Date.now();
const FIGURES = {
  atMs: NOW_MS,
  windowMs: 15_012,
  node: { cpuNanocores: 250_000_000, memoryBytes: 1_048_576 },
};

describe('src/server/metrics', () => {
  let server: ApiServer;
  let client: Client;
  let asked: number;

  /** An agent by hand: it answers what it is asked with these containers. */
  function agent(node: string, containers: () => readonly object[], more: object = {}): AbortController {
    const leave = new AbortController();
    const answer = (message: ControlMessage) => {
      if (message.type !== 'stats') return;
      asked += 1;
      const text = JSON.stringify({ ...FIGURES, containers: containers(), ...more });
      const body = (async function* () {
        yield Buffer.from(text);
      })();
      server.tunnel.accept(node, { ticket: message.ticket, body, abort: () => undefined });
    };
    server.tunnel.connect(node, answer, () => undefined, leave.signal);
    return leave;
  }

  const use = (pod: string, name: string, cpuNanocores: number, memoryBytes = 2048) => ({
    pod,
    name,
    cpuNanocores,
    memoryBytes,
  });

  beforeAll(async () => {
    server = await startApiServer();
    client = await server.client(ADMIN);
    const pods: Pod[] = [];
    for (const [name, nodeName, namespace] of [
      ['web', 'n1', 'default'],
      ['young', 'n1', 'default'],
      ['far', 'n2', 'kube-system'],
    ] as const) {
      const metadata = { name, namespace, labels: { app: name } };
      const spec = {
        nodeName,
        containers: [
          { name: 'b', image: 'x' },
          { name: 'a', image: 'x' },
        ],
      };
      pods.push(await client.create(PODS, { apiVersion: 'v1', kind: 'Pod', metadata, spec }));
    }
    for (const name of ['n1', 'n2', 'n3', 'n4'])
      await client.create(NODES, { apiVersion: 'v1', kind: 'Node', metadata: { name, labels: { zone: name } } });
    const [web, , far] = pods.map(({ metadata }) => metadata.uid);
    agent('n1', () => [
      use(web ?? '', 'b', 1),
      use(web ?? '', 'a', 123_456_789, 5),
      // Another node's pod: it is not this one's to speak of.
      use(far ?? '', 'a', 9),
      { pod: web, name: 'c', cpuNanocores: -1, memoryBytes: 1 },
    ]);
    agent('n2', () => [use(far ?? '', 'a', 5)]);
    agent('n4', () => [], { atMs: Number.MAX_SAFE_INTEGER });
  });
  afterAll(() => server.close());
  beforeEach(() => {
    asked = 0;
  });

  it('tells what nodes use, and nothing of one whose agent is away or tells what cannot be', async () => {
    const { items } = await client.list(NODE_METRICS);
    expect(items.map(({ metadata: { name } }) => name)).toEqual(['n1', 'n2']);
    expect(items[0]).toMatchObject({
      apiVersion: 'metrics.k8s.io/v1beta1',
      kind: 'NodeMetrics',
      metadata: { name: 'n1', labels: { zone: 'n1' }, creationTimestamp: formatTime(NOW_MS) },
      timestamp: formatTime(NOW_MS),
      window: '15.012s',
      usage: { cpu: '250m', memory: '1Mi' },
    });
    expect(await client.get(NODE_METRICS, { name: 'n3' })).toBeUndefined();
  });

  it('tells what the containers of pods use, by name, and leaves out a pod without figures', async () => {
    const { items } = await client.list(POD_METRICS);
    expect(items.map(({ metadata: { namespace, name } }) => `${namespace}/${name}`)).toEqual([
      'default/web',
      'kube-system/far',
    ]);
    expect(items[0]).toMatchObject({
      kind: 'PodMetrics',
      containers: [
        { name: 'a', usage: { cpu: '123456789n', memory: '5' } },
        { name: 'b', usage: { cpu: '1n', memory: '2Ki' } },
      ],
    });
    expect(items[1]).toMatchObject({ containers: [{ usage: { cpu: '5n' } }] });
    await expect(client.get(POD_METRICS, { namespace: 'default', name: 'young' })).rejects.toMatchObject({
      reason: 'NotFound',
      message: 'podmetrics.metrics.k8s.io "default/young" not found',
    });
  });

  it('asks each node once for all who ask within a moment, and writes nothing', async () => {
    const { resourceVersion } = await client.list(PODS);
    for (let round = 0; round < 3; round += 1) await client.list(POD_METRICS, { labelSelector: 'app=web' });
    await client.get(POD_METRICS, { namespace: 'default', name: 'web' });
    expect(asked).toBeLessThanOrEqual(1);
    expect((await client.list(PODS)).resourceVersion).toBe(resourceVersion);
  });

  it.each([
    ['a label', { labelSelector: 'app=far' }, ['far']],
    ['a namespace', { namespace: 'default' }, ['web']],
    ['a field', { fieldSelector: 'metadata.name=web' }, ['web']],
  ])('chooses by %s', async (_what, options, names) => {
    expect((await client.list(POD_METRICS, options)).items.map(({ metadata }) => metadata.name)).toEqual(names);
  });

  it('lets who may view a namespace see its pods’ figures, and no nodes’', async () => {
    await client.create(ROLE_BINDINGS, {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'RoleBinding',
      metadata: { name: 'bea', namespace: 'default' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' },
      subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'bea' }],
    });
    const bea = await server.client({ name: 'bea', groups: [] });
    expect((await bea.list(POD_METRICS, { namespace: 'default' })).items).toHaveLength(1);
    const forbidden = { reason: 'Forbidden' };
    await expect(bea.list(POD_METRICS, { namespace: 'kube-system' })).rejects.toMatchObject(forbidden);
    await expect(bea.list(NODE_METRICS)).rejects.toMatchObject(forbidden);
  });

  it('can be written by nobody', async () => {
    const object = {
      apiVersion: 'metrics.k8s.io/v1beta1',
      kind: 'PodMetrics',
      metadata: { name: 'web', namespace: 'default' },
    };
    await expect(client.create(POD_METRICS, object)).rejects.toMatchObject({ reason: 'MethodNotAllowed' });
  });
});

describe('src/server/metrics/metrics-api.ts', () => {
  it('leaves out a node whose figures cannot be told, says so once, and tells the others', async () => {
    const errors: string[] = [];
    const log: Log = { ...silentLog, error: (_fields, message) => void errors.push(message) };
    const cluster = await startCluster();
    try {
      const nodes = ['good', 'bad'];
      for (const name of nodes)
        await cluster.client.create(NODES, { apiVersion: 'v1', kind: 'Node', metadata: { name } });
      const readFigures = async (node: string): Promise<NodeFigures> => ({
        ...FIGURES,
        atMs: node === 'bad' ? Number.MAX_SAFE_INTEGER : NOW_MS,
        containers: [],
      });
      const tunnel = { isConnected: () => true, readFigures };
      const api = withMetrics(cluster.api, { tunnel, clock: cluster.clock, log });
      const client = createLocalClient(api, { user: ADMIN, userAgent: 'test' });
      for (let round = 0; round < 2; round += 1) {
        const { items } = await client.list(NODE_METRICS);
        expect(items.map(({ metadata: { name } }) => name)).toEqual(['good']);
      }
      expect(await client.get(NODE_METRICS, { name: 'bad' })).toBeUndefined();
      expect(errors).toEqual(['figures cannot be told']);
    } finally {
      await cluster.close();
    }
  });
});

describe('src/server/metrics/figures-cache.ts', () => {
  it('keeps an answer, and that there was none, for a moment, and calls off who is late', async () => {
    const clock = new FakeClock();
    const calls: AbortSignal[] = [];
    const tunnel = {
      isConnected: () => true,
      readFigures: (_node: string, signal = new AbortController().signal) => {
        calls.push(signal);
        return new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(new Error('late'))));
      },
    };
    const cache = createFiguresCache({ tunnel, clock, log: silentLog });
    const both = Promise.all([cache.of('n1'), cache.of('n1')]);
    await clock.advance(figuresLimits.answerMs);
    expect(await both).toEqual([undefined, undefined]);
    expect(calls.map(({ aborted }) => aborted)).toEqual([true]);
    void cache.of('n1');
    expect(calls).toHaveLength(2);
  });
});

describe('src/server/nodes/node-figures.plan.ts', () => {
  it.each([
    '',
    'null',
    '[]',
    '{}',
    JSON.stringify({ ...FIGURES, containers: {} }),
    JSON.stringify({ ...FIGURES, atMs: 'now', containers: [] }),
  ])('takes no figures from %s', (text) => expect(readNodeFigures(text, NOW_MS)).toBeUndefined());

  it.each([
    ['a time that is none', { atMs: Number.MAX_SAFE_INTEGER }, false],
    ['a day from now', { atMs: NOW_MS + believable.skewMs }, true],
    ['a day ago', { atMs: NOW_MS - believable.skewMs }, true],
    ['later than that', { atMs: NOW_MS + believable.skewMs + 1 }, false],
    ['before that', { atMs: NOW_MS - believable.skewMs - 1 }, false],
    ['a rate over almost an hour', { windowMs: believable.windowMs }, true],
    ['a rate over an hour', { windowMs: believable.windowMs + 1 }, false],
  ])('asks whether it can believe %s', (_name, said, believed) => {
    const figures = { ...FIGURES, containers: [], ...said };
    expect(readNodeFigures(JSON.stringify(figures), NOW_MS)).toEqual(believed ? figures : undefined);
  });
});
