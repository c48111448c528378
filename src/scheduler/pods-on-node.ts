import type { PodDemand } from './demand.ts';

interface Held {
  pods: number;
  readonly amounts: Map<string, number>;
}

/** The pods of one node, with what those of each priority hold: whether others could make room is told without them. */
export class PodsOnNode {
  readonly #keys = new Set<string>();
  readonly #held = new Map<number, Held>();

  get keys(): ReadonlySet<string> {
    return this.#keys;
  }

  /** A pod that is not there yet. */
  add(key: string, priority: number, { amounts }: PodDemand): void {
    this.#keys.add(key);
    const held = this.#held.get(priority) ?? { pods: 0, amounts: new Map() };
    this.#held.set(priority, held);
    held.pods += 1;
    for (const [resource, amount] of amounts) held.amounts.set(resource, (held.amounts.get(resource) ?? 0) + amount);
  }

  /** A pod that is there, with the priority and demand it came with. */
  delete(key: string, priority: number, { amounts }: PodDemand): void {
    this.#keys.delete(key);
    const held = this.#held.get(priority);
    if (held === undefined) return;
    held.pods -= 1;
    if (held.pods === 0) {
      this.#held.delete(priority);
      return;
    }
    for (const [resource, amount] of amounts) held.amounts.set(resource, (held.amounts.get(resource) ?? 0) - amount);
  }

  /** What pods of less than a priority hold together, by resource; undefined when there are none. */
  heldBelow(priority: number): ReadonlyMap<string, number> | undefined {
    let sum: Map<string, number> | undefined;
    for (const [of, { amounts }] of this.#held) {
      if (of >= priority) continue;
      sum ??= new Map();
      for (const [resource, amount] of amounts) sum.set(resource, (sum.get(resource) ?? 0) + amount);
    }
    return sum;
  }
}
