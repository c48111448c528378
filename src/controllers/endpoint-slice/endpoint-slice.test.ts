import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DEPLOYMENTS, ENDPOINT_SLICES, SERVICES } from '#api';
import type { Client } from '#client';
import {
  type BusyCluster,
  deploymentObject,
  labels,
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
  cluster = await startBusyCluster(undefined, { beatMs: 10_000 });
  client = cluster.client;
  const spec = { selector: labels, ports: [{ port: 80, targetPort: 8080 }] };
  await client.create(SERVICES, { apiVersion: 'v1', kind: 'Service', metadata: { name: 'web', namespace }, spec });
});
afterEach(async () => {
  await cluster.close();
  expect(cluster.warnings).toEqual([]);
});

const slices = async () => (await client.list(ENDPOINT_SLICES, { namespace })).items;
const told = async () => {
  const ready = (await slices()).flatMap(({ endpoints = [] }) =>
    endpoints.filter(({ conditions }) => conditions?.ready),
  );
  return ready.flatMap(({ addresses }) => addresses).sort();
};
const wanted = async () => {
  const serving = (await listPods(client)).filter((pod) => isActive(pod) && isReady(pod));
  return serving.map(({ status }) => status?.podIP).sort();
};
const agree = (count: number) =>
  until('endpoints and pods agree', async () => {
    const [found, expected] = await Promise.all([told(), wanted()]);
    return found.length === count && found.join() === expected.join();
  });

describe('src/controllers/endpoint-slice/endpoint-slice.ts', () => {
  it('follows the ready pods of a Service through a rollout, and goes with the Service', async () => {
    await client.create(DEPLOYMENTS, deploymentObject('v1'));
    await rolledOut(client);
    await agree(3);
    const template = { spec: { containers: [{ name: 'main', image: 'v2' }] } };
    await client.patch(DEPLOYMENTS, { namespace, name: 'web' }, { type: 'strategic', body: { spec: { template } } });
    await rolledOut(client);
    await agree(3);
    await client.patch(DEPLOYMENTS, { namespace, name: 'web' }, { type: 'merge', body: { spec: { replicas: 0 } } });
    await agree(0);
    expect(await slices()).toHaveLength(1);
    await client.delete(SERVICES, { namespace, name: 'web' });
    await until('the slices go', async () => (await slices()).length === 0);
  });

  it('takes a pod out as soon as it is not ready', async () => {
    await client.create(DEPLOYMENTS, deploymentObject('v1'));
    await rolledOut(client);
    await agree(3);
    const [sick] = await listPods(client);
    cluster.setOutcome((pod) => (pod.metadata.uid === sick?.metadata.uid ? 'running' : 'ready'));
    await agree(2);
    const all = (await slices()).flatMap(({ endpoints = [] }) => endpoints);
    expect(all.find(({ targetRef }) => targetRef?.uid === sick?.metadata.uid)?.conditions).toEqual({
      ready: false,
      serving: false,
      terminating: false,
    });
  });
});
