import { claimsOf, isClaimOfPod, type KubeObject, type PersistentVolumeClaim, type Pod } from '#api';
import type { VolumeEvent } from './event.types.ts';

export interface EphemeralSnapshot {
  readonly pod: Pod;
  /** Claims of the pod's namespace, by name. */
  readonly claims: ReadonlyMap<string, PersistentVolumeClaim>;
}

export interface EphemeralPlan {
  readonly create: readonly KubeObject[];
  /** Why a claim cannot be made. */
  readonly event?: VolumeEvent;
}

/**
 * The claims that a pod's own templates ask for and that are not there: the pod owns them, and they go with it.
 * Source: kubernetes pkg/controller/volume/ephemeral/controller.go (v1.32).
 */
export function planEphemeralClaims({ pod, claims }: EphemeralSnapshot): EphemeralPlan {
  const { name: podName, namespace, uid, deletionTimestamp } = pod.metadata;
  if (deletionTimestamp !== undefined) return { create: [] };
  const create: KubeObject[] = [];
  for (const { volume, claim: name, ephemeral } of claimsOf(pod)) {
    if (!ephemeral) continue;
    const found = claims.get(name);
    if (found !== undefined) {
      if (isClaimOfPod(found, pod)) continue;
      const message = `PVC ${namespace}/${name} was not created for pod ${namespace}/${podName} (pod is not owner)`;
      return { create: [], event: { type: 'Warning', reason: 'FailedBinding', message } };
    }
    const template = pod.spec.volumes?.find((each) => each.name === volume)?.ephemeral?.volumeClaimTemplate;
    if (template === undefined) continue;
    const { labels, annotations } = template.metadata ?? {};
    create.push({
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: {
        name,
        namespace: namespace ?? '',
        ...(labels === undefined ? {} : { labels }),
        ...(annotations === undefined ? {} : { annotations }),
        ownerReferences: [
          { apiVersion: 'v1', kind: 'Pod', name: podName, uid, controller: true, blockOwnerDeletion: true },
        ],
      },
      spec: template.spec,
    });
  }
  return { create };
}
