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
  const crowding = new Float64Array(scores.length);
  for (let slot = 0; slot < scores.length; slot += 1) {
    if (scores[slot] === Number.NEGATIVE_INFINITY) crowding[slot] = Number.NaN;
  }
  if (everywhere) for (const { counts } of crowds) leaveOut(crowding, counts.ids);
  for (const { counts, maxSkew } of crowds) addCrowd(crowding, counts, maxSkew);
  let least = Number.POSITIVE_INFINITY;
  let most = Number.NEGATIVE_INFINITY;
  for (let slot = 0; slot < crowding.length; slot += 1) {
    const crowd = crowding[slot] as number;
    if (crowd < least) least = crowd;
    if (crowd > most) most = crowd;
  }
  // Where all are alike, no score changes the order.
  if (least === most && !everywhere) return;
  const share = most === 0 ? 0 : (100 * WEIGHTS.spread) / most;
  const best = most === 0 ? 100 * WEIGHTS.spread : share * (most + least);
  for (let slot = 0; slot < crowding.length; slot += 1) {
    const crowd = crowding[slot] as number;
    if (!Number.isNaN(crowd)) scores[slot] = (scores[slot] as number) + best - share * crowd;
  }
}

/** Nodes outside of any domain are not looked at. */
function leaveOut(crowding: Float64Array, ids: Int32Array): void {
  for (let slot = 0; slot < crowding.length; slot += 1) if ((ids[slot] as number) < 0) crowding[slot] = Number.NaN;
}

function addCrowd(crowding: Float64Array, { ids, values }: DomainCounts, maxSkew: number): void {
  const weight = Math.log(domainsIn(crowding, ids, values.length) + 2);
  const crowds = values.map((pods) => pods * weight + (maxSkew - 1));
  for (let slot = 0; slot < crowding.length; slot += 1) {
    const id = ids[slot] as number;
    if (id >= 0) crowding[slot] = (crowding[slot] as number) + (crowds[id] as number);
  }
}

/** Number of domains of the nodes that are looked at. */
function domainsIn(crowding: Float64Array, ids: Int32Array, size: number): number {
  const seen = new Uint8Array(size);
  let domains = 0;
  for (let slot = 0; slot < crowding.length; slot += 1) {
    const id = ids[slot] as number;
    if (id < 0 || seen[id] === 1 || Number.isNaN(crowding[slot])) continue;
    seen[id] = 1;
    domains += 1;
    if (domains === size) break;
  }
  return domains;
}
