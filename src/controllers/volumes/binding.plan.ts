import { type Json, type PersistentVolume, type PersistentVolumeClaim, VOLUME_ANNOTATIONS } from '#api';

const { bindCompleted, boundByController } = VOLUME_ANNOTATIONS;

/**
 * The four writes that bind a claim to a volume, in their order; undefined where nothing is to be written. The volume
 * first: once it names the claim nobody else gets it, and whoever dies in between, the next one goes on from there.
 */
export interface BindingPlan {
  readonly volume?: Json;
  readonly volumeStatus?: Json;
  readonly claim?: Json;
  readonly claimStatus?: Json;
}

/** Merge patches without a version: the shell adds that of what it last saw. Source: pv_controller.go, bind (v1.32). */
export function planBinding(volume: PersistentVolume, claim: PersistentVolumeClaim): BindingPlan {
  const { name, namespace, uid } = claim.metadata;
  const { claimRef } = volume.spec ?? {};
  const claimMarks = claim.metadata.annotations ?? {};
  const wasNamed = Boolean(claim.spec?.volumeName);
  const isComplete = wasNamed && claimMarks[bindCompleted] !== undefined;
  const capacity = volume.spec?.capacity ?? {};
  const accessModes = volume.spec?.accessModes ?? [];
  return {
    ...(claimRef?.uid === uid
      ? {}
      : {
          volume: {
            ...(claimRef === undefined ? { metadata: { annotations: { [boundByController]: 'yes' } } } : {}),
            spec: {
              claimRef: { apiVersion: 'v1', kind: 'PersistentVolumeClaim', name, namespace: namespace ?? '', uid },
            },
          },
        }),
    ...(volume.status?.phase === 'Bound' ? {} : { volumeStatus: phasePatch('Bound') }),
    ...(isComplete
      ? {}
      : {
          claim: {
            metadata: { annotations: { [bindCompleted]: 'yes', ...(wasNamed ? {} : { [boundByController]: 'yes' }) } },
            spec: { volumeName: volume.metadata.name },
          },
        }),
    ...(isToldBound(claim, accessModes) ? {} : { claimStatus: { status: { phase: 'Bound', accessModes, capacity } } }),
  };
}

/** Its size is told once, when it is bound: growing is another matter. */
function isToldBound({ status }: PersistentVolumeClaim, accessModes: readonly string[]): boolean {
  return (
    status?.phase === 'Bound' && status.capacity !== undefined && status.accessModes?.join() === accessModes.join()
  );
}

/** A phase, and no word of an earlier failure. */
export function phasePatch(phase: string): Json {
  return { status: { phase, message: null, reason: null } };
}
