import { WEIGHTS } from '../weights.ts';
import type { DomainCounts } from './domains.ts';

/** Pods that had better not be many in one domain. */
export interface Crowd {
  readonly counts: DomainCounts;
  readonly maxSkew: number;
}

/**
 * Adds to the scores (by slot, -∞ where there is nothing to score) how few of the pods are about: fuller domains are
 * worse, and of constraints with fewer domains less. With `everywhere` a node outside of any of the domains gets nothing.
 * Source: kubernetes pkg/scheduler/framework/plugins/podtopologyspread/scoring.go (v1.32).
 */
export function addSpread(scores: Float64Array, crowds: readonly Crowd[], everywhere: boolean): void {
  const outside = everywhere ? crowds : [];
  const isIn = (slot: number) => Number.isFinite(scores[slot]) && outside.every(({ counts }) => counts.idOf(slot) >= 0);
  const crowding = new Float64Array(scores.length).fill(Number.NaN);
  for (let slot = 0; slot < scores.length; slot += 1) if (isIn(slot)) crowding[slot] = 0;
  for (const { counts, maxSkew } of crowds) {
    const weight = Math.log(domainsIn(crowding, counts) + 2);
    for (let slot = 0; slot < crowding.length; slot += 1) {
      if (counts.idOf(slot) < 0) continue;
      crowding[slot] = (crowding[slot] as number) + counts.at(slot) * weight + (maxSkew - 1);
    }
  }
  let least = Number.POSITIVE_INFINITY;
  let most = Number.NEGATIVE_INFINITY;
  for (const crowd of crowding) {
    if (crowd < least) least = crowd;
    if (crowd > most) most = crowd;
  }
  for (let slot = 0; slot < crowding.length; slot += 1) {
    const crowd = crowding[slot] as number;
    if (Number.isNaN(crowd)) continue;
    const room = most === 0 ? 100 : (100 * (most + least - crowd)) / most;
    scores[slot] = (scores[slot] as number) + WEIGHTS.spread * room;
  }
}

/** Number of domains of the nodes that are looked at. */
function domainsIn(looked: Float64Array, counts: DomainCounts): number {
  const seen = new Uint8Array(counts.size);
  let domains = 0;
  for (let slot = 0; slot < looked.length; slot += 1) {
    const id = counts.idOf(slot);
    if (id < 0 || seen[id] === 1 || Number.isNaN(looked[slot])) continue;
    seen[id] = 1;
    domains += 1;
  }
  return domains;
}
