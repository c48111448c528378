import { claimsOf, type PersistentVolume, type Pod, storageClassOf } from '#api';
import type { Informer } from '#reconcile';

/** Pods by the keys of the claims that they mount. */
export const BY_CLAIM = 'claim';
/** Volumes by their class, and by the key of the claim that they name. */
export const BY_CLASS = 'storage-class';
export const BY_CLAIM_REF = 'claim-ref';

export function claimIndex(pod: Pod): string[] {
  return claimsOf(pod).map(({ claim }) => `${pod.metadata.namespace ?? ''}/${claim}`);
}

export function indexVolumes(volumes: Informer<PersistentVolume>): void {
  volumes.addIndex(BY_CLASS, (volume) => [storageClassOf(volume)]);
  volumes.addIndex(BY_CLAIM_REF, claimRefIndex);
}

export function claimRefIndex({ spec }: PersistentVolume): string[] {
  const { name, namespace } = spec?.claimRef ?? {};
  return name && namespace ? [`${namespace}/${name}`] : [];
}
