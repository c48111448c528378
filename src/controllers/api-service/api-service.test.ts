import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ENDPOINT_SLICES, ENDPOINTS, type ResourceType, SERVICES, type StoredObject } from '#api';
import { type Cluster, startCluster } from '../../../test/support/cluster.ts';
import { settle } from '../../../test/support/fake-clock.ts';
import { until } from '../../../test/support/until.ts';
import { createControllers } from '../create-controllers.ts';
import { apiServiceObjects } from './api-service.plan.ts';

const OPTIONS = { clusterIP: '10.96.0.1', targetPort: 7443, endpoint: { ip: '10.96.0.1', port: 443 } };
const at = { namespace: 'default', name: 'kubernetes' };

describe('src/controllers/api-service/api-service.ts', () => {
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await startCluster();
    const { client, clock, log } = cluster;
    // All of them: those that keep Endpoints and mirror slices must leave these alone.
    const controllers = createControllers({ client, clock, log }, { apiService: OPTIONS });
    await cluster.run((signal) => controllers.run(signal));
  });
  afterAll(() => cluster.close());

  const get = <T extends StoredObject>(type: ResourceType<T>) => cluster.client.get(type, at);
  const stands = () =>
    until('all three say how the API is called', async () => {
      const [service, endpoints, slice] = await Promise.all([get(SERVICES), get(ENDPOINTS), get(ENDPOINT_SLICES)]);
      expect(service?.spec).toMatchObject({
        type: 'ClusterIP',
        clusterIP: '10.96.0.1',
        ports: [{ name: 'https', port: 443, targetPort: 7443, protocol: 'TCP' }],
      });
      const ports = [{ name: 'https', port: 443, protocol: 'TCP' }];
      expect(endpoints?.subsets).toEqual([{ addresses: [{ ip: '10.96.0.1' }], ports }]);
      expect(slice).toMatchObject({ metadata: { labels: { 'kubernetes.io/service-name': 'kubernetes' } }, ports });
      expect(slice?.endpoints).toEqual([{ addresses: ['10.96.0.1'], conditions: { ready: true } }]);
      return true;
    });
  const comesToRest = async () => {
    let before = -1;
    await until('nobody writes', async () => {
      const now = await cluster.revision();
      const same = now === before;
      before = now;
      for (let turn = 0; turn < 10; turn += 1) await settle();
      return same;
    });
  };

  it('makes the Service, its Endpoints and one slice, and then writes nothing', async () => {
    await stands();
    await comesToRest();
    const { items } = await cluster.client.list(ENDPOINT_SLICES, { namespace: 'default' });
    expect(items.map(({ metadata }) => metadata.name)).toEqual(['kubernetes']);
  });

  const wrongPorts = { ports: [{ name: 'https', port: 443, targetPort: 1 }] };
  it.each([
    ['a Service that is gone', () => cluster.client.delete(SERVICES, at)],
    ['Endpoints that are gone', () => cluster.client.delete(ENDPOINTS, at)],
    ['a slice that is gone', () => cluster.client.delete(ENDPOINT_SLICES, at)],
    [
      'what somebody else wrote',
      async () => {
        const patch = { type: 'merge' as const };
        await cluster.client.patch(SERVICES, at, { ...patch, body: { spec: wrongPorts } });
        await cluster.client.patch(ENDPOINTS, at, {
          ...patch,
          body: { subsets: [], metadata: { labels: { mine: 'too' } } },
        });
        await cluster.client.patch(ENDPOINT_SLICES, at, { ...patch, body: { endpoints: [] } });
      },
    ],
  ])('puts back %s', async (_, harm) => {
    const before = await cluster.revision();
    await harm();
    await until('it is put back', async () => (await cluster.revision()) > before + 1);
    await stands();
    await comesToRest();
    await stands();
  });

  it('leaves labels of others, and makes what it keeps', async () => {
    expect((await get(ENDPOINTS))?.metadata.labels).toMatchObject({ mine: 'too' });
    const { service, endpoints, slice } = apiServiceObjects(OPTIONS);
    expect([service, endpoints, slice].map(({ kind }) => kind)).toEqual(['Service', 'Endpoints', 'EndpointSlice']);
  });
});
