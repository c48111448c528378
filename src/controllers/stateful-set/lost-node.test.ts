import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { NODES, PODS, STATEFUL_SETS } from '#api';
import { silentLog } from '#base';
import { createControllers } from '#controllers';
import { type Cluster, startCluster } from '../../../test/support/cluster.ts';
import { hastyClock } from '../../../test/support/hasty-clock.ts';
import { createHollowNode } from '../../../test/support/hollow-node.ts';
import { until } from '../../../test/support/until.ts';

const namespace = 'default';
const labels = { app: 'db' };
/** A node counts as lost after two thirds of a second. */
const clock = hastyClock(60);

let cluster: Cluster;
let running: Promise<void>[];
const nodes = new Map<string, AbortController>();

function start(name: string): void {
  const stopping = new AbortController();
  nodes.set(name, stopping);
  running.push(createHollowNode({ client: cluster.client, clock, name, beatMs: 10_000 }).run(stopping.signal));
}

beforeEach(async () => {
  running = [];
  cluster = await startCluster({ clock });
  const { client } = cluster;
  const controllers = createControllers({ client, clock, log: silentLog });
  await cluster.run((signal) => controllers.run(signal));
  await until('the controllers run', () => controllers.synced);
  for (const name of ['n1', 'n2', 'n3']) start(name);
  await until('the nodes are there', async () => (await client.list(NODES)).items.length === 3);
});
afterEach(async () => {
  for (const stopping of nodes.values()) stopping.abort();
  await Promise.all(running);
  await cluster.close();
});

describe('src/controllers/stateful-set/stateful-set.ts, when a node is lost', () => {
  it('leaves its pod there until the node says that it has ended, and only then makes another', async () => {
    const { client } = cluster;
    const tolerations = ['not-ready', 'unreachable'].map((key) => ({
      key: `node.kubernetes.io/${key}`,
      operator: 'Exists',
      effect: 'NoExecute',
      tolerationSeconds: 5,
    }));
    const spec = {
      replicas: 3,
      podManagementPolicy: 'Parallel',
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { tolerations, containers: [{ name: 'main', image: 'a:1' }] } },
    };
    const set = { namespace, name: 'db' };
    await client.create(STATEFUL_SETS, { apiVersion: 'apps/v1', kind: 'StatefulSet', metadata: set, spec });
    const find = (name: string) => client.get(PODS, { namespace, name });
    const ready = (count: number) =>
      until(
        `${count} pods are ready`,
        async () => (await client.get(STATEFUL_SETS, set))?.status?.readyReplicas === count,
      );
    await ready(3);

    const before = await find('db-1');
    const lost = before?.spec.nodeName ?? '';
    nodes.get(lost)?.abort();
    const evicted = await until('its pod is told to go', async () => {
      const pod = await find('db-1');
      return pod?.metadata.deletionTimestamp !== undefined && pod;
    });
    expect(evicted.metadata.uid).toBe(before?.metadata.uid);
    // The set goes on meanwhile: whoever looks at it sees that the second pod is not to be made.
    await client.patch(STATEFUL_SETS, set, { type: 'merge', body: { spec: { replicas: 4 } } });
    await until('a further pod is ready', async () => (await find('db-3'))?.status?.phase === 'Running');
    expect((await find('db-1'))?.metadata.uid).toBe(before?.metadata.uid);

    start(lost);
    await ready(4);
    expect((await find('db-1'))?.metadata.uid).not.toBe(before?.metadata.uid);
  });
});
