import type { Labels, Node, Pod, PodSpec } from '#api';
import { equalJson } from '#base';
import { demandOf, type PodDemand } from './demand.ts';
import type { VolumeNeed } from './filters/filter.ts';
import { likenessOf } from './filters/filters.ts';
import { ImageIndex, type Locality } from './image-locality.ts';
import { factsOf, type NodeFacts } from './node-facts.ts';
import { NodeMask } from './node-mask.ts';
import { PodsOnNode } from './pods-on-node.ts';
import { type Domains, domainsOf } from './relations/domains.ts';
import { PlacedPods, type PodGroup } from './relations/placed-pods.ts';
import type { NamespaceLabels } from './relations/pod-profile.ts';
import { Usage } from './usage.ts';

/** A pod that is counted on a node. */
export interface PlacedPod {
  /** As it was seen last. */
  readonly pod: Pod;
  readonly node: string;
  readonly demand: PodDemand;
  readonly group: PodGroup;
}

interface Placement extends PlacedPod {
  pod: Pod;
}

/** A pod that waits for room that was promised to it: it counts for pods that are not more important. */
export interface Nominee {
  readonly pod: Pod;
  readonly node: string;
}

/** What the pod's status says that it was promised. */
export function nomineeOf(pod: Pod): Nominee | undefined {
  const node = pod.status?.nominatedNodeName;
  return node ? { pod, node } : undefined;
}

/** Answers of node filters that are kept, for as many different kinds of pods; the one used longest ago goes first. */
const MAX_MASKS = 64;
const FIRST_CAPACITY = 16;

/**
 * The cluster as the scheduler sees it, kept up to date change by change: nodes in slots of typed arrays, what runs on
 * them added up, and the node filters' answers remembered. A change costs what changed, never nodes × pods.
 */
export class NodeTable {
  readonly #slots = new Map<string, number>();
  readonly #nodes: (NodeFacts | undefined)[] = [];
  readonly #free: number[] = [];
  readonly #placements = new Map<string, Placement>();
  readonly #podsByNode = new Map<string, PodsOnNode>();
  #podLooks = 0;
  readonly #nominees = new Map<string, Nominee>();
  readonly #masks = new Map<string, NodeMask>();
  readonly #usage = Usage.empty(FIRST_CAPACITY);
  readonly #images = new ImageIndex();
  readonly #namespaces = new Map<string, Labels>();
  readonly #placed = new PlacedPods((namespace) => this.namespaceLabels(namespace));
  /** By topology key; forgotten when any node changes. */
  readonly #domains = new Map<string, Domains>();
  #ranks: Int32Array | undefined;

  /** Number of nodes. */
  get size(): number {
    return this.#slots.size;
  }

  /** Slots in use or free: the length of a scan. */
  get slots(): number {
    return this.#nodes.length;
  }

  /** Read only: plan on a fork. */
  get usage(): Usage {
    return this.#usage;
  }

  /** What runs beside what. Read only. */
  get placed(): PlacedPods {
    return this.#placed;
  }

  /** By slot. */
  get nodes(): readonly (NodeFacts | undefined)[] {
    return this.#nodes;
  }

  readonly namespaceLabels: NamespaceLabels = (namespace) => this.#namespaces.get(namespace) ?? {};

  /** Takes the labels of a namespace as they are now; undefined when it is gone. False when nothing has changed. */
  setNamespace(name: string, labels: Labels | undefined): boolean {
    if (equalJson(this.#namespaces.get(name) ?? null, labels ?? null)) return false;
    if (labels === undefined) this.#namespaces.delete(name);
    else this.#namespaces.set(name, labels);
    this.#placed.forgetAnswers();
    return true;
  }

  /** The places that a label of nodes divides them into. */
  domains(topologyKey: string): Domains {
    const known = this.#domains.get(topologyKey) ?? domainsOf(this.#nodes, topologyKey);
    this.#domains.set(topologyKey, known);
    return known;
  }

  node(slot: number): NodeFacts | undefined {
    return this.#nodes[slot];
  }

  /** Takes a node as it is now. False when nothing that matters here has changed, as with a heartbeat. */
  setNode(node: Node): boolean {
    const facts = factsOf(node);
    const slot = this.#slots.get(facts.name);
    if (slot !== undefined && sameFacts(this.#nodes[slot], facts)) return false;
    const at = slot ?? this.#allot(facts.name);
    this.#nodes[at] = facts;
    this.#domains.clear();
    this.#usage.setAllocatable(at, facts.allocatable);
    this.#images.set(at, facts.images);
    for (const mask of this.#masks.values()) mask.set(at, facts);
    if (slot === undefined) {
      for (const key of this.#podsByNode.get(facts.name)?.keys ?? []) this.#count(key, 'add');
    }
    return true;
  }

  removeNode(name: string): boolean {
    const slot = this.#slots.get(name);
    if (slot === undefined) return false;
    this.#slots.delete(name);
    this.#nodes[slot] = undefined;
    this.#domains.clear();
    this.#placed.clear(slot);
    this.#usage.clear(slot);
    this.#images.set(slot, undefined);
    for (const mask of this.#masks.values()) mask.set(slot, undefined);
    this.#free.push(slot);
    this.#ranks = undefined;
    return true;
  }

  /**
   * Counts a pod on a node, wherever it was counted before. The node may be unknown yet. False when nothing that matters
   * to other pods has changed.
   */
  place(key: string, pod: Pod, node: string): boolean {
    const before = this.#placements.get(key);
    const demand = demandOf(pod);
    const group = this.#placed.join(pod);
    this.#nominees.delete(key);
    const isSame = before?.node === node && before.group === group && sameDemand(before.demand, demand);
    if (isSame && priorityOf(before.pod) === priorityOf(pod)) {
      this.#placed.leave(group);
      before.pod = pod;
      return false;
    }
    this.unplace(key);
    this.#placements.set(key, { pod, node, demand, group });
    const pods = this.#podsByNode.get(node) ?? new PodsOnNode();
    this.#podsByNode.set(node, pods);
    pods.add(key, priorityOf(pod), demand);
    this.#count(key, 'add');
    return true;
  }

  /** Counts a pod no more. False when it was not counted. */
  unplace(key: string): boolean {
    const placement = this.#placements.get(key);
    if (placement === undefined) return false;
    this.#count(key, 'remove');
    this.#placements.delete(key);
    this.#placed.leave(placement.group);
    const pods = this.#podsByNode.get(placement.node);
    pods?.delete(key, priorityOf(placement.pod), placement.demand);
    if (pods?.keys.size === 0) this.#podsByNode.delete(placement.node);
    return true;
  }

  /** Promises a waiting pod room on a node, or takes its promise back. False when nothing has changed. */
  nominate(key: string, nominee: Nominee | undefined): boolean {
    if (nominee === undefined) return this.#nominees.delete(key);
    const changed = this.#nominees.get(key)?.node !== nominee.node;
    this.#nominees.set(key, nominee);
    return changed;
  }

  /** Pods that wait for room that was promised to them. */
  get nominees(): Iterable<Nominee> {
    return this.#nominees.values();
  }

  /** What is counted on a node. */
  podsAt(slot: number): readonly PlacedPod[] {
    const keys = this.#podsOn(slot)?.keys ?? NO_KEYS;
    this.#podLooks += keys.size;
    return [...keys].map((key) => this.#placements.get(key)).filter((placement) => placement !== undefined);
  }

  /** What pods below a priority have of a node: by resource; undefined when there are none. Looks at no pod. */
  heldBelow(slot: number, priority: number): ReadonlyMap<string, number> | undefined {
    return this.#podsOn(slot)?.heldBelow(priority);
  }

  /** Pods, and groups of like pods, that were looked at one by one since the beginning: what plans cost beyond nodes. */
  get looks(): number {
    return this.#podLooks + this.#placed.looks;
  }

  #podsOn(slot: number): PodsOnNode | undefined {
    return this.#podsByNode.get(this.#nodes[slot]?.name ?? '');
  }

  slotOf(node: string): number | undefined {
    return this.#slots.get(node);
  }

  /** Where a pod is counted. */
  placeOf(key: string): string | undefined {
    return this.#placements.get(key)?.node;
  }

  /** The node filters' answers for a pod. */
  maskFor(pod: PodSpec, volumes: readonly VolumeNeed[]): NodeMask {
    const likeness = likenessOf(pod, volumes);
    const mask = this.#masks.get(likeness) ?? this.#newMask(pod, volumes);
    this.#masks.delete(likeness);
    this.#masks.set(likeness, mask);
    if (this.#masks.size > MAX_MASKS) {
      for (const oldest of this.#masks.keys()) {
        this.#masks.delete(oldest);
        break;
      }
    }
    return mask;
  }

  /** How well nodes suit a pod for the images that they have; undefined when none has any of its. */
  localityOf(pod: PodSpec): Locality | undefined {
    return this.#images.localityOf(pod, this.size, this.slots);
  }

  /** The place of each slot's node in the order of names: the tie-break that does not depend on who came first. */
  get ranks(): Int32Array {
    if (this.#ranks !== undefined) return this.#ranks;
    const ranks = new Int32Array(this.#nodes.length);
    const names = [...this.#slots.keys()].sort();
    for (const [rank, name] of names.entries()) ranks[this.#slots.get(name) ?? 0] = rank;
    this.#ranks = ranks;
    return ranks;
  }

  #newMask(pod: PodSpec, volumes: readonly VolumeNeed[]): NodeMask {
    const mask = new NodeMask(pod, volumes, this.#usage.capacity);
    for (const slot of this.#slots.values()) mask.set(slot, this.#nodes[slot]);
    return mask;
  }

  #count(key: string, how: 'add' | 'remove'): void {
    const placement = this.#placements.get(key);
    const slot = placement === undefined ? undefined : this.#slots.get(placement.node);
    if (placement === undefined || slot === undefined) return;
    this.#usage[how](slot, placement.demand);
    this.#placed.shift(placement.group, slot, how === 'add' ? 1 : -1);
  }

  #allot(name: string): number {
    const slot = this.#free.pop() ?? this.#nodes.length;
    if (slot >= this.#usage.capacity) {
      const capacity = this.#usage.capacity * 2;
      this.#usage.grow(capacity);
      for (const mask of this.#masks.values()) mask.grow(capacity);
    }
    this.#slots.set(name, slot);
    this.#ranks = undefined;
    return slot;
  }
}

const NO_KEYS: ReadonlySet<string> = new Set();
const priorityOf = ({ spec }: Pod) => spec.priority ?? 0;

function sameFacts(left: NodeFacts | undefined, right: NodeFacts): boolean {
  if (left === undefined) return false;
  const { allocatable: a, images: c, ...before } = left;
  const { allocatable: b, images: d, ...after } = right;
  return sameAmounts(a, b) && sameAmounts(c, d) && equalJson(before, after);
}

function sameDemand(left: PodDemand, right: PodDemand): boolean {
  return sameAmounts(left.amounts, right.amounts);
}

function sameAmounts(left: ReadonlyMap<string, number>, right: ReadonlyMap<string, number>): boolean {
  return left.size === right.size && [...left].every(([name, amount]) => right.get(name) === amount);
}
