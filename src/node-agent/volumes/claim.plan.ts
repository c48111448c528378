import {
  DOCKER_VOLUMES,
  isClaimOfPod,
  NODE_LOCAL,
  type NodeIdentity,
  nodeSelectorMatches,
  type PersistentVolume,
  type PersistentVolumeClaim,
  type PodClaim,
} from '#api';
import type { Pod } from '../pod/pod.types.ts';

/** A volume that the container engine keeps, by one of its drivers. */
export interface EngineVolume {
  readonly name: string;
  readonly driver: string;
  readonly options: Readonly<Record<string, string>>;
}

/** What a claim's volume is on this node. */
export type VolumeSource =
  | ({ readonly type: 'engine' } & EngineVolume)
  | { readonly type: 'folder'; readonly handle: string }
  | { readonly type: 'hostPath'; readonly path: string; readonly check: string }
  | { readonly type: 'nfs'; readonly server: string; readonly path: string; readonly options: readonly string[] };

/** A claim of a pod, once it was looked up: it stays so for as long as the pod is there. */
export interface ClaimMount {
  /** The PersistentVolume's name. */
  readonly volume: string;
  readonly source: VolumeSource;
  readonly readOnly: boolean;
  /** No other pod may have it. */
  readonly exclusive: boolean;
}

export type ClaimPlan = { readonly mount: ClaimMount } | { readonly failure: string };

export interface ClaimInput {
  readonly pod: Pod;
  readonly podClaim: PodClaim;
  readonly claim: PersistentVolumeClaim | undefined;
  /** The volume that the claim names. */
  readonly volume: PersistentVolume | undefined;
  readonly node: NodeIdentity;
}

/** Source of the words: kubernetes pkg/kubelet/volumemanager/populator/desired_state_of_world_populator.go (v1.32). */
export function planClaimMount({ pod, podClaim, claim, volume, node }: ClaimInput): ClaimPlan {
  const { name, uid } = claim?.metadata ?? {};
  const fail = (why: string) => ({
    failure: `error processing PVC ${pod.metadata.namespace}/${podClaim.claim}: ${why}`,
  });
  if (claim === undefined) {
    return fail(`failed to fetch PVC from API server: persistentvolumeclaims "${podClaim.claim}" not found`);
  }
  if (podClaim.ephemeral && !isClaimOfPod(claim, pod)) {
    return fail(`PVC "${name}" was not created for pod "${pod.metadata.name}" (pod is not owner)`);
  }
  if (claim.metadata.deletionTimestamp !== undefined) return fail('PVC is being deleted');
  const volumeName = claim.spec?.volumeName ?? '';
  if (claim.status?.phase !== 'Bound' || volumeName === '') return fail('PVC is not bound');
  if (volume === undefined) {
    return fail(`failed to fetch PV ${volumeName} from API server: persistentvolumes "${volumeName}" not found`);
  }
  const { claimRef, nodeAffinity, accessModes = [] } = volume.spec ?? {};
  if (claimRef?.uid !== uid) {
    const whose = claimRef?.uid ?? 'none';
    return fail(
      `found PV object ${volumeName} but its pv.Spec.ClaimRef.UID ${whose} does not point to claim.UID ${uid}`,
    );
  }
  if (nodeAffinity?.required !== undefined && !nodeSelectorMatches(nodeAffinity.required, node)) {
    return { failure: `NodeAffinity check failed for volume "${volumeName}" : no matching NodeSelectorTerms` };
  }
  const source = sourceOf(volume);
  if (typeof source === 'string') return { failure: source };
  const isReadOnly = pod.spec.volumes?.find((each) => each.name === podClaim.volume)?.persistentVolumeClaim?.readOnly;
  return {
    mount: {
      volume: volumeName,
      source,
      readOnly: isReadOnly === true || volume.spec?.nfs?.readOnly === true,
      exclusive: accessModes.includes('ReadWriteOncePod'),
    },
  };
}

/** Where the volume's data is; why it cannot be had, where it cannot. */
function sourceOf({ spec = {} }: PersistentVolume): VolumeSource | string {
  if (spec.volumeMode === 'Block') return 'volumes of the mode Block are not supported';
  const { nfs, mountOptions = [] } = spec;
  if (nfs !== undefined) {
    const options = [...mountOptions, ...(nfs.readOnly === true ? ['ro'] : [])];
    return { type: 'nfs', server: nfs.server, path: nfs.path, options };
  }
  if (mountOptions.length > 0) return 'mount options are not supported for this volume type';
  if (spec.csi?.driver === NODE_LOCAL) return { type: 'folder', handle: spec.csi.volumeHandle };
  if (spec.csi?.driver === DOCKER_VOLUMES) return engineVolumeOf(spec.csi);
  if (spec.csi !== undefined) return `driver name ${spec.csi.driver} not found in the list of registered CSI drivers`;
  if (spec.local !== undefined) return { type: 'hostPath', path: spec.local.path, check: 'Directory' };
  if (spec.hostPath !== undefined)
    return { type: 'hostPath', path: spec.hostPath.path, check: spec.hostPath.type ?? '' };
  return 'no volume plugin matched: persistent volumes of this kind are not supported';
}

/** Before the name of an option that the driver takes. */
const OPTION = 'opt.';

function engineVolumeOf({ volumeHandle, volumeAttributes = {} }: CsiSource): VolumeSource | string {
  // Source: moby volume/names/names.go, RestrictedNamePattern. It becomes part of a URL.
  if (!/^[a-zA-Z0-9][a-zA-Z0-9_.-]{1,127}$/.test(volumeHandle)) {
    return `${JSON.stringify(volumeHandle)} is no name of a Docker volume`;
  }
  const options = Object.entries(volumeAttributes).flatMap(([key, value]) =>
    key.startsWith(OPTION) ? [[key.slice(OPTION.length), value] as const] : [],
  );
  const driver = volumeAttributes['driver'] ?? 'local';
  return { type: 'engine', name: volumeHandle, driver, options: Object.fromEntries(options) };
}

type CsiSource = NonNullable<NonNullable<PersistentVolume['spec']>['csi']>;
