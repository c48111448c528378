import { setTimeout as delay } from 'node:timers/promises';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  NAMESPACES,
  NODES,
  PERSISTENT_VOLUME_CLAIMS,
  PERSISTENT_VOLUMES,
  POD_DISRUPTION_BUDGETS,
  PODS,
  type Pod,
  PRIORITY_CLASSES,
  REPLICA_SETS,
  REPLICATION_CONTROLLERS,
  SERVICES,
  STATEFUL_SETS,
  STORAGE_CLASSES,
} from '#api';
import { silentLog, systemClock } from '#base';
import type { Client } from '#client';
import { createEventRecorder, createInformers } from '#reconcile';
import { type Cluster, nodeObject, podObject, startCluster } from '../../../test/support/cluster.ts';
import { createHollowNode } from '../../../test/support/hollow-node.ts';
import { mortalClient } from '../../../test/support/mortal-client.ts';
import { until } from '../../../test/support/until.ts';
import { createScheduling, schedulingDefaults } from './scheduling.ts';

const namespace = 'default';
const PRIORITIES = [0, 10, 20];
const NODE_CPU: Readonly<Record<string, number>> = { n1: 2, n2: 3, tainted: 9 };

let cluster: Cluster;
let client: Client;
let stopping: AbortController;
let running: Promise<unknown>[];

async function begin(): Promise<void> {
  cluster = await startCluster();
  client = cluster.client;
  stopping = new AbortController();
  running = [];
  for (const value of PRIORITIES)
    await client.create(PRIORITY_CLASSES, {
      apiVersion: 'scheduling.k8s.io/v1',
      kind: 'PriorityClass',
      metadata: { name: `p${value}` },
      value,
    });
}
async function end(): Promise<void> {
  stopping.abort();
  await Promise.all(running);
  await cluster.close();
}

/** Nodes whose pods run at once, and go at once when they are told to. */
async function startNodes(...names: readonly string[]): Promise<void> {
  for (const name of names) {
    const taints = name === 'tainted' ? [{ key: 'k', effect: 'NoSchedule' }] : [];
    const status = { allocatable: { cpu: String(NODE_CPU[name]), memory: '8Gi', pods: '110' } };
    await client.create(NODES, nodeObject(name, { metadata: { labels: { host: name } }, spec: { taints }, status }));
    running.push(createHollowNode({ client, clock: systemClock, name }).run(stopping.signal));
  }
}

/** A scheduler as a process of its own: it knows nothing of those before it. */
async function startScheduler(by: Client) {
  const stop = new AbortController();
  const deps = { client: by, clock: systemClock, log: silentLog };
  const informers = createInformers(deps);
  const events = createEventRecorder(deps, { component: 'default-scheduler' });
  const of = {
    pods: informers.of(PODS),
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
  };
  const quick = { backoff: { initialMs: 1, maxMs: 2 }, refusalBackoff: { initialMs: 1, maxMs: 2 } };
  const scheduling = createScheduling({ ...deps, ...of, events }, { ...schedulingDefaults, ...quick });
  const work = [informers.run(stop.signal), scheduling.run(stop.signal)];
  return {
    async stop() {
      stop.abort();
      await Promise.all(work);
      await events.flush();
    },
  };
}

interface PodParts {
  readonly cpu: number;
  readonly priority: number;
  /** Refuses pods of this app beside it. */
  readonly apart?: string;
  readonly app?: string;
}
const make = (name: string, { cpu, priority, apart, app = name }: PodParts) => {
  const term = { topologyKey: 'host', labelSelector: { matchLabels: { app: apart } } };
  const affinity = { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term] } };
  const containers = [{ name: 'main', image: 'sample:1', resources: { requests: { cpu: String(cpu) } } }];
  const spec = { containers, priorityClassName: `p${priority}`, ...(apart === undefined ? {} : { affinity }) };
  return client.create(PODS, podObject(name, { metadata: { labels: { app } }, spec }));
};
const list = async () => (await client.list(PODS, { namespace })).items;
const find = (name: string) => client.get(PODS, { namespace, name });

const cpuOf = ({ spec }: Pod) => Number(spec.containers[0]?.resources?.requests?.['cpu']);
const priorityOf = ({ spec }: Pod) => spec.priority ?? 0;
const refuses = ({ spec }: Pod, other: Pod) =>
  spec.affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.some(
    ({ labelSelector }) => labelSelector?.matchLabels?.['app'] === other.metadata.labels?.['app'],
  ) ?? false;
const isVictim = ({ status }: Pod) =>
  status?.conditions?.some(({ type, reason }) => type === 'DisruptionTarget' && reason === 'PreemptionByScheduler') ??
  false;

/** Looks at every revision of the store; `done` tells what was wrong at any of them, and whoever was evicted. */
async function watchPromises() {
  const stop = new AbortController();
  const { items, resourceVersion } = await client.list(PODS, { namespace });
  const pods = new Map(items.map((pod) => [pod.metadata.name, pod]));
  const wrong: string[] = [];
  const victims = new Set<string>();
  /** Node → the highest priority that was ever promised room there. */
  const promised = new Map<string, number>();
  let seen = resourceVersion;
  const judge = (pod: Pod) => {
    const { name } = pod.metadata;
    const node = pod.spec.nodeName;
    const promise = pod.status?.nominatedNodeName;
    if (promise) promised.set(promise, Math.max(promised.get(promise) ?? -1, priorityOf(pod)));
    if (isVictim(pod)) {
      victims.add(name);
      if ((promised.get(node ?? '') ?? -1) <= priorityOf(pod)) wrong.push(`${name} was evicted for nobody better`);
    }
    if (node === undefined) return;
    if (node === 'tainted') wrong.push(`${name} is on a node it does not tolerate`);
    const here = [...pods.values()].filter(({ spec }) => spec.nodeName === node);
    const used = here.reduce((sum, each) => sum + cpuOf(each), 0);
    if (used > (NODE_CPU[node] ?? 0)) wrong.push(`${node} gives ${used} CPUs`);
    for (const one of here)
      for (const two of here)
        if (one !== two && refuses(one, two)) wrong.push(`${one.metadata.name} is beside ${two.metadata.name}`);
  };
  const follow = async () => {
    for await (const event of client.watch(PODS, { namespace, resourceVersion, signal: stop.signal })) {
      if (event.type === 'BOOKMARK') continue;
      seen = event.object.metadata.resourceVersion;
      if (event.type === 'DELETED') {
        pods.delete(event.object.metadata.name);
        continue;
      }
      pods.set(event.object.metadata.name, event.object);
      judge(event.object);
    }
  };
  const following = follow().catch((error: unknown) => {
    if (!stop.signal.aborted) throw error;
  });
  return {
    async done() {
      const last = Math.max(...(await list()).map(({ metadata }) => Number(metadata.resourceVersion)), 0);
      await until('every revision was looked at', () => Number(seen) >= last);
      stop.abort();
      await following;
      return { wrong, victims: [...victims].sort() };
    },
  };
}

describe('src/controllers/scheduling/preemption.ts, killed', () => {
  beforeEach(begin);
  afterEach(end);

  // Two bindings, a promise, two victims with two writes each, a binding: and one point behind the last.
  it.each([1, 2, 3, 4, 5, 6, 7, 8, 9])(
    'makes the same room for the same pod, after dying at write %i',
    async (point) => {
      await startNodes('n1');
      const promises = await watchPromises();
      const { by, dead } = mortalClient(client, point);
      const first = await startScheduler(by);
      await make('a', { cpu: 1, priority: 0 });
      await make('b', { cpu: 1, priority: 10 });
      await until(
        'they have their node, or it died',
        async () => dead() || (await list()).every(({ spec }) => spec.nodeName !== undefined),
      );
      await make('high', { cpu: 2, priority: 20 });
      await until('it died, or is done', async () => dead() || (await find('high'))?.spec.nodeName !== undefined);
      await delay(5); // Calls under way come to their end.
      await first.stop();
      const second = await startScheduler(client);
      await until('it has its node', async () => (await find('high'))?.spec.nodeName);
      await second.stop();
      const { wrong, victims } = await promises.done();
      expect(wrong).toEqual([]);
      // Who was not placed yet when it died is not evicted either: the more important chose first.
      expect(['a', 'b']).toEqual(expect.arrayContaining(victims));
      expect(
        (await list()).filter(({ spec }) => spec.nodeName !== undefined).map(({ metadata }) => metadata.name),
      ).toEqual(['high']);
    },
  );
});

describe('src/controllers/scheduling', () => {
  const step = fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({
        do: fc.constant('create' as const),
        cpu: fc.integer({ min: 1, max: 3 }),
        priority: fc.constantFrom(...PRIORITIES),
        app: fc.constantFrom('x', 'y'),
        apart: fc.option(fc.constantFrom('x', 'y'), { nil: undefined, freq: 4 }),
      }),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('delete' as const), pick: fc.nat(20) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('restart' as const) }) },
  );

  it('keeps its promises at every revision of a random history, and comes to rest', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 25 }), async (steps) => {
        await begin();
        try {
          await startNodes('n1', 'n2', 'tainted');
          const promises = await watchPromises();
          let scheduler = await startScheduler(client);
          // Pods come in crowds: a scheduler must know what it gave out before it hears of it.
          const coming: Promise<unknown>[] = [];
          for (const [index, each] of steps.entries()) {
            if (each.do !== 'create') await Promise.all(coming.splice(0));
            if (each.do === 'restart') {
              await scheduler.stop();
              scheduler = await startScheduler(client);
            } else if (each.do === 'delete') {
              const pods = await list();
              const pod = pods[each.pick % Math.max(1, pods.length)];
              if (pod !== undefined) await client.delete(PODS, pod.metadata);
            } else {
              const { do: _, apart, ...parts } = each;
              coming.push(make(`p${index}`, { ...parts, ...(apart === undefined ? {} : { apart }) }));
            }
          }
          await Promise.all(coming);
          const isRefused = ({ status }: Pod) =>
            !status?.nominatedNodeName && status?.conditions?.some(({ reason }) => reason === 'Unschedulable');
          const rests = async () => {
            const pods = await list();
            const waiting = pods.filter(({ spec }) => spec.nodeName === undefined);
            return waiting.every(isRefused) && { pods, waiting };
          };
          const { pods, waiting } = await until('all have their answer', rests);
          await scheduler.stop();
          expect((await promises.done()).wrong).toEqual([]);
          // Whoever waits is not more important than what runs on a node that is large enough, but for those it must not be beside.
          for (const pod of waiting.filter((one) => !pods.some((two) => refuses(one, two) || refuses(two, one)))) {
            for (const node of ['n1', 'n2']) {
              const betters = pods.filter(
                ({ spec }) => spec.nodeName === node && (spec.priority ?? 0) >= priorityOf(pod),
              );
              const left = (NODE_CPU[node] ?? 0) - betters.reduce((sum, each) => sum + cpuOf(each), 0);
              expect(left, `${pod.metadata.name} on ${node}`).toBeLessThan(cpuOf(pod));
            }
          }
        } finally {
          await end();
        }
      }),
      { numRuns: 12 },
    );
  });
});
