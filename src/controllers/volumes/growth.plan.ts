import { compareQuantities, type Json, NODE_LOCAL, type PersistentVolume, type PersistentVolumeClaim } from '#api';
import { requestOf } from '#scheduler';
import type { VolumeEvent } from './event.types.ts';

/** At most one write of the volume's spec, then one of the claim's status. */
export interface GrowthPlan {
  readonly reason: string;
  readonly volume?: Json;
  readonly claimStatus?: Json;
  readonly event?: VolumeEvent;
}

/** What a claim is told while it grows; none of it is left once it has. Source: core/v1 PersistentVolumeClaimConditionType (v1.32). */
const WHILE_GROWING = new Set(['Resizing', 'FileSystemResizePending', 'ControllerResizeError', 'NodeResizeError']);

/**
 * What becomes of a bound claim that asks for more than it has: that its class lets it was seen when it asked. The size
 * of a folder is a matter of record; of all other volumes somebody else would have to make them larger.
 * Source: kubernetes pkg/controller/volume/expand/expand_controller.go (v1.32), and external-resizer for what follows.
 */
export function planGrowth(claim: PersistentVolumeClaim, volume: PersistentVolume): GrowthPlan {
  const wanted = requestOf(claim);
  const { capacity = {}, conditions = [] } = claim.status ?? {};
  if (claim.metadata.deletionTimestamp !== undefined) return { reason: 'it is being deleted' };
  if (capacity['storage'] === undefined) return { reason: 'it has no size yet' };
  if (compareQuantities(capacity['storage'], wanted) >= 0) return { reason: 'it is as large as it asks for' };
  if (volume.spec?.csi?.driver !== NODE_LOCAL) {
    const message = 'waiting for an external controller to expand this PVC';
    return { reason: message, event: { type: 'Normal', reason: 'ExternalExpanding', message } };
  }
  const isLarge = compareQuantities(volume.spec.capacity?.['storage'] ?? '0', wanted) >= 0;
  const kept = conditions.filter(({ type }) => !WHILE_GROWING.has(type));
  const isTold = kept.length < conditions.length;
  return {
    reason: 'the size of a folder is a matter of record',
    ...(isLarge ? {} : { volume: { spec: { capacity: { storage: wanted } } } }),
    claimStatus: {
      status: {
        capacity: { storage: wanted },
        ...(isTold ? { conditions: kept.length === 0 ? null : (kept as unknown as Json) } : {}),
      },
    },
    event: { type: 'Normal', reason: 'VolumeResizeSuccessful', message: 'Resize volume succeeded' },
  };
}
