import {
  compareQuantities,
  isVolumeOfClaim,
  type NodeIdentity,
  nodeSelectorMatches,
  type PersistentVolume,
  type PersistentVolumeClaim,
  selectorFromObject,
  storageClassOf,
} from '#api';

export interface MatchInput {
  readonly claim: PersistentVolumeClaim;
  readonly volumes: Iterable<PersistentVolume>;
  /** Names of volumes that another claim is about to get. */
  readonly taken?: ReadonlySet<string>;
  /** Where the pod goes that wants the claim: only volumes that may be used there. */
  readonly node?: NodeIdentity;
  /** The claim waits for its pod: only a volume that names it will do. */
  readonly onlyNamed?: boolean;
}

/**
 * The volume for a claim: one that names it, or of those that are free and do, the one with the fewest access modes
 * beyond those asked for, of these the smallest, of these the first by name. The order of the volumes does not matter.
 * Source: kubernetes component-helpers storage/volume/pv_helpers.go, FindMatchingVolume, and pkg/controller/volume/persistentvolume/index.go (v1.32).
 */
export function planMatch({
  claim,
  volumes,
  taken,
  node,
  onlyNamed = false,
}: MatchInput): PersistentVolume | undefined {
  const fits = (volume: PersistentVolume) => node === undefined || allows(volume, node);
  const usable = [...volumes].filter(
    (volume) =>
      taken?.has(volume.metadata.name) !== true &&
      volume.metadata.deletionTimestamp === undefined &&
      (volume.spec?.claimRef === undefined || isVolumeOfClaim(volume, claim)) &&
      !isLess(volume.spec?.capacity?.['storage'], requestOf(claim)) &&
      modeOf(volume) === modeOf(claim),
  );
  const [named] = usable.filter((volume) => isVolumeOfClaim(volume, claim)).sort(byName);
  if (named !== undefined) return fits(named) ? named : undefined;
  if (onlyNamed) return undefined;
  const selector = claim.spec?.selector === undefined ? undefined : selectorFromObject(claim.spec.selector);
  return usable
    .filter(
      (volume) =>
        volume.status?.phase === 'Available' &&
        storageClassOf(volume) === storageClassOf(claim) &&
        offersModes(volume, claim) &&
        selector?.matches(volume.metadata.labels) !== false &&
        fits(volume),
    )
    .sort(bySpareness)[0];
}

/** Whether the volume may be used on the node. */
export function allows({ spec }: PersistentVolume, node: NodeIdentity): boolean {
  const { nodeAffinity } = spec ?? {};
  return nodeAffinity?.required === undefined || nodeSelectorMatches(nodeAffinity.required, node);
}

/** Why a volume that a claim asks for by name cannot be its; undefined when it can. Source: pv_controller.go, checkVolumeSatisfyClaim (v1.32). */
export function mismatchOf(volume: PersistentVolume, claim: PersistentVolumeClaim): string | undefined {
  if (volume.metadata.deletionTimestamp !== undefined) return 'requested PV is being deleted';
  if (isLess(volume.spec?.capacity?.['storage'], requestOf(claim))) return 'requested PV is too small';
  if (storageClassOf(volume) !== storageClassOf(claim)) return 'storageClassName does not match';
  if (modeOf(volume) !== modeOf(claim)) return 'incompatible volumeMode';
  return offersModes(volume, claim) ? undefined : 'incompatible accessMode';
}

export const modeOf = ({ spec }: PersistentVolume | PersistentVolumeClaim): string => spec?.volumeMode ?? 'Filesystem';

export const requestOf = ({ spec }: PersistentVolumeClaim): string => spec?.resources?.requests?.['storage'] ?? '0';

function offersModes(volume: PersistentVolume, claim: PersistentVolumeClaim): boolean {
  const offered = volume.spec?.accessModes ?? [];
  return (claim.spec?.accessModes ?? []).every((mode) => offered.includes(mode));
}

function isLess(offered: string | undefined, wanted: string): boolean {
  return compareQuantities(offered ?? '0', wanted) < 0;
}

function bySpareness(left: PersistentVolume, right: PersistentVolume): number {
  const modes = (left.spec?.accessModes?.length ?? 0) - (right.spec?.accessModes?.length ?? 0);
  if (modes !== 0) return modes;
  const sizeOf = ({ spec }: PersistentVolume) => spec?.capacity?.['storage'] ?? '0';
  return compareQuantities(sizeOf(left), sizeOf(right)) || byName(left, right);
}

const byName = (left: PersistentVolume, right: PersistentVolume) => (left.metadata.name < right.metadata.name ? -1 : 1);
