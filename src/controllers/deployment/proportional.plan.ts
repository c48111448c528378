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
  return toAdd < 0 ? sparing(result, shares, bounds) : result;
}

/**
 * Unlike Kubernetes, which shrinks by size alone: while fewer than must serve would be left, a pod that serves stays, and one
 * of another set goes that does not serve.
 */
function sparing(
  sizes: readonly number[],
  shares: readonly Share[],
  { replicas, maxUnavailable }: Bounds,
): readonly number[] {
  const result = [...sizes];
  const availableIn = (at: number) => shares[at]?.available ?? 0;
  const serving = result.reduce((sum, size, at) => sum + Math.min(size, availableIn(at)), 0);
  for (let missing = replicas - maxUnavailable - serving; missing > 0; missing -= 1) {
    const loses = result.findLastIndex((size, at) => size < availableIn(at));
    const idles = result.findIndex((size, at) => size > availableIn(at));
    if (loses < 0 || idles < 0) break;
    result[loses] = (result[loses] ?? 0) + 1;
    result[idles] = (result[idles] ?? 0) - 1;
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
