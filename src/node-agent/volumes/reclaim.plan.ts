import { DOCKER_VOLUMES, NODE_LOCAL, NODE_LOCAL_FINALIZER, type PersistentVolume, VOLUME_PROTECTION } from '#api';

export interface ReclaimSnapshot {
  /** As the server has it now. */
  readonly volume: PersistentVolume;
  /** Uids of pods of this node that have it, or have not been cleaned up. */
  readonly users: readonly string[];
  /** Names of other volumes whose data is the same folder. */
  readonly sharers: readonly string[];
}

/** `delete`: the folder goes, then the volume is let go; `release`: it is let go and the folder stays; `keep`: nothing yet. */
export interface ReclaimPlan {
  readonly action: 'delete' | 'release' | 'keep';
  readonly reason: string;
  /** The name of the folder, or of the engine's volume. */
  readonly handle?: string;
  readonly kind?: 'folder' | 'engine';
}

/** A volume is reclaimed once it is being deleted and the binder has said that no claim has it: never before. */
export function planReclaim({ volume, users, sharers }: ReclaimSnapshot): ReclaimPlan {
  const { deletionTimestamp, finalizers = [] } = volume.metadata;
  const { csi, persistentVolumeReclaimPolicy: policy } = volume.spec ?? {};
  const phase = volume.status?.phase ?? '';
  if (!finalizers.includes(NODE_LOCAL_FINALIZER)) return keep('it is not held for this agent');
  if (deletionTimestamp === undefined) return keep('it is not being deleted');
  if (finalizers.includes(VOLUME_PROTECTION)) return keep('it is protected');
  if (phase !== 'Released' && phase !== 'Failed') return keep(`it is ${phase || 'in no phase'}`);
  if (users.length > 0) return keep(`pods have it: ${users.join(', ')}`);
  if (policy !== 'Delete') return { action: 'release', reason: `its reclaim policy is ${policy}` };
  if (csi?.driver !== NODE_LOCAL && csi?.driver !== DOCKER_VOLUMES) return keep('it is no folder');
  if (sharers.length > 0) return { action: 'release', reason: `its folder is also that of ${sharers.join(', ')}` };
  const kind = csi.driver === NODE_LOCAL ? 'folder' : 'engine';
  return { action: 'delete', reason: 'its claim is gone', handle: csi.volumeHandle, kind };
}

function keep(reason: string): ReclaimPlan {
  return { action: 'keep', reason };
}
