import {
  isVolumeOfClaim,
  type Json,
  NODE_LOCAL_FINALIZER,
  type PersistentVolume,
  type PersistentVolumeClaim,
  VOLUME_ANNOTATIONS,
  VOLUME_NODE_LABEL,
} from '#api';
import { phasePatch } from './binding.plan.ts';
import type { VolumeEvent } from './event.types.ts';

const { boundByController, provisionedBy } = VOLUME_ANNOTATIONS;

export interface VolumeSnapshot {
  readonly volume: PersistentVolume;
  /** The claim that the volume names, asked for anew when the cache has none or another; undefined when it is gone. */
  readonly claim: PersistentVolumeClaim | undefined;
  /** Whether a claim asks for the volume by its name. */
  readonly isWanted: boolean;
  /** Whether what the volume holds can be deleted by somebody here. */
  readonly isDeletable: boolean;
  /** The node that holds its folder is no longer part of the cluster. */
  readonly isAbandoned: boolean;
}

/** At most one write of the spec, then one of the status, then perhaps its deletion. */
export interface VolumePlan {
  readonly reason: string;
  readonly volume?: Json;
  readonly status?: Json;
  readonly delete?: boolean;
  readonly event?: VolumeEvent;
}

/** Source: kubernetes pkg/controller/volume/persistentvolume/pv_controller.go, syncVolume and reclaimVolume (v1.32). */
export function planVolume(snapshot: VolumeSnapshot): VolumePlan {
  const { volume, claim, isWanted } = snapshot;
  const { claimRef } = volume.spec ?? {};
  const isGoing = volume.metadata.deletionTimestamp !== undefined;
  if (claimRef === undefined && isGoing && !isWanted) return planReleased(snapshot);
  if (claimRef === undefined) return atPhase(volume, 'Available', 'nobody has it');
  if (!claimRef.uid) return atPhase(volume, 'Available', 'it waits for the claim it names');
  if (claim === undefined || !isVolumeOfClaim(volume, claim)) return planReleased(snapshot);
  if (claim.spec?.volumeName === volume.metadata.name) return atPhase(volume, 'Bound', 'its claim has it');
  if (!claim.spec?.volumeName) {
    // A going volume is given to nobody: see planMatch.
    if (isGoing) return planReleased(snapshot);
    return { reason: 'its claim is about to get it' };
  }
  return planRefused(snapshot);
}

/** The claim has another volume. */
function planRefused(snapshot: VolumeSnapshot): VolumePlan {
  const { volume } = snapshot;
  const marks = volume.metadata.annotations ?? {};
  // Made for that claim alone: nobody will want it.
  if (marks[provisionedBy] !== undefined && volume.spec?.persistentVolumeReclaimPolicy === 'Delete') {
    return planReleased(snapshot);
  }
  const isOurs = marks[boundByController] !== undefined;
  const freed: Json = isOurs
    ? { metadata: { annotations: { [boundByController]: null } }, spec: { claimRef: null } }
    : { spec: { claimRef: { uid: null, resourceVersion: null } } };
  return { ...atPhase(volume, 'Available', 'its claim has another volume'), volume: freed };
}

function planReleased({ volume, isDeletable, isAbandoned }: VolumeSnapshot): VolumePlan {
  const { phase } = volume.status ?? {};
  const released = atPhase(volume, 'Released', 'its claim is gone');
  const keeps = phase === 'Failed' ? { reason: 'it could not be reclaimed' } : released;
  switch (volume.spec?.persistentVolumeReclaimPolicy) {
    case 'Delete':
      if (volume.metadata.deletionTimestamp !== undefined)
        return { ...released, ...(isAbandoned ? abandon(volume) : {}) };
      if (isDeletable) return { ...released, delete: true };
      if (phase === 'Failed' || volume.metadata.annotations?.[provisionedBy] !== undefined) return keeps;
      return failed(
        volume,
        'VolumeFailedDelete',
        'no volume plugin can delete it: delete what it holds, then the volume',
      );
    case 'Recycle':
      if (phase === 'Failed') return keeps;
      return failed(volume, 'VolumeFailedRecycle', 'No recycler plugin found for the volume!');
    default:
      return keeps;
  }
}

/** Nobody is left who could delete the folder: the volume goes, and what is on that host's disk stays there. */
function abandon({ metadata }: PersistentVolume): Pick<VolumePlan, 'volume' | 'event'> {
  const finalizers = (metadata.finalizers ?? []).filter((each) => each !== NODE_LOCAL_FINALIZER);
  const node = metadata.labels?.[VOLUME_NODE_LABEL] ?? '';
  const message = `node "${node}" is no longer part of the cluster: its folder is not deleted`;
  return { volume: { metadata: { finalizers } }, event: { type: 'Warning', reason: 'VolumeAbandoned', message } };
}

function failed({ status }: PersistentVolume, reason: string, message: string): VolumePlan {
  const patch =
    status?.phase === 'Failed' ? {} : { status: { status: { phase: 'Failed', reason: 'ReclaimFailed', message } } };
  return { reason: message, ...patch, event: { type: 'Warning', reason, message } };
}

function atPhase({ status }: PersistentVolume, phase: string, reason: string): VolumePlan {
  return status?.phase === phase ? { reason } : { reason, status: phasePatch(phase) };
}
