import {
  isVolumeOfClaim,
  type PersistentVolume,
  type PersistentVolumeClaim,
  type StorageClass,
  storageClassOf,
  VOLUME_ANNOTATIONS,
} from '#api';
import { mismatchOf, planMatch } from '#scheduler';
import type { VolumeEvent } from './event.types.ts';

const { bindCompleted, boundByController, selectedNode } = VOLUME_ANNOTATIONS;

export interface ClaimSnapshot {
  readonly claim: PersistentVolumeClaim;
  /** The volume that the claim names, if it is there. */
  readonly named: PersistentVolume | undefined;
  /** Where a match may be found: those of its class, and those that name it. */
  readonly candidates: readonly PersistentVolume[];
  /** The claim's class, if it is there. */
  readonly storageClass: StorageClass | undefined;
  /** Names of pods that want the claim and have no node yet. */
  readonly waitingPods: readonly string[];
}

/**
 * What happens to a claim: `bind` to a volume; `provision` one; `wait`, as it is, and say why; `lost`: the volume it was
 * bound to is gone, or another's, and it never gets another.
 */
export type ClaimPlan = { readonly reason: string; readonly event?: VolumeEvent } & (
  | { readonly type: 'bind'; readonly volume: PersistentVolume }
  | { readonly type: 'provision'; readonly storageClass: StorageClass }
  | { readonly type: 'wait' }
  | { readonly type: 'lost' }
);

/** Source: kubernetes pkg/controller/volume/persistentvolume/pv_controller.go, syncUnboundClaim and syncBoundClaim (v1.32). */
export function planClaim(snapshot: ClaimSnapshot): ClaimPlan {
  const { claim } = snapshot;
  if (claim.metadata.annotations?.[bindCompleted] !== undefined) return planBound(snapshot);
  return claim.spec?.volumeName ? planNamed(snapshot) : planFree(snapshot);
}

/** The claim was bound before: whatever happens, its data is in that volume or in none. */
function planBound({ claim, named }: ClaimSnapshot): ClaimPlan {
  if (!claim.spec?.volumeName) {
    return lost('ClaimLost', 'Bound claim has lost reference to PersistentVolume. Data on the volume is lost!');
  }
  if (named === undefined) {
    return lost('ClaimLost', 'Bound claim has lost its PersistentVolume. Data on the volume is lost!');
  }
  if (named.spec?.claimRef !== undefined && !isVolumeOfClaim(named, claim)) {
    return lost('ClaimMisbound', 'Two claims are bound to the same volume, this one is bound incorrectly');
  }
  return { type: 'bind', volume: named, reason: 'it is bound' };
}

/** Somebody asked for one volume by its name. */
function planNamed({ claim, named }: ClaimSnapshot): ClaimPlan {
  if (named === undefined) return { type: 'wait', reason: 'the volume it asks for is not there' };
  if (named.spec?.claimRef !== undefined && !isVolumeOfClaim(named, claim)) {
    const message = `volume "${named.metadata.name}" already bound to a different claim.`;
    return { type: 'wait', reason: message, event: { type: 'Warning', reason: 'FailedBinding', message } };
  }
  // One that was found for it fitted when it was found; nothing but its deletion matters then.
  const wasFound = claim.metadata.annotations?.[boundByController] !== undefined;
  const why = wasFound && named.metadata.deletionTimestamp === undefined ? undefined : mismatchOf(named, claim);
  if (why === undefined) return { type: 'bind', volume: named, reason: 'it asks for this volume' };
  const message = `Cannot bind to requested volume "${named.metadata.name}": ${why}`;
  return { type: 'wait', reason: message, event: { type: 'Warning', reason: 'VolumeMismatch', message } };
}

function planFree({ claim, candidates, storageClass, waitingPods }: ClaimSnapshot): ClaimPlan {
  const isDelayed = storageClass?.volumeBindingMode === 'WaitForFirstConsumer';
  const hasNode = Boolean(claim.metadata.annotations?.[selectedNode]);
  // Of a delayed claim the scheduler alone chooses the volume: it knows which can be used where the pod goes.
  const volume = planMatch({ claim, volumes: candidates, onlyNamed: isDelayed });
  if (volume !== undefined) return { type: 'bind', volume, reason: `${volume.metadata.name} fits best` };
  if (isDelayed && !hasNode) return { type: 'wait', ...normal(...waitingFor(waitingPods)) };
  if (storageClass !== undefined) return { type: 'provision', storageClass, reason: 'no volume fits' };
  const name = storageClassOf(claim);
  if (name === '') {
    const message = 'no persistent volumes available for this claim and no storage class is set';
    return { type: 'wait', ...normal('FailedBinding', message) };
  }
  const message = `storageclass.storage.k8s.io "${name}" not found`;
  return { type: 'wait', reason: message, event: { type: 'Warning', reason: 'ProvisioningFailed', message } };
}

function waitingFor(pods: readonly string[]): [reason: string, message: string] {
  if (pods.length === 0) return ['WaitForFirstConsumer', 'waiting for first consumer to be created before binding'];
  const [first] = pods;
  if (pods.length === 1) return ['WaitForPodScheduled', `waiting for pod ${first} to be scheduled`];
  return ['WaitForPodScheduled', `waiting for pods ${pods.join(',')} to be scheduled`];
}

function normal(reason: string, message: string): { reason: string; event: VolumeEvent } {
  return { reason: message, event: { type: 'Normal', reason, message } };
}

function lost(reason: string, message: string): ClaimPlan {
  return { type: 'lost', reason: message, event: { type: 'Warning', reason, message } };
}
