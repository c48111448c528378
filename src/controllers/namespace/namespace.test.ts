import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CONFIG_MAPS, DEPLOYMENTS, NAMESPACES, PODS, SERVICE_ACCOUNTS } from '#api';
import type { Client } from '#client';
import { type BusyCluster, deploymentObject, startBusyCluster } from '../../../test/support/busy-cluster.ts';
import { until } from '../../../test/support/until.ts';
import { isReady } from '../shared/pods.plan.ts';

let cluster: BusyCluster;
let client: Client;
beforeEach(async () => {
  cluster = await startBusyCluster(undefined, { beatMs: 10_000 });
  client = cluster.client;
  await client.create(NAMESPACES, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } });
});
afterEach(async () => {
  await cluster.close();
  expect(cluster.warnings).toEqual([]);
});

const account = () => client.get(SERVICE_ACCOUNTS, { namespace: 'shop', name: 'default' });
const ca = () => client.get(CONFIG_MAPS, { namespace: 'shop', name: 'kube-root-ca.crt' });
const find = () => client.get(NAMESPACES, { name: 'shop' });
const furnished = () =>
  until('it is furnished', async () => (await account()) !== undefined && (await ca())?.data?.['ca.crt'] === 'PEM');

describe('src/controllers/namespace/namespace.ts', () => {
  it('gives a namespace what pods expect, and gives it again when it is taken away', async () => {
    await furnished();
    await client.delete(SERVICE_ACCOUNTS, { namespace: 'shop', name: 'default' });
    const body = { data: { 'ca.crt': 'forged' } };
    await client.patch(CONFIG_MAPS, { namespace: 'shop', name: 'kube-root-ca.crt' }, { type: 'merge', body });
    await furnished();
  });

  it('empties a namespace before it goes', async () => {
    const object = deploymentObject('v1');
    await client.create(DEPLOYMENTS, { ...object, metadata: { ...object.metadata, namespace: 'shop' } });
    const pods = async () => (await client.list(PODS, { namespace: 'shop' })).items;
    await until('its pods run', async () => (await pods()).length === 3 && (await pods()).every(isReady));
    await client.delete(NAMESPACES, { name: 'shop' });
    await until('it is gone', async () => (await find()) === undefined);
    expect(await pods()).toEqual([]);
  });

  it('waits for what has a finalizer, and names it', async () => {
    await furnished();
    const held = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'held', namespace: 'shop', finalizers: ['example.com/x'] },
    };
    await client.create(CONFIG_MAPS, held);
    await client.delete(NAMESPACES, { name: 'shop' });
    const told = await until('it is told', async () =>
      (await find())?.status?.conditions?.find(
        ({ type, status }) => type === 'NamespaceFinalizersRemaining' && status === 'True',
      ),
    );
    expect(told.message).toContain('example.com/x in 1 resource instances');
    await client.patch(CONFIG_MAPS, held.metadata, { type: 'merge', body: { metadata: { finalizers: null } } });
    await until('it is gone', async () => (await find()) === undefined);
  });
});
