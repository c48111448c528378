import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CONTROLLER_REVISIONS, PERSISTENT_VOLUME_CLAIMS, PODS, type Pod, STATEFUL_SETS, type StatefulSet } from '#api';
import { silentLog, systemClock } from '#base';
import type { Client, WatchEvent } from '#client';
import { createEventRecorder, createInformers, runController } from '#reconcile';
import { type Cluster, startCluster } from '../../../test/support/cluster.ts';
import { createHollowNode } from '../../../test/support/hollow-node.ts';
import { mortalClient } from '../../../test/support/mortal-client.ts';
import { until } from '../../../test/support/until.ts';
import { isReady } from '../shared/pods.plan.ts';
import { createStatefulSetController, statefulSetSources } from './stateful-set.ts';

const namespace = 'default';
const name = 'db';
const labels = { app: 'db' };

let cluster: Cluster;
let client: Client;
let stopping: AbortController;
let nodes: Promise<void>;
beforeEach(async () => {
  cluster = await startCluster();
  client = cluster.client;
  stopping = new AbortController();
  // A pod becomes ready when the status counts it, and so after the pass that made it: whoever does not wait is seen.
  const ready = new Set<string>();
  const counted = new Map<string, number>();
  const node = createHollowNode({
    client,
    clock: systemClock,
    name: 'n1',
    outcome: ({ metadata }) => {
      const [set = '', ordinal] = metadata.name.split('-');
      if (Number(ordinal) < (counted.get(set) ?? 0)) ready.add(metadata.uid);
      return ready.has(metadata.uid) ? 'ready' : 'running';
    },
  });
  cluster.informers.of(STATEFUL_SETS).onChange(({ current }) => {
    if (current !== undefined) counted.set(current.metadata.name, current.status?.replicas ?? 0);
    node.refresh();
  });
  await cluster.run();
  nodes = node.run(stopping.signal);
});
afterEach(async () => {
  stopping.abort();
  await nodes;
  await cluster.close();
});

/** The controller as a process of its own: it knows nothing of the one before it. */
async function startController(by: Client) {
  const stop = new AbortController();
  const clock = systemClock;
  const deps = { client: by, clock, log: silentLog };
  const informers = createInformers(deps);
  const kinds = {
    statefulSets: informers.of(STATEFUL_SETS),
    revisions: informers.of(CONTROLLER_REVISIONS),
    pods: informers.of(PODS),
    claims: informers.of(PERSISTENT_VOLUME_CLAIMS),
  };
  const events = createEventRecorder(deps, { component: 'statefulset-controller' });
  const running = [informers.run(stop.signal)];
  await informers.synced();
  const controller = createStatefulSetController({ client: by, clock, events, ...kinds });
  running.push(runController({ controller, sources: statefulSetSources(kinds), clock, log: silentLog }, stop.signal));
  return async () => {
    stop.abort();
    await Promise.all(running);
    await events.flush();
  };
}

/** Sees every revision of the pods, and what was never to be seen in any. */
async function watchPods(replicas: number, leastReady: number) {
  const watching = new AbortController();
  const { items, resourceVersion } = await client.list(PODS, { namespace });
  const pods = new Map<string, Pod>(items.map((pod) => [pod.metadata.name, pod]));
  const wrong: string[] = [];
  const see = ({ type, object }: Exclude<WatchEvent<Pod>, { type: 'BOOKMARK' }>) => {
    const before = pods.get(object.metadata.name);
    if (before !== undefined && before.metadata.uid !== object.metadata.uid)
      wrong.push(`two of ${object.metadata.name}`);
    const number = Number(object.metadata.name.slice(name.length + 1));
    const lower = Array.from({ length: number }, (_, ordinal) => pods.get(`${name}-${ordinal}`));
    if (type === 'ADDED' && !lower.every((pod) => pod !== undefined && isReady(pod))) {
      wrong.push(`${object.metadata.name} before those below it`);
    }
    if (type === 'DELETED') pods.delete(object.metadata.name);
    else pods.set(object.metadata.name, object);
    const serving = [...pods.values()].filter((pod) => isReady(pod) && pod.metadata.deletionTimestamp === undefined);
    if (serving.length < leastReady) wrong.push(`only ${serving.length} of ${replicas} serve`);
  };
  const follow = async () => {
    for await (const event of client.watch(PODS, { namespace, resourceVersion, signal: watching.signal })) {
      if (event.type !== 'BOOKMARK') see(event);
    }
  };
  const done = follow().catch(() => undefined);
  return async () => {
    const { resourceVersion: last } = await client.list(PODS, { namespace });
    await until('the watch is where the store is', async () => {
      const live = (await client.list(PODS, { namespace })).items;
      return (
        last !== '' &&
        live.every((pod) => pods.get(pod.metadata.name)?.metadata.resourceVersion === pod.metadata.resourceVersion)
      );
    });
    watching.abort();
    await done;
    return wrong;
  };
}

const spec = (image: string, more: object = {}) => ({
  replicas: 3,
  serviceName: name,
  selector: { matchLabels: labels },
  template: { metadata: { labels }, spec: { nodeName: 'n1', containers: [{ name: 'main', image }] } },
  volumeClaimTemplates: [
    {
      metadata: { name: 'data' },
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Mi' } } },
    },
  ],
  persistentVolumeClaimRetentionPolicy: { whenScaled: 'Delete', whenDeleted: 'Delete' },
  ...more,
});
const apply = (image: string, more: object = {}, called = name) =>
  client.apply(
    STATEFUL_SETS,
    { apiVersion: 'apps/v1', kind: 'StatefulSet', metadata: { name: called, namespace }, spec: spec(image, more) },
    { fieldManager: 'test', force: true },
  );
const find = () => client.get(STATEFUL_SETS, { namespace, name });
const isDone = async (): Promise<StatefulSet | false> => {
  const found = await find();
  const { status, metadata, spec: wanted } = found ?? {};
  const counts = [status?.replicas, status?.availableReplicas, status?.updatedReplicas];
  const isSeen =
    status?.observedGeneration === metadata?.generation && status?.currentRevision === status?.updateRevision;
  return isSeen && counts.every((count) => count === wanted?.replicas) && (found ?? false);
};

/** Runs a controller that dies at a write, and then one that lives, to the end of what is declared. */
async function runDyingAt(point: number): Promise<StatefulSet> {
  const { by, dead } = mortalClient(client, point);
  const stopFirst = await startController(by);
  await until('it dies, or is done', async () => dead() || (await isDone()));
  await delay(20); // Calls under way come to their end.
  await stopFirst();
  const stopSecond = await startController(client);
  const done = await until('all is as declared', isDone);
  await stopSecond();
  return done;
}

/** From nothing to done with a controller that lives. */
async function settle(): Promise<void> {
  const stop = await startController(client);
  await until('all is as declared', isDone);
  await stop();
}

const claimOwners = async () =>
  Object.fromEntries(
    (await client.list(PERSISTENT_VOLUME_CLAIMS, { namespace })).items.map(({ metadata }) => [
      metadata.name,
      (metadata.ownerReferences ?? []).map((owner) => `${owner.kind}/${owner.name}`),
    ]),
  );
const pods = async () =>
  (await client.list(PODS, { namespace })).items
    .map((pod) => [pod.metadata.name, pod.spec.containers[0]?.image])
    .sort();
const points = (count: number) => Array.from({ length: count }, (_, index) => index + 1);

describe('src/controllers/stateful-set/stateful-set.ts, killed', () => {
  // The last of these points are beyond its end.
  it.each(points(12))('starts all in order, each with its claim, dying at write %i', async (point) => {
    await apply('v1');
    const end = await watchPods(3, 0);
    const { status } = await runDyingAt(point);
    expect(await end()).toEqual([]);
    expect(status?.collisionCount).toBe(0);
    expect((await client.list(CONTROLLER_REVISIONS, { namespace })).items).toHaveLength(1);
    expect(await pods()).toEqual([0, 1, 2].map((ordinal) => [`db-${ordinal}`, 'v1']));
    const owner = ['StatefulSet/db'];
    expect(await claimOwners()).toEqual({ 'data-db-0': owner, 'data-db-1': owner, 'data-db-2': owner });
  });

  it.each(points(12))('rolls out with one away at most, dying at write %i', async (point) => {
    await apply('v1');
    await settle();
    const end = await watchPods(3, 2);
    await apply('v2');
    await runDyingAt(point);
    expect(await end()).toEqual([]);
    expect(await pods()).toEqual([0, 1, 2].map((ordinal) => [`db-${ordinal}`, 'v2']));
    expect((await client.list(CONTROLLER_REVISIONS, { namespace })).items).toHaveLength(2);
  });

  it.each(points(7))('scales away pods that take their claims along, dying at write %i', async (point) => {
    await apply('v1');
    await settle();
    const end = await watchPods(3, 1);
    await apply('v1', { replicas: 1 });
    await runDyingAt(point);
    expect(await end()).toEqual([]);
    expect(await pods()).toEqual([['db-0', 'v1']]);
    // Who collects garbage is not here: what is left of it says with whom it was to go.
    expect(await claimOwners()).toEqual({
      'data-db-0': ['StatefulSet/db'],
      'data-db-1': ['Pod/db-1'],
      'data-db-2': ['Pod/db-2'],
    });
  });
});

describe('src/controllers/stateful-set/stateful-set.ts, with an old view', () => {
  it('does nothing until it sees what it has done', async () => {
    let release: () => void = () => undefined;
    const shown = new Promise<void>((resolve) => {
      release = resolve;
    });
    const made: string[] = [];
    const deleted: string[] = [];
    const late: Client = {
      ...client,
      async *watch(resource, options) {
        for await (const event of client.watch(resource, options)) {
          if (resource.kind === PODS.kind) await shown;
          yield event;
        }
      },
      create(resource, object, ...rest) {
        if (resource.kind === PODS.kind) made.push(object.metadata.name ?? '');
        return client.create(resource, object, ...rest);
      },
      delete(resource, at, ...rest) {
        if (resource.kind === PODS.kind) deleted.push(at.name);
        return client.delete(resource, at, ...rest);
      },
    };
    const stop = await startController(late);
    await apply('v1', { podManagementPolicy: 'Parallel', replicas: 2 });
    await until('both are made', () => made.length === 2);
    // The set is looked at again; the pods that there are, and a failed one among them, are not seen yet.
    await until('the first runs', async () => {
      const first = await client.get(PODS, { namespace, name: 'db-0' });
      return first?.status?.phase === 'Running';
    });
    const body = { status: { phase: 'Failed' } };
    await client.patch(PODS, { namespace, name: 'db-0' }, { type: 'merge', body }, { subresource: 'status' });
    await apply('v1', { podManagementPolicy: 'Parallel', replicas: 3 });
    // One that comes after it has its turn; so the first had one, too.
    await apply('v1', { replicas: 1 }, 'other');
    await until('another set is worked on', () => made.includes('other-0'));
    expect([made.toSorted(), deleted]).toEqual([['db-0', 'db-1', 'other-0'], []]);
    release();
    await until('all is as declared', isDone);
    await stop();
    expect([made.toSorted(), deleted]).toEqual([['db-0', 'db-0', 'db-1', 'db-2', 'other-0'], ['db-0']]);
  });
});
