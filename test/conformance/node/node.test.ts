/** Source: kubernetes test/e2e/common/node: configmap.go, secrets.go, lease.go; test/e2e/node: node_lifecycle.go, pods.go (v1.32). */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { CONFIG_MAPS, LEASES, NODES, PODS, SECRETS } from '#api';
import { type ConformanceBed, startConformanceBed } from '../support/bed.ts';
import { refused } from '../support/resource.ts';

let bed: ConformanceBed;
beforeAll(async () => {
  bed = await startConformanceBed({ nodes: 0 });
});
afterAll(() => bed.close());

it('[sig-node] ConfigMap should run through a ConfigMap lifecycle [Conformance]', async () => {
  const namespace = await bed.namespace('configmap');
  const configMaps = bed.of(CONFIG_MAPS, namespace);
  const labelSelector = 'test-configmap-static=true';
  const name = 'test-configmap';
  const { resourceVersion } = (await configMaps.list({ labelSelector })).metadata;
  const watch = await configMaps.watch({ resourceVersion, labelSelector });
  await configMaps.create({
    metadata: { name, labels: { 'test-configmap-static': 'true' } },
    data: { valueName: 'value' },
  });
  await watch.next('ADDED', ({ metadata }) => metadata.name === name);
  const patch = { metadata: { labels: { 'test-configmap': 'patched' } }, data: { valueName: 'value1' } };
  await configMaps.patch(name, 'strategic', patch);
  await watch.next('MODIFIED', ({ metadata }) => metadata.labels?.['test-configmap'] === 'patched');
  expect(await configMaps.get(name)).toMatchObject(patch);
  const { items } = await bed.of(CONFIG_MAPS).list({ labelSelector });
  expect(items).toMatchObject([
    { metadata: { name, namespace, labels: { 'test-configmap-static': 'true' } }, data: patch.data },
  ]);
  await configMaps.deleteCollection({ labelSelector });
  await watch.next('DELETED', ({ metadata }) => metadata.name === name);
  watch.stop();
  expect((await configMaps.list({ labelSelector })).items).toEqual([]);
});

it('[sig-node] ConfigMap should fail to create ConfigMap with empty key [Conformance]', async () => {
  const configMaps = bed.of(CONFIG_MAPS, await bed.namespace('configmap'));
  const name = 'configmap-test-emptyKey'.toLowerCase();
  const refusal = await refused(configMaps.create({ metadata: { name }, data: { '': 'value-1' } }));
  expect(refusal).toMatchObject({ code: 422, reason: 'Invalid', message: expect.stringContaining('data[]') });
  expect(await configMaps.find(name)).toBeUndefined();
});

it('[sig-node] Secrets should fail to create secret due to empty secret key [Conformance]', async () => {
  const secrets = bed.of(SECRETS, await bed.namespace('secrets'));
  const name = 'secret-emptykey-test';
  const value = Buffer.from('value-1\n').toString('base64');
  const refusal = await refused(secrets.create({ metadata: { name }, data: { '': value } }));
  expect(refusal).toMatchObject({ code: 422, reason: 'Invalid', message: expect.stringContaining('data[]') });
  expect(await secrets.find(name)).toBeUndefined();
});

it('[sig-node] Secrets should patch a secret [Conformance]', async () => {
  const namespace = await bed.namespace('secrets');
  const secrets = bed.of(SECRETS, namespace);
  const everywhere = bed.of(SECRETS);
  const name = 'test-secret';
  const data = (value: string) => ({ key: Buffer.from(value).toString('base64') });
  await secrets.create({
    metadata: { name, labels: { 'testsecret-constant': 'true' } },
    data: data('value'),
    type: 'Opaque',
  });
  const listed = await everywhere.list({ labelSelector: 'testsecret-constant=true' });
  expect(listed.items).toMatchObject([{ metadata: { name, namespace } }]);
  await secrets.patch(name, 'strategic', { metadata: { labels: { testsecret: 'true' } }, data: data('value1') });
  expect(await secrets.get(name)).toMatchObject({
    metadata: { labels: { testsecret: 'true', 'testsecret-constant': 'true' } },
    data: data('value1'),
  });
  await secrets.deleteCollection({ labelSelector: 'testsecret=true' });
  expect((await everywhere.list({ labelSelector: 'testsecret-constant=true' })).items).toEqual([]);
});

it('[sig-node] Lease lease API should be available [Conformance]', async () => {
  const leases = bed.of(LEASES, await bed.namespace('lease-test'));
  const name = 'lease';
  const spec = (holderIdentity: string, leaseDurationSeconds: number, second: number, leaseTransitions: number) => ({
    holderIdentity,
    leaseDurationSeconds,
    acquireTime: `2026-01-01T00:00:0${second}.000000Z`,
    renewTime: `2026-01-01T00:00:0${second + 1}.000000Z`,
    leaseTransitions,
  });
  const first = spec('holder', 30, 0, 0);
  const made = await leases.create({ metadata: { name }, spec: first });
  expect((await leases.get(name)).spec).toEqual(first);
  const second = spec('holder2', 30, 2, 1);
  await leases.update({ ...made, spec: second });
  expect((await leases.get(name)).spec).toEqual(second);
  const third = spec('holder3', 60, 4, 2);
  await leases.patch(name, 'strategic', { spec: third });
  expect((await leases.get(name)).spec).toEqual(third);

  await leases.create({
    metadata: { name: 'lease2', labels: { deletecollection: 'true' } },
    spec: spec('holder', 30, 0, 0),
  });
  expect((await leases.list({ labelSelector: 'deletecollection=true' })).items).toHaveLength(1);
  await leases.deleteCollection({ labelSelector: 'deletecollection=true' });
  expect(await refused(leases.get('lease2'))).toMatchObject({ code: 404, reason: 'NotFound' });
  expect((await leases.list()).items.map(({ metadata }) => metadata.name)).toEqual([name]);
  await leases.delete(name);
  expect(await refused(leases.get(name))).toMatchObject({ code: 404, reason: 'NotFound' });
  expect((await leases.list()).items).toEqual([]);
});

it('[sig-node] Node Lifecycle should run through the lifecycle of a node [Conformance]', async () => {
  const nodes = bed.of(NODES);
  const name = 'e2e-fake-node';
  const made = await nodes.create({
    metadata: { name },
    spec: { unschedulable: true },
    status: {
      phase: 'Running',
      conditions: [{ type: 'Ready', status: 'True', reason: 'E2E', message: 'Set from e2e test' }],
    },
  });
  expect(made).toMatchObject({ metadata: { name, resourceVersion: expect.stringMatching(/^[1-9]\d*$/) } });
  expect((await nodes.get(name)).metadata.name).toBe(name);
  const patched = await nodes.patch(name, 'strategic', { metadata: { labels: { [name]: 'patched' } } });
  expect(patched.metadata.labels).toMatchObject({ [name]: 'patched' });
  expect(BigInt(patched.metadata.resourceVersion)).toBeGreaterThan(BigInt(made.metadata.resourceVersion));
  expect((await nodes.list({ labelSelector: `${name}=patched` })).items).toHaveLength(1);
  const updated = await nodes.change(name, ({ metadata }) => {
    metadata.labels = { ...metadata.labels, [name]: 'updated' };
  });
  expect(updated.metadata.labels).toMatchObject({ [name]: 'updated' });
  await nodes.delete(name);
  expect(await refused(nodes.get(name))).toMatchObject({ code: 404, reason: 'NotFound' });
});

it('[sig-node] Pods Extended Pods Set QOS Class should be set on Pods with matching resource requests and limits for memory and cpu [Conformance]', async () => {
  const pods = bed.of(PODS, await bed.namespace('pods'));
  const name = 'pod-qos-class';
  const resources = { cpu: '100m', memory: '100Mi' };
  const container = { name: 'agnhost', image: 'agnhost:2.53', resources: { requests: resources, limits: resources } };
  await pods.create({ metadata: { name, labels: { name: 'foo' } }, spec: { containers: [container] } });
  expect((await pods.get(name)).status?.qosClass).toBe('Guaranteed');
});
