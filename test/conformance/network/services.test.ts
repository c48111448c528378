/** Source: kubernetes test/e2e/network/service.go (v1.32). */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ENDPOINTS, SERVICES } from '#api';
import { type ConformanceBed, startConformanceBed } from '../support/bed.ts';
import { refused } from '../support/resource.ts';

let bed: ConformanceBed;
beforeAll(async () => {
  bed = await startConformanceBed({ nodes: 0 });
});
afterAll(() => bed.close());

it('[sig-network] Services should provide secure master service [Conformance]', async () => {
  const { spec } = await bed.of(SERVICES, 'default').get('kubernetes');
  expect(spec.ports).toEqual([expect.objectContaining({ name: 'https', port: 443, protocol: 'TCP' })]);
});

it('[sig-network] Services should find a service from listing all namespaces [Conformance]', async () => {
  const { items } = await bed.of(SERVICES).list();
  expect(items.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`)).toContain('default/kubernetes');
});

it('[sig-network] Services should complete a service status lifecycle [Conformance]', async () => {
  const namespace = await bed.namespace('services');
  const services = bed.of(SERVICES, namespace);
  const labelSelector = 'test-service-static=true';
  const { resourceVersion } = (await bed.of(SERVICES).list({ labelSelector })).metadata;
  const watch = await services.watch({ resourceVersion, labelSelector });
  const name = 'test-service-status';
  await services.create({
    metadata: { name, labels: { 'test-service-static': 'true' } },
    spec: {
      type: 'LoadBalancer',
      loadBalancerClass: 'example.com/internal-vip',
      ports: [{ name: 'http', protocol: 'TCP', port: 80, targetPort: 80 }],
    },
  });
  await watch.next('ADDED', ({ metadata }) => metadata.name === name);
  expect(await services.get(name, 'status')).toMatchObject({
    metadata: { name, namespace },
    status: { loadBalancer: {} },
  });

  const balanced = { loadBalancer: { ingress: [{ ip: '203.0.113.1' }] } };
  const patch = { metadata: { annotations: { patchedstatus: 'true' } }, status: balanced };
  expect(await services.patch(name, 'merge', patch, 'status')).toMatchObject(patch);
  const patched = await watch.next('MODIFIED', ({ metadata }) => metadata.annotations?.['patchedstatus'] === 'true');
  expect(patched.status).toMatchObject(balanced);
  expect((await services.get(name, 'status')).status).toMatchObject(balanced);

  const condition = {
    type: 'StatusUpdate',
    status: 'True',
    reason: 'E2E',
    message: 'Set from e2e test',
    lastTransitionTime: '2026-01-01T00:00:00Z',
  } as const;
  await services.change(
    name,
    ({ status }) => {
      if (status !== undefined) status.conditions = [condition];
    },
    'status',
  );
  const updated = await watch.next('MODIFIED', ({ status }) => status?.conditions?.[0]?.type === 'StatusUpdate');
  expect(updated.status).toMatchObject({ ...balanced, conditions: [condition] });
  expect(updated.metadata.annotations).toMatchObject({ patchedstatus: 'true' });

  await services.patch(name, 'strategic', { metadata: { labels: { 'test-service': 'patched' } } });
  const labelled = await watch.next('MODIFIED', ({ metadata }) => metadata.labels?.['test-service'] === 'patched');
  expect(labelled.metadata.labels).toEqual({ 'test-service': 'patched', 'test-service-static': 'true' });
  await services.delete(name);
  await watch.next('DELETED', ({ metadata }) => metadata.name === name);
  watch.stop();
});

it('[sig-network] Services should delete a collection of services [Conformance]', async () => {
  const services = bed.of(SERVICES, await bed.namespace('services'));
  const labels = { 'e2e-test-service': 'delete' };
  const ports = [{ name: 'http', port: 80, targetPort: 80 }];
  await services.create({ metadata: { name: 'e2e-svc-a', labels }, spec: { ports } });
  await services.create({ metadata: { name: 'e2e-svc-b', labels }, spec: { ports } });
  await services.create({ metadata: { name: 'e2e-svc-c' }, spec: { ports } });
  expect((await services.list()).items).toHaveLength(3);
  await services.deleteCollection({ labelSelector: 'e2e-test-service=delete' });
  expect((await services.list()).items.map(({ metadata }) => metadata.name)).toEqual(['e2e-svc-c']);
});

it('[sig-network] Services should test the lifecycle of an Endpoint [Conformance]', async () => {
  const namespace = await bed.namespace('services');
  const endpoints = bed.of(ENDPOINTS, namespace);
  const labelSelector = 'test-endpoint-static=true';
  const { resourceVersion } = (await endpoints.list({ labelSelector })).metadata;
  const watch = await endpoints.watch({ resourceVersion, labelSelector });
  const name = 'testservice';
  const made = await endpoints.create({
    metadata: { name, labels: { 'test-endpoint-static': 'true' } },
    subsets: [{ addresses: [{ ip: '10.0.0.24' }], ports: [{ name: 'http', port: 80, protocol: 'TCP' }] }],
  });
  await watch.next('ADDED', ({ metadata }) => metadata.name === name);
  const { items } = await bed.of(ENDPOINTS).list({ labelSelector });
  expect(items.map(({ metadata }) => [metadata.namespace, metadata.name])).toContainEqual([namespace, name]);

  await endpoints.update({
    ...made,
    metadata: { ...made.metadata, labels: { ...made.metadata.labels, 'test-service': 'updated' } },
  });
  await watch.next('MODIFIED', ({ metadata }) => metadata.labels?.['test-service'] === 'updated');
  expect((await endpoints.get(name)).metadata.labels).toMatchObject({ 'test-service': 'updated' });

  const subsets = [{ addresses: [{ ip: '10.0.0.25' }], ports: [{ name: 'http-test', port: 8080 }] }];
  await endpoints.patch(name, 'strategic', { metadata: { labels: { 'test-service': 'patched' } }, subsets });
  await watch.next('MODIFIED', ({ metadata }) => metadata.labels?.['test-service'] === 'patched');
  const patched = await endpoints.get(name);
  expect(patched.metadata.labels).toMatchObject({ 'test-service': 'patched' });
  expect(patched.subsets).toHaveLength(1);
  expect(patched.subsets).toMatchObject(subsets);

  await endpoints.deleteCollection({ labelSelector });
  await watch.next('DELETED', ({ metadata }) => metadata.name === name);
  expect(await refused(endpoints.get(name))).toMatchObject({ code: 404, reason: 'NotFound' });
  watch.stop();
});
