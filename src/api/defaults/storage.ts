/** Defaults of volumes, claims and their classes. Source: Kubernetes v1.32, pkg/apis/core/v1/defaults.go and pkg/apis/storage/v1/defaults.go. */
import type { JsonObject } from '../schema/json.ts';
import { ensurePart, setDefault } from './fields.ts';
import { defaultVolumeSources } from './pod.ts';

export function defaultPersistentVolume(volume: JsonObject): void {
  const spec = ensurePart(volume, 'spec');
  if (spec === undefined) return;
  setDefault(spec, 'persistentVolumeReclaimPolicy', 'Retain');
  setDefault(spec, 'volumeMode', 'Filesystem');
  defaultVolumeSources(spec);
}

export function defaultPersistentVolumeClaim(claim: JsonObject): void {
  const spec = ensurePart(claim, 'spec');
  if (spec !== undefined) setDefault(spec, 'volumeMode', 'Filesystem');
}

export function defaultStorageClass(storageClass: JsonObject): void {
  setDefault(storageClass, 'reclaimPolicy', 'Delete');
  setDefault(storageClass, 'volumeBindingMode', 'Immediate');
}
