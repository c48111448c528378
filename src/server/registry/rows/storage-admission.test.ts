import { describe, expect, it } from 'vitest';
import {
  CLAIM_PROTECTION,
  type KubeObject,
  PERSISTENT_VOLUMES,
  type StorageClass,
  type StoredObject,
  VOLUME_ANNOTATIONS,
  VOLUME_PROTECTION,
} from '#api';
import type { AdmissionRequest } from '../admission-chain.ts';
import { persistentVolumeClaimRow, persistentVolumeRow } from './storage.ts';
import { createStorageAdmission } from './storage-admission.ts';

const DEFAULT = { 'storageclass.kubernetes.io/is-default-class': 'true' };
const storageClass = (name: string, annotations: object, creationTimestamp: string, more: object = {}) =>
  ({ metadata: { name, annotations, creationTimestamp }, ...more }) as unknown as StorageClass;
const claimObject = (spec: object = {}, metadata: object = {}): KubeObject => ({
  apiVersion: 'v1',
  kind: 'PersistentVolumeClaim',
  metadata: { name: 'data', namespace: 'default', ...metadata },
  spec: { resources: { requests: { storage: '1Gi' } }, ...spec },
});

function admission(...classes: readonly StorageClass[]) {
  const plugin = createStorageAdmission({
    get: (_, name) => classes.find(({ metadata }) => metadata.name === name) as never,
    list: () => classes as never,
  });
  const request = (object: KubeObject, old?: KubeObject): AdmissionRequest => ({
    context: {} as AdmissionRequest['context'],
    operation: old === undefined ? 'CREATE' : 'UPDATE',
    row: object.kind === PERSISTENT_VOLUMES.kind ? persistentVolumeRow : persistentVolumeClaimRow,
    namespace: 'default',
    name: 'data',
    object,
    ...(old === undefined ? {} : { old: old as StoredObject }),
    dryRun: false,
  });
  return {
    admit: (object: KubeObject, old?: KubeObject) => plugin.mutate?.(request(object, old)) as KubeObject,
    change: (object: KubeObject, old: KubeObject) => plugin.validate?.(request(object, old)),
  };
}

describe('src/server/registry/rows/storage-admission.ts', () => {
  const old = storageClass('old', DEFAULT, '2026-01-01T00:00:00Z');
  const b = storageClass('b', DEFAULT, '2026-01-02T00:00:00Z');
  const a = storageClass('a', DEFAULT, '2026-01-02T00:00:00Z');
  const other = storageClass('other', {}, '2026-01-03T00:00:00Z');

  it.each<[string, readonly StorageClass[], KubeObject, string | undefined]>([
    ['the newest default, the first by name', [old, b, a, other], claimObject(), 'a'],
    ['the only default', [other, old], claimObject(), 'old'],
    ['none where there is no default', [other], claimObject(), undefined],
    ['what it asks for', [a], claimObject({ storageClassName: 'other' }), 'other'],
    ['none where it wants none', [a], claimObject({ storageClassName: '' }), ''],
    [
      'none beside an older name for it',
      [a],
      claimObject({}, { annotations: { [VOLUME_ANNOTATIONS.betaStorageClass]: 'x' } }),
      undefined,
    ],
  ])('gives a claim its class: %s', (_, classes, object, expected) => {
    const { spec } = admission(...classes).admit(object) as KubeObject & { spec: { storageClassName?: string } };
    expect(spec.storageClassName).toBe(expected);
  });

  it('protects new claims and volumes once, and leaves what is changed alone', () => {
    const { admit } = admission();
    expect(admit(claimObject({}, { finalizers: ['mine'] })).metadata.finalizers).toEqual(['mine', CLAIM_PROTECTION]);
    expect(admit(claimObject({}, { finalizers: [CLAIM_PROTECTION] })).metadata.finalizers).toEqual([CLAIM_PROTECTION]);
    const volume = { ...claimObject(), kind: PERSISTENT_VOLUMES.kind };
    expect(admit(volume).metadata.finalizers).toEqual([VOLUME_PROTECTION]);
    expect(admit(claimObject(), claimObject()).metadata.finalizers).toBeUndefined();
  });

  it('lets a claim grow only where its class says that volumes can', () => {
    const grows = storageClass('grows', {}, '2026-01-01T00:00:00Z', { allowVolumeExpansion: true });
    const { change } = admission(grows, other);
    const sized = (storage: string, storageClassName: string) =>
      claimObject({ storageClassName, resources: { requests: { storage } } });
    expect(() => change(sized('2Gi', 'other'), sized('1Gi', 'other'))).toThrow(/must support resize/);
    expect(() => change(sized('2Gi', ''), sized('1Gi', ''))).toThrow(/only dynamically provisioned pvc/);
    expect(change(sized('2Gi', 'grows'), sized('1Gi', 'grows'))).toBeUndefined();
    expect(change(sized('1024Mi', 'other'), sized('1Gi', 'other'))).toBeUndefined();
  });
});
