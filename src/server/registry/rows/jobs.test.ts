import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { generatedLabels, type KubeObject, type StoredObject } from '#api';
import { silentLog, systemClock } from '#base';
import { createMemoryStore } from '#store';
import type { Api } from '../api.ts';
import { createApi } from '../create-api.ts';
import { jobRow } from './jobs.ts';

const spec = { containers: [{ name: 'main', image: 'sample:1' }], restartPolicy: 'Never' };
const context = { user: { name: 'alice', groups: [] }, defaultManager: 'test' };
const at = { context, row: jobRow, namespace: 'default' };

describe('src/server/registry/rows/jobs.ts', () => {
  let api: Api;
  beforeAll(async () => {
    api = await createApi({ store: createMemoryStore({ clock: systemClock }), clock: systemClock, log: silentLog });
  });
  afterAll(() => api.close());

  const jobOf = (name: string, fields: object): KubeObject => ({
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name },
    spec: { template: { spec }, ...fields },
  });
  const create = async (object: KubeObject) => (await api.create({ ...at, object })).object;
  const partsOf = (object: StoredObject) => object['spec'] as { selector: object; template: { metadata: object } };

  it('gives a Job a selector and labels by its own uid, and no label twice', async () => {
    const object = jobOf('a', { template: { metadata: { labels: { app: 'web' } }, spec } });
    const made = await create(object);
    const own = generatedLabels('a', made.metadata.uid);
    expect(partsOf(made).selector).toEqual({
      matchLabels: { 'batch.kubernetes.io/controller-uid': made.metadata.uid },
    });
    expect(partsOf(made).template.metadata).toEqual({ labels: { app: 'web', ...own } });
    expect(made.metadata.labels).toEqual({ app: 'web' });
    expect(made).toMatchObject({ status: {}, metadata: { generation: 1 } });
    const again = await api.patch({
      ...at,
      name: 'a',
      patchType: 'apply',
      patch: object as never,
      fieldManager: 'git',
      force: true,
    });
    expect(partsOf(again.object).template.metadata).toEqual({ labels: { app: 'web', ...own } });
  });

  it('labels a Job like its pods when it says nothing, and then leaves it alone', async () => {
    const object = jobOf('b', {});
    const apply = () =>
      api.patch({ ...at, name: 'b', patchType: 'apply', patch: object as never, fieldManager: 'git', force: true });
    const { object: made } = await apply();
    expect(made.metadata.labels).toEqual(generatedLabels('b', made.metadata.uid));
    expect((await apply()).object).toEqual(made);
  });

  it('lets a Job choose its pods when it asks to', async () => {
    const labels = { app: 'chosen' };
    const selector = { matchLabels: labels };
    const made = await create(jobOf('c', { manualSelector: true, selector, template: { metadata: { labels }, spec } }));
    expect(partsOf(made)).toMatchObject({ selector, template: { metadata: { labels } } });
    expect(partsOf(made).template.metadata).toEqual({ labels });
  });

  it.each<[string, object, string]>([
    [
      'labels of another Job',
      { template: { metadata: { labels: { 'controller-uid': 'other' } }, spec } },
      'spec.template.metadata.labels[controller-uid]',
    ],
    ['a selector of its own', { selector: { matchLabels: { app: 'web' } } }, '`selector` not auto-generated'],
    ['no selector where it chooses', { manualSelector: true }, 'spec.selector: Required value'],
  ])('refuses %s', async (_name, fields, words) => {
    await expect(create(jobOf('d', fields))).rejects.toThrow(words);
  });

  it('finds Jobs by how many pods succeeded', async () => {
    await create(jobOf('e', {}));
    const patch = { status: { succeeded: 7 } };
    await api.patch({ ...at, name: 'e', patchType: 'merge', patch, subresource: 'status' });
    const { items } = await api.list({ ...at, fieldSelector: 'status.successful=7' });
    expect(items.map(({ metadata }) => metadata.name)).toEqual(['e']);
  });
});
