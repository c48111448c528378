import type { ObjectKey } from '#api';

/** One object that is no longer in Git and that we own. */
export interface PruneCandidate {
  readonly id: string;
  readonly key: ObjectKey;
  /** Ids of objects that would go with it: what an Application or a Namespace holds. */
  readonly cascade: readonly string[];
  /** Its annotations ask for a person's word (`Prune=confirm`). */
  readonly confirm: boolean;
}

export interface PruneQuestion {
  readonly candidates: readonly PruneCandidate[];
  /** Ids of the objects that stay. */
  readonly staying: readonly ObjectKey[];
  /** Objects that the Application owns now, the candidates included. */
  readonly ownedCount: number;
  readonly allowEmpty: boolean;
  /** The new commit shares no history with the one that was synced before. */
  readonly unrelatedHistory: boolean;
  /** The Application's folder does not exist any more in the commit. */
  readonly pathMissing: boolean;
  /** A person deleted the Application itself: that it becomes empty is what was asked for. */
  readonly applicationDeleted: boolean;
}

export interface PruneVerdict {
  readonly blocked: boolean;
  /** In words for a person; empty when not blocked. */
  readonly reasons: readonly string[];
  /** Objects that would go, cascades included, superseded generator names not. */
  readonly weight: number;
  /** How many may go without asking. */
  readonly limit: number;
}

/** So many objects may always go without asking. */
export const PRUNE_COUNT = 10;
/** So large a share of an Application may go without asking. */
export const PRUNE_SHARE = 0.2;
/** Kinds that hold data or other objects. They never go unasked. */
const PRECIOUS = new Set([
  '/Namespace',
  '/PersistentVolumeClaim',
  '/PersistentVolume',
  'apiextensions.k8s.io/CustomResourceDefinition',
]);
/** Ids named in one reason. */
const NAMED = 5;

/** Whether what would be deleted needs a person's approval first, and why. */
export function judgePrune(question: PruneQuestion): PruneVerdict {
  const { candidates, staying, ownedCount } = question;
  const limit = Math.max(PRUNE_COUNT, Math.floor(ownedCount * PRUNE_SHARE));
  const counted = candidates.filter((candidate) => !isSuperseded(candidate.key, staying));
  const weight = counted.reduce((sum, { cascade }) => sum + 1 + cascade.length, 0);
  if (candidates.length === 0) return { blocked: false, reasons: [], weight: 0, limit };
  const reasons: string[] = [];
  if (weight > limit) reasons.push(`${weight} objects would be deleted, more than ${limit} of ${ownedCount}`);
  if (staying.length === 0 && !question.allowEmpty && !question.applicationDeleted) {
    reasons.push('the Application would be left without any object');
  }
  if (question.pathMissing) reasons.push("the Application's folder is not in the commit");
  if (question.unrelatedHistory) reasons.push('the branch was replaced by an unrelated history');
  const precious = candidates.flatMap(({ id, key, cascade }) => [
    ...(isPrecious(key) ? [id] : []),
    ...cascade.filter(isPreciousId),
  ]);
  if (precious.length > 0) reasons.push(`it holds data or other objects: ${some(precious)}`);
  const confirm = candidates.filter((candidate) => candidate.confirm).map(({ id }) => id);
  if (confirm.length > 0) reasons.push(`its annotations ask for confirmation: ${some(confirm)}`);
  return { blocked: reasons.length > 0, reasons, weight, limit };
}

/** Kinds whose deletion takes data, or other objects, with it. */
export function isPrecious({ group, kind }: ObjectKey): boolean {
  return PRECIOUS.has(`${group}/${kind}`);
}

function isPreciousId(id: string): boolean {
  const parts = id.split('/');
  return [...PRECIOUS].some((precious) => {
    const kind = precious.startsWith('/') ? precious.slice(1) : precious;
    return kind.includes('/') ? id.startsWith(`${kind}/`) : parts[0] === kind && !parts[0].includes('.');
  });
}

function some(ids: readonly string[]): string {
  const more = ids.length > NAMED ? ` and ${ids.length - NAMED} more` : '';
  return ids.slice(0, NAMED).join(', ') + more;
}

/** `settings-7g2k9m5bct`: a base name and the ten letters of a content hash. Source: kustomize api/hasher/hasher.go, encode. */
const GENERATED = /^(.+)-[bcdf2456789ghkmt]{10}$/;

/** Whether a newer generation of the same generated name stays. Only kinds that are generated. */
function isSuperseded(key: ObjectKey, staying: readonly ObjectKey[]): boolean {
  if (key.group !== '' || (key.kind !== 'ConfigMap' && key.kind !== 'Secret')) return false;
  const base = GENERATED.exec(key.name)?.[1];
  if (base === undefined) return false;
  return staying.some(
    (other) =>
      other.group === '' &&
      other.kind === key.kind &&
      other.namespace === key.namespace &&
      other.name !== key.name &&
      GENERATED.exec(other.name)?.[1] === base,
  );
}
