/** Sharing out a change of `spec.replicas` in the middle of a rollout. Pure numbers. */
import { type Bounds, byAge, type Share } from './rolling.plan.ts';

export interface ProportionalSnapshot {
  readonly bounds: Bounds;
  /** Sets with pods, the new one among them if it has any. */
  readonly shares: readonly Share[];
  /** Pods at most before the change, as the set's annotation says. */
  readonly maxBefore: (share: Share) => number;
}

/**
 * What each set is to have, by position: growth and shrinkage go to every set in proportion to its size, the largest
 * first, and what rounding leaves goes to the largest as well.
 * Source: kubernetes pkg/controller/deployment/sync.go, scale, and util/deployment_util.go, GetProportion (v1.32).
 */
export function proportionalReplicas({ bounds, shares, maxBefore }: ProportionalSnapshot): readonly number[] {
  const { replicas, maxSurge } = bounds;
  const allowed = replicas > 0 ? replicas + maxSurge : 0;
  const toAdd = allowed - shares.reduce((sum, { wanted }) => sum + wanted, 0);
  const result = shares.map(({ wanted }) => wanted);
  const order = shares.map((_, at) => at).sort((a, b) => bySize(shares[a] as Share, shares[b] as Share, toAdd));
  let added = 0;
  for (const at of order) {
    const share = shares[at] as Share;
    const part = partOf(share, { bounds, maxBefore: maxBefore(share), left: toAdd - added });
    result[at] = share.wanted + part;
    added += part;
  }
  let left = toAdd - added;
  for (const at of order) {
    const size = result[at] as number;
    result[at] = Math.max(0, size + left);
    left -= (result[at] as number) - size;
  }
  return result;
}

/** Largest first; of equal ones the newest grows and the oldest shrinks. */
function bySize(left: Share, right: Share, toAdd: number): number {
  if (left.wanted !== right.wanted) return right.wanted - left.wanted;
  const age = byAge(left.replicaSet, right.replicaSet);
  return toAdd > 0 ? -age : age;
}

function partOf(
  { wanted }: Share,
  { bounds: { replicas, maxSurge }, maxBefore, left }: { bounds: Bounds; maxBefore: number; left: number },
): number {
  if (wanted === 0 || left === 0) return 0;
  const scaled = replicas === 0 ? 0 : Math.round((wanted * (replicas + maxSurge)) / maxBefore);
  const part = scaled - wanted;
  return left > 0 ? Math.max(0, Math.min(part, left)) : Math.min(0, Math.max(part, left));
}
