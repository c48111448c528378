import type { PersistentVolume, PersistentVolumeClaim, StorageClass } from '#api';

/** A claim `data` of the class `c` for 1Gi, as the API shows it; what is given goes over it. */
export const aClaim = ({
  annotations,
  going = false,
  spec = {},
  status = { phase: 'Pending' },
}: {
  readonly annotations?: Readonly<Record<string, string>>;
  readonly going?: boolean;
  readonly spec?: object;
  readonly status?: object;
} = {}): PersistentVolumeClaim =>
  ({
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: {
      name: 'data',
      namespace: 'default',
      uid: 'claim-1',
      resourceVersion: '1',
      creationTimestamp: '2026-01-01T00:00:00Z',
      ...(annotations === undefined ? {} : { annotations }),
      ...(going ? { deletionTimestamp: '2026-01-02T00:00:00Z' } : {}),
    },
    spec: {
      accessModes: ['ReadWriteOnce'],
      resources: { requests: { storage: '1Gi' } },
      storageClassName: 'c',
      ...spec,
    },
    status,
  }) as PersistentVolumeClaim;

/** A free volume of the class `c` with 1Gi; what is given goes over it. */
export const aVolume = (
  name: string,
  {
    spec = {},
    phase = 'Available',
    going = false,
    ...metadata
  }: {
    readonly spec?: object;
    readonly phase?: string;
    readonly going?: boolean;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly finalizers?: readonly string[];
  } = {},
): PersistentVolume =>
  ({
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: {
      name,
      uid: `uid-${name}`,
      resourceVersion: '1',
      creationTimestamp: '2026-01-01T00:00:00Z',
      ...metadata,
      ...(going ? { deletionTimestamp: '2026-01-02T00:00:00Z' } : {}),
    },
    spec: {
      accessModes: ['ReadWriteOnce'],
      capacity: { storage: '1Gi' },
      persistentVolumeReclaimPolicy: 'Retain',
      storageClassName: 'c',
      ...spec,
    },
    status: { phase },
  }) as unknown as PersistentVolume;

export const aClass = (more: object = {}): StorageClass =>
  ({
    apiVersion: 'storage.k8s.io/v1',
    kind: 'StorageClass',
    metadata: { name: 'c', uid: 'class-1', resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' },
    provisioner: 'example.com/disks',
    volumeBindingMode: 'Immediate',
    ...more,
  }) as StorageClass;

/** How a volume names the claim `data` of `aClaim`, or of a namesake that was there before. */
export const refTo = (uid?: string) => ({
  claimRef: { name: 'data', namespace: 'default', ...(uid === undefined ? {} : { uid }) },
});
