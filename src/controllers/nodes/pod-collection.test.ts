import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { NODES, PODS } from '#api';
import { silentLog } from '#base';
import { type Cluster, podObject, startCluster } from '../../../test/support/cluster.ts';
import { FakeClock, settle } from '../../../test/support/fake-clock.ts';
import { until } from '../../../test/support/until.ts';
import { createPodCollectionController, podCollectionDefaults, podCollectionSources } from './pod-collection.ts';

const namespace = 'default';

describe('src/controllers/nodes/pod-collection.ts', () => {
  let clock: FakeClock;
  let cluster: Cluster;
  beforeEach(async () => {
    clock = new FakeClock();
    cluster = await startCluster({ clock, log: silentLog });
    const { client, informers } = cluster;
    const kinds = { nodes: informers.of(NODES), pods: informers.of(PODS) };
    const options = { ...podCollectionDefaults, keepFinished: 3, burst: 2 };
    const controller = createPodCollectionController({ client, clock, ...kinds }, options);
    await cluster.run(cluster.loop(controller, podCollectionSources(kinds)));
  });
  afterEach(() => cluster.close());

  const names = async () => (await cluster.client.list(PODS, { namespace })).items.map(({ metadata }) => metadata.name);
  const make = async (name: string) => {
    await cluster.client.create(PODS, podObject(name));
    await clock.advance(1_000);
  };
  const end = async (name: string, status: object) => {
    const at = { namespace, name };
    await cluster.client.patch(PODS, at, { type: 'merge', body: { status } as never }, { subresource: 'status' });
    await settle();
  };
  const come = (...expected: readonly string[]) =>
    until(`${expected.join()} are left`, async () => {
      await clock.advance(1_000);
      return (await names()).join() === expected.join();
    });

  it('keeps so many that ended: the oldest go, whichever ended last, and none that runs', async () => {
    for (const name of ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'running']) await make(name);
    for (const name of ['c', 'b', 'a']) await end(name, { phase: 'Succeeded' });
    await clock.advance(60_000);
    expect(await names()).toEqual(['a', 'b', 'c', 'd', 'e', 'f', 'g', 'running']);
    await end('d', { phase: 'Failed' });
    await come('b', 'c', 'd', 'e', 'f', 'g', 'running');
    await end('g', { phase: 'Failed', reason: 'Evicted' });
    await come('b', 'c', 'd', 'e', 'f', 'running');
  });

  it('goes on until there are few enough, some at a time', async () => {
    const all = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];
    for (const name of all) await make(name);
    await Promise.all(all.map((name) => end(name, { phase: 'Failed' })));
    await come('f', 'g', 'h');
  });
});
