import { expect } from 'vitest';
import type { ResourceType, StoredObject } from '#api';
import type { ConformanceBed } from './bed.ts';
import { expectDiscovered } from './discovery.ts';
import { type Body, refused } from './resource.ts';

export interface Operations<T extends StoredObject> {
  readonly type: ResourceType<T>;
  /** '' for what has none. */
  readonly namespace: string;
  /** Objects to be made; all carry the label. */
  readonly objects: readonly Body[];
  readonly label: { readonly key: string; readonly value: string };
  /** What `status` is patched to and then updated to, where the kind has the subresource. */
  readonly status?: { readonly patched: Body; readonly updated: Body };
}

/**
 * What "should support … API operations" asks of every kind alike: discovery, create, get, list, watch (in the namespace
 * and in all), patch, update, `status`, delete and deletecollection.
 */
export async function expectOperations<T extends StoredObject>(bed: ConformanceBed, operations: Operations<T>) {
  const { type, namespace, objects, label, status } = operations;
  await expectDiscovered(bed.https, type, status === undefined ? [] : ['status']);
  const resource = bed.of(type, namespace);
  const everywhere = bed.of(type);
  const labelSelector = `${label.key}=${label.value}`;

  const created: T[] = [];
  for (const object of objects) created.push(await resource.create(object));
  const one = created[0];
  if (one === undefined) throw new Error('there is nothing to make');
  const { name, uid } = one.metadata;
  expect((await resource.get(name)).metadata.uid).toBe(uid);

  const list = await resource.list({ labelSelector });
  expect(list.items.map((item) => item.metadata.uid).sort()).toEqual(created.map((item) => item.metadata.uid).sort());
  const { resourceVersion } = list.metadata;
  const watches = [await resource.watch({ resourceVersion, labelSelector })];
  expect((await everywhere.list({ labelSelector })).items).toHaveLength(objects.length);
  watches.push(await everywhere.watch({ resourceVersion, labelSelector }));

  const patched = await resource.patch(name, 'merge', { metadata: { annotations: { patched: 'true' } } });
  expect(patched.metadata.annotations).toMatchObject({ patched: 'true' });
  const updated = await resource.change(name, ({ metadata }) => {
    metadata.annotations = { ...metadata.annotations, updated: 'true' };
  });
  expect(updated.metadata.annotations).toMatchObject({ patched: 'true', updated: 'true' });
  for (const watch of watches) {
    await watch.next('MODIFIED', ({ metadata }) => metadata.annotations?.['updated'] === 'true');
    expect(watch.seen[0]).toMatchObject({
      type: 'MODIFIED',
      object: { metadata: { annotations: { patched: 'true' } } },
    });
    watch.stop();
  }

  if (status !== undefined) {
    const patch = { metadata: { annotations: { patchedstatus: 'true' } }, status: status.patched };
    const afterPatch = await resource.patch(name, 'merge', patch, 'status');
    expect(afterPatch).toMatchObject(patch);
    const afterUpdate = await resource.change(
      name,
      (object) => {
        (object as Record<string, unknown>)['status'] = status.updated;
      },
      'status',
    );
    expect(afterUpdate).toMatchObject({ status: status.updated });
    expect(await resource.get(name, 'status')).toMatchObject({ metadata: { uid }, status: status.updated });
  }

  await resource.delete(name);
  expect(await refused(resource.get(name))).toMatchObject({ code: 404, reason: 'NotFound' });
  expect((await resource.list({ labelSelector })).items).toHaveLength(objects.length - 1);
  await resource.deleteCollection({ labelSelector });
  expect((await resource.list({ labelSelector })).items).toEqual([]);
}
