import type { Volume } from 'kubernetes-types/core/v1.js';
import type { KubeObject } from '../meta/object.ts';
import type { PersistentVolume, PersistentVolumeClaim, Pod, StorageClass } from './types.ts';

/** What binder, scheduler and provisioners tell one another. Source: kubernetes component-helpers storage/volume and pkg/controller/volume (v1.32). */
export const VOLUME_ANNOTATIONS = {
  /** The binding was not asked for by name: it may be undone. */
  boundByController: 'pv.kubernetes.io/bound-by-controller',
  /** Both sides of the binding stand: a claim that has it never gets another volume. */
  bindCompleted: 'pv.kubernetes.io/bind-completed',
  provisionedBy: 'pv.kubernetes.io/provisioned-by',
  /** Where the pod goes that wants the claim. */
  selectedNode: 'volume.kubernetes.io/selected-node',
  storageProvisioner: 'volume.kubernetes.io/storage-provisioner',
  betaStorageProvisioner: 'volume.beta.kubernetes.io/storage-provisioner',
  /** Where the class stood before it had a field of its own. */
  betaStorageClass: 'volume.beta.kubernetes.io/storage-class',
} as const;

/** Keep claims while pods use them, and volumes while claims do. Source: pkg/volume/util/finalizer.go (v1.32). */
export const CLAIM_PROTECTION = 'kubernetes.io/pvc-protection';
export const VOLUME_PROTECTION = 'kubernetes.io/pv-protection';

/** Makes folders on the node where the pod goes; the driver of the volumes it makes has the same name. */
export const NODE_LOCAL = 'node-local.plumbline.dev';
/** Makes volumes by a volume driver of Docker, on the node where the pod goes; again the driver's name is the same. */
export const DOCKER_VOLUMES = 'docker.plumbline.dev';
/** Keeps a volume that we made until its node's agent has deleted what it holds. */
export const NODE_LOCAL_FINALIZER = 'plumbline.dev/node-local';
/** On such a volume: the node that has the folder. Its agent selects by it. */
export const VOLUME_NODE_LABEL = 'plumbline.dev/volume-node';

const DEFAULT_CLASS_ANNOTATIONS = [
  'storageclass.kubernetes.io/is-default-class',
  'storageclass.beta.kubernetes.io/is-default-class',
];

/** The class of a volume or claim; '' for none. */
export function storageClassOf({ metadata, spec }: PersistentVolume | PersistentVolumeClaim): string {
  return metadata.annotations?.[VOLUME_ANNOTATIONS.betaStorageClass] ?? spec?.storageClassName ?? '';
}

/** Whether a claim says nothing of a class, not even that it wants none. */
export function lacksStorageClass(claim: KubeObject): boolean {
  const { storageClassName } = (claim['spec'] ?? {}) as { readonly storageClassName?: string };
  return (
    storageClassName === undefined && claim.metadata.annotations?.[VOLUME_ANNOTATIONS.betaStorageClass] === undefined
  );
}

export function isDefaultStorageClass({ metadata }: StorageClass): boolean {
  return DEFAULT_CLASS_ANNOTATIONS.some((name) => metadata.annotations?.[name] === 'true');
}

/** The class of claims that say nothing of one: the newest default, of several made at once the first by name. Source: pkg/volume/util/storageclass.go, GetDefaultClass (v1.32). */
export function defaultStorageClassOf(classes: Iterable<StorageClass>): StorageClass | undefined {
  const newest = ({ metadata: left }: StorageClass, { metadata: right }: StorageClass) => {
    if (left.creationTimestamp !== right.creationTimestamp)
      return left.creationTimestamp > right.creationTimestamp ? -1 : 1;
    return left.name < right.name ? -1 : 1;
  };
  return [...classes].filter(isDefaultStorageClass).sort(newest)[0];
}

/** A claim that a pod mounts. */
export interface PodClaim {
  /** The volume's name in the pod. */
  readonly volume: string;
  readonly claim: string;
  /** Made for the pod, from its own template. */
  readonly ephemeral: boolean;
}

/** Claims that a pod mounts, all in its namespace. */
export function claimsOf({
  metadata,
  spec,
}: Pick<Pod, 'spec'> & { readonly metadata: { readonly name: string } }): PodClaim[] {
  return (spec.volumes ?? []).flatMap((volume: Volume): PodClaim[] => {
    const { name, persistentVolumeClaim, ephemeral } = volume;
    if (persistentVolumeClaim) return [{ volume: name, claim: persistentVolumeClaim.claimName, ephemeral: false }];
    return ephemeral ? [{ volume: name, claim: `${metadata.name}-${name}`, ephemeral: true }] : [];
  });
}

/** Whether a pod's own claim was made for this very pod. Source: component-helpers storage/ephemeral/ephemeral.go (v0.32). */
export function isClaimOfPod(claim: PersistentVolumeClaim, pod: Pod): boolean {
  return (
    claim.metadata.ownerReferences?.some(({ controller, uid }) => controller === true && uid === pod.metadata.uid) ??
    false
  );
}

/** Whether a volume names this claim; before the claim is there, by its name alone. Source: IsVolumeBoundToClaim (v0.32). */
export function isVolumeOfClaim({ spec }: PersistentVolume, { metadata }: PersistentVolumeClaim): boolean {
  const { claimRef } = spec ?? {};
  if (claimRef === undefined || claimRef.name !== metadata.name || claimRef.namespace !== metadata.namespace)
    return false;
  return !claimRef.uid || claimRef.uid === metadata.uid;
}
