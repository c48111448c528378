/** The arithmetic of a rolling update. Pure numbers. */
import { type Deployment, intOrPercent, type ReplicaSet } from '#api';

export interface Bounds {
  /** `spec.replicas`. */
  readonly replicas: number;
  /** Pods above that. */
  readonly maxSurge: number;
  /** Pods below that. */
  readonly maxUnavailable: number;
}

/**
 * Surge is rounded up and unavailability down, and they are never both 0, or nothing could move.
 * Source: kubernetes pkg/controller/deployment/util/deployment_util.go, ResolveFenceposts (v1.32).
 */
export function boundsOf({ spec }: Pick<Deployment, 'spec'>): Bounds {
  const replicas = spec.replicas ?? 1;
  if (!isRolling({ spec })) return { replicas, maxSurge: 0, maxUnavailable: 0 };
  const { maxSurge: surge = '25%', maxUnavailable: unavailable = '25%' } = spec.strategy?.rollingUpdate ?? {};
  const maxSurge = intOrPercent(surge, replicas, true);
  const rounded = intOrPercent(unavailable, replicas, false);
  const maxUnavailable = maxSurge === 0 && rounded === 0 ? 1 : rounded;
  return { replicas, maxSurge, maxUnavailable: Math.min(maxUnavailable, replicas) };
}

export function isRolling({ spec }: Pick<Deployment, 'spec'>): boolean {
  return (spec.strategy?.type ?? 'RollingUpdate') === 'RollingUpdate';
}

/** A ReplicaSet as numbers. */
export interface Share {
  readonly replicaSet: ReplicaSet;
  /** What it is told to have. */
  readonly wanted: number;
  /** Active pods it may have now: more than `wanted` while it shrinks, any number until its newest size was looked at. */
  readonly pods: number;
  /** Pods that serve and stay: what it is about to give up does not count. */
  readonly available: number;
}

export function shareOf(replicaSet: ReplicaSet): Share {
  const wanted = replicaSet.spec.replicas ?? 1;
  const { replicas = 0, availableReplicas = 0, observedGeneration = 0 } = replicaSet.status ?? { replicas: 0 };
  // It may have grown and been told to shrink since its pods were counted.
  const isCounted = observedGeneration >= (replicaSet.metadata.generation ?? 0);
  const pods = isCounted ? Math.max(wanted, replicas) : Number.POSITIVE_INFINITY;
  return { replicaSet, wanted, pods, available: Math.min(wanted, availableReplicas) };
}

const total = (shares: readonly Share[], value: (share: Share) => number) =>
  shares.reduce((sum, share) => sum + value(share), 0);

/**
 * What the new ReplicaSet may be told to have now. Kubernetes counts what the sets are told to have; we count the pods
 * that may still be there as well, so that not even for a moment there are more than replicas + maxSurge.
 * Source: kubernetes pkg/controller/deployment/util/deployment_util.go, NewRSNewReplicas (v1.32).
 */
export function newReplicas({ replicas, maxSurge }: Bounds, fresh: Share | undefined, old: readonly Share[]): number {
  const wanted = fresh?.wanted ?? 0;
  if (wanted >= replicas) return replicas;
  const pods = total(old, (share) => share.pods) + (fresh?.pods ?? 0);
  const room = replicas + maxSurge - pods;
  return room <= 0 ? wanted : wanted + Math.min(room, replicas - wanted);
}

/**
 * What the old ReplicaSets may be told to have now, by position in `old`: first they give up pods that do not serve,
 * then serving ones as far as replicas − maxUnavailable serve without them. Oldest first.
 * Source: kubernetes pkg/controller/deployment/rolling.go, reconcileOldReplicaSets (v1.32).
 */
export function oldReplicas(
  { replicas, maxUnavailable }: Bounds,
  fresh: Share | undefined,
  old: readonly Share[],
): readonly number[] {
  const result = old.map(({ wanted }) => wanted);
  const minAvailable = replicas - maxUnavailable;
  const freshUnavailable = (fresh?.wanted ?? 0) - (fresh?.available ?? 0);
  const all = total(old, ({ wanted }) => wanted) + (fresh?.wanted ?? 0);
  let unhealthy = all - minAvailable - freshUnavailable;
  if (unhealthy <= 0) return result;
  const order = old.map((_, at) => at).sort((a, b) => byAge(old[a]?.replicaSet, old[b]?.replicaSet));
  for (const at of order) {
    const { wanted, available } = old[at] as Share;
    const given = Math.min(unhealthy, wanted - available);
    result[at] = wanted - given;
    unhealthy -= given;
  }
  let serving = total(old, ({ available }) => available) + (fresh?.available ?? 0) - minAvailable;
  for (const at of order) {
    if (serving <= 0) break;
    const given = Math.min(serving, result[at] as number);
    result[at] = (result[at] as number) - given;
    serving -= given;
  }
  return result;
}

/** Oldest first. */
export function byAge(left: ReplicaSet | undefined, right: ReplicaSet | undefined): number {
  const age = (each: ReplicaSet | undefined) => `${each?.metadata.creationTimestamp} ${each?.metadata.name}`;
  return age(left) < age(right) ? -1 : age(left) > age(right) ? 1 : 0;
}
