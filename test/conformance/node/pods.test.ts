/** Source: kubernetes test/e2e/common/node/pods.go (v1.32). */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { PODS, type Pod } from '#api';
import { type ConformanceBed, startConformanceBed } from '../support/bed.ts';
import { soon } from '../support/soon.ts';

let bed: ConformanceBed;
beforeAll(async () => {
  bed = await startConformanceBed({ nodes: 1 });
});
afterAll(() => bed.close());

const podObject = (name: string, labels: Readonly<Record<string, string>>) => ({
  metadata: { name, labels },
  spec: { containers: [{ name: 'pause', image: 'pause:3.10' }] },
});
const isReady = ({ status }: Pod) =>
  status?.phase === 'Running' &&
  (status.conditions ?? []).some(({ type, status: is }) => type === 'Ready' && is === 'True');

it('[sig-node] Pods should be submitted and removed [NodeConformance] [Conformance]', async () => {
  const pods = bed.of(PODS, await bed.namespace('pods'));
  const name = 'pod-submit-remove';
  const labelSelector = 'time=now';
  const before = await pods.list({ labelSelector });
  expect(before.items).toEqual([]);
  const watch = await pods.watch({ labelSelector, resourceVersion: before.metadata.resourceVersion });
  await pods.create(podObject(name, { name: 'foo', time: 'now' }));
  expect((await pods.list({ labelSelector })).items).toHaveLength(1);
  await watch.next('ADDED', ({ metadata }) => metadata.name === name);
  await watch.next('MODIFIED', isReady);
  await pods.delete(name, { gracePeriodSeconds: 30 });
  const last = await watch.next('DELETED', ({ metadata }) => metadata.name === name);
  expect(last.metadata.deletionTimestamp).toBeDefined();
  // It was marked first, with time to end in, and went when its node said so.
  const marked = watch.seen.find(({ object }) => object.metadata.deletionTimestamp !== undefined);
  expect(marked).toMatchObject({ type: 'MODIFIED', object: { metadata: { deletionGracePeriodSeconds: 30 } } });
  expect((await pods.list({ labelSelector })).items).toEqual([]);
  watch.stop();
});

it('[sig-node] Pods should be updated [NodeConformance] [Conformance]', async () => {
  const pods = bed.of(PODS, await bed.namespace('pods'));
  const name = 'pod-update';
  await pods.create(podObject(name, { name: 'foo', time: 'first' }));
  await soon('it runs', async () => isReady(await pods.get(name)));
  expect((await pods.list({ labelSelector: 'time=first' })).items).toHaveLength(1);
  await pods.change(name, ({ metadata }) => {
    metadata.labels = { ...metadata.labels, time: 'second' };
  });
  expect((await pods.list({ labelSelector: 'time=second' })).items).toHaveLength(1);
  expect((await pods.list({ labelSelector: 'time=first' })).items).toEqual([]);
});

it('[sig-node] Pods should delete a collection of pods [Conformance]', async () => {
  const pods = bed.of(PODS, await bed.namespace('pods'));
  const labelSelector = 'type=Testing';
  for (const name of ['test-pod-1', 'test-pod-2', 'test-pod-3'])
    await pods.create(podObject(name, { type: 'Testing' }));
  await pods.create(podObject('other', { type: 'Other' }));
  expect((await pods.list({ labelSelector })).items).toHaveLength(3);
  await pods.deleteCollection({ labelSelector }, { gracePeriodSeconds: 1 });
  await soon('they are gone', async () => (await pods.list({ labelSelector })).items.length === 0);
  expect((await pods.list()).items.map(({ metadata }) => metadata.name)).toEqual(['other']);
});

it('[sig-node] Pods should run through the lifecycle of Pods and PodStatus [Conformance]', async () => {
  const pods = bed.of(PODS, await bed.namespace('pods'));
  const name = 'pod-test';
  const labelSelector = 'test-pod-static=true';
  const watch = await pods.watch({ labelSelector, resourceVersion: (await pods.list()).metadata.resourceVersion });
  await pods.create(podObject(name, { 'test-pod-static': 'true' }));
  await watch.next('MODIFIED', isReady);
  const patch = {
    metadata: { labels: { 'test-pod': 'patched' } },
    spec: { containers: [{ name: 'pause', image: 'httpd:2.4.39' }] },
  };
  await pods.patch(name, 'strategic', patch);
  await watch.next('MODIFIED', ({ metadata }) => metadata.labels?.['test-pod'] === 'patched');
  expect(await pods.get(name)).toMatchObject({
    ...patch,
    metadata: { labels: { 'test-pod-static': 'true', ...patch.metadata.labels } },
  });
  expect(await pods.get(name, 'status')).toMatchObject({ metadata: { name }, status: { phase: 'Running' } });
  // What is answered counts: the node says at once what it knows better.
  const unready = await pods.change(
    name,
    ({ status }) => {
      for (const condition of status?.conditions ?? []) if (condition.type === 'Ready') condition.status = 'False';
    },
    'status',
  );
  expect(unready.status?.conditions).toContainEqual(expect.objectContaining({ type: 'Ready', status: 'False' }));
  await pods.deleteCollection({ labelSelector });
  await watch.next('DELETED', ({ metadata }) => metadata.name === name);
  watch.stop();
});

it('[sig-node] Pods should patch a pod status [Conformance]', async () => {
  const pods = bed.of(PODS, await bed.namespace('pods'));
  const name = 'pod-patch-status';
  await pods.create(podObject(name, { name }));
  await soon('it runs', async () => isReady(await pods.get(name)));
  const told = { message: 'Patched by e2e test', reason: 'E2E' };
  const patched = await pods.patch(name, 'strategic', { status: told }, 'status');
  expect(patched.status).toMatchObject({ ...told, phase: 'Running' });
});
