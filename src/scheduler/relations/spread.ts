import { type LabelSelector, type Pod, type PodSpec, selectorFromObject } from '#api';
import { nodeAffinity } from '../filters/node-affinity.ts';
import { taints } from '../filters/taints.ts';
import type { NodeFacts } from '../node-facts.ts';
import { DomainCounts, type Domains } from './domains.ts';
import { alike, type PodProfile } from './pod-profile.ts';

export type SpreadConstraint = NonNullable<PodSpec['topologySpreadConstraints']>[number];

export interface SpreadInput {
  readonly pod: Pod;
  readonly constraint: SpreadConstraint;
  readonly nodes: readonly (NodeFacts | undefined)[];
  readonly domains: Domains;
  /** Only nodes with all these labels take part. */
  readonly keys: readonly string[];
}

/**
 * How evenly one constraint's pods lie over its domains.
 * Source: kubernetes pkg/scheduler/framework/plugins/podtopologyspread/{filtering,common}.go (v1.32).
 */
export class Spread {
  readonly #namespace: string;
  readonly #selector: LabelSelector;
  readonly #counts: DomainCounts;
  readonly #maxSkew: number;
  readonly #minDomains: number;
  /** 1 when the pod itself is one of those that are spread. */
  readonly #self: 0 | 1;
  /** By slot: whether the node takes part. */
  readonly #counted: Uint8Array;
  /** One slot of each domain that takes part. */
  readonly #domainSlots: readonly number[];
  #least: number | undefined;

  constructor({ pod, constraint, nodes, domains, keys }: SpreadInput) {
    const { namespace = '', labels = {} } = pod.metadata;
    this.#namespace = namespace;
    this.#selector = selectorFromObject(
      alike(constraint.labelSelector, labels, { In: constraint.matchLabelKeys ?? [] }),
    );
    this.#counts = new DomainCounts(domains);
    this.#maxSkew = constraint.maxSkew;
    this.#minDomains = constraint.minDomains ?? 1;
    this.#self = this.#selector.matches(labels) ? 1 : 0;
    this.#counted = Uint8Array.from(nodes, (node) => (takesPart(node, pod.spec, constraint, keys) ? 1 : 0));
    const first = new Map<number, number>();
    for (const [slot, counted] of this.#counted.entries()) {
      const id = domains.ids[slot] ?? -1;
      if (counted === 1 && !first.has(id)) first.set(id, slot);
    }
    this.#domainSlots = [...first.values()];
  }

  /** Whether pods like this are among those that are spread. */
  counts({ namespace, labels, going }: PodProfile): boolean {
    return !going && namespace === this.#namespace && this.#selector.matches(labels);
  }

  add(slot: number, pods: number): void {
    if (this.#counted[slot] === 1 && this.#counts.add(slot, pods)) this.#least = undefined;
  }

  /** Whether the node lacks the label. */
  isOutside(slot: number): boolean {
    return !this.#counts.has(slot);
  }

  /** Whether the node's domain would have too many more than the emptiest. */
  isSkewed(slot: number): boolean {
    const least = this.#domainSlots.length < this.#minDomains ? 0 : this.#fewest();
    return this.#counts.at(slot) + this.#self - least > this.#maxSkew;
  }

  /** The more, the worse: fuller domains, and of constraints with fewer domains less. */
  crowding(slot: number): number {
    return this.#counts.at(slot) * Math.log(this.#domainSlots.length + 2) + (this.#maxSkew - 1);
  }

  #fewest(): number {
    this.#least ??= this.#domainSlots.reduce((least, slot) => Math.min(least, this.#counts.at(slot)), Infinity);
    return this.#least;
  }
}

function takesPart(
  node: NodeFacts | undefined,
  spec: PodSpec,
  { nodeAffinityPolicy = 'Honor', nodeTaintsPolicy = 'Ignore' }: SpreadConstraint,
  keys: readonly string[],
): boolean {
  if (node === undefined || !keys.every((key) => Object.hasOwn(node.labels, key))) return false;
  if (nodeAffinityPolicy === 'Honor' && nodeAffinity.refuse(spec, node) !== undefined) return false;
  return nodeTaintsPolicy !== 'Honor' || taints.refuse(spec, node) === undefined;
}
