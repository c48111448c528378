/** The volume claims of a StatefulSet's pods: which there are, and whose. Source: kubernetes pkg/controller/statefulset/stateful_set_utils.go (v1.32). */
import {
  apiVersionOf,
  type KubeObject,
  type OwnerReference,
  PERSISTENT_VOLUME_CLAIMS,
  type PersistentVolumeClaim,
  PODS,
  type ResourceType,
  STATEFUL_SETS,
  type StatefulSet,
} from '#api';
import { equalJson } from '#base';
import { controllerReference } from '../shared/owners.plan.ts';
import { isWanted, ordinalOf, podName } from './identity.plan.ts';

/** Finds a claim in the set's namespace by its name. */
export type FindClaim = (name: string) => PersistentVolumeClaim | undefined;

/** A pod with its number; its uid is empty while it is still to be made. */
export interface Member {
  readonly ordinal: number;
  readonly uid: string;
}

/** A claim whose owners are to be others. */
export interface ClaimOwners {
  readonly claim: PersistentVolumeClaim;
  readonly ownerReferences: readonly OwnerReference[];
}

/** What is to be done about the claims of one pod before anything is done about the pod. */
export interface ClaimWork {
  readonly make: readonly KubeObject[];
  readonly own: readonly ClaimOwners[];
  /** Names of those that are being deleted: the pod waits until they are gone. */
  readonly going: readonly string[];
  /** Names of those that another controller has: the retention policy does not hold for them. */
  readonly foreign: readonly string[];
}

export const NO_CLAIM_WORK: ClaimWork = { make: [], own: [], going: [], foreign: [] };

export function isIdle({ make, own, going, foreign }: ClaimWork): boolean {
  return make.length + own.length + going.length + foreign.length === 0;
}

/** The names of a pod's claims, by the names of their templates. */
export function claimNames(statefulSet: StatefulSet, ordinal: number): ReadonlyMap<string, string> {
  const templates = statefulSet.spec.volumeClaimTemplates ?? [];
  const names = templates.map(({ metadata }) => metadata?.name ?? '');
  return new Map(names.map((name) => [name, `${name}-${podName(statefulSet, ordinal)}`]));
}

/** Whether a claim is named for a pod of the set. */
export function isClaimOf(statefulSet: StatefulSet, { metadata }: PersistentVolumeClaim): boolean {
  return (statefulSet.spec.volumeClaimTemplates ?? []).some((template) => {
    const prefix = `${template.metadata?.name ?? ''}-`;
    const name = metadata.name.slice(prefix.length);
    return metadata.name.startsWith(prefix) && ordinalOf(statefulSet, { metadata: { name } }) !== undefined;
  });
}

/** Makes what is missing, and gives what is there to whom the retention policy says. */
export function planClaims(statefulSet: StatefulSet, member: Member, find: FindClaim): ClaimWork {
  const make: KubeObject[] = [];
  const going: string[] = [];
  for (const [template, name] of claimNames(statefulSet, member.ordinal)) {
    const claim = find(name);
    if (claim === undefined) make.push(claimOf(statefulSet, template, name, member));
    else if (claim.metadata.deletionTimestamp !== undefined) going.push(name);
  }
  return { make, going, ...planOwners(statefulSet, member, find) };
}

/** Gives what is there to whom the retention policy says, and makes nothing. */
export function planOwners(
  statefulSet: StatefulSet,
  member: Member,
  find: FindClaim,
): Pick<ClaimWork, 'own' | 'foreign'> {
  const claims = [...claimNames(statefulSet, member.ordinal).values()].flatMap((name) => find(name) ?? []);
  return {
    own: claims.flatMap((claim) => otherOwners(statefulSet, member, claim) ?? []),
    foreign: claims
      .filter(({ metadata }) => isForeign(statefulSet, member, metadata.ownerReferences ?? []))
      .map(({ metadata }) => metadata.name),
  };
}

/** Whether a claim still belongs to an earlier pod of this name, with which it will go. */
export function hasStaleClaim(statefulSet: StatefulSet, member: Member, find: FindClaim): boolean {
  if (!retention(statefulSet).deletesWhenScaled) return false;
  return [...claimNames(statefulSet, member.ordinal).values()].some((name) =>
    (find(name)?.metadata.ownerReferences ?? []).some(
      (reference) => refersTo(reference, PODS, podName(statefulSet, member.ordinal)) && reference.uid !== member.uid,
    ),
  );
}

function claimOf(statefulSet: StatefulSet, template: string, name: string, member: Member): KubeObject {
  const found = statefulSet.spec.volumeClaimTemplates?.find(({ metadata }) => metadata?.name === template);
  const { labels, annotations } = found?.metadata ?? {};
  const owners = ownersOf(statefulSet, member);
  const { namespace } = statefulSet.metadata;
  return {
    apiVersion: apiVersionOf(PERSISTENT_VOLUME_CLAIMS),
    kind: PERSISTENT_VOLUME_CLAIMS.kind,
    metadata: {
      name,
      ...(namespace === undefined ? {} : { namespace }),
      labels: { ...labels, ...statefulSet.spec.selector.matchLabels },
      ...(annotations === undefined ? {} : { annotations }),
      ...(owners.length === 0 ? {} : { ownerReferences: owners }),
    },
    spec: found?.spec,
  };
}

/** Undefined when a claim has the owners it should have, or is in a state that is not for us to mend. */
function otherOwners(
  statefulSet: StatefulSet,
  member: Member,
  claim: PersistentVolumeClaim,
): readonly ClaimOwners[] | undefined {
  const before = claim.metadata.ownerReferences ?? [];
  if (before.some((reference) => isStale(statefulSet, member, reference))) return undefined;
  const others = before.filter((reference) => !isOurs(statefulSet, member, reference));
  const ours = isForeign(statefulSet, member, before) ? [] : ownersOf(statefulSet, member);
  const known = before.filter((reference) => isOurs(statefulSet, member, reference));
  return equalJson(known, ours) ? undefined : [{ claim, ownerReferences: [...others, ...ours] }];
}

/**
 * The set owns what goes with it; the pod what goes when it is scaled away, and only once it is: a pod that is merely
 * replaced keeps its claim.
 */
function ownersOf(statefulSet: StatefulSet, { ordinal, uid }: Member): OwnerReference[] {
  const { deletesWhenScaled, deletesWithSet } = retention(statefulSet);
  const name = podName(statefulSet, ordinal);
  if (deletesWhenScaled && !isWanted(statefulSet, ordinal)) {
    return [{ apiVersion: 'v1', kind: 'Pod', name, uid, controller: true, blockOwnerDeletion: true }];
  }
  return deletesWithSet ? [controllerReference(statefulSet, STATEFUL_SETS)] : [];
}

function retention({ spec }: StatefulSet) {
  const { whenDeleted, whenScaled } = spec.persistentVolumeClaimRetentionPolicy ?? {};
  return { deletesWithSet: whenDeleted === 'Delete', deletesWhenScaled: whenScaled === 'Delete' };
}

/** Whether a controller that is neither the set nor the pod has the claim, and the policy would have it otherwise. */
function isForeign(statefulSet: StatefulSet, member: Member, references: readonly OwnerReference[]): boolean {
  const { deletesWithSet, deletesWhenScaled } = retention(statefulSet);
  if (!deletesWithSet && !deletesWhenScaled) return false;
  return references.some(
    (reference) =>
      isStale(statefulSet, member, reference) ||
      (reference.controller === true && !isOurs(statefulSet, member, reference)),
  );
}

function isOurs(statefulSet: StatefulSet, { ordinal }: Member, reference: OwnerReference): boolean {
  return (
    refersTo(reference, STATEFUL_SETS, statefulSet.metadata.name) ||
    refersTo(reference, PODS, podName(statefulSet, ordinal))
  );
}

/** Of a set or pod of this name that was before. */
function isStale(statefulSet: StatefulSet, member: Member, reference: OwnerReference): boolean {
  if (!isOurs(statefulSet, member, reference)) return false;
  return reference.uid !== statefulSet.metadata.uid && reference.uid !== member.uid;
}

function refersTo(reference: OwnerReference, resource: ResourceType, name: string): boolean {
  return reference.apiVersion === apiVersionOf(resource) && reference.kind === resource.kind && reference.name === name;
}
