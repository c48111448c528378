import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DEPLOYMENTS, EVENTS, PODS, REPLICA_SETS } from '#api';
import type { Client } from '#client';
import {
  type BusyCluster,
  deploymentObject,
  listPods,
  namespace,
  rolledOut,
  startBusyCluster,
} from '../../../test/support/busy-cluster.ts';
import { until } from '../../../test/support/until.ts';
import { isActive, isReady } from '../shared/pods.plan.ts';

let cluster: BusyCluster;
let client: Client;
beforeEach(async () => {
  cluster = await startBusyCluster();
  client = cluster.client;
});
afterEach(async () => {
  await cluster.close();
  expect(cluster.warnings).toEqual([]);
});

const web = { namespace, name: 'web' };
const edit = (spec: object) => client.patch(DEPLOYMENTS, web, { type: 'strategic', body: { spec } as never });
const setImage = (image: string) => edit({ template: { spec: { containers: [{ name: 'main', image }] } } });
const images = async () => (await listPods(client)).filter(isActive).map(({ spec }) => spec.containers[0]?.image);
const serving = async () => (await listPods(client)).filter((pod) => isActive(pod) && isReady(pod));

/** The fewest ready and the most active pods that any revision of the store saw while `act` went on. */
async function watching(act: () => Promise<unknown>) {
  const stop = new AbortController();
  const { items, resourceVersion } = await client.list(PODS, { namespace });
  const pods = new Map(items.map((pod) => [pod.metadata.name, pod]));
  const seen = { leastReady: Number.POSITIVE_INFINITY, mostActive: 0 };
  const follow = (async () => {
    for await (const event of client.watch(PODS, { namespace, resourceVersion, signal: stop.signal })) {
      if (event.type === 'BOOKMARK') continue;
      if (event.type === 'DELETED') pods.delete(event.object.metadata.name);
      else pods.set(event.object.metadata.name, event.object);
      const active = [...pods.values()].filter(isActive);
      seen.mostActive = Math.max(seen.mostActive, active.length);
      seen.leastReady = Math.min(seen.leastReady, active.filter(isReady).length);
    }
  })().catch(() => undefined); // Aborted.
  await act();
  stop.abort();
  await follow;
  return seen;
}

describe('src/controllers/deployment/deployment.ts', () => {
  it('brings a Deployment up, spread over the nodes, and says so', async () => {
    await client.create(DEPLOYMENTS, deploymentObject('v1', { replicas: 4 }));
    const { status, metadata } = await rolledOut(client);
    expect(status).toMatchObject({ replicas: 4, readyReplicas: 4, updatedReplicas: 4, availableReplicas: 4 });
    const conditions = status?.conditions?.map(({ type, status: is, reason }) => `${type}=${is} ${reason}`).sort();
    expect(conditions).toEqual(['Available=True MinimumReplicasAvailable', 'Progressing=True NewReplicaSetAvailable']);
    expect(metadata.annotations).toMatchObject({ 'deployment.kubernetes.io/revision': '1' });
    expect((await listPods(client)).map(({ spec }) => spec.nodeName).sort()).toEqual(['n1', 'n1', 'n2', 'n2']);
  });

  it.each([
    { strategy: { rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } }, least: 3, most: 4 },
    { strategy: { rollingUpdate: { maxSurge: 0, maxUnavailable: 1 } }, least: 2, most: 3 },
    { strategy: { rollingUpdate: { maxSurge: '100%', maxUnavailable: '50%' } }, least: 2, most: 6 },
    { strategy: { type: 'Recreate', rollingUpdate: null }, least: 0, most: 3 },
  ])('rolls out within its bounds at every revision of the store: $strategy', async ({ strategy, least, most }) => {
    await client.create(DEPLOYMENTS, deploymentObject('v1', { strategy }));
    await rolledOut(client);
    const seen = await watching(async () => {
      await setImage('v2');
      await rolledOut(client);
    });
    expect(seen.leastReady).toBeGreaterThanOrEqual(least);
    expect(seen.mostActive).toBeLessThanOrEqual(most);
    expect(await images()).toEqual(['v2', 'v2', 'v2']);
  });

  it('keeps the old ReplicaSet, and rolls back to it under a new revision', async () => {
    await client.create(DEPLOYMENTS, deploymentObject('v1'));
    await rolledOut(client);
    await setImage('v2');
    await rolledOut(client);
    await setImage('v1');
    const { metadata } = await rolledOut(client);
    const { items } = await client.list(REPLICA_SETS, { namespace });
    expect(items).toHaveLength(2);
    expect(metadata.annotations).toMatchObject({ 'deployment.kubernetes.io/revision': '3' });
    expect(items.find(({ spec }) => spec.replicas === 3)?.metadata.annotations).toMatchObject({
      'deployment.kubernetes.io/revision': '3',
      'deployment.kubernetes.io/revision-history': '1',
    });
  });

  it('forgets ReplicaSets beyond its history', async () => {
    await client.create(DEPLOYMENTS, deploymentObject('v1', { revisionHistoryLimit: 1 }));
    for (const image of ['v2', 'v3', 'v4']) {
      await rolledOut(client);
      await setImage(image);
    }
    await rolledOut(client);
    await until('only one is kept', async () => (await client.list(REPLICA_SETS, { namespace })).items.length === 2);
  });

  it('stops a rollout whose pods do not become ready, and goes on when they do', async () => {
    await client.create(DEPLOYMENTS, deploymentObject('v1'));
    await rolledOut(client);
    cluster.setOutcome((pod) => (pod.spec.containers[0]?.image === 'v2' ? 'running' : 'ready'));
    await setImage('v2');
    await until('a new pod runs', async () => (await images()).includes('v2'));
    await until(
      'the status says so',
      async () => (await client.get(DEPLOYMENTS, web))?.status?.unavailableReplicas === 1,
    );
    expect((await serving()).map(({ spec }) => spec.containers[0]?.image)).toEqual(['v1', 'v1', 'v1']);
    cluster.setOutcome(() => 'ready');
    await rolledOut(client);
  });

  it('rolls out nothing while paused, but scales', async () => {
    await client.create(DEPLOYMENTS, deploymentObject('v1'));
    await rolledOut(client);
    await edit({ paused: true, replicas: 5 });
    await setImage('v2');
    await until('it has grown', async () => (await serving()).length === 5);
    expect(new Set(await images())).toEqual(new Set(['v1']));
    await edit({ paused: false });
    await rolledOut(client);
    expect(await images()).toEqual(Array(5).fill('v2'));
  });

  it('scales up and down', async () => {
    await client.create(DEPLOYMENTS, deploymentObject('v1'));
    for (const replicas of [20, 1, 0, 2]) {
      await edit({ replicas });
      await rolledOut(client);
      await until('all others are gone', async () => (await listPods(client)).length === replicas);
    }
  });

  it('replaces a pod that is deleted, and one that failed', async () => {
    await client.create(DEPLOYMENTS, deploymentObject('v1'));
    await rolledOut(client);
    const [first, second] = await listPods(client);
    const names = new Set([first?.metadata.name, second?.metadata.name]);
    await client.delete(PODS, { namespace, name: first?.metadata.name ?? '' });
    cluster.setOutcome((pod) => (pod.metadata.name === second?.metadata.name ? 'failed' : 'ready'));
    await until('both are replaced', async () => {
      const now = await serving();
      return now.length === 3 && now.every(({ metadata }) => !names.has(metadata.name));
    });
  });

  it('writes nothing while nothing happens', async () => {
    await client.create(DEPLOYMENTS, deploymentObject('v1'));
    await rolledOut(client);
    await until('all events are written', async () => {
      const { items } = await client.list(EVENTS, { namespace });
      return items.filter(({ reason }) => reason === 'Scheduled').length === 3;
    });
    let before = -1;
    await until('it has come to rest', async () => {
      const now = await cluster.revision();
      const rests = now === before;
      before = now;
      return rests;
    });
    // A second pass over everything finds nothing to do either.
    await client.patch(DEPLOYMENTS, web, { type: 'merge', body: { metadata: { labels: { touched: 'yes' } } } });
    await until('it has been looked at', async () => (await cluster.revision()) === before + 1);
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(await cluster.revision()).toBe(before + 1);
  });
});
