import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ENDPOINT_SLICES, PODS, SERVICES } from '#api';
import { type Cluster, podObject, startCluster } from '../../../test/support/cluster.ts';
import { settle } from '../../../test/support/fake-clock.ts';
import { until } from '../../../test/support/until.ts';
import { createEndpointSliceController, endpointSliceSources } from './endpoint-slice.ts';

let cluster: Cluster;
beforeEach(async () => {
  cluster = await startCluster();
  const { client, clock, informers } = cluster;
  const kinds = { services: informers.of(SERVICES), pods: informers.of(PODS), slices: informers.of(ENDPOINT_SLICES) };
  const controller = createEndpointSliceController({ client, clock, ...kinds }, { limit: 2 });
  await cluster.run(cluster.loop(controller, endpointSliceSources(kinds)));
});
afterEach(() => cluster.close());

const namespace = 'default';
const labels = { app: 'web' };
const makeService = () =>
  cluster.client.create(SERVICES, {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'web', namespace },
    spec: { selector: labels, ports: [{ port: 80, targetPort: 8080 }] },
  });
const say = (name: string, podIP: string, ready: boolean) => {
  const conditions = [{ type: 'Ready', status: ready ? 'True' : 'False' }];
  const body = { status: { phase: 'Running', podIP, conditions } };
  return cluster.client.patch(PODS, { namespace, name }, { type: 'strategic', body }, { subresource: 'status' });
};
const makePod = async (name: string, podIP: string) => {
  await cluster.client.create(PODS, podObject(name, { metadata: { labels }, spec: { nodeName: 'n1' } }));
  await say(name, podIP, true);
};
const slices = async () => (await cluster.client.list(ENDPOINT_SLICES, { namespace })).items;
const ready = async () =>
  (await slices())
    .flatMap(({ endpoints }) => endpoints)
    .filter(({ conditions }) => conditions?.ready)
    .map(({ addresses }) => addresses[0])
    .sort();
const becomes = (...addresses: readonly string[]) =>
  until(`${addresses.join(', ')} are ready`, async () => (await ready()).join() === addresses.join());

describe('src/controllers/endpoint-slice/endpoint-slice.ts, pod by pod', () => {
  it('follows pods as they come, become ready, go and are gone', async () => {
    await makeService();
    await until('there is a slice to watch', async () => (await slices()).length === 1);
    await makePod('a', '10.0.0.1');
    await makePod('b', '10.0.0.2');
    await becomes('10.0.0.1', '10.0.0.2');
    await say('a', '10.0.0.1', false);
    await becomes('10.0.0.2');
    await say('a', '10.0.0.1', true);
    await becomes('10.0.0.1', '10.0.0.2');
    await cluster.client.delete(PODS, { namespace, name: 'a' });
    await becomes('10.0.0.2');
    const [slice] = await slices();
    const going = slice?.endpoints.find(({ addresses }) => addresses[0] === '10.0.0.1');
    expect(going?.conditions).toEqual({ ready: false, serving: true, terminating: true });
    await cluster.client.delete(PODS, { namespace, name: 'a' }, { gracePeriodSeconds: 0 });
    await until('it is gone', async () => (await slices()).flatMap(({ endpoints }) => endpoints).length === 1);
  });

  it('spreads over slices, mends one that somebody broke, and lets go of pods that are no longer meant', async () => {
    await makeService();
    for (const at of [1, 2, 3]) await makePod(`p${at}`, `10.0.0.${at}`);
    await becomes('10.0.0.1', '10.0.0.2', '10.0.0.3');
    const all = await slices();
    expect(all.map(({ endpoints }) => endpoints.length).sort()).toEqual([1, 2]);
    const broken = all.find(({ endpoints }) => endpoints.length === 2);
    await cluster.client.patch(ENDPOINT_SLICES, broken?.metadata ?? { name: '' }, {
      type: 'merge',
      body: { endpoints: [] },
    });
    await becomes('10.0.0.1', '10.0.0.2', '10.0.0.3');
    const unlabel = { metadata: { labels: { app: 'other' } } };
    await cluster.client.patch(PODS, { namespace, name: 'p2' }, { type: 'merge', body: unlabel });
    await becomes('10.0.0.1', '10.0.0.3');
  });

  it('writes nothing for what does not change an endpoint', async () => {
    await makeService();
    await makePod('a', '10.0.0.1');
    await becomes('10.0.0.1');
    await until('one slice is left', async () => (await slices()).length === 1);
    const [before] = await slices();
    const body = { status: { conditions: [{ type: 'ContainersReady', status: 'True' }] } };
    await cluster.client.patch(PODS, { namespace, name: 'a' }, { type: 'strategic', body }, { subresource: 'status' });
    await settle();
    expect((await slices())[0]?.metadata.resourceVersion).toBe(before?.metadata.resourceVersion);
  });
});
