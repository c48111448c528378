import { type Fit, portsTaken } from './fit.ts';
import type { NodeTable } from './node-table.ts';
import type { JustPlaced } from './relations/relations.ts';
import { WEIGHTS } from './weights.ts';

export interface BestNode {
  readonly slot: number;
  readonly node: string;
  /** Nodes that would have done. */
  readonly feasible: number;
}

const UNFIT = Number.NEGATIVE_INFINITY;

/**
 * How well every node suits one kind of pods, worked out once and then kept up to date node by node while a batch is
 * planned. All nodes are looked at: in typed arrays 5,000 of them cost some ten microseconds, and a full scan places
 * better than a sample, and always the same.
 */
export class Candidates {
  readonly fit: Fit;
  readonly #table: NodeTable;
  /** By slot, the higher the better: least allocated, balanced, few unwanted taints. */
  readonly #scores: Float64Array;
  /** Where `best` works the scores of one pod out. */
  readonly #now: Float64Array;
  readonly #cpu: Float64Array | undefined;
  readonly #memory: Float64Array | undefined;

  constructor(table: NodeTable, fit: Fit) {
    this.fit = fit;
    this.#table = table;
    this.#cpu = fit.usage.column('cpu')?.allocatable;
    this.#memory = fit.usage.column('memory')?.allocatable;
    this.#scores = new Float64Array(table.slots);
    this.#now = new Float64Array(table.slots);
    for (let slot = 0; slot < this.#scores.length; slot += 1) this.#scores[slot] = this.#score(slot);
  }

  /** To be called when something was put on a node; with the pod's profile where relations count. */
  update(slot: number, placed?: JustPlaced): void {
    this.#scores[slot] = this.#score(slot);
    if (placed === undefined) return;
    this.fit.relations?.add(placed.slot, placed.profile);
    this.fit.promised?.add(placed.slot, placed.profile);
  }

  /**
   * The best node; among equals the first by name. The one that the pod was promised is the best if it will do. `judge`
   * adds what else speaks for nodes that would do.
   */
  best(judge: (scores: Float64Array) => void, promised?: string): BestNode | undefined {
    const table = this.#table;
    const { relations } = this.fit;
    const scores = this.#now;
    scores.set(this.#scores);
    relations?.exclude(scores);
    this.fit.promised?.exclude(scores);
    const own = promised === undefined ? undefined : table.slotOf(promised);
    if (promised !== undefined && own !== undefined && Number.isFinite(scores[own])) {
      return { slot: own, node: promised, feasible: 1 };
    }
    relations?.judge(scores);
    judge(scores);
    const { ranks } = table;
    let best = -1;
    let bestScore = UNFIT;
    let feasible = 0;
    for (let slot = 0; slot < scores.length; slot += 1) {
      if (scores[slot] === UNFIT) continue;
      feasible += 1;
      const score = scores[slot] as number;
      if (score < bestScore) continue;
      if (score === bestScore && (ranks[slot] as number) > (ranks[best] as number)) continue;
      best = slot;
      bestScore = score;
    }
    const node = table.node(best)?.name;
    return node === undefined ? undefined : { slot: best, node, feasible };
  }

  #score(slot: number): number {
    const { mask, usage, demand, images } = this.fit;
    if (!mask.fits(slot)) return UNFIT;
    for (const [resource, amount] of demand.amounts) if (!usage.hasRoom(slot, resource, amount)) return UNFIT;
    if (portsTaken(slot, usage, demand)) return UNFIT;
    const cpu = share((usage.scoredCpu[slot] ?? 0) + demand.scoredCpu, this.#cpu?.[slot] ?? 0);
    const memory = share((usage.scoredMemory[slot] ?? 0) + demand.scoredMemory, this.#memory?.[slot] ?? 0);
    const resources = 200 - 50 * (cpu + memory) - 50 * Math.abs(cpu - memory);
    const { unwanted, preferred } = mask;
    const dislike = unwanted === undefined ? 0 : (unwanted.counts[slot] ?? 0) / unwanted.most;
    const liking = preferred === undefined ? 0 : (preferred.weights[slot] ?? 0) / preferred.most;
    const local = (images?.[slot] ?? 0) * WEIGHTS.images;
    return resources + local - 100 * WEIGHTS.taint * dislike + 100 * WEIGHTS.nodeAffinity * liking;
  }
}

/** How much of the node would be taken, 0–1. */
function share(used: number, allocatable: number): number {
  return allocatable <= 0 ? 1 : Math.min(1, used / allocatable);
}
