import { describe, expect, it } from 'vitest';
import { PERSISTENT_VOLUME_CLAIMS, PERSISTENT_VOLUMES, STORAGE_CLASSES } from '../kinds/resources.ts';
import { defaultObject } from './default-object.ts';

describe('src/api/defaults/storage', () => {
  it('keeps what a PersistentVolume holds, as a file system', () => {
    const spec = { hostPath: { path: '/data' }, capacity: { storage: '1024Mi' } };
    expect(defaultObject<unknown>(PERSISTENT_VOLUMES, { spec })).toEqual({
      spec: {
        hostPath: { path: '/data', type: '' },
        capacity: { storage: '1Gi' },
        persistentVolumeReclaimPolicy: 'Retain',
        volumeMode: 'Filesystem',
      },
    });
    const chosen = { volumeMode: 'Block', persistentVolumeReclaimPolicy: 'Delete' };
    expect(defaultObject<unknown>(PERSISTENT_VOLUMES, { spec: chosen })).toEqual({ spec: chosen });
  });

  it('claims a file system, of no class of its own choice', () => {
    const resources = { requests: { storage: '1Gi' } };
    expect(defaultObject<unknown>(PERSISTENT_VOLUME_CLAIMS, { spec: { resources } })).toEqual({
      spec: { resources, volumeMode: 'Filesystem' },
    });
    const none = { spec: { storageClassName: '', volumeMode: 'Block' } };
    expect(defaultObject<unknown>(PERSISTENT_VOLUME_CLAIMS, none)).toEqual(none);
  });

  it('deletes what a StorageClass made, and makes it at once', () => {
    expect(defaultObject<unknown>(STORAGE_CLASSES, { provisioner: 'a.example/b' })).toEqual({
      provisioner: 'a.example/b',
      reclaimPolicy: 'Delete',
      volumeBindingMode: 'Immediate',
    });
    const chosen = { provisioner: 'a', reclaimPolicy: 'Retain', volumeBindingMode: 'WaitForFirstConsumer' };
    expect(defaultObject<unknown>(STORAGE_CLASSES, chosen)).toEqual(chosen);
  });
});
