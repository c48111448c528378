import type { PodSpec } from '#api';
import type { VolumeNeed } from './filters/filter.ts';
import { NODE_FILTERS } from './filters/filters.ts';
import { preferenceFor } from './filters/node-affinity.ts';
import { unwantedTaints } from './filters/taints.ts';
import type { NodeFacts } from './node-facts.ts';

/** Why a node filter refuses a node. */
export interface NodeRefusal {
  readonly filter: string;
  readonly reason: string;
}

const FITS = 0;
const NO_NODE = 0xffff;

/** The node filters' answers for pods that are alike, by slot; kept up to date as nodes come, change and go. */
export class NodeMask {
  readonly #pod: PodSpec;
  readonly #volumes: readonly VolumeNeed[];
  readonly #refusals: NodeRefusal[] = [];
  #codes: Uint16Array;
  #unwanted: Uint8Array;
  #mostUnwanted: number | undefined;
  #preferred: Uint32Array;
  #mostPreferred: number | undefined;

  constructor(pod: PodSpec, volumes: readonly VolumeNeed[], capacity: number) {
    this.#pod = pod;
    this.#volumes = volumes;
    this.#codes = new Uint16Array(capacity).fill(NO_NODE);
    this.#unwanted = new Uint8Array(capacity);
    this.#preferred = new Uint32Array(capacity);
  }

  set(slot: number, node: NodeFacts | undefined): void {
    this.#codes[slot] = node === undefined ? NO_NODE : this.#codeOf(node);
    this.#unwanted[slot] = node === undefined ? 0 : Math.min(255, unwantedTaints(this.#pod, node));
    this.#mostUnwanted = undefined;
    this.#preferred[slot] = node === undefined ? 0 : preferenceFor(this.#pod, node);
    this.#mostPreferred = undefined;
  }

  grow(capacity: number): void {
    const codes = new Uint16Array(capacity).fill(NO_NODE);
    codes.set(this.#codes);
    const unwanted = new Uint8Array(capacity);
    unwanted.set(this.#unwanted);
    this.#codes = codes;
    this.#unwanted = unwanted;
    const preferred = new Uint32Array(capacity);
    preferred.set(this.#preferred);
    this.#preferred = preferred;
  }

  fits(slot: number): boolean {
    return this.#codes[slot] === FITS;
  }

  /** Undefined where there is no node, or where it fits. */
  refusal(slot: number): NodeRefusal | undefined {
    return this.#refusals[(this.#codes[slot] ?? NO_NODE) - 1];
  }

  /** By slot, the number of taints that argue against the node without forbidding it; undefined when there are none. */
  get unwanted(): { readonly counts: Uint8Array; readonly most: number } | undefined {
    this.#mostUnwanted ??= this.#unwanted.reduce((most, count) => Math.max(most, count), 0);
    return this.#mostUnwanted === 0 ? undefined : { counts: this.#unwanted, most: this.#mostUnwanted };
  }

  /** By slot, how much the pod prefers the node for what it is; undefined when it does not care. */
  get preferred(): { readonly weights: Uint32Array; readonly most: number } | undefined {
    this.#mostPreferred ??= this.#preferred.reduce((most, weight) => Math.max(most, weight), 0);
    return this.#mostPreferred === 0 ? undefined : { weights: this.#preferred, most: this.#mostPreferred };
  }

  #codeOf(node: NodeFacts): number {
    for (const filter of NODE_FILTERS) {
      const reason = filter.refuse(this.#pod, node, this.#volumes);
      if (reason !== undefined) return this.#code({ filter: filter.name, reason });
    }
    return FITS;
  }

  /** Reasons repeat: nearly all nodes are refused in one of a few ways. */
  #code(refusal: NodeRefusal): number {
    const known = this.#refusals.findIndex((each) => each.filter === refusal.filter && each.reason === refusal.reason);
    if (known >= 0) return known + 1;
    if (this.#refusals.length < NO_NODE - 2) this.#refusals.push(refusal);
    return this.#refusals.length;
  }
}
