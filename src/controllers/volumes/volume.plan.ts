import {
  isVolumeOfClaim,
  type Json,
  NODE_LOCAL,
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
  /** Names of other volumes that have the same data: see `sharersOf`. Asked for anew once the claim is gone. */
  readonly sharers: readonly string[];
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

function planReleased({ volume, isDeletable, isAbandoned, sharers }: VolumeSnapshot): VolumePlan {
  const isHeld = volume.metadata.finalizers?.includes(NODE_LOCAL_FINALIZER) ?? false;
  const isShared = isHeld && sharers.length > 0;
  const isGoing = volume.metadata.deletionTimestamp !== undefined;
  const { phase } = volume.status ?? {};
  const released = atPhase(volume, 'Released', 'its claim is gone');
  const keeps = phase === 'Failed' ? { reason: 'it could not be reclaimed' } : released;
  switch (volume.spec?.persistentVolumeReclaimPolicy) {
    case 'Delete':
      // Before its node hears that it is released: what the node deletes is everybody's.
      if (isShared && (isDeletable || isGoing)) {
        const kept = letGo(volume, 'VolumeShared', shared(sharers));
        return { ...released, ...kept, ...(isGoing ? {} : { delete: true }) };
      }
      if (isGoing) return { ...released, ...(isAbandoned ? abandon(volume) : {}) };
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
function abandon(volume: PersistentVolume): Pick<VolumePlan, 'volume' | 'event'> {
  const node = volume.metadata.labels?.[VOLUME_NODE_LABEL] ?? '';
  const message = `node "${node}" is no longer part of the cluster: its folder is not deleted`;
  return letGo(volume, 'VolumeAbandoned', message);
}

const shared = (sharers: readonly string[]) =>
  `its data is also that of ${sharers.map((name) => `"${name}"`).join(', ')}: it is not deleted`;

/** Its node is not to delete the data. */
function letGo({ metadata }: PersistentVolume, reason: string, message: string): Pick<VolumePlan, 'volume' | 'event'> {
  const finalizers = (metadata.finalizers ?? []).filter((each) => each !== NODE_LOCAL_FINALIZER);
  return { volume: { metadata: { finalizers } }, event: { type: 'Warning', reason, message } };
}

/**
 * Which of these volumes may have the same data as one that a node holds: they name the same folder of a node that may
 * be the same, as a driver's handle or as a path of the host. Rather one too many: what they have stays.
 */
export function sharersOf({ metadata, spec }: PersistentVolume, volumes: Iterable<PersistentVolume>): string[] {
  const { driver, volumeHandle } = spec?.csi ?? {};
  if (driver === undefined || volumeHandle === undefined) return [];
  const nodeOf = ({ labels }: PersistentVolume['metadata']) => labels?.[VOLUME_NODE_LABEL];
  const node = nodeOf(metadata);
  return [...volumes]
    .filter((other) => other.metadata.name !== metadata.name && (nodeOf(other.metadata) ?? node) === node)
    .filter(({ spec: { csi, hostPath, local } = {} }) => {
      if (csi?.driver === driver && csi.volumeHandle === volumeHandle) return true;
      const path = driver === NODE_LOCAL ? (hostPath?.path ?? local?.path) : undefined;
      return path !== undefined && isFolder(path, volumeHandle);
    })
    .map((other) => other.metadata.name)
    .sort();
}

/** Whether a path of a host may lie in the folder of this name that an agent keeps: wherever that agent keeps its folders. */
function isFolder(path: string, handle: string): boolean {
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  return parts.some((part, index) => part === handle && parts[index - 1] === 'volumes');
}

function failed({ status }: PersistentVolume, reason: string, message: string): VolumePlan {
  const patch =
    status?.phase === 'Failed' ? {} : { status: { status: { phase: 'Failed', reason: 'ReclaimFailed', message } } };
  return { reason: message, ...patch, event: { type: 'Warning', reason, message } };
}

function atPhase({ status }: PersistentVolume, phase: string, reason: string): VolumePlan {
  return status?.phase === phase ? { reason } : { reason, status: phasePatch(phase) };
}
