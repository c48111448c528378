import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type KubeObject, STORAGE_CLASSES } from '#api';
import { type Cluster, startCluster } from '../../test/support/cluster.ts';
import { bootstrapCluster } from './bootstrap.ts';

const MADE_BY = { fieldManager: 'plumbline-bootstrap' };
const NAME = { name: 'node-local' };

describe('src/app/bootstrap.ts', () => {
  let cluster: Cluster;
  beforeEach(async () => {
    cluster = await startCluster();
  });
  afterEach(() => cluster.close());

  const start = async () => {
    await bootstrapCluster(cluster.client, 6443);
    return cluster.client.get(STORAGE_CLASSES, NAME);
  };
  /** As the first versions made it. */
  const old: KubeObject = {
    apiVersion: 'storage.k8s.io/v1',
    kind: 'StorageClass',
    metadata: { ...NAME, annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } },
    provisioner: 'node-local.plumbline.dev',
    reclaimPolicy: 'Delete',
    volumeBindingMode: 'WaitForFirstConsumer',
  };

  it('lets claims of an installation that is older grow, and keeps what a person chose', async () => {
    const { client } = cluster;
    await client.create(STORAGE_CLASSES, old, MADE_BY);
    const isDefault = { 'storageclass.kubernetes.io/is-default-class': 'false' };
    await client.patch(STORAGE_CLASSES, NAME, { type: 'merge', body: { metadata: { annotations: isDefault } } });
    const upgraded = await start();
    expect(upgraded).toMatchObject({ allowVolumeExpansion: true, metadata: { annotations: isDefault } });
    expect((await start())?.metadata.resourceVersion).toBe(upgraded?.metadata.resourceVersion);
    await client.patch(STORAGE_CLASSES, NAME, { type: 'merge', body: { allowVolumeExpansion: false } });
    expect(await start()).toMatchObject({ allowVolumeExpansion: false });
  });

  it('leaves a class of that name alone that a person made', async () => {
    await cluster.client.create(STORAGE_CLASSES, old, { fieldManager: 'kubectl-create' });
    expect(await start()).not.toHaveProperty('allowVolumeExpansion');
  });
});
