import {
  CLAIM_PROTECTION,
  compareQuantities,
  defaultStorageClassOf,
  type KubeObject,
  lacksStorageClass,
  PERSISTENT_VOLUME_CLAIMS,
  PERSISTENT_VOLUMES,
  type PersistentVolumeClaim,
  STORAGE_CLASSES,
  storageClassOf,
  VOLUME_PROTECTION,
} from '#api';
import type { AdmissionPlugin } from '../admission-chain.ts';
import { forbidden } from '../errors.ts';
import type { ClusterObjects } from './pod-admission.ts';

/**
 * Lets a claim grow only where its class says that volumes can. Gives new claims that say nothing of a class the default one, and new claims and volumes the finalizer that keeps them
 * while they are in use. Source: kubernetes plugin/pkg/admission/storage/{storageclass/setdefault,storageobjectinuseprotection} (v1.32).
 */
export function createStorageAdmission(cluster: ClusterObjects): AdmissionPlugin {
  return {
    name: 'storage',
    mutate({ row, operation, subresource, object }) {
      if (operation !== 'CREATE' || subresource !== undefined) return object;
      if (row.type === PERSISTENT_VOLUMES) return withFinalizer(object, VOLUME_PROTECTION);
      if (row.type !== PERSISTENT_VOLUME_CLAIMS) return object;
      return withFinalizer(withClass(object, cluster), CLAIM_PROTECTION);
    },
    validate({ row, operation, subresource, object, old, name }) {
      if (row.type !== PERSISTENT_VOLUME_CLAIMS || operation !== 'UPDATE' || subresource !== undefined) return;
      const claim = object as PersistentVolumeClaim;
      if (!grows(claim, old as PersistentVolumeClaim)) return;
      const storageClass = cluster.get(STORAGE_CLASSES, storageClassOf(claim));
      if (storageClass?.allowVolumeExpansion !== true) throw forbidden(row.type, name, NO_GROWTH);
    },
  };
}

/** Source of the words: kubernetes plugin/pkg/admission/storage/persistentvolume/resize/admission.go (v1.32). */
const NO_GROWTH =
  'only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize';

function grows({ spec }: PersistentVolumeClaim, { spec: before }: PersistentVolumeClaim): boolean {
  const sizeOf = (of: PersistentVolumeClaim['spec']) => of?.resources?.requests?.['storage'] ?? '0';
  return compareQuantities(sizeOf(spec), sizeOf(before)) > 0;
}

function withClass(claim: KubeObject, cluster: ClusterObjects): KubeObject {
  if (!lacksStorageClass(claim)) return claim;
  const name = defaultStorageClassOf(cluster.list(STORAGE_CLASSES))?.metadata.name;
  return name === undefined ? claim : { ...claim, spec: { ...(claim['spec'] as object), storageClassName: name } };
}

function withFinalizer(object: KubeObject, finalizer: string): KubeObject {
  const { finalizers = [] } = object.metadata;
  if (finalizers.includes(finalizer)) return object;
  return { ...object, metadata: { ...object.metadata, finalizers: [...finalizers, finalizer] } };
}
