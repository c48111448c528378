import {
  claimsOf,
  compareQuantities,
  isClaimOfPod,
  type NodeIdentity,
  type PersistentVolume,
  type PersistentVolumeClaim,
  type Pod,
  type StorageClass,
  storageClassOf,
  VOLUME_ANNOTATIONS,
} from '#api';
import type { ClusterChange, VolumeNeed } from '../filters/filter.ts';
import type { PodVolumeNeeds } from '../schedule.plan.ts';
import { allows, planMatch, requestOf } from './matching.plan.ts';

/** What is known of claims and volumes; all by name, claims within the pod's namespace. */
export interface VolumeView {
  claim(name: string): PersistentVolumeClaim | undefined;
  volume(name: string): PersistentVolume | undefined;
  storageClass(name: string): StorageClass | undefined;
  /** Volumes that a claim without one may get: of its class, or naming it. */
  candidates(claim: PersistentVolumeClaim): readonly PersistentVolume[];
  readonly nodes: readonly NodeIdentity[];
  /** Another pod has the claim, or is about to, and it is for one pod alone. */
  isTaken(claim: PersistentVolumeClaim): boolean;
}

const CONFLICT = 'node(s) had volume node affinity conflict';
const NO_VOLUME = "node(s) didn't find available persistent volumes to bind";
const TAKEN = 'node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode';

/**
 * What a pod's claims ask of its node. Source: kubernetes pkg/scheduler/framework/plugins/volumebinding and
 * volumerestrictions (v1.32).
 */
export function planVolumeNeeds(pod: Pod, view: VolumeView): PodVolumeNeeds {
  const needs: VolumeNeed[] = [];
  const open: PersistentVolumeClaim[] = [];
  for (const { claim: name, ephemeral } of claimsOf(pod)) {
    const claim = view.claim(name);
    if (claim === undefined) return blocked(missing(name, ephemeral));
    if (ephemeral && !isClaimOfPod(claim, pod)) {
      return blocked(
        `PVC "${name}" was not created for pod "${pod.metadata.namespace}/${pod.metadata.name}" (pod is not owner)`,
      );
    }
    const volumeName = claim.spec?.volumeName ?? '';
    if (claim.status?.phase === 'Lost') {
      return blocked(`persistentvolumeclaim "${name}" bound to non-existent persistentvolume "${volumeName}"`);
    }
    if (claim.metadata.deletionTimestamp !== undefined)
      return blocked(`persistentvolumeclaim "${name}" is being deleted`);
    if (isForOnePod(claim) && view.isTaken(claim)) return blocked(TAKEN, ['pod', 'placed', 'volume']);
    if (isFullyBound(claim)) {
      const volume = view.volume(volumeName);
      if (volume === undefined) return blocked(`persistentvolume "${volumeName}" not found`);
      const { nodeAffinity } = volume.spec ?? {};
      if (nodeAffinity?.required !== undefined) needs.push({ anyOf: [nodeAffinity.required], otherwise: CONFLICT });
    } else if (volumeName === '' && waitsForConsumer(claim, view)) open.push(claim);
    else return blocked('pod has unbound immediate PersistentVolumeClaims');
  }
  if (open.length > 0) needs.push(...openNeeds(open, view));
  return { needs };
}

function missing(name: string, ephemeral: boolean): string {
  if (!ephemeral) return `persistentvolumeclaim "${name}" not found`;
  return `waiting for ephemeral volume controller to create the persistentvolumeclaim "${name}"`;
}

function waitsForConsumer(claim: PersistentVolumeClaim, view: VolumeView): boolean {
  return view.storageClass(storageClassOf(claim))?.volumeBindingMode === 'WaitForFirstConsumer';
}

/** Where the claims that wait for the pod can all be had. Anywhere, where nothing is said. */
function openNeeds(open: readonly PersistentVolumeClaim[], view: VolumeView): VolumeNeed[] {
  const isAnywhere = open.every(
    (claim) =>
      selectedNodeOf(claim) === undefined &&
      canProvision(claim, view) &&
      view.storageClass(storageClassOf(claim))?.allowedTopologies === undefined,
  );
  if (isAnywhere) return [];
  const names = view.nodes.filter((node) => planOpenClaims(open, node, view) !== undefined).map(({ name }) => name);
  const selector = { matchFields: [{ key: 'metadata.name', operator: 'In', values: names.sort() }] };
  return [{ anyOf: [{ nodeSelectorTerms: [selector] }], otherwise: NO_VOLUME }];
}

/** What is to be written before the pod may go to a node. */
export interface OpenClaimsPlan {
  /** Free volumes that suit: each is to name its claim. */
  readonly match: readonly { readonly claim: PersistentVolumeClaim; readonly volume: PersistentVolume }[];
  /** Claims for which a volume is to be made there. */
  readonly provision: readonly PersistentVolumeClaim[];
}

/**
 * How all these claims can be had on the node; undefined when one cannot. The smallest choose first, of these the first
 * by name. Source: kubernetes pkg/scheduler/framework/plugins/volumebinding/binder.go, findMatchingVolumes (v1.32).
 */
export function planOpenClaims(
  open: readonly PersistentVolumeClaim[],
  node: NodeIdentity,
  view: VolumeView,
): OpenClaimsPlan | undefined {
  const taken = new Set<string>();
  const match: { claim: PersistentVolumeClaim; volume: PersistentVolume }[] = [];
  const provision: PersistentVolumeClaim[] = [];
  for (const claim of [...open].sort(bySize)) {
    const selected = selectedNodeOf(claim);
    // Somebody makes a volume for it there already.
    if (selected !== undefined && selected !== node.name) return undefined;
    const volume =
      selected === undefined ? planMatch({ claim, volumes: view.candidates(claim), taken, node }) : undefined;
    if (volume !== undefined) {
      taken.add(volume.metadata.name);
      match.push({ claim, volume });
    } else if (canProvision(claim, view) && isTopologyAllowed(claim, node, view)) provision.push(claim);
    else return undefined;
  }
  return { match, provision };
}

function bySize(left: PersistentVolumeClaim, right: PersistentVolumeClaim): number {
  return compareQuantities(requestOf(left), requestOf(right)) || (left.metadata.name < right.metadata.name ? -1 : 1);
}

function canProvision(claim: PersistentVolumeClaim, view: VolumeView): boolean {
  const provisioner = view.storageClass(storageClassOf(claim))?.provisioner;
  return provisioner !== undefined && provisioner !== NO_PROVISIONER;
}

/** The class of volumes that somebody makes by hand. Source: component-helpers storage/volume, NotSupportedProvisioner (v0.32). */
const NO_PROVISIONER = 'kubernetes.io/no-provisioner';

function isTopologyAllowed(claim: PersistentVolumeClaim, { labels }: NodeIdentity, view: VolumeView): boolean {
  const terms = view.storageClass(storageClassOf(claim))?.allowedTopologies ?? [];
  if (terms.length === 0) return true;
  return terms.some(({ matchLabelExpressions = [] }) =>
    matchLabelExpressions.every(({ key, values }) => Object.hasOwn(labels, key) && values.includes(labels[key] ?? '')),
  );
}

/** Why a pod whose claims are bound may still not go to a node; undefined when it may. */
export function conflictOf(volumes: readonly PersistentVolume[], node: NodeIdentity): string | undefined {
  const stuck = volumes.find((volume) => !allows(volume, node));
  return stuck === undefined ? undefined : `volume "${stuck.metadata.name}" cannot be used on node "${node.name}"`;
}

export function isFullyBound({ metadata, spec }: PersistentVolumeClaim): boolean {
  return Boolean(spec?.volumeName) && metadata.annotations?.[VOLUME_ANNOTATIONS.bindCompleted] !== undefined;
}

export function selectedNodeOf({ metadata }: PersistentVolumeClaim): string | undefined {
  return metadata.annotations?.[VOLUME_ANNOTATIONS.selectedNode] || undefined;
}

export function isForOnePod({ spec }: PersistentVolumeClaim): boolean {
  return spec?.accessModes?.includes('ReadWriteOncePod') ?? false;
}

function blocked(why: string, retryOn: readonly ClusterChange[] = ['volume']): PodVolumeNeeds {
  return { blocked: why, retryOn };
}

/** Whether a pod keeps others from claims that are for one pod alone: it has a node, or is about to, and has not ended. */
export function holdsVolumes({ spec, status }: Pod, isAssumed: boolean): boolean {
  const hasEnded = status?.phase === 'Succeeded' || status?.phase === 'Failed';
  return (Boolean(spec.nodeName) || isAssumed) && !hasEnded;
}
