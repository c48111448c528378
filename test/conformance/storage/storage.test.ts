/** Source: kubernetes test/e2e/common/storage: configmap_volume.go, secrets_volume.go; test/e2e/storage: persistent_volumes.go, storageclass.go (v1.32). */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { CONFIG_MAPS, PERSISTENT_VOLUME_CLAIMS, PERSISTENT_VOLUMES, SECRETS, STORAGE_CLASSES } from '#api';
import { type ConformanceBed, startConformanceBed } from '../support/bed.ts';
import { type Resource, refused } from '../support/resource.ts';
import { soon } from '../support/soon.ts';

let bed: ConformanceBed;
beforeAll(async () => {
  bed = await startConformanceBed({ nodes: 0 });
});
afterAll(() => bed.close());

interface Immutable {
  data?: Record<string, string> | undefined;
  immutable?: boolean;
  metadata: { name: string; labels?: Record<string, string> };
}

/** What both official tests of immutable fields do: `value` writes a value as the kind has it. */
async function expectImmutable<T extends Immutable>(objects: Resource<T>, value: (text: string) => string) {
  const name = 'immutable';
  const data = { 'data-1': value('value-1'), 'data-2': value('value-2'), 'data-3': value('value-3') };
  await objects.create({ metadata: { name }, data });
  const with4 = await objects.change(name, (object) => {
    object.data = { ...object.data, 'data-4': value('value-4') };
  });
  expect(with4.data).toEqual({ ...data, 'data-4': value('value-4') });
  const frozen = await objects.change(name, (object) => {
    object.immutable = true;
  });
  expect(frozen.immutable).toBe(true);

  const invalid = { code: 422, reason: 'Invalid' };
  const other = objects.change(name, (object) => {
    object.data = { ...object.data, 'data-5': value('value-5') };
  });
  expect(await refused(other)).toMatchObject(invalid);
  const back = objects.change(name, (object) => {
    object.immutable = false;
  });
  expect(await refused(back)).toMatchObject(invalid);
  const less = objects.change(name, (object) => {
    delete object.data;
  });
  expect(await refused(less)).toMatchObject(invalid);
  const labelled = await objects.change(name, ({ metadata }) => {
    metadata.labels = { label1: 'value1' };
  });
  expect(labelled).toMatchObject({ metadata: { labels: { label1: 'value1' } }, immutable: true, data: with4.data });
  await objects.delete(name);
  expect(await objects.find(name)).toBeUndefined();
}

it('[sig-storage] ConfigMap should be immutable if `immutable` field is set [Conformance]', async () => {
  await expectImmutable(bed.of(CONFIG_MAPS, await bed.namespace('configmap')), (text) => text);
});

it('[sig-storage] Secrets should be immutable if `immutable` field is set [Conformance]', async () => {
  const base64 = (text: string) => Buffer.from(text).toString('base64');
  await expectImmutable(bed.of(SECRETS, await bed.namespace('secrets')), base64);
});

const volume = (label: string) => ({
  metadata: { generateName: 'pv-e2e-', labels: { 'e2e-pv-pool': label } },
  spec: {
    capacity: { storage: '2Gi' },
    accessModes: ['ReadWriteOnce'],
    persistentVolumeReclaimPolicy: 'Retain',
    storageClassName: `e2e-${label}`,
    csi: { driver: 'e2e-fake-csi-driver', volumeHandle: 'e2e-conformance' },
  },
});
const claim = (label: string) => ({
  metadata: { generateName: 'pvc-e2e-', labels: { 'e2e-pv-pool': label } },
  spec: {
    accessModes: ['ReadWriteOnce'],
    resources: { requests: { storage: '1Gi' } },
    storageClassName: `e2e-${label}`,
  },
});

it('[sig-storage] PersistentVolumes CSI Conformance should run through the lifecycle of a PV and a PVC [Conformance]', async () => {
  const namespace = await bed.namespace('pv');
  const volumes = bed.of(PERSISTENT_VOLUMES);
  const claims = bed.of(PERSISTENT_VOLUME_CLAIMS, namespace);
  const labelSelector = `e2e-pv-pool=${namespace}`;
  const pv = await volumes.create(volume(namespace));
  const pvc = await claims.create(claim(namespace));
  expect((await volumes.list({ labelSelector })).items).toHaveLength(1);
  expect((await claims.list({ labelSelector })).items).toHaveLength(1);

  const { name } = pv.metadata;
  const patched = await volumes.patch(name, 'strategic', { metadata: { labels: { [name]: 'patched' } } });
  expect(patched.metadata.labels).toMatchObject({ [name]: 'patched' });
  const claimName = pvc.metadata.name;
  const patchedClaim = await claims.patch(claimName, 'strategic', { metadata: { labels: { [claimName]: 'patched' } } });
  expect(patchedClaim.metadata.labels).toMatchObject({ [claimName]: 'patched' });
  expect((await volumes.get(name)).metadata.uid).toBe(pv.metadata.uid);
  expect((await claims.get(claimName)).metadata.uid).toBe(pvc.metadata.uid);

  await claims.delete(claimName);
  await soon('the claim is gone', async () => (await claims.list({ labelSelector })).items.length === 0);
  await volumes.delete(name);
  await soon('the volume is gone', async () => (await volumes.list({ labelSelector })).items.length === 0);

  const pv2 = await volumes.create(volume(namespace));
  const pvc2 = await claims.create(claim(namespace));
  const updated = await volumes.change(pv2.metadata.name, ({ metadata }) => {
    metadata.labels = { ...metadata.labels, [metadata.name]: 'updated' };
  });
  expect(updated.metadata.labels).toMatchObject({ [pv2.metadata.name]: 'updated' });
  const updatedClaim = await claims.change(pvc2.metadata.name, ({ metadata }) => {
    metadata.labels = { ...metadata.labels, [metadata.name]: 'updated' };
  });
  expect(updatedClaim.metadata.labels).toMatchObject({ [pvc2.metadata.name]: 'updated' });
  const everywhere = await bed.of(PERSISTENT_VOLUME_CLAIMS).list({ labelSelector: `${pvc2.metadata.name}=updated` });
  expect(everywhere.items.map(({ metadata }) => metadata.uid)).toEqual([pvc2.metadata.uid]);

  await claims.deleteCollection({ labelSelector: `${pvc2.metadata.name}=updated` });
  await soon('the claims are gone', async () => (await claims.list({ labelSelector })).items.length === 0);
  await volumes.deleteCollection({ labelSelector: `${pv2.metadata.name}=updated` });
  await soon('the volumes are gone', async () => (await volumes.list({ labelSelector })).items.length === 0);
});

it('[sig-storage] PersistentVolumes CSI Conformance should apply changes to a pv/pvc status [Conformance]', async () => {
  const namespace = await bed.namespace('pv');
  const volumes = bed.of(PERSISTENT_VOLUMES);
  const claims = bed.of(PERSISTENT_VOLUME_CLAIMS, namespace);
  const pv = (await volumes.create(volume(namespace))).metadata.name;
  const pvc = (await claims.create(claim(namespace))).metadata.name;
  const labelSelector = `e2e-pv-pool=${namespace}`;
  expect((await volumes.list({ labelSelector })).items).toHaveLength(1);
  expect((await claims.list({ labelSelector })).items).toHaveLength(1);
  const found = await claims.get(pvc, 'status');
  expect(found.metadata.name).toBe(pvc);
  expect(['Pending', 'Bound']).toContain(found.status?.phase);
  expect(await volumes.get(pv, 'status')).toMatchObject({ metadata: { name: pv } });

  const said = (type: string) => ({ type, status: 'True', reason: 'E2E', message: 'Set by an e2e test' }) as const;
  const patch = {
    metadata: { annotations: { 'e2e-pvc-status': namespace } },
    status: { conditions: [said('StatusPatched')] },
  };
  expect(await claims.patch(pvc, 'merge', patch, 'status')).toMatchObject(patch);
  const volumePatch = {
    metadata: { annotations: { 'e2e-pv-status': namespace } },
    status: { message: 'StatusPatched', reason: 'E2E patchStatus' },
  };
  expect(await volumes.patch(pv, 'merge', volumePatch, 'status')).toMatchObject(volumePatch);

  await claims.change(pvc, ({ status }) => status?.conditions?.push(said('StatusUpdated')), 'status');
  expect((await claims.get(pvc)).status).toMatchObject({ conditions: [said('StatusPatched'), said('StatusUpdated')] });
  const told = { message: 'StatusUpdated', reason: 'E2E updateStatus' };
  await volumes.change(pv, (object) => Object.assign(object.status ?? {}, told), 'status');
  expect((await volumes.get(pv)).status).toMatchObject(told);
  expect((await volumes.get(pv)).spec?.capacity).toEqual({ storage: '2Gi' });

  await claims.delete(pvc);
  await soon('the claim is gone', async () => (await claims.find(pvc)) === undefined);
  await volumes.delete(pv);
  await soon('the volume is gone', async () => (await volumes.find(pv)) === undefined);
});

it('[sig-storage] StorageClasses CSI Conformance should run through the lifecycle of a StorageClass [Conformance]', async () => {
  const classes = bed.of(STORAGE_CLASSES);
  const made = await classes.create({ metadata: { generateName: 'e2e-' }, provisioner: 'e2e-fake-provisioner' });
  const { name } = made.metadata;
  const read = await classes.get(name);
  expect(read.metadata.uid).toBe(made.metadata.uid);
  const patched = await classes.patch(name, 'strategic', { metadata: { labels: { [name]: 'patched' } } });
  expect(patched.metadata.labels).toMatchObject({ [name]: 'patched' });
  expect(BigInt(patched.metadata.resourceVersion)).toBeGreaterThan(BigInt(read.metadata.resourceVersion));
  await classes.delete(name);
  expect((await classes.list({ labelSelector: `${name}=patched` })).items).toEqual([]);

  const second = (await classes.create({ metadata: { generateName: 'e2e-v2-' }, provisioner: 'e2e-fake-provisioner' }))
    .metadata.name;
  const updated = await classes.change(second, ({ metadata }) => {
    metadata.labels = { [second]: 'updated' };
  });
  expect(updated.metadata.labels).toMatchObject({ [second]: 'updated' });
  const labelSelector = `${second}=updated`;
  expect((await classes.list({ labelSelector })).items).toHaveLength(1);
  await classes.deleteCollection({ labelSelector });
  expect((await classes.list({ labelSelector })).items).toEqual([]);
});
