import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CONTROLLER_REVISIONS, DAEMON_SETS, type DaemonSet, type KubeObject, NODES, PODS, type Pod } from '#api';
import { type BusyCluster, listPods, startBusyCluster } from '../../../test/support/busy-cluster.ts';
import { nodeObject } from '../../../test/support/cluster.ts';
import { until } from '../../../test/support/until.ts';

const key = { namespace: 'default', name: 'agent' };
const labels = { app: 'agent' };
const daemonSet = (image: string, spec: object = {}): KubeObject => ({
  apiVersion: 'apps/v1',
  kind: 'DaemonSet',
  metadata: key,
  spec: {
    selector: { matchLabels: labels },
    template: { metadata: { labels }, spec: { containers: [{ name: 'main', image }] } },
    ...spec,
  },
});

describe('src/controllers/daemon-set/daemon-set.ts', () => {
  let cluster: BusyCluster;
  beforeEach(async () => {
    cluster = await startBusyCluster();
  });
  afterEach(() => cluster.close());

  const get = () => cluster.client.get(DAEMON_SETS, key);
  const revisions = async () =>
    (await cluster.client.list(CONTROLLER_REVISIONS, { namespace: 'default' })).items.toSorted(
      (a, b) => a.revision - b.revision,
    );
  const settled = (nodes: number): Promise<DaemonSet> =>
    until(`${nodes} nodes have it`, async () => {
      const found = await get();
      const { desiredNumberScheduled, updatedNumberScheduled = 0, numberAvailable = 0 } = found?.status ?? {};
      const isSeen = found?.status?.observedGeneration === found?.metadata.generation;
      const counts = [desiredNumberScheduled, updatedNumberScheduled, numberAvailable];
      return isSeen && counts.every((count) => count === nodes) && found;
    });
  const imageOf = ({ spec }: Pod) => spec.containers[0]?.image;
  const apply = (image: string, spec: object = {}) =>
    cluster.client.apply(DAEMON_SETS, daemonSet(image, spec), { fieldManager: 'test', force: true });

  it('runs one pod on every node, follows nodes and labels, and then rests', async () => {
    await apply('a:1', { template: { metadata: { labels }, spec: { containers: [{ name: 'main', image: 'a:1' }] } } });
    await settled(2);
    const pods = await listPods(cluster.client);
    expect(pods.map(({ spec }) => spec.nodeName).sort()).toEqual(['n1', 'n2']);
    expect(pods[0]?.metadata.labels?.['pod-template-generation']).toBe('1');

    await cluster.client.create(NODES, nodeObject('n3', { spec: { unschedulable: true } }));
    await until('the third node is wanted', async () => (await get())?.status?.desiredNumberScheduled === 3);
    await until('its pod is placed', async () =>
      (await listPods(cluster.client)).some(({ spec }) => spec.nodeName === 'n3'),
    );
    await cluster.client.delete(NODES, { name: 'n3' });
    await settled(2);

    // A pod that somebody deletes comes back on its node.
    const [first] = pods;
    await cluster.client.delete(PODS, first?.metadata ?? { name: '' });
    await until('there is another', async () => {
      // The third node's pod is left to whoever collects the pods of lost nodes.
      const now = (await listPods(cluster.client)).filter(({ spec }) => spec.nodeName !== 'n3');
      return now.length === 2 && now.every(({ metadata }) => metadata.uid !== first?.metadata.uid);
    });
    await settled(2);
    const before = await cluster.revision();
    await cluster.client.patch(
      NODES,
      { name: 'n1' },
      { type: 'merge', body: { metadata: { annotations: { a: '1' } } } },
    );
    await until('the note is seen', async () => (await cluster.revision()) === before + 1);
    expect(await revisions()).toHaveLength(1);
    expect(cluster.warnings).toEqual([]);
  });

  it('rolls a new template node by node, keeps the old ones as revisions, and goes back', async () => {
    await apply('a:1');
    await settled(2);
    cluster.setOutcome((pod) => (imageOf(pod) === 'a:2' ? 'running' : 'ready'));
    await apply('a:2');
    await until('one node has the new one', async () =>
      (await listPods(cluster.client)).some((pod) => imageOf(pod) === 'a:2'),
    );
    const images = async () => (await listPods(cluster.client)).map(imageOf).sort();
    await until('it waits for it', async () => (await get())?.status?.numberUnavailable === 1);
    expect(await images()).toEqual(['a:1', 'a:2']);
    cluster.setOutcome(() => 'ready');
    await settled(2);
    expect(await images()).toEqual(['a:2', 'a:2']);
    expect((await revisions()).map(({ revision }) => revision)).toEqual([1, 2]);

    await apply('a:1');
    await settled(2);
    expect(await images()).toEqual(['a:1', 'a:1']);
    const [second, third] = await revisions();
    expect([second?.revision, third?.revision]).toEqual([2, 3]);
    expect(JSON.stringify(third?.data)).toContain('a:1');
  });

  it('forgets revisions beyond its limit', async () => {
    for (const version of [1, 2, 3, 4]) {
      await apply(`a:${version}`, { revisionHistoryLimit: 1 });
      await settled(2);
    }
    await until('two are left', async () => (await revisions()).length === 2);
    expect((await revisions()).map(({ revision }) => revision)).toEqual([3, 4]);
  });

  it('surges where it may: the old pod goes when the new one serves', async () => {
    const updateStrategy = { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } };
    await apply('a:1', { updateStrategy });
    await settled(2);
    cluster.setOutcome((pod) => (imageOf(pod) === 'a:2' ? 'running' : 'ready'));
    await apply('a:2', { updateStrategy });
    const images = async () => (await listPods(cluster.client)).map(imageOf).sort();
    await until('one is there beside the old one', async () => (await images()).length === 3);
    expect(await images()).toEqual(['a:1', 'a:1', 'a:2']);
    cluster.setOutcome(() => 'ready');
    await settled(2);
    await until('the old ones are gone', async () => (await images()).every((image) => image === 'a:2'));
  });

  it('replaces a pod that failed, and says so', async () => {
    let failures = 1;
    cluster.setOutcome(({ spec }) => (spec.nodeName === 'n1' && failures-- > 0 ? 'failed' : 'ready'));
    await apply('a:1');
    await settled(2);
    expect(cluster.warnings).toEqual([]);
  });

  it('takes its pods and revisions with it', async () => {
    await apply('a:1');
    await settled(2);
    await cluster.client.delete(DAEMON_SETS, key, { propagationPolicy: 'Background' });
    await until('all is gone', async () => (await listPods(cluster.client)).length + (await revisions()).length === 0);
  });
});
