/** Source: kubernetes test/e2e/apimachinery/namespace.go (v1.32). */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { NAMESPACES, PODS, SERVICE_ACCOUNTS, SERVICES } from '#api';
import { type ConformanceBed, startConformanceBed } from '../support/bed.ts';
import { refused } from '../support/resource.ts';
import { soon } from '../support/soon.ts';

let bed: ConformanceBed;
beforeAll(async () => {
  bed = await startConformanceBed({ nodes: 1 });
});
afterAll(() => bed.close());

it('[sig-api-machinery] Namespaces [Serial] should patch a Namespace [Conformance]', async () => {
  const namespaces = bed.of(NAMESPACES);
  const name = await bed.namespace('nspatchtest');
  await namespaces.patch(name, 'strategic', { metadata: { labels: { testLabel: 'testValue' } } });
  expect((await namespaces.get(name)).metadata.labels).toMatchObject({ testLabel: 'testValue' });
});

it('[sig-api-machinery] Namespaces [Serial] should apply an update to a Namespace [Conformance]', async () => {
  const namespaces = bed.of(NAMESPACES);
  const name = await bed.namespace('namespaces');
  const { metadata } = await namespaces.change(name, (namespace) => {
    namespace.metadata.labels = { ...namespace.metadata.labels, [name]: 'updated' };
  });
  expect(metadata.labels).toMatchObject({ [name]: 'updated' });
});

it('[sig-api-machinery] Namespaces [Serial] should apply changes to a namespace status [Conformance]', async () => {
  const namespaces = bed.of(NAMESPACES);
  const name = await bed.namespace('namespaces');
  expect(await namespaces.get(name, 'status')).toMatchObject({ status: { phase: 'Active' } });
  const patch = {
    metadata: { annotations: { 'e2e-patched-ns-status': name } },
    status: { conditions: [{ type: 'StatusPatch', status: 'True', reason: 'E2E', message: 'Patched by an e2e test' }] },
  };
  expect(await namespaces.patch(name, 'merge', patch, 'status')).toMatchObject(patch);
  const condition = { type: 'StatusUpdate', status: 'True', reason: 'E2E', message: 'Updated by an e2e test' } as const;
  const updated = await namespaces.change(name, (namespace) => namespace.status?.conditions?.push(condition), 'status');
  expect(updated.status).toMatchObject({ phase: 'Active', conditions: [{ type: 'StatusPatch' }, condition] });
});

it('[sig-api-machinery] Namespaces [Serial] should apply a finalizer to a Namespace [Conformance]', async () => {
  const namespaces = bed.of(NAMESPACES);
  const name = await bed.namespace('e2e-ns');
  const finalizer = 'e2e.example.com/fakeFinalizer';
  const added = await namespaces.change(name, ({ spec }) => spec?.finalizers?.push(finalizer), 'finalize');
  expect(added.spec?.finalizers).toEqual(['kubernetes', finalizer]);
  expect((await namespaces.get(name)).spec?.finalizers).toEqual(['kubernetes', finalizer]);
  const taken = await namespaces.change(
    name,
    (namespace) => {
      namespace.spec = { finalizers: ['kubernetes'] };
    },
    'finalize',
  );
  expect(taken.spec?.finalizers).toEqual(['kubernetes']);
});

/** Deletes a namespace, waits until it is gone, and makes it anew. */
async function remake(name: string): Promise<void> {
  const namespaces = bed.of(NAMESPACES);
  await namespaces.delete(name);
  await soon('the namespace is gone', async () => (await namespaces.find(name)) === undefined);
  await namespaces.create({ metadata: { name } });
  await soon('its account', () => bed.of(SERVICE_ACCOUNTS, name).find('default'));
}

it('[sig-api-machinery] Namespaces [Serial] should ensure that all services are removed when a namespace is deleted [Conformance]', async () => {
  const name = await bed.namespace('nsdeletetest');
  const services = bed.of(SERVICES, name);
  const spec = { selector: { foo: 'bar', baz: 'blah' }, ports: [{ port: 80, targetPort: 80 }] };
  await services.create({ metadata: { name: 'test-service' }, spec });
  await remake(name);
  expect(await refused(services.get('test-service'))).toMatchObject({ code: 404, reason: 'NotFound' });
});

it('[sig-api-machinery] Namespaces [Serial] should ensure that all pods are removed when a namespace is deleted [Conformance]', async () => {
  const name = await bed.namespace('nsdeletetest');
  const pods = bed.of(PODS, name);
  await pods.create({ metadata: { name: 'test-pod' }, spec: { containers: [{ name: 'nginx', image: 'pause:3.10' }] } });
  await soon('the pod runs', async () => (await pods.get('test-pod')).status?.phase === 'Running');
  await remake(name);
  expect(await refused(pods.get('test-pod'))).toMatchObject({ code: 404, reason: 'NotFound' });
});
