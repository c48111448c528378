import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DEPLOYMENTS, PODS, type Pod, REPLICA_SETS } from '#api';
import { silentLog, systemClock } from '#base';
import type { Client } from '#client';
import { deploymentObject, isRolledOut, namespace, rolledOut } from '../../test/support/busy-cluster.ts';
import { type Cluster, startCluster } from '../../test/support/cluster.ts';
import { createHollowNode } from '../../test/support/hollow-node.ts';
import { mortalClient } from '../../test/support/mortal-client.ts';
import { until } from '../../test/support/until.ts';
import { createControllers } from './create-controllers.ts';
import { isActive, isReady } from './shared/pods.plan.ts';

/** After which of the controllers' writes they die. `CRASH_POINTS=all` tries every one of a rollout. */
const POINTS =
  process.env['CRASH_POINTS'] === 'all' ? Array.from({ length: 45 }, (_, index) => index + 1) : [1, 2, 3, 5, 8, 13, 21];

let cluster: Cluster;
let client: Client;
let stopping: AbortController;
let nodes: Promise<void>;
beforeEach(async () => {
  cluster = await startCluster();
  client = cluster.client;
  stopping = new AbortController();
  nodes = createHollowNode({ client, clock: systemClock, name: 'n1' }).run(stopping.signal);
});
afterEach(async () => {
  stopping.abort();
  await nodes;
  await cluster.close();
});

/** Controllers as a process of their own: they know nothing of those before them. */
async function startControllers(by: Client) {
  const stop = new AbortController();
  const controllers = createControllers({ client: by, clock: systemClock, log: silentLog });
  const running = controllers.run(stop.signal);
  await until('the controllers run', () => controllers.synced);
  return {
    async stop() {
      stop.abort();
      await running;
    },
  };
}

/** The fewest ready and the most active pods at any revision of the store. */
async function watchPods(signal: AbortSignal) {
  const { items, resourceVersion } = await client.list(PODS, { namespace });
  const pods = new Map<string, Pod>(items.map((pod) => [pod.metadata.name, pod]));
  const seen = { leastReady: Number.POSITIVE_INFINITY, mostActive: 0 };
  const follow = async () => {
    for await (const event of client.watch(PODS, { namespace, resourceVersion, signal })) {
      if (event.type === 'BOOKMARK') continue;
      if (event.type === 'DELETED') pods.delete(event.object.metadata.name);
      else pods.set(event.object.metadata.name, event.object);
      const active = [...pods.values()].filter(isActive);
      seen.mostActive = Math.max(seen.mostActive, active.length);
      seen.leastReady = Math.min(seen.leastReady, active.filter(isReady).length);
    }
  };
  return { seen, done: follow().catch(() => undefined) };
}

describe('src/controllers/create-controllers.ts, killed', () => {
  it.each(POINTS)('ends a rollout as declared, within its bounds, after dying at write %i', async (point) => {
    const strategy = { rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } };
    await client.create(DEPLOYMENTS, deploymentObject('v1', { strategy }));
    const first = await startControllers(client);
    await rolledOut(client);
    await first.stop();
    const watch = new AbortController();
    const { seen, done } = await watchPods(watch.signal);

    const { by, dead } = mortalClient(client, point);
    const second = await startControllers(by);
    const template = { spec: { containers: [{ name: 'main', image: 'v2' }] } };
    const web = { namespace, name: 'web' };
    await client.patch(DEPLOYMENTS, web, { type: 'strategic', body: { spec: { template } } });
    await until('they die, or are done', async () => {
      const deployment = await client.get(DEPLOYMENTS, web);
      return dead() || (deployment !== undefined && isRolledOut(deployment));
    });
    await delay(20); // Calls under way come to their end.
    await second.stop();

    const third = await startControllers(client);
    await rolledOut(client);
    const active = (await client.list(PODS, { namespace })).items.filter(isActive);
    expect(active.map(({ spec }) => spec.containers[0]?.image)).toEqual(['v2', 'v2', 'v2']);
    expect((await client.list(REPLICA_SETS, { namespace })).items).toHaveLength(2);
    await third.stop();
    watch.abort();
    await done;
    expect(seen.leastReady).toBeGreaterThanOrEqual(3);
    expect(seen.mostActive).toBeLessThanOrEqual(4);
  });
});
