import { afterEach, beforeEach, describe, it } from 'vitest';
import { ENDPOINT_SLICES, ENDPOINTS, type KubeObject, PODS, SERVICES } from '#api';
import type { Client } from '#client';
import { type Cluster, podObject, startCluster } from '../../../test/support/cluster.ts';
import { settle } from '../../../test/support/fake-clock.ts';
import { until } from '../../../test/support/until.ts';
import { createControllers } from '../create-controllers.ts';

const namespace = 'default';
const web = { namespace, name: 'web' };
let cluster: Cluster;
let client: Client;
let stop: () => Promise<void>;

/** All controllers: those that write slices and Endpoints must leave each other's alone. */
function startControllers() {
  const stopping = new AbortController();
  const controllers = createControllers({ client, clock: cluster.clock, log: cluster.log });
  const running = controllers.run(stopping.signal);
  return async () => {
    stopping.abort();
    await running;
  };
}
beforeEach(async () => {
  cluster = await startCluster();
  client = cluster.client;
  stop = startControllers();
});
afterEach(async () => {
  await stop();
  await cluster.close();
});

const service = (spec: object): KubeObject => ({ apiVersion: 'v1', kind: 'Service', metadata: web, spec });
const ports = [{ name: 'http', port: 80, protocol: 'TCP' }];
const custom = (...ips: readonly string[]): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Endpoints',
  metadata: web,
  subsets: [{ addresses: ips.map((ip) => ({ ip })), ports }],
});
/** Addresses by who wrote them: `endpoints`, and each managing controller's slices. */
const told = async () => {
  const { subsets = [] } = (await client.get(ENDPOINTS, web)) ?? {};
  const slices = (await client.list(ENDPOINT_SLICES, { namespace, labelSelector: 'kubernetes.io/service-name=web' }))
    .items;
  const by = (manager: string) =>
    slices
      .filter(({ metadata }) => metadata.labels?.['endpointslice.kubernetes.io/managed-by'] === manager)
      .flatMap(({ endpoints }) => (endpoints ?? []).flatMap(({ addresses }) => addresses));
  return {
    endpoints: subsets.flatMap(({ addresses = [] }) => addresses.map(({ ip }) => ip)),
    selected: by('endpointslice-controller.k8s.io'),
    mirrored: by('endpointslicemirroring-controller.k8s.io'),
  };
};
const say = (expected: object) =>
  until(`they say ${JSON.stringify(expected)}`, async () => {
    const found = await told();
    if (JSON.stringify(found) === JSON.stringify(expected)) return true;
    throw new Error(JSON.stringify(found));
  });
const rest = async () => {
  let before = -1;
  await until('nobody writes', async () => {
    const now = await cluster.revision();
    const same = now === before;
    before = now;
    for (let turn = 0; turn < 10; turn += 1) await settle();
    return same;
  });
};

describe('src/controllers/endpoints/endpoints.ts', () => {
  it('keeps Endpoints and slices of a Service with a selector, and takes both with it', async () => {
    await client.create(SERVICES, service({ selector: { app: 'web' }, ports }));
    await say({ endpoints: [], selected: [], mirrored: [] });
    await until('there are Endpoints', async () => (await client.get(ENDPOINTS, web)) !== undefined);
    await client.create(PODS, podObject('a', { metadata: { labels: { app: 'web' } } }));
    const conditions = [{ type: 'Ready', status: 'True' }];
    const body = { status: { phase: 'Running', podIP: '10.244.0.5', podIPs: [{ ip: '10.244.0.5' }], conditions } };
    await client.patch(PODS, { namespace, name: 'a' }, { type: 'merge', body }, { subresource: 'status' });
    await say({ endpoints: ['10.244.0.5'], selected: ['10.244.0.5'], mirrored: [] });
    // Somebody else's word does not last.
    await client.patch(ENDPOINTS, web, { type: 'merge', body: { subsets: custom('10.9.9.9')['subsets'] as never } });
    await say({ endpoints: ['10.244.0.5'], selected: ['10.244.0.5'], mirrored: [] });
    await rest();
    await client.delete(SERVICES, web);
    await until('both are gone', async () => (await client.get(ENDPOINTS, web)) === undefined);
    await say({ endpoints: [], selected: [], mirrored: [] });
  });

  it('leaves Endpoints alone that come before their Service, and mirrors them once it is there', async () => {
    await client.create(ENDPOINTS, custom('192.0.2.1'));
    await rest();
    await client.create(SERVICES, service({ ports }));
    await say({ endpoints: ['192.0.2.1'], selected: [], mirrored: ['192.0.2.1'] });
    await client.update(ENDPOINTS, {
      ...(await client.get(ENDPOINTS, web)),
      ...custom('192.0.2.1', '192.0.2.2'),
    } as never);
    await say({ endpoints: ['192.0.2.1', '192.0.2.2'], selected: [], mirrored: ['192.0.2.1', '192.0.2.2'] });
    await rest();
    await client.delete(ENDPOINTS, web);
    await say({ endpoints: [], selected: [], mirrored: [] });
  });

  it('takes Endpoints away whose Service went while nobody looked', async () => {
    await client.create(SERVICES, service({ selector: { app: 'web' }, ports }));
    await until('there are Endpoints', async () => (await client.get(ENDPOINTS, web)) !== undefined);
    await stop();
    await client.delete(SERVICES, web);
    stop = startControllers();
    await until('they are gone', async () => (await client.get(ENDPOINTS, web)) === undefined);
  });
});
