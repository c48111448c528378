import {
  type KubeObject,
  PERSISTENT_VOLUME_CLAIMS,
  PERSISTENT_VOLUMES,
  type PersistentVolume,
  type PersistentVolumeClaim,
  STORAGE_CLASSES,
  type StorageClass,
  type StoredObject,
} from '#api';
import { formatTime } from '#base';
import type { ResourceRow } from '../api.ts';
import { UNSET } from '../format.ts';
import { ageColumn, column, wide } from './column.ts';
import { allVerbs, statusOf } from './shared.ts';
import { keepStatus, onCreate, onUpdate, startStatus } from './strategy.ts';

type Volume = PersistentVolume | PersistentVolumeClaim;

/** In the order in which tables name them. */
const MODES = [
  ['ReadWriteOnce', 'RWO'],
  ['ReadOnlyMany', 'ROX'],
  ['ReadWriteMany', 'RWX'],
  ['ReadWriteOncePod', 'RWOP'],
] as const;

function accessModes(modes: readonly string[] | undefined): string {
  return MODES.filter(([mode]) => modes?.includes(mode))
    .map(([, short]) => short)
    .join(',');
}

/** Where the class stood before it had a field of its own. */
const CLASS_ANNOTATION = 'volume.beta.kubernetes.io/storage-class';

const classOf = ({ metadata, spec }: Volume) =>
  metadata.annotations?.[CLASS_ANNOTATION] ?? spec?.storageClassName ?? '';
const phaseOf = ({ metadata, status }: Volume) =>
  metadata.deletionTimestamp === undefined ? (status?.phase ?? '') : 'Terminating';

/** Newer than the types. */
function attributesClassOf({ spec }: Volume): string {
  const { volumeAttributesClassName: name }: { readonly volumeAttributesClassName?: unknown } = { ...spec };
  return typeof name === 'string' ? name : UNSET;
}

const modeColumn = wide<Volume>('VolumeMode', 'string', ({ spec }) => spec?.volumeMode ?? UNSET);

function claimOf({ spec }: PersistentVolume): string {
  const { claimRef } = spec ?? {};
  return claimRef === undefined ? '' : `${claimRef.namespace ?? ''}/${claimRef.name ?? ''}`;
}

const isEqualPhase = (object: KubeObject, old: StoredObject) =>
  (object as PersistentVolume).status?.phase === (old as PersistentVolume).status?.phase;

/** Says since when a volume has been in its phase. Source: pkg/registry/core/persistentvolume/strategy.go (v1.32). */
function notePhaseTime(object: KubeObject, old: StoredObject, nowMs: number): KubeObject {
  const timeOf = (volume: object) => (volume as { status?: { lastPhaseTransitionTime?: string } }).status;
  const [time, before] = [timeOf(object)?.lastPhaseTransitionTime, timeOf(old)?.lastPhaseTransitionTime];
  if (isEqualPhase(object, old) || (time !== undefined && time !== before)) return object;
  return { ...object, status: { ...(object['status'] as object), lastPhaseTransitionTime: formatTime(nowMs) } };
}

export const persistentVolumeRow: ResourceRow = {
  type: PERSISTENT_VOLUMES,
  singular: 'persistentvolume',
  shortNames: ['pv'],
  verbs: allVerbs,
  subresources: statusOf(PERSISTENT_VOLUMES),
  columns: [
    column<PersistentVolume>('Capacity', 'string', ({ spec }) => spec?.capacity?.['storage'] ?? '0'),
    column<PersistentVolume>('Access Modes', 'string', ({ spec }) => accessModes(spec?.accessModes)),
    column<PersistentVolume>('Reclaim Policy', 'string', ({ spec }) => spec?.persistentVolumeReclaimPolicy ?? ''),
    column<PersistentVolume>('Status', 'string', phaseOf),
    column<PersistentVolume>('Claim', 'string', claimOf),
    column<PersistentVolume>('StorageClass', 'string', classOf),
    column<PersistentVolume>('VolumeAttributesClass', 'string', attributesClassOf),
    column<PersistentVolume>('Reason', 'string', ({ status }) => status?.reason ?? ''),
    ageColumn,
    modeColumn,
  ],
  prepareForCreate: (object, nowMs) =>
    startStatus({ phase: 'Pending', lastPhaseTransitionTime: formatTime(nowMs) })(object, nowMs),
  prepareForUpdate: keepStatus,
  prepareForStatus: notePhaseTime,
};

type ClaimSpec = NonNullable<PersistentVolumeClaim['spec']>;

const specOf = (object: object): ClaimSpec => (object as PersistentVolumeClaim).spec ?? {};

function withSpec(object: KubeObject, spec: ClaimSpec): KubeObject {
  return { ...object, spec };
}

/**
 * One source under two names: the older one is kept for older clients, and the newer one for newer clients. What the
 * older name cannot hold it never held. Source: pkg/api/persistentvolumeclaim/util.go, NormalizeDataSources and
 * EnforceDataSourceBackwardsCompatibility (v1.32).
 */
function pairDataSources(object: KubeObject): KubeObject {
  const { dataSource, dataSourceRef, ...spec } = specOf(object);
  if (dataSource !== undefined && dataSourceRef === undefined) {
    const isKnown =
      dataSource.kind === 'PersistentVolumeClaim'
        ? !dataSource.apiGroup
        : dataSource.kind === 'VolumeSnapshot' && dataSource.apiGroup === 'snapshot.storage.k8s.io';
    return withSpec(object, isKnown ? { ...spec, dataSource, dataSourceRef: { ...dataSource } } : spec);
  }
  if (dataSourceRef === undefined || dataSource !== undefined || dataSourceRef.namespace) return object;
  const { namespace: _, ...local } = dataSourceRef;
  return withSpec(object, { ...spec, dataSource: local, dataSourceRef });
}

/** A claim is given its source once; an update that leaves it out means "as before" only for the name it leaves out. */
function pairDataSourcesAgain(object: KubeObject, old: StoredObject): KubeObject {
  const before = specOf(old);
  const isInUse = before.dataSource !== undefined || before.dataSourceRef !== undefined;
  const { dataSource, dataSourceRef } = specOf(object);
  if (!isInUse || dataSource === undefined || dataSourceRef !== undefined) return pairDataSources(object);
  return withSpec(object, { ...specOf(object), dataSourceRef: { ...dataSource } });
}

/** What the volume holds, once there is one. */
const whenBound = (cell: (claim: PersistentVolumeClaim) => string) => (claim: PersistentVolumeClaim) =>
  claim.spec?.volumeName ? cell(claim) : '';

export const persistentVolumeClaimRow: ResourceRow = {
  type: PERSISTENT_VOLUME_CLAIMS,
  singular: 'persistentvolumeclaim',
  shortNames: ['pvc'],
  verbs: allVerbs,
  subresources: statusOf(PERSISTENT_VOLUME_CLAIMS),
  columns: [
    column<PersistentVolumeClaim>('Status', 'string', phaseOf),
    column<PersistentVolumeClaim>('Volume', 'string', ({ spec }) => spec?.volumeName ?? ''),
    column<PersistentVolumeClaim>(
      'Capacity',
      'string',
      whenBound(({ status }) => status?.capacity?.['storage'] ?? '0'),
    ),
    column<PersistentVolumeClaim>(
      'Access Modes',
      'string',
      whenBound(({ status }) => accessModes(status?.accessModes)),
    ),
    column<PersistentVolumeClaim>('StorageClass', 'string', classOf),
    column<PersistentVolumeClaim>('VolumeAttributesClass', 'string', attributesClassOf),
    ageColumn,
    modeColumn,
  ],
  prepareForCreate: onCreate(startStatus({ phase: 'Pending' }), pairDataSources),
  prepareForUpdate: onUpdate(keepStatus, pairDataSourcesAgain),
};

const DEFAULT_ANNOTATIONS = [
  'storageclass.kubernetes.io/is-default-class',
  'storageclass.beta.kubernetes.io/is-default-class',
];

function className({ metadata }: StorageClass): string {
  const isDefault = DEFAULT_ANNOTATIONS.some((name) => metadata.annotations?.[name] === 'true');
  return isDefault ? `${metadata.name} (default)` : metadata.name;
}

export const storageClassRow: ResourceRow = {
  type: STORAGE_CLASSES,
  singular: 'storageclass',
  shortNames: ['sc'],
  verbs: allVerbs,
  nameColumn: 'none',
  columns: [
    { ...column<StorageClass>('Name', 'string', className), format: 'name' },
    column<StorageClass>('Provisioner', 'string', ({ provisioner }) => provisioner),
    column<StorageClass>('ReclaimPolicy', 'string', ({ reclaimPolicy }) => reclaimPolicy ?? 'Delete'),
    column<StorageClass>('VolumeBindingMode', 'string', ({ volumeBindingMode }) => volumeBindingMode ?? 'Immediate'),
    column<StorageClass>('AllowVolumeExpansion', 'string', ({ allowVolumeExpansion }) =>
      String(allowVolumeExpansion ?? false),
    ),
    ageColumn,
  ],
};
