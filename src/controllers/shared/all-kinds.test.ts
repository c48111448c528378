import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  CONFIG_MAPS,
  CUSTOM_RESOURCE_DEFINITIONS,
  isApiError,
  type KubeObject,
  NAMESPACES,
  type ResourceType,
  type StoredObject,
} from '#api';
import { type BusyCluster, startBusyCluster } from '../../../test/support/busy-cluster.ts';
import { definitionObject } from '../../../test/support/definitions.ts';
import { until } from '../../../test/support/until.ts';

const CRON_TABS: ResourceType = {
  group: 'stable.example.com',
  version: 'v1',
  kind: 'CronTab',
  plural: 'crontabs',
  namespaced: true,
};

let cluster: BusyCluster;
beforeEach(async () => {
  cluster = await startBusyCluster(undefined, { beatMs: 10_000 });
  const definition = definitionObject();
  await cluster.client.create(CUSTOM_RESOURCE_DEFINITIONS, definition);
  await until('cron tabs are served', () => served());
});
afterEach(() => cluster.close());

const served = async () => {
  try {
    await cluster.client.list(CRON_TABS);
    return true;
  } catch (error) {
    if (isApiError(error, 'NotFound')) return false;
    throw error;
  }
};
const cronTab = (name: string, metadata: object = {}): KubeObject => ({
  apiVersion: 'stable.example.com/v1',
  kind: 'CronTab',
  metadata: { name, namespace: 'default', ...metadata },
  spec: {},
});
const ownedBy = ({ apiVersion, kind, metadata: { name, uid } }: StoredObject) => [{ apiVersion, kind, name, uid }];
const configMap = (name: string, owner: StoredObject): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: 'default', ownerReferences: ownedBy(owner) },
});
const gone = (resource: ResourceType, name: string) =>
  until(
    `${name} is gone`,
    async () => (await cluster.client.get(resource, { namespace: 'default', name })) === undefined,
  );

describe('src/controllers/shared/all-kinds.ts', () => {
  it('takes what a custom object owned with it, and a custom object with its owner', async () => {
    const { client } = cluster;
    const owner = await client.create(CRON_TABS, cronTab('owner'));
    const middle = await client.create(CONFIG_MAPS, configMap('middle', owner));
    await client.create(CRON_TABS, cronTab('leaf', { ownerReferences: ownedBy(middle) }));
    await client.create(CRON_TABS, cronTab('bystander'));
    await client.delete(CRON_TABS, owner.metadata);
    await gone(CONFIG_MAPS, 'middle');
    await gone(CRON_TABS, 'leaf');
    expect(await client.get(CRON_TABS, { namespace: 'default', name: 'bystander' })).toBeDefined();
  });

  it('lets a custom object wait for what it owns', async () => {
    const { client } = cluster;
    const owner = await client.create(CRON_TABS, cronTab('owner'));
    await client.create(CONFIG_MAPS, configMap('owned', owner));
    await client.delete(CRON_TABS, owner.metadata, { propagationPolicy: 'Foreground' });
    await gone(CRON_TABS, 'owner');
    expect(await client.get(CONFIG_MAPS, { namespace: 'default', name: 'owned' })).toBeUndefined();
  });

  it('empties a namespace of custom objects, and waits for those that are held', async () => {
    const { client } = cluster;
    await client.create(NAMESPACES, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } });
    const held = cronTab('held', { namespace: 'shop', finalizers: ['hold.example.com'] });
    await client.create(CRON_TABS, held);
    await client.delete(NAMESPACES, { name: 'shop' });
    await until('it tells what it waits for', async () => {
      const conditions = (await client.get(NAMESPACES, { name: 'shop' }))?.status?.conditions ?? [];
      return conditions.some(({ message }) => message?.includes('hold.example.com in 1 resource instances'));
    });
    await client.patch(CRON_TABS, held.metadata as StoredObject['metadata'], {
      type: 'merge',
      body: { metadata: { finalizers: null } },
    });
    await until('the namespace is gone', async () => (await client.get(NAMESPACES, { name: 'shop' })) === undefined);
  });

  it('lets a kind go with its definition, and takes it up again', async () => {
    const { client } = cluster;
    const { name } = definitionObject().metadata;
    await client.delete(CUSTOM_RESOURCE_DEFINITIONS, { name: name ?? '' });
    await until('cron tabs are not served', async () => !(await served()));
    await client.create(CUSTOM_RESOURCE_DEFINITIONS, definitionObject());
    await until('they are again', () => served());
    const owner = await client.create(CRON_TABS, cronTab('owner'));
    await client.create(CONFIG_MAPS, configMap('owned', owner));
    await client.delete(CRON_TABS, owner.metadata);
    await gone(CONFIG_MAPS, 'owned');
  });
});
