import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { PODS, REPLICATION_CONTROLLERS } from '#api';
import { type Cluster, podObject, startCluster } from '../../../test/support/cluster.ts';
import { until } from '../../../test/support/until.ts';
import { createReplicationControllerController, replicationControllerSources } from './replication-controller.ts';

let cluster: Cluster;
beforeEach(async () => {
  cluster = await startCluster();
  const { client, clock, events, informers } = cluster;
  const kinds = { replicationControllers: informers.of(REPLICATION_CONTROLLERS), pods: informers.of(PODS) };
  const controller = createReplicationControllerController({ client, clock, events, ...kinds });
  await cluster.run(cluster.loop(controller, replicationControllerSources(kinds)));
});
afterEach(() => cluster.close());

const key = { namespace: 'default', name: 'web' };
const labels = { app: 'web' };
const spec = (replicas: number) => ({
  replicas,
  template: { metadata: { labels }, spec: { containers: [{ name: 'main', image: 'sample:1' }] } },
});
const pods = async () => (await cluster.client.list(PODS, { namespace: 'default', labelSelector: 'app=web' })).items;
const counted = (replicas: number) =>
  until(`it counts ${replicas} pods`, async () => {
    const found = await cluster.client.get(REPLICATION_CONTROLLERS, key);
    return found?.status?.replicas === replicas && found.status.observedGeneration === found.metadata.generation;
  });

describe('src/controllers/replica-set/replication-controller.ts', () => {
  it('adopts the pod that its template selects, makes the others, gives up what is too many, and then rests', async () => {
    const { client } = cluster;
    const orphan = await client.create(PODS, podObject('orphan', { metadata: { labels } }));
    // Its selector is left out: it is the template's labels.
    const made = await client.create(REPLICATION_CONTROLLERS, {
      apiVersion: 'v1',
      kind: 'ReplicationController',
      metadata: key,
      spec: spec(3),
    });
    await counted(3);
    const three = await pods();
    expect(three.map(({ metadata }) => metadata.uid)).toContain(orphan.metadata.uid);
    const owner = { kind: 'ReplicationController', uid: made.metadata.uid, controller: true };
    for (const { metadata } of three) expect(metadata.ownerReferences).toEqual([expect.objectContaining(owner)]);
    await client.patch(REPLICATION_CONTROLLERS, key, { type: 'merge', body: { spec: { replicas: 1 } } });
    await counted(1);
    expect(await pods()).toHaveLength(1);

    await cluster.events.flush();
    const before = await cluster.revision();
    // A pod of somebody else wakes every loop, and changes nothing here.
    await client.create(PODS, podObject('other'));
    await until('the pod is seen', () => cluster.informers.of(PODS).get('default/other') !== undefined);
    await cluster.events.flush();
    expect(await cluster.revision()).toBe(before + 1);
  });
});
