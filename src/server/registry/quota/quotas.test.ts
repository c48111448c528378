import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  CONFIG_MAPS,
  CUSTOM_RESOURCE_DEFINITIONS,
  isApiError,
  type KubeObject,
  PERSISTENT_VOLUME_CLAIMS,
  PODS,
  RESOURCE_QUOTAS,
  type ResourceType,
  SERVICES,
} from '#api';
import { type Cluster, podObject, startCluster } from '../../../../test/support/cluster.ts';
import { definitionObject } from '../../../../test/support/definitions.ts';
import { until } from '../../../../test/support/until.ts';

const namespace = 'default';
const CRON_TABS: ResourceType = {
  group: 'stable.example.com',
  version: 'v1',
  kind: 'CronTab',
  plural: 'crontabs',
  namespaced: true,
};

describe('src/server/registry/quota/quotas.ts', () => {
  let cluster: Cluster;
  beforeEach(async () => {
    cluster = await startCluster();
  });
  afterEach(() => cluster.close());

  const at = (name: string) => ({ namespace, name });
  const limit = (hard: Record<string, string>, spec: object = {}, name = 'quota') =>
    cluster.client.create(RESOURCE_QUOTAS, {
      apiVersion: 'v1',
      kind: 'ResourceQuota',
      metadata: at(name),
      spec: { hard, ...spec },
    });
  const used = async (name = 'quota') => (await cluster.client.get(RESOURCE_QUOTAS, at(name)))?.status?.used;
  const usedIs = (wanted: Record<string, string>, name = 'quota') =>
    until(`${name} has used ${JSON.stringify(wanted)}`, async () => {
      const status = (await cluster.client.get(RESOURCE_QUOTAS, at(name)))?.status;
      return JSON.stringify(status?.used) === JSON.stringify(wanted) && status;
    });
  const pod = (name: string, cpu = '100m') =>
    podObject(name, { spec: { containers: [{ name: 'main', image: 'sample:1', resources: { requests: { cpu } } }] } });
  const config = (name: string): KubeObject => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: at(name) });

  it('never lets more in than fits, however many come at once, and each is charged when it is stored', async () => {
    await limit({ pods: '30', 'requests.cpu': '1' });
    const names = Array.from({ length: 40 }, (_, index) => `p${index}`);
    const outcomes = await Promise.allSettled(names.map((name) => cluster.client.create(PODS, pod(name))));
    const refused = outcomes.flatMap((each) => (each.status === 'rejected' ? [each.reason as unknown] : []));
    expect(refused).toHaveLength(30);
    expect(refused.every((error) => isApiError(error, 'Forbidden'))).toBe(true);
    expect(String(refused.at(-1))).toContain(
      'exceeded quota: quota, requested: requests.cpu=100m, used: requests.cpu=1, limited: requests.cpu=1',
    );
    expect(await used()).toEqual({ pods: '10', 'requests.cpu': '1' });
    expect((await cluster.client.list(PODS)).items).toHaveLength(10);
  });

  it('counts what there is, and gives back what goes or ends', async () => {
    await cluster.client.create(CONFIG_MAPS, config('before'));
    await limit({ configmaps: '9', 'count/configmaps': '9', pods: '9' });
    const { hard } = await usedIs({ configmaps: '1', 'count/configmaps': '1', pods: '0' });
    expect(hard).toEqual({ configmaps: '9', 'count/configmaps': '9', pods: '9' });
    await cluster.client.delete(CONFIG_MAPS, at('before'));
    await cluster.client.create(PODS, pod('a'));
    await usedIs({ configmaps: '0', 'count/configmaps': '0', pods: '1' });
    const ended = { type: 'merge', body: { status: { phase: 'Succeeded' } } } as const;
    await cluster.client.patch(PODS, at('a'), ended, { subresource: 'status' });
    await usedIs({ configmaps: '0', 'count/configmaps': '0', pods: '0' });
    const more = { type: 'merge', body: { spec: { hard: { 'count/pods': '5', configmaps: null } } } } as const;
    await cluster.client.patch(RESOURCE_QUOTAS, at('quota'), more);
    await usedIs({ 'count/configmaps': '0', 'count/pods': '1', pods: '0' });
  });

  it('holds as soon as it stands, before anybody has counted', async () => {
    for (const name of ['a', 'b']) await cluster.client.create(CONFIG_MAPS, config(name));
    await limit({ configmaps: '2' });
    await expect(cluster.client.create(CONFIG_MAPS, config('c'))).rejects.toThrow(
      'configmaps "c" is forbidden: exceeded quota: quota, requested: configmaps=1, used: configmaps=2, limited: configmaps=2',
    );
  });

  it('asks of what changes what it uses more than before', async () => {
    await limit({ 'services.nodeports': '1', 'requests.storage': '3Gi', services: '1' });
    const spec = { selector: { app: 'web' }, ports: [{ port: 80 }] };
    await cluster.client.create(SERVICES, { apiVersion: 'v1', kind: 'Service', metadata: at('web'), spec });
    const type = (body: object) => cluster.client.patch(SERVICES, at('web'), { type: 'merge', body: body as never });
    await type({ spec: { type: 'NodePort' } });
    expect(await used()).toMatchObject({ 'services.nodeports': '1', services: '1' });
    const two = [
      { name: 'a', port: 80 },
      { name: 'b', port: 81 },
    ];
    await expect(type({ spec: { ports: two } })).rejects.toThrow(
      'exceeded quota: quota, requested: services.nodeports=1, used: services.nodeports=1, limited: services.nodeports=1',
    );
    await type({ spec: { type: 'ClusterIP' } });
    await usedIs({ 'requests.storage': '0', services: '1', 'services.nodeports': '0' });
    const claim = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '4Gi' } } };
    const identity = { apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: at('c') };
    await expect(cluster.client.create(PERSISTENT_VOLUME_CLAIMS, { ...identity, spec: claim })).rejects.toThrow(
      'requested: requests.storage=4Gi, used: requests.storage=0, limited: requests.storage=3Gi',
    );
  });

  it('charges changes that come at once, while others are created', async () => {
    await limit({ 'services.nodeports': '50' });
    const spec = { ports: [{ port: 80 }] };
    const create = (name: string, more: object = {}) =>
      cluster.client.create(SERVICES, {
        apiVersion: 'v1',
        kind: 'Service',
        metadata: at(name),
        spec: { ...spec, ...more },
      });
    const old = Array.from({ length: 25 }, (_, index) => `old-${index}`);
    await Promise.all(old.map((name) => create(name)));
    const body = { spec: { type: 'NodePort' } };
    await Promise.all(
      old.flatMap((name, index) => [
        create(`new-${index}`, { type: 'NodePort' }),
        cluster.client.patch(SERVICES, at(name), { type: 'merge', body }),
      ]),
    );
    expect(await used()).toEqual({ 'services.nodeports': '50' });
  });

  it('counts custom resources, and every quota that is about a pod', async () => {
    await cluster.client.create(CUSTOM_RESOURCE_DEFINITIONS, definitionObject());
    await limit({ 'count/crontabs.stable.example.com': '1' });
    await limit({ pods: '5' }, { scopes: ['BestEffort'] }, 'best-effort');
    await limit({ pods: '5' }, {}, 'all');
    const tab = { apiVersion: 'stable.example.com/v1', kind: 'CronTab', spec: {} };
    await until('the first is made', async () => {
      try {
        return await cluster.client.create(CRON_TABS, { ...tab, metadata: at('one') });
      } catch (error) {
        if (isApiError(error, 'NotFound')) return false;
        throw error;
      }
    });
    const second = cluster.client.create(CRON_TABS, { ...tab, metadata: at('two') });
    await expect(second).rejects.toThrow('exceeded quota: quota');
    await cluster.client.create(PODS, podObject('plain'));
    await cluster.client.create(PODS, pod('asking'));
    await usedIs({ pods: '1' }, 'best-effort');
    await usedIs({ pods: '2' }, 'all');
  });

  it('tries without charging, and rests when nothing changes', async () => {
    await limit({ configmaps: '1' });
    await usedIs({ configmaps: '0' });
    const before = await cluster.revision();
    await cluster.client.create(CONFIG_MAPS, config('a'), { dryRun: true });
    expect(await cluster.revision()).toBe(before);
    await cluster.client.create(CONFIG_MAPS, config('a'));
    // The object and its charge are one commit, and the keeper has nothing to add: in the round in which it writes this
    // status for the first time, it has looked at the other quota before.
    await limit({ secrets: '1' }, {}, 'z-later');
    await usedIs({ secrets: '0' }, 'z-later');
    expect(await cluster.revision()).toBe(before + 3);
    await expect(cluster.client.create(CONFIG_MAPS, config('b'), { dryRun: true })).rejects.toThrow('exceeded quota');
  });
});
