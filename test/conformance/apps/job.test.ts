/** Source: kubernetes test/e2e/apps/job.go (v1.32). */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { JOBS, PODS } from '#api';
import { type ConformanceBed, startConformanceBed } from '../support/bed.ts';
import { soon } from '../support/soon.ts';

let bed: ConformanceBed;
beforeAll(async () => {
  bed = await startConformanceBed({ nodes: 0 });
});
afterAll(() => bed.close());

it('[sig-apps] Job should manage the lifecycle of a job [Conformance]', async () => {
  const namespace = await bed.namespace('job');
  const jobs = bed.of(JOBS, namespace);
  const pods = bed.of(PODS, namespace);
  const name = 'e2e-job';
  const labelSelector = `e2e-job-label=${name}`;
  const [parallelism, completions] = [2, 4];
  const { resourceVersion } = (await bed.of(JOBS).list({ labelSelector })).metadata;
  const watch = await jobs.watch({ labelSelector, resourceVersion });
  await jobs.create({
    metadata: { name, labels: { 'e2e-job-label': name } },
    spec: {
      suspend: true,
      parallelism,
      completions,
      backoffLimit: 6,
      template: { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'busybox:1.36' }] } },
    },
  });
  const patched = await jobs.patch(name, 'strategic', { metadata: { labels: { [name]: 'patched' } } });
  expect(patched.metadata.labels).toMatchObject({ [name]: 'patched' });
  await watch.next('MODIFIED', ({ metadata }) => metadata.labels?.[name] === 'patched');
  await soon('the controller has seen that it waits', async () =>
    (await jobs.get(name)).status?.conditions?.some(({ type, status }) => type === 'Suspended' && status === 'True'),
  );
  expect((await pods.list()).items).toEqual([]);

  const updated = await jobs.change(name, ({ metadata, spec }) => {
    spec.suspend = false;
    metadata.annotations = { ...metadata.annotations, updated: 'true' };
  });
  expect(updated).toMatchObject({ spec: { suspend: false }, metadata: { annotations: { updated: 'true' } } });
  await watch.next('MODIFIED', ({ metadata }) => metadata.annotations?.['updated'] === 'true');
  const { items } = await bed.of(JOBS).list({ labelSelector });
  expect(items.map(({ metadata }) => metadata.labels)).toMatchObject([{ 'e2e-job-label': name }]);

  // Nobody runs its pods: what a node would say of them is said here, until there are no more.
  await soon('the Job is complete', async () => {
    const waiting = (await pods.list({ fieldSelector: 'status.phase=Pending' })).items;
    expect(waiting.length).toBeLessThanOrEqual(parallelism);
    for (const { metadata } of waiting)
      await pods.patch(metadata.name, 'merge', { status: { phase: 'Succeeded' } }, 'status');
    const { conditions = [] } = (await jobs.get(name)).status ?? {};
    return conditions.some(({ type, status }) => type === 'Complete' && status === 'True');
  });
  expect((await jobs.get(name)).status).toMatchObject({ succeeded: completions });

  await jobs.deleteCollection({ labelSelector }, { propagationPolicy: 'Background' });
  await watch.next('DELETED', ({ metadata }) => metadata.name === name);
  expect((await bed.of(JOBS).list({ labelSelector })).items).toEqual([]);
  watch.stop();
});
