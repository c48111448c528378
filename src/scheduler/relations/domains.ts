import type { NodeFacts } from '../node-facts.ts';

/** The places that nodes are in, by the value of one of their labels. */
export interface Domains {
  /** By slot, from 0; -1 for a node without the label, or no node. */
  readonly ids: Int32Array;
  readonly size: number;
}

export function domainsOf(nodes: readonly (NodeFacts | undefined)[], topologyKey: string): Domains {
  const ids = new Int32Array(nodes.length).fill(-1);
  const known = new Map<string, number>();
  for (const [slot, node] of nodes.entries()) {
    if (node === undefined || !Object.hasOwn(node.labels, topologyKey)) continue;
    const value = node.labels[topologyKey] ?? '';
    const id = known.get(value) ?? known.size;
    known.set(value, id);
    ids[slot] = id;
  }
  return { ids, size: known.size };
}

/** Numbers of pods, by domain. */
export class DomainCounts {
  /** By slot, the node's domain; -1 where it has none. */
  readonly ids: Int32Array;
  /** By domain. To be changed by `add` alone. */
  readonly values: Float64Array;

  constructor({ ids, size }: Domains) {
    this.ids = ids;
    this.values = new Float64Array(size);
  }

  /** Whether the node is in any domain. */
  has(slot: number): boolean {
    return (this.ids[slot] ?? -1) >= 0;
  }

  /** Of the node's domain; 0 where it has none. */
  at(slot: number): number {
    const id = this.ids[slot] ?? -1;
    return id < 0 ? 0 : (this.values[id] ?? 0);
  }

  /** False where the node is in no domain: nothing is counted then. */
  add(slot: number, pods: number): boolean {
    const id = this.ids[slot] ?? -1;
    if (id < 0) return false;
    this.values[id] = (this.values[id] ?? 0) + pods;
    return true;
  }
}
