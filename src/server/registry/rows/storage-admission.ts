import {
  CLAIM_PROTECTION,
  defaultStorageClassOf,
  type KubeObject,
  lacksStorageClass,
  PERSISTENT_VOLUME_CLAIMS,
  PERSISTENT_VOLUMES,
  STORAGE_CLASSES,
  VOLUME_PROTECTION,
} from '#api';
import type { AdmissionPlugin } from '../admission-chain.ts';
import type { ClusterObjects } from './pod-admission.ts';

/**
 * Gives new claims that say nothing of a class the default one, and new claims and volumes the finalizer that keeps them
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
  };
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
